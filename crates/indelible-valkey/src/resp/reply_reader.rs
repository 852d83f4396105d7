//! Reads replies in place: a resumable scan over one growing buffer.
//!
//! A top-level reply is either one scalar or one flat array of scalars; that is all our commands can answer. Anything
//! deeper is [`Malformed`]. A reply beyond the read caps is consumed to its end, so that the connection stays usable,
//! and answers as [`Reply::TooLarge`]: it is never cut.

use super::reply::{Element, Elements, Malformed, Place, Reply};

/// Members one reply may have (`docs/compatibility.md`, "Limits").
pub(crate) const MAX_ELEMENTS: usize = 10_000;
/// Bytes one reply may have on the wire.
pub(crate) const MAX_REPLY_BYTES: usize = 4 * 1024 * 1024;
/// The longest bulk string the protocol allows.
const MAX_BULK_BYTES: i64 = 512 * 1024 * 1024;
/// The longest line (status, error, integer or length) taken for one.
const MAX_LINE_BYTES: usize = 64 * 1024;
const INITIAL_BYTES: usize = 16 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    Unread,
    Scalar,
    Array { left: usize },
    NilArray,
}

/// What one step of the scan found.
enum Step {
    /// The buffer ends inside this token.
    Incomplete,
    Place(Place),
    ArrayHeader(i64),
}

/// The read buffer of one connection and the scan over it.
#[derive(Debug)]
pub(crate) struct ReplyReader {
    buffer: Vec<u8>,
    filled: usize,
    start: usize,
    position: usize,
    head: Head,
    places: Vec<Place>,
    /// The reply is beyond a cap: elements are dropped as they are scanned.
    too_large: bool,
    /// Bytes of an oversized bulk string still to be dropped.
    skip: usize,
}

impl ReplyReader {
    pub(crate) fn new() -> Self {
        Self {
            buffer: vec![0; INITIAL_BYTES],
            filled: 0,
            start: 0,
            position: 0,
            head: Head::Unread,
            places: Vec::new(),
            too_large: false,
            skip: 0,
        }
    }

    /// Free space to read into; follow with [`Self::advance`].
    pub(crate) fn space(&mut self) -> &mut [u8] {
        if self.start == self.filled {
            self.reset_to_front(0);
        }
        if self.filled == self.buffer.len() {
            if self.start > self.buffer.len() / 2 {
                let (start, filled) = (self.start, self.filled);
                self.buffer.copy_within(start..filled, 0);
                self.reset_to_front(filled - start);
            } else {
                let doubled = self.buffer.len() * 2;
                self.buffer.resize(doubled, 0);
            }
        }
        self.buffer.get_mut(self.filled..).unwrap_or_default()
    }

    fn reset_to_front(&mut self, filled: usize) {
        let moved = self.start;
        for place in &mut self.places {
            if let Place::Status(start, end) | Place::Error(start, end) | Place::Bulk(start, end) = place {
                *start -= moved;
                *end -= moved;
            }
        }
        self.position -= moved;
        self.start = 0;
        self.filled = filled;
    }

    /// `count` bytes have been read into [`Self::space`].
    pub(crate) fn advance(&mut self, count: usize) {
        self.filled = (self.filled + count).min(self.buffer.len());
    }

