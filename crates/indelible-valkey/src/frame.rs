//! Request frames: the operations of one event-loop turn in one buffer, so that one crossing carries them all.
//!
//! Little-endian; written by `src/frames/frame-writer.ts` and by [`FrameWriter`]. Each operation is
//!
//! | bytes | field |
//! |---|---|
//! | 4 | length of the whole operation |
//! | 4 | token: names the operation in its answer |
//! | 1 | opcode |
//! | 1 | number of ids |
//! | 2 | number of arguments |
//! | … | ids, then arguments, each as a 4-byte length and its UTF-8 bytes |

use std::time::Instant;

const HEADER_BYTES: usize = 12;
/// Ids of one operation at the most.
const MAX_IDS: u8 = 16;

/// What an operation asks for. The numbers are the opcodes of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// Read the union of the ids' labels.
    Load = 1,
    /// Add every argument as a label to every id.
    Append = 2,
    /// Write a session record: id; agent id, start in nanoseconds.
    SaveSession = 3,
    /// Read a session record: id.
    LoadSession = 4,
    /// Delete a session record: id.
    DeleteSession = 5,
    /// Count: key; amount, seconds of the window.
    Increment = 6,
    /// Read a counter: key.
    Current = 7,
    /// Delete a counter: key.
    Reset = 8,
    /// Read a cached policy: agent id.
    GetPolicy = 9,
    /// Cache a policy: agent id; JSON text, seconds to keep it.
    CachePolicy = 10,
    /// Delete a cached policy: agent id.
    InvalidatePolicy = 11,
}

impl Opcode {
    const ALL: [Self; 11] = [
        Self::Load,
        Self::Append,
        Self::SaveSession,
        Self::LoadSession,
        Self::DeleteSession,
        Self::Increment,
        Self::Current,
        Self::Reset,
        Self::GetPolicy,
        Self::CachePolicy,
        Self::InvalidatePolicy,
    ];

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|opcode| *opcode as u8 == byte)
    }

    /// Whether it concerns labels, which need a proof, a generation and a ratchet.
    pub(crate) fn is_of_labels(self) -> bool {
        matches!(self, Self::Load | Self::Append)
    }

    /// Whether it is more than one command that must all happen or none.
    pub(crate) fn needs_transaction(self) -> bool {
        matches!(self, Self::Append | Self::SaveSession | Self::Increment)
    }

    /// Whether it changes what the server holds.
    pub(crate) fn changes_data(self) -> bool {
        !matches!(self, Self::Load | Self::LoadSession | Self::Current | Self::GetPolicy)
    }

    /// Whether doing it twice is doing it once.
    pub(crate) fn is_idempotent(self) -> bool {
        self != Self::Increment
    }

    /// The operation as errors name it.
    pub(crate) fn operation(self) -> indelible_core::Operation {
        use indelible_core::Operation;
        match self {
            Self::Load => Operation::Load,
            Self::Append => Operation::Append,
            Self::SaveSession => Operation::SaveSession,
            Self::LoadSession => Operation::LoadSession,
            Self::DeleteSession => Operation::DeleteSession,
            Self::Increment => Operation::Increment,
            Self::Current => Operation::Current,
            Self::Reset => Operation::Reset,
            Self::GetPolicy => Operation::GetPolicy,
            Self::CachePolicy => Operation::CachePolicy,
            Self::InvalidatePolicy => Operation::InvalidatePolicy,
        }
    }
}

/// A request frame and when it was submitted, which is when the deadline of its operations starts.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    bytes: Vec<u8>,
    submitted: Instant,
}

impl Frame {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, submitted: Instant::now() }
    }

    /// A frame that continues an operation submitted earlier.
    pub(crate) fn since(bytes: Vec<u8>, submitted: Instant) -> Self {
        Self { bytes, submitted }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn submitted(&self) -> Instant {
        self.submitted
    }

    /// Its operations, in their order.
    pub(crate) fn requests(&self) -> impl Iterator<Item = Request<'_>> {
        let mut offset = 0;
        std::iter::from_fn(move || {
            let request = self.request_at(offset)?;
            offset += request.length;
            Some(request)
        })
    }

    /// The operation at `offset`, or `None` at the end and where the bytes are not a frame.
    pub(crate) fn request_at(&self, offset: usize) -> Option<Request<'_>> {
        let rest = self.bytes.get(offset..)?;
        let length = u32::from_le_bytes(*rest.first_chunk()?) as usize;
        let header: &[u8; HEADER_BYTES] = rest.first_chunk()?;
        let [_, _, _, _, t0, t1, t2, t3, opcode, id_count, l0, l1] = *header;
        Some(Request {
            length,
            token: u32::from_le_bytes([t0, t1, t2, t3]),
            opcode: Opcode::from_byte(opcode)?,
            id_count: usize::from(id_count),
            ids: u16::MAX.checked_shr(u32::from(MAX_IDS.saturating_sub(id_count))).unwrap_or(0),
            argument_count: usize::from(u16::from_le_bytes([l0, l1])),
            body: rest.get(HEADER_BYTES..length)?,
        })
    }
}

