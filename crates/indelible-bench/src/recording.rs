//! What was recorded of a driver on the wire.

/// What cannot be cut: a load, or a transaction with all appends in it; and the proof after it where it ended a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Operations that it does.
    pub(crate) operations: u32,
    /// Replies that its commands get.
    pub(crate) replies: u32,
    pub(crate) bytes: Vec<u8>,
}

/// A recording, written by `bench/raw/recording.ts`.
///
/// Little-endian: the number of parts; then those of the handshake, those that only seed and those to repeat, as `(kind,
/// operations, replies, length)` in 32 bits each and the bytes. The kinds are 0, 1 and 2.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Recording {
    /// What a connection begins with.
    pub(crate) handshake: Vec<Part>,
    /// What fills the server, once.
    pub(crate) seed: Vec<Part>,
    /// The mix that is measured.
    pub(crate) mix: Vec<Part>,
}

impl Recording {
    /// `None` when `bytes` are no whole recording with a mix in it.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut recording = Self::default();
        let (parts, mut rest) = word(bytes)?;
        for _ in 0..parts {
            let (kind, after) = word(rest)?;
            let (operations, after) = word(after)?;
            let (replies, after) = word(after)?;
            let (length, after) = word(after)?;
            let (bytes, after) = after.split_at_checked(length as usize)?;
            rest = after;
            let section = match kind {
                0 => &mut recording.handshake,
                1 => &mut recording.seed,
                2 => &mut recording.mix,
                _ => return None,
            };
            section.push(Part { operations, replies, bytes: bytes.to_vec() });
        }
        (rest.is_empty() && !recording.mix.is_empty()).then_some(recording)
    }
}

fn word(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (word, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*word), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(parts: &[(u32, u32, u32, &[u8])]) -> Vec<u8> {
        let mut file = (parts.len() as u32).to_le_bytes().to_vec();
        for (kind, operations, replies, bytes) in parts {
            for word in [*kind, *operations, *replies, bytes.len() as u32] {
                file.extend_from_slice(&word.to_le_bytes());
            }
            file.extend_from_slice(bytes);
        }
        file
    }

    #[test]
    fn what_was_written_is_read() {
        let recording = Recording::read(&file(&[(0, 0, 1, b"h"), (1, 2, 5, b"seed"), (2, 1, 2, b"mix")])).unwrap();
        assert_eq!(recording.handshake, [Part { operations: 0, replies: 1, bytes: b"h".to_vec() }]);
        assert_eq!(recording.seed, [Part { operations: 2, replies: 5, bytes: b"seed".to_vec() }]);
        assert_eq!(recording.mix, [Part { operations: 1, replies: 2, bytes: b"mix".to_vec() }]);
    }

    #[test]
    fn what_is_cut_off_or_has_no_mix_is_no_recording() {
        let whole = file(&[(0, 0, 1, b"h"), (2, 1, 2, b"mix")]);
        assert!((0..whole.len()).all(|length| Recording::read(&whole[..length]).is_none()));
        assert_eq!(Recording::read(&file(&[(0, 0, 1, b"h")])), None);
        assert_eq!(Recording::read(&file(&[(3, 0, 1, b"h")])), None);
    }
}
