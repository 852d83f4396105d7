//! The sessions that a ratchet knows, packed: a million of them must fit beside a host's own memory.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

use crate::keys::SessionDigest;
use crate::label_sets::InternedSet;

/// 96 bits of a SHA-256 name a session here. Two sessions that shared them would share their labels: more, never fewer.
type Key = [u8; 12];

/// Set in `renewed` once the server has confirmed the renewal; the other bits count seconds for 68 years.
const CONFIRMED: u32 = 1 << 31;

/// What is known of one session.
#[derive(Debug)]
pub(crate) struct KnownSession {
    key: Key,
    /// Seconds since the ratchet was made, when the session's life was last known to have been renewed, or when it was
    /// first seen; and [`CONFIRMED`].
    renewed: u32,
    pub(crate) labels: Arc<InternedSet>,
}

const _: () = assert!(size_of::<KnownSession>() == 24, "the bar is 100 MB for a million sessions");

impl KnownSession {
    /// A session with these labels, first seen at `at` seconds; `confirmed` says that it was renewed as well.
    pub(crate) fn new(session: &SessionDigest, labels: &Arc<InternedSet>, at: u32, confirmed: bool) -> Self {
        let mut known = Self { key: session.first(), renewed: 0, labels: Arc::clone(labels) };
        known.begin_anew(labels, at, confirmed);
        known
    }

    /// What was known is void.
    pub(crate) fn begin_anew(&mut self, labels: &Arc<InternedSet>, at: u32, confirmed: bool) {
        self.labels = Arc::clone(labels);
        self.renewed = at.min(CONFIRMED - 1) | if confirmed { CONFIRMED } else { 0 };
    }

    /// The server has renewed the session's life; an older renewal says nothing new.
    pub(crate) fn renew(&mut self, at: u32) {
        self.renewed = self.renewed().max(at.min(CONFIRMED - 1)) | CONFIRMED;
    }

    /// Seconds since the ratchet was made.
    pub(crate) fn renewed(&self) -> u32 {
        self.renewed & !CONFIRMED
    }

    /// Whether the server has confirmed that renewal.
    pub(crate) fn is_confirmed(&self) -> bool {
        self.renewed & CONFIRMED != 0
    }
}

/// A map by session, without room for what can be reckoned.
#[derive(Debug, Default)]
pub(crate) struct KnownSessions {
    table: HashTable<KnownSession>,
    hasher: DefaultHashBuilder,
}

impl KnownSessions {
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn get(&self, session: &SessionDigest) -> Option<&KnownSession> {
        let key = session.first();
        self.table.find(self.hasher.hash_one(key), |known| known.key == key)
    }

    pub(crate) fn get_mut(&mut self, session: &SessionDigest) -> Option<&mut KnownSession> {
        let key = session.first();
        self.table.find_mut(self.hasher.hash_one(key), |known| known.key == key)
    }

    /// Adds a session, or takes the place of what was known of it.
    pub(crate) fn insert(&mut self, session: KnownSession) {
        let Self { table, hasher } = self;
        let hash = hasher.hash_one(session.key);
        match table.entry(hash, |known| known.key == session.key, |known| hasher.hash_one(known.key)) {
            Entry::Occupied(mut entry) => *entry.get_mut() = session,
            Entry::Vacant(entry) => {
                entry.insert(session);
            }
        }
    }

    pub(crate) fn remove(&mut self, session: &SessionDigest) -> Option<KnownSession> {
        let key = session.first();
        let entry = self.table.find_entry(self.hasher.hash_one(key), |known| known.key == key).ok()?;
        Some(entry.remove().0)
    }

    pub(crate) fn clear(&mut self) {
        self.table.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label_sets::LabelSets;
    use indelible_core::LabelSet;

    fn digest(n: usize) -> SessionDigest {
        SessionDigest::of(n.to_string().as_bytes())
    }

    #[test]
    fn a_map_by_session() {
        let labels = LabelSets::new(0).intern(LabelSet::from_members(["a"]));
        let mut sessions = KnownSessions::default();
        for n in 0..1_000 {
            sessions.insert(KnownSession::new(&digest(n), &labels, 1, false));
            sessions.insert(KnownSession::new(&digest(n), &labels, n as u32, true));
        }
        assert_eq!(sessions.len(), 1_000);
        assert!((0..1_000).all(|n| sessions.get(&digest(n)).is_some_and(|known| known.renewed() == n as u32)));
        assert!(sessions.get(&digest(1_000)).is_none());
        assert!(sessions.remove(&digest(7)).is_some() && sessions.remove(&digest(7)).is_none());
        assert!(sessions.get_mut(&digest(7)).is_none() && sessions.get_mut(&digest(8)).is_some());
        sessions.clear();
        assert_eq!(sessions.len(), 0);
    }

    #[test]
    fn a_renewal_and_its_confirmation_share_a_word() {
        let labels = LabelSets::new(0).intern(LabelSet::empty());
        let mut known = KnownSession::new(&digest(1), &labels, 5, false);
        assert_eq!((known.renewed(), known.is_confirmed()), (5, false));
        known.renew(3);
        assert_eq!((known.renewed(), known.is_confirmed()), (5, true));
        known.renew(u32::MAX);
        assert_eq!((known.renewed(), known.is_confirmed()), (CONFIRMED - 1, true));
        known.begin_anew(&labels, 6, false);
        assert_eq!((known.renewed(), known.is_confirmed()), (6, false));
    }
}
