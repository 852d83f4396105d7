use std::fmt;

/// Longest session id, in UTF-8 bytes.
pub const MAX_SESSION_ID_BYTES: usize = 4096;

/// Most distinct session ids that one call addresses.
pub const MAX_SESSIONS_PER_CALL: usize = 16;

/// The opaque id of a session: 1 to [`MAX_SESSION_ID_BYTES`] bytes of UTF-8, kept byte for byte.
///
/// Nothing is trimmed, folded or normalised, so that two ids that differ never meet in one session, and one id never
/// splits in two.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(Box<str>);

impl SessionId {
    /// Takes `text` as a session id.
    ///
    /// # Errors
    ///
    /// [`InvalidSession`] for an empty text and for one above [`MAX_SESSION_ID_BYTES`] bytes.
    pub fn new(text: impl Into<Box<str>>) -> Result<Self, InvalidSession> {
        let text = text.into();
        match text.len() {
            0 => Err(InvalidSession::EmptyId),
            1..=MAX_SESSION_ID_BYTES => Ok(Self(text)),
            bytes => Err(InvalidSession::IdTooLong { bytes }),
        }
    }

    /// The id's text: a bearer of the session, not to be logged.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Says how long the id is and not what it is: who knows it may be able to act as the session.
impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({} bytes)", self.0.len())
    }
}

/// The sessions that one call addresses: 1 to [`MAX_SESSIONS_PER_CALL`] distinct ids in the order given.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionRef(Box<[SessionId]>);

impl SessionRef {
    /// Addresses all of `ids`; an id given twice counts once.
    ///
    /// # Errors
    ///
    /// [`InvalidSession`] for no id and for more than [`MAX_SESSIONS_PER_CALL`] distinct ones.
    pub fn new(ids: impl IntoIterator<Item = SessionId>) -> Result<Self, InvalidSession> {
        let mut distinct: Vec<SessionId> = Vec::new();
        for id in ids {
            if distinct.contains(&id) {
                continue;
            }
            if distinct.len() == MAX_SESSIONS_PER_CALL {
                return Err(InvalidSession::TooManyIds);
            }
            distinct.push(id);
        }
        if distinct.is_empty() {
            return Err(InvalidSession::NoIds);
        }
        Ok(Self(distinct.into()))
    }

    /// The distinct ids in the order given; never empty.
    #[must_use]
    pub fn ids(&self) -> &[SessionId] {
        &self.0
    }
}

impl From<SessionId> for SessionRef {
    fn from(id: SessionId) -> Self {
        Self(Box::new([id]))
    }
}

/// Says how many ids there are and not which.
impl fmt::Debug for SessionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionRef({} ids)", self.0.len())
    }
}

/// Why something cannot name a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSession {
    /// An id is empty.
    #[error("a session id must not be empty; a request without a session does not touch the store")]
    EmptyId,
    /// An id is longer than [`MAX_SESSION_ID_BYTES`].
    #[error("a session id of {bytes} bytes is too long; use at most {MAX_SESSION_ID_BYTES} bytes of UTF-8")]
    IdTooLong {
        /// Length of the id in UTF-8 bytes.
        bytes: usize,
    },
    /// There is no id.
    #[error("no session id given; give 1 to {MAX_SESSIONS_PER_CALL}")]
    NoIds,
    /// There are more than [`MAX_SESSIONS_PER_CALL`] distinct ids.
    #[error("too many session ids given; give at most {MAX_SESSIONS_PER_CALL}")]
    TooManyIds,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> SessionId {
        SessionId::new(text).unwrap()
    }

    fn numbered(count: usize) -> impl Iterator<Item = SessionId> {
        (0..count).map(|n| id(&format!("s{n}")))
    }

    #[test]
    fn an_id_keeps_its_bytes() {
        for text in ["sess-1", "a:b", "A:B", " s ", " ", "\0", "a\nb", "ünï", "u\u{308}"] {
            assert_eq!(id(text).as_str(), text);
        }
    }

    #[test]
    fn an_id_has_1_to_4096_bytes() {
        assert_eq!(SessionId::new(""), Err(InvalidSession::EmptyId));
        assert!(SessionId::new("x".repeat(4096)).is_ok());
        assert_eq!(SessionId::new("ü".repeat(2049)), Err(InvalidSession::IdTooLong { bytes: 4098 }));
    }

    #[test]
    fn duplicates_collapse_and_the_order_stays() {
        let session = SessionRef::new([id("b"), id("a"), id("b")]).unwrap();
        assert_eq!(session.ids(), [id("b"), id("a")]);
    }

    #[test]
    fn a_call_addresses_1_to_16_ids() {
        assert_eq!(SessionRef::new([]), Err(InvalidSession::NoIds));
        assert_eq!(SessionRef::new(numbered(16)).unwrap().ids().len(), 16);
        assert_eq!(SessionRef::new(numbered(17)), Err(InvalidSession::TooManyIds));
    }

    #[test]
    fn repetitions_do_not_use_up_the_limit() {
        assert_eq!(SessionRef::new(numbered(16).chain(numbered(16))).unwrap().ids().len(), 16);
    }

    #[test]
    fn debug_shows_no_id() {
        let secret = id("secret-token");
        assert_eq!(format!("{secret:?}"), "SessionId(12 bytes)");
        assert_eq!(format!("{:?}", SessionRef::from(secret)), "SessionRef(1 ids)");
    }
}