    /// The next complete reply, or `None` while bytes are missing. Call [`Self::consume`] after using it.
    pub(crate) fn next_reply(&mut self) -> Result<Option<Reply<'_>>, Malformed> {
        if !self.scan()? {
            return Ok(None);
        }
        let buffer = self.buffer.as_slice();
        if self.too_large {
            return Ok(Some(Reply::TooLarge));
        }
        Ok(Some(match self.head {
            Head::Array { .. } => Reply::Array(Elements {
                buffer,
                places: &self.places,
                raw: buffer.get(self.start..self.position).unwrap_or_default(),
            }),
            Head::NilArray => Reply::NilArray,
            Head::Scalar | Head::Unread => {
                Reply::Scalar(self.places.first().map_or(Element::Nil, |place| place.element(buffer)))
            }
        }))
    }

    /// Drops the reply that [`Self::next_reply`] returned.
    pub(crate) fn consume(&mut self) {
        self.start = self.position;
        self.head = Head::Unread;
        self.places.clear();
        self.too_large = false;
    }

    /// Scans on; `true` when a whole reply has been seen.
    fn scan(&mut self) -> Result<bool, Malformed> {
        loop {
            if self.skip > 0 && !self.skip_bytes() {
                return Ok(false);
            }
            match self.head {
                Head::Scalar | Head::NilArray | Head::Array { left: 0 } => return Ok(true),
                Head::Unread => match self.step()? {
                    Step::Incomplete => return Ok(false),
                    Step::Place(place) => {
                        self.keep(place);
                        self.head = Head::Scalar;
                    }
                    Step::ArrayHeader(-1) => self.head = Head::NilArray,
                    Step::ArrayHeader(length) => {
                        let left = usize::try_from(length).map_err(|_| Malformed)?;
                        self.too_large = left > MAX_ELEMENTS;
                        self.head = Head::Array { left };
                    }
                },
                Head::Array { left } => match self.step()? {
                    Step::Incomplete => return Ok(false),
                    Step::Place(place) => {
                        self.keep(place);
                        self.head = Head::Array { left: left - 1 };
                    }
                    Step::ArrayHeader(_) => return Err(Malformed),
                },
            }
        }
    }

    fn keep(&mut self, place: Place) {
        self.too_large |= self.position - self.start > MAX_REPLY_BYTES;
        if self.too_large {
            self.places.clear();
            self.start = self.position;
        } else {
            self.places.push(place);
        }
    }

    fn skip_bytes(&mut self) -> bool {
        let here = self.skip.min(self.filled - self.position);
        self.position += here;
        self.skip -= here;
        self.start = self.position;
        self.skip == 0
    }

    fn step(&mut self) -> Result<Step, Malformed> {
        let rest = self.buffer.get(self.position..self.filled).unwrap_or_default();
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            return if rest.len() > MAX_LINE_BYTES { Err(Malformed) } else { Ok(Step::Incomplete) };
        };
        let (Some(kind), Some(line)) = (rest.first(), rest.get(1..end.saturating_sub(1))) else {
            return Err(Malformed);
        };
        if end < 2 || rest.get(end - 1) != Some(&b'\r') {
            return Err(Malformed);
        }
        let line_start = self.position + 1;
        let line_end = line_start + line.len();
        let next = self.position + end + 1;
        let step = match kind {
            b'+' => Step::Place(Place::Status(line_start, line_end)),
            b'-' => Step::Place(Place::Error(line_start, line_end)),
            b':' => Step::Place(Place::Integer(parse_integer(line)?)),
            b'*' => match parse_integer(line)? {
                length if length < -1 => return Err(Malformed),
                length => Step::ArrayHeader(length),
            },
            b'$' => return self.bulk(parse_integer(line)?, next),
            _ => return Err(Malformed),
        };
        self.position = next;
        Ok(step)
    }

    fn bulk(&mut self, length: i64, body: usize) -> Result<Step, Malformed> {
        if length == -1 {
            self.position = body;
            return Ok(Step::Place(Place::Nil));
        }
        if !(0..=MAX_BULK_BYTES).contains(&length) {
            return Err(Malformed);
        }
        let length = usize::try_from(length).map_err(|_| Malformed)?;
        let end = body + length;
        if length > MAX_REPLY_BYTES || (self.too_large && end + 2 > self.filled) {
            self.too_large = true;
            self.position = body;
            self.start = body.min(self.filled);
            self.skip = length + 2;
            self.places.clear();
            return Ok(Step::Place(Place::Nil));
        }
        if end + 2 > self.filled {
            return Ok(Step::Incomplete);
        }
        if self.buffer.get(end..end + 2) != Some(b"\r\n") {
            return Err(Malformed);
        }
        self.position = end + 2;
        Ok(Step::Place(Place::Bulk(body, end)))
    }
}

