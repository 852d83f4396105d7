//! One session id of a pipeline, between writing its commands and judging its replies.

use std::sync::Arc;
use std::time::Instant;

use crate::keys::SessionDigest;
use crate::label_sets::InternedSet;
use crate::memory::Memory;
use crate::ratchet::Expectation;
use crate::session_life::SessionLife;
use crate::switches::{Mechanism, is_off};

/// A session id on its way.
#[derive(Debug)]
pub(crate) struct SessionInFlight {
    pub(crate) digest: SessionDigest,
    /// What was known when its commands were written.
    expectation: Expectation,
    /// Its life was renewed so recently that it need not be renewed again.
    pub(crate) is_fresh: bool,
    /// Commands that were written for it.
    pub(crate) commands: usize,
    pub(crate) loaded: Option<Arc<InternedSet>>,
    /// Whether the server renewed the session's life; `None` where it was not asked to.
    pub(crate) renewed: Option<bool>,
}

/// What a session's replies came to.
pub(crate) enum Judged {
    /// Everything that is known of the session.
    Sound(Arc<InternedSet>),
    /// The server has lost labels; the set holds them too.
    Regressed(Arc<InternedSet>),
    /// Its life could not be renewed for too long.
    Expiring,
}

impl SessionInFlight {
    pub(crate) fn new(id: &[u8], memory: &Memory, now: Instant) -> Self {
        let digest = SessionDigest::of(id);
        let (expectation, is_fresh) = memory.ratchet.expect(&digest, now);
        Self { digest, expectation, is_fresh, commands: 0, loaded: None, renewed: None }
    }

    /// What was known is void: the keyspace is another one by an operator's word.
    pub(crate) fn expect_nothing(&mut self) {
        self.expectation = Expectation::Nothing;
        self.is_fresh = false;
    }

    /// Judges a load of this session that the proof has covered, and remembers it. `None` if there was no answer.
    /// `written` is when its commands were.
    pub(crate) fn judge(&self, memory: &mut Memory, life: Option<SessionLife>, written: Instant) -> Option<Judged> {
        let loaded = self.loaded.as_ref()?;
        let Memory { sets, ratchet } = memory;
        if let (Some(false), Some(life)) = (self.renewed, life)
            && ratchet.since_renewal(&self.digest, written).is_some_and(|since| since > life.promised() / 2)
            && !is_off(Mechanism::Expiry)
        {
            return Some(Judged::Expiring);
        }
        let renewed = self.renewed == Some(true);
        let regressed = match &self.expectation {
            Expectation::Nothing => false,
            Expectation::Labels(known) => known.id() != loaded.id() && !loaded.is_superset(known),
            Expectation::Expired(stamp) => {
                ratchet.forget_expired(&self.digest, *stamp);
                false
            }
        };
        let known = ratchet.remember(&self.digest, loaded, renewed, written, sets);
        // Labels acknowledged since the load was sent are united in; they are no regression.
        Some(if regressed { Judged::Regressed(known) } else { Judged::Sound(known) })
    }
}
