//! Which of the 16,384 hash slots a label key belongs to: CRC-16 (XMODEM) of the key, or of its hash tag
//! (cluster specification, "Key distribution model").

use crate::keys::SessionDigest;

/// Hash slots of a cluster.
pub(crate) const SLOTS: usize = 16_384;

const POLYNOMIAL: u16 = 0x1021;

/// Every label key of a store is its prefix, a colon and 64 hex digits, so most of the sum is known in advance: CRC-16
/// is linear, and what is left is one look-up a digit, none of which waits for another.
#[derive(Debug)]
pub(crate) enum SlotRule {
    /// The prefix holds a hash tag: every key of the store is in the same slot.
    Tagged(u16),
    /// The whole key counts.
    Hashed {
        /// The sum of the key with zero bytes for digits.
        base: u16,
        /// What each digit adds at its place.
        digits: Box<[[u16; 16]]>,
    },
}

impl SlotRule {
    /// The rule for the keys of `prefix`.
    pub(crate) fn new(prefix: &str) -> Self {
        // The digits hold no brace, so a tag stands in the prefix or nowhere.
        if let Some(tag) = hash_tag(prefix) {
            return Self::Tagged(slot_of(checksum(0, tag.as_bytes())));
        }
        let zeros = |sum: u16, count: usize| (0..count).fold(sum, |sum, _| checksum(sum, &[0]));
        let base = zeros(checksum(checksum(0, prefix.as_bytes()), b":"), 64);
        let digits = (0..64)
            .map(|place| {
                let mut sums = [0; 16];
                for (sum, digit) in sums.iter_mut().zip(b"0123456789abcdef") {
                    *sum = zeros(checksum(0, &[*digit]), 63 - place);
                }
                sums
            })
            .collect();
        Self::Hashed { base, digits }
    }

    /// The slot of a session's label key.
    pub(crate) fn slot(&self, session: &SessionDigest) -> u16 {
        match self {
            Self::Tagged(slot) => *slot,
            Self::Hashed { base, digits } => {
                let nibbles = session.bytes().iter().flat_map(|byte| [byte >> 4, byte & 15]);
                slot_of(digits.iter().zip(nibbles).fold(*base, |sum, (sums, nibble)| {
                    sum ^ sums.get(usize::from(nibble)).copied().unwrap_or_default()
                }))
            }
        }
    }
}

/// What stands between the first `{` and the next `}`, unless that is nothing.
fn hash_tag(key: &str) -> Option<&str> {
    let (_, rest) = key.split_once('{')?;
    rest.split_once('}').map(|(tag, _)| tag).filter(|tag| !tag.is_empty())
}

fn slot_of(sum: u16) -> u16 {
    sum % SLOTS as u16
}

fn checksum(sum: u16, bytes: &[u8]) -> u16 {
    bytes.iter().fold(sum, |sum, byte| {
        (0..8).fold(sum ^ (u16::from(*byte) << 8), |sum, _| (sum << 1) ^ if sum >> 15 == 1 { POLYNOMIAL } else { 0 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::label_key;

    #[test]
    fn the_checksum_is_that_of_the_specification() {
        assert_eq!(checksum(0, b"123456789"), 0x31c3);
    }

    #[test]
    fn every_key_is_hashed_as_if_byte_by_byte() {
        for prefix in ["taint:v1", "", "p", "a{b", "a}b{c", "{}x", "x{}{y}"] {
            let rule = SlotRule::new(prefix);
            for id in 0..200 {
                let id = format!("session-{id}");
                let key = label_key(prefix, &id);
                let slot = slot_of(checksum(0, key.as_bytes()));
                assert_eq!(rule.slot(&SessionDigest::of(id.as_bytes())), slot, "{key}");
            }
        }
    }

    #[test]
    fn a_hash_tag_in_the_prefix_holds_all_keys_together() {
        let tagged = slot_of(checksum(0, b"user1000"));
        for prefix in ["{user1000}.following", "a{user1000}", "{user1000}{x}"] {
            assert_eq!(SlotRule::new(prefix).slot(&SessionDigest::of(b"any")), tagged, "{prefix}");
        }
    }
}