/// A decimal integer, strictly: no sign but `-`, no spaces, no overflow.
fn parse_integer(line: &[u8]) -> Result<i64, Malformed> {
    let (negative, digits) = match line.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some(_) => (false, line),
        None => return Err(Malformed),
    };
    if digits.is_empty() {
        return Err(Malformed);
    }
    let mut value: i64 = 0;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return Err(Malformed);
        }
        let digit = i64::from(byte - b'0');
        value = value.checked_mul(10).and_then(|tens| tens.checked_sub(digit)).ok_or(Malformed)?;
    }
    if negative { Ok(value) } else { value.checked_neg().ok_or(Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(reader: &mut ReplyReader, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let space = reader.space();
            let count = space.len().min(rest.len());
            space[..count].copy_from_slice(&rest[..count]);
            reader.advance(count);
            rest = &rest[count..];
        }
    }

    fn describe(reply: Reply<'_>) -> String {
        match reply {
            Reply::Array(elements) => format!("{:?}", elements.iter().collect::<Vec<_>>()),
            Reply::Scalar(element) => format!("{element:?}"),
            Reply::NilArray => "nil array".into(),
            Reply::TooLarge => "too large".into(),
        }
    }

    fn read_all(reader: &mut ReplyReader) -> Result<Vec<String>, Malformed> {
        let mut replies = Vec::new();
        while let Some(reply) = reader.next_reply()? {
            replies.push(describe(reply));
            reader.consume();
        }
        Ok(replies)
    }

    const MIXED: &[u8] =
        b"+OK\r\n:-7\r\n$-1\r\n*-1\r\n*0\r\n*3\r\n$3\r\na\nb\r\n:1\r\n-WRONGTYPE x\r\n-ERR y\r\n$0\r\n\r\n";

    #[test]
    fn every_cut_of_a_stream_reads_the_same() {
        let mut whole = ReplyReader::new();
        feed(&mut whole, MIXED);
        let expected = read_all(&mut whole).unwrap();
        assert_eq!(expected.len(), 8);
        for cut in 0..MIXED.len() {
            let mut reader = ReplyReader::new();
            feed(&mut reader, &MIXED[..cut]);
            let mut replies = read_all(&mut reader).unwrap();
            feed(&mut reader, &MIXED[cut..]);
            replies.extend(read_all(&mut reader).unwrap());
            assert_eq!(replies, expected, "cut at {cut}");
            assert_eq!(reader.start, reader.filled);
        }
    }

    #[test]
    fn a_cut_reply_is_never_a_shorter_one() {
        let reply = b"*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n";
        for cut in 0..reply.len() {
            let mut reader = ReplyReader::new();
            feed(&mut reader, &reply[..cut]);
            assert_eq!(read_all(&mut reader).unwrap(), Vec::<String>::new(), "cut at {cut}");
        }
    }

    #[test]
    fn doubt_is_malformed() {
        for bytes in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"*1\r\n*1\r\n:1\r\n",
            b"*-2\r\n",
            b"$-2\r\n",
            b"$3\r\nabcd\r\n",
            b":12x\r\n",
            b":\r\n",
            b":99999999999999999999\r\n",
            b"+OK\n",
            b"\r\n",
            b"$536870913\r\n",
        ] {
            let mut reader = ReplyReader::new();
            feed(&mut reader, bytes);
            assert_eq!(read_all(&mut reader), Err(Malformed), "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn too_many_members_are_consumed_and_told() {
        let mut bytes = format!("*{}\r\n", MAX_ELEMENTS + 1).into_bytes();
        for _ in 0..=MAX_ELEMENTS {
            bytes.extend_from_slice(b"$1\r\nx\r\n");
        }
        bytes.extend_from_slice(b"+OK\r\n");
        let mut reader = ReplyReader::new();
        feed(&mut reader, &bytes);
        assert_eq!(read_all(&mut reader).unwrap(), ["too large", "Status([79, 75])"]);
    }

    #[test]
    fn too_many_bytes_are_consumed_and_told_however_they_arrive() {
        let member = vec![b'x'; 1024 * 1024];
        let mut bytes = b"*6\r\n".to_vec();
        for _ in 0..6 {
            push(&mut bytes, &member);
        }
        bytes.extend_from_slice(b":1\r\n");
        push(&mut bytes, &vec![b'y'; MAX_REPLY_BYTES + 1]);
        bytes.extend_from_slice(b":2\r\n");
        for chunk in [1500, 65_536, bytes.len()] {
            let mut reader = ReplyReader::new();
            let mut replies = Vec::new();
            for part in bytes.chunks(chunk) {
                feed(&mut reader, part);
                replies.extend(read_all(&mut reader).unwrap());
            }
            assert_eq!(replies, ["too large", "Integer(1)", "too large", "Integer(2)"], "chunk {chunk}");
        }
    }

    fn push(out: &mut Vec<u8>, bytes: &[u8]) {
        crate::resp::push_bulk(out, bytes);
    }

    #[test]
    fn a_long_pipeline_does_not_grow_the_buffer() {
        let mut reader = ReplyReader::new();
        for _ in 0..10_000 {
            feed(&mut reader, MIXED);
            assert_eq!(read_all(&mut reader).unwrap().len(), 8);
        }
        assert_eq!(reader.buffer.len(), INITIAL_BYTES);
    }
}
