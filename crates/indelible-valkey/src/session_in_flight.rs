//! One session id of a pipeline, between writing its commands and judging its replies.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::keys::SessionDigest;
use crate::label_sets::InternedSet;
use crate::memory::Memory;
use crate::ratchet::Expectation;
use crate::switches::{Mechanism, is_off};

/// A session id on its way.
#[derive(Debug)]
pub(crate) struct SessionInFlight {
    pub(crate) digest: SessionDigest,
    /// What was known when its commands were written.
    expectation: Expectation,
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
        Self { expectation: memory.ratchet.expect(&digest, now), digest, loaded: None, renewed: None }
    }

    /// What was known is void: the keyspace is another one by an operator's word.
    pub(crate) fn expect_nothing(&mut self) {
        self.expectation = Expectation::Nothing;
    }

    /// Judges a load of this session that the proof has covered, and remembers it. `None` if there was no answer.
    pub(crate) fn judge(&self, memory: &mut Memory, ttl: Option<Duration>, now: Instant) -> Option<Judged> {
        let loaded = self.loaded.as_ref()?;
        let Memory { sets, ratchet } = memory;
        if let (Some(false), Some(ttl)) = (self.renewed, ttl)
            && ratchet.since_renewal(&self.digest, now).is_some_and(|since| since > ttl / 2)
            && !is_off(Mechanism::Expiry)
        {
            return Some(Judged::Expiring);
        }
        let renewed = self.renewed != Some(false);
        let regressed = match &self.expectation {
            Expectation::Nothing => false,
            Expectation::Labels(known) => known.id() != loaded.id() && !loaded.is_superset(known),
            Expectation::Expired(stamp) => {
                ratchet.forget_expired(&self.digest, *stamp);
                false
            }
        };
        let known = ratchet.remember(&self.digest, loaded, renewed, now, sets);
        // Labels acknowledged since the load was sent are united in; they are no regression.
        Some(if regressed { Judged::Regressed(known) } else { Judged::Sound(known) })
    }
}