/// One operation of a frame, read in place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// Bytes from this operation to the next.
    pub(crate) length: usize,
    pub(crate) token: u32,
    pub(crate) opcode: Opcode,
    id_count: usize,
    /// The ids that are meant, one bit each, from the lowest.
    ids: u16,
    pub(crate) argument_count: usize,
    body: &'a [u8],
}

impl<'a> Request<'a> {
    /// All ids, one bit each, from the lowest.
    pub(crate) fn all_ids(&self) -> u16 {
        self.ids
    }

    /// The same for some of the ids only.
    pub(crate) fn for_ids(self, ids: u16) -> Self {
        Self { ids, ..self }
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let chosen = self.ids;
        let places = Strings(self.body).take(self.id_count.min(usize::from(MAX_IDS))).enumerate();
        places.filter_map(move |(place, id)| (chosen >> place & 1 == 1).then_some(id))
    }

    pub(crate) fn arguments(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        Strings(self.body).skip(self.id_count).take(self.argument_count)
    }
}

#[derive(Clone)]
struct Strings<'a>(&'a [u8]);

impl<'a> Iterator for Strings<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk()?;
        let (string, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        self.0 = rest;
        Some(string)
    }
}

/// Writes request frames: the Rust twin of the TypeScript writer.
#[derive(Debug, Default)]
pub struct FrameWriter {
    bytes: Vec<u8>,
}

impl FrameWriter {
    /// Adds one operation. Ids and arguments are trusted to be within the limits of
    /// `indelible_core`.
    pub fn push<'a>(
        &mut self,
        token: u32,
        opcode: Opcode,
        ids: impl ExactSizeIterator<Item = &'a str>,
        arguments: impl ExactSizeIterator<Item = &'a str>,
    ) {
        let start = self.bytes.len();
        let (id_count, argument_count) = (ids.len() as u8, arguments.len() as u16);
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.extend_from_slice(&token.to_le_bytes());
        self.bytes.extend_from_slice(&[opcode as u8, id_count]);
        self.bytes.extend_from_slice(&argument_count.to_le_bytes());
        for text in ids.chain(arguments) {
            self.bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
            self.bytes.extend_from_slice(text.as_bytes());
        }
        let length = ((self.bytes.len() - start) as u32).to_le_bytes();
        if let Some(field) = self.bytes.get_mut(start..start + 4) {
            field.copy_from_slice(&length);
        }
    }

    /// The finished frame.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut writer = FrameWriter::default();
        writer.push(7, Opcode::Load, ["s", "\u{fc}"].into_iter(), [].into_iter());
        writer.push(u32::MAX, Opcode::Append, ["s"].into_iter(), ["PII", "", "x y"].into_iter());
        let frame = Frame::new(writer.finish());
        let first = frame.request_at(0).unwrap();
        assert_eq!((first.token, first.opcode), (7, Opcode::Load));
        assert_eq!(first.ids().collect::<Vec<_>>(), ["s".as_bytes(), "\u{fc}".as_bytes()]);
        assert_eq!(first.arguments().count(), 0);
        let second = frame.request_at(first.length).unwrap();
        assert_eq!((second.token, second.opcode), (u32::MAX, Opcode::Append));
        assert_eq!(second.arguments().collect::<Vec<_>>(), [&b"PII"[..], b"", b"x y"]);
        assert!(frame.request_at(first.length + second.length).is_none());
    }

    #[test]
    fn bytes_that_are_no_frame_are_no_request() {
        for bytes in
            [&b""[..], &[1, 0, 0], &[12, 0, 0, 0, 0, 0, 0, 0, 99, 0, 0, 0], &[200, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0]]
        {
            assert!(Frame::new(bytes.to_vec()).request_at(0).is_none());
        }
    }
}
