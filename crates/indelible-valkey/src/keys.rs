//! Label keys: `<keyPrefix>:<64 lower-case hex of SHA-256(UTF-8 session id)>` (`docs/compatibility.md`, section 1).

use std::fmt;

use sha2::{Digest, Sha256};

/// SHA-256 of the exact UTF-8 bytes of a session id: no normalisation, no trimming.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SessionDigest([u8; 32]);

impl SessionDigest {
    pub(crate) fn of(session_id: &[u8]) -> Self {
        Self(Sha256::digest(session_id).into())
    }

    /// All 32 bytes.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first `N` bytes, at most 32.
    pub(crate) fn first<const N: usize>(&self) -> [u8; N] {
        let mut first = [0; N];
        first.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        first
    }

    /// The first eight hex digits: all that an event may tell of a session.
    pub(crate) fn prefix(&self) -> Box<str> {
        self.hex().iter().take(8).map(|digit| char::from(*digit)).collect::<String>().into()
    }

    /// The key's last part.
    pub(crate) fn hex(&self) -> [u8; 64] {
        let mut hex = [0; 64];
        // The lengths are fixed and fit, so there is no error to handle.
        let _ = const_hex::encode_to_slice(self.0, &mut hex);
        hex
    }
}

/// Shows the prefix alone.
impl fmt::Debug for SessionDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionDigest({}…)", self.prefix())
    }
}

/// The label key of one session id under `prefix`, as text for look-ups and tests.
#[must_use]
pub fn label_key(prefix: &str, session_id: &str) -> String {
    let hex = SessionDigest::of(session_id.as_bytes()).hex();
    format!("{prefix}:{}", String::from_utf8_lossy(&hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> serde_json::Value {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../__test__/vectors/label-keys.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn every_vector_holds() {
        let vectors = vectors();
        let prefix = vectors["prefix"].as_str().unwrap();
        let keys = vectors["keys"].as_array().unwrap();
        assert!(keys.len() > 10);
        for vector in keys {
            let (id, key) = (vector["sessionId"].as_str().unwrap(), vector["key"].as_str().unwrap());
            assert_eq!(label_key(prefix, id), key, "{id:?}");
        }
        for vector in vectors["customPrefix"].as_array().unwrap() {
            let key = label_key(vector["prefix"].as_str().unwrap(), vector["sessionId"].as_str().unwrap());
            assert_eq!(key, vector["key"].as_str().unwrap());
        }
    }
}
