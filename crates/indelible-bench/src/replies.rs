//! Finds where replies end, without looking at what is in them.

/// Counts whole replies in a stream of RESP2 or RESP3, across the chunks in which it arrives.
#[derive(Debug, Default)]
pub(crate) struct ReplyCounter {
    /// Elements that the arrays begun so far still lack.
    open: u64,
    /// Bytes of a bulk string, line end included, that are still to come.
    skip: usize,
    /// A line that began in an earlier chunk.
    line: Vec<u8>,
    /// The first error among the replies.
    refusal: Option<String>,
}

/// Bytes that are no RESP.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unexpected(pub(crate) String);

impl ReplyCounter {
    /// Takes a chunk and returns how many replies ended in it.
    pub(crate) fn feed(&mut self, mut chunk: &[u8]) -> Result<u64, Unexpected> {
        let mut ended = 0;
        while !chunk.is_empty() {
            if self.skip > 0 {
                let skipped = self.skip.min(chunk.len());
                self.skip -= skipped;
                chunk = chunk.get(skipped..).unwrap_or_default();
                if self.skip == 0 {
                    ended += self.end_element();
                }
                continue;
            }
            let Some(end) = chunk.iter().position(|byte| *byte == b'\n') else {
                self.line.extend_from_slice(chunk);
                break;
            };
            let (line, rest) = chunk.split_at(end + 1);
            chunk = rest;
            ended += if self.line.is_empty() {
                self.take_line(line)?
            } else {
                self.line.extend_from_slice(line);
                let line = std::mem::take(&mut self.line);
                self.take_line(&line)?
            };
        }
        Ok(ended)
    }

    /// The first error among the replies since this was last asked.
    pub(crate) fn take_refusal(&mut self) -> Option<String> {
        self.refusal.take()
    }

    fn take_line(&mut self, line: &[u8]) -> Result<u64, Unexpected> {
        let text = || String::from_utf8_lossy(line).trim_end().to_owned();
        let unexpected = || Unexpected(text());
        let (kind, rest) = line.split_first().ok_or_else(unexpected)?;
        let count = || length(rest).ok_or_else(unexpected);
        match kind {
            b'$' | b'=' => match count()? {
                Some(length) => {
                    self.skip = length + 2;
                    Ok(0)
                }
                None => Ok(self.end_element()),
            },
            b'*' | b'~' => Ok(self.begin(count()?.unwrap_or(0))),
            b'%' => Ok(self.begin(2 * count()?.unwrap_or(0))),
            b'+' | b':' | b'_' | b',' | b'#' | b'(' => Ok(self.end_element()),
            b'-' => {
                self.refusal.get_or_insert_with(text);
                Ok(self.end_element())
            }
            _ => Err(unexpected()),
        }
    }

    fn begin(&mut self, elements: usize) -> u64 {
        match (elements, self.open) {
            (0, _) => self.end_element(),
            (_, 0) => {
                self.open = elements as u64;
                0
            }
            (_, open) => {
                self.open = open - 1 + elements as u64;
                0
            }
        }
    }

    /// An element is complete: 1 if a whole reply is.
    fn end_element(&mut self) -> u64 {
        self.open = self.open.saturating_sub(1);
        u64::from(self.open == 0)
    }
}

/// The number of a header line; `Some(None)` for the -1 that stands for nothing.
fn length(digits: &[u8]) -> Option<Option<usize>> {
    let text = std::str::from_utf8(digits).ok()?.trim_end();
    if text == "-1" { Some(None) } else { text.parse().ok().map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLIES: &[u8] =
        b"+OK\r\n:1\r\n$-1\r\n*-1\r\n*0\r\n$4\r\na\r\nb\r\n*2\r\n$1\r\na\r\n*2\r\n:1\r\n:2\r\n%1\r\n+k\r\n~1\r\n$0\r\n\r\n_\r\n";

    #[test]
    fn counts_the_same_however_the_stream_is_cut() {
        for size in 1..=REPLIES.len() {
            let mut counter = ReplyCounter::default();
            let counted: u64 = REPLIES.chunks(size).map(|chunk| counter.feed(chunk).unwrap()).sum();
            assert_eq!(counted, 9, "in chunks of {size}");
        }
    }

    #[test]
    fn refuses_what_is_no_reply() {
        for bytes in [&b"x\r\n"[..], b"*x\r\n", b"\n"] {
            ReplyCounter::default().feed(bytes).unwrap_err();
        }
    }

    #[test]
    fn tells_of_errors_wherever_they_stand() {
        for bytes in [&b"+OK\r\n-ERR no\r\n"[..], b"*2\r\n:1\r\n-ERR no\r\n+OK\r\n"] {
            let mut counter = ReplyCounter::default();
            assert_eq!(counter.feed(bytes).unwrap(), 2);
            assert_eq!(counter.take_refusal().as_deref(), Some("-ERR no"));
            assert_eq!(counter.take_refusal(), None);
        }
    }
}
