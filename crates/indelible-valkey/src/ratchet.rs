//! The ratchet: what this node last saw of each session, so that a server that comes back with less is found out
//! (`docs/soundness.md`). It never answers in a server's place; it only refuses to believe one that has forgotten.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::keys::SessionDigest;
use crate::known_sessions::{KnownSession, KnownSessions};
use crate::label_sets::{InternedSet, LabelSets};
use crate::session_life::SessionLife;
use crate::switches::{Mechanism, is_off};

/// Added to the longest a command may take: a set that may just have expired on the server is not missed.
const EXPIRY_MARGIN: Duration = Duration::from_secs(1);

/// What a load must show, judged when its bytes are written.
#[derive(Debug, Clone)]
pub(crate) enum Expectation {
    /// Nothing is known of the session.
    Nothing,
    /// At least these labels.
    Labels(Arc<InternedSet>),
    /// Something was known, and its life may have ended; the stamp tells whether it is renewed meanwhile.
    Expired(u32),
}

/// The memory of one store, bounded in sessions.
///
/// Two generations of a map: when the younger is full it becomes the older, whose sessions are forgotten unless they
/// are seen again. So the bound holds without ever scanning.
#[derive(Debug)]
pub(crate) struct Ratchet {
    young: KnownSessions,
    old: KnownSessions,
    max_sessions: usize,
    life: Option<SessionLife>,
    margin: Duration,
    start: Instant,
    epoch: u32,
}

impl Ratchet {
    /// `command` is the longest a command may be under way.
    pub(crate) fn new(max_sessions: usize, life: Option<SessionLife>, command: Duration) -> Self {
        let start = Instant::now();
        let margin = command + EXPIRY_MARGIN;
        Self {
            young: KnownSessions::default(),
            old: KnownSessions::default(),
            max_sessions,
            life,
            margin,
            start,
            epoch: 0,
        }
    }

    /// What a load that is sent now must show, and whether the session's life needs no renewal yet.
    pub(crate) fn expect(&self, session: &SessionDigest, now: Instant) -> (Expectation, bool) {
        let Some(entry) = self.entry(session) else { return (Expectation::Nothing, false) };
        let labels = || Expectation::Labels(Arc::clone(&entry.labels));
        let Some(life) = self.life else { return (labels(), false) };
        // Counted in whole seconds, so an age is never less than the real one.
        let age = self.age(entry, now);
        if age + self.margin >= life.given() {
            return (Expectation::Expired(entry.renewed()), false);
        }
        (labels(), entry.is_confirmed() && life.is_fresh(age))
    }

    /// Forgets a session that may have expired when a load of it was sent, unless it has been renewed since.
    pub(crate) fn forget_expired(&mut self, session: &SessionDigest, stamp: u32) {
        for map in [&mut self.young, &mut self.old] {
            if map.get(session).is_some_and(|entry| entry.renewed() == stamp) {
                map.remove(session);
            }
        }
    }

    /// Whether all `labels` of a session are known already; if so its life is noted as renewed, where it was.
    pub(crate) fn holds<'a>(
        &mut self,
        session: &SessionDigest,
        mut labels: impl Iterator<Item = &'a str>,
        renewed: bool,
        now: Instant,
    ) -> bool {
        let seconds = self.seconds(now);
        match self.young.get_mut(session) {
            Some(entry) if labels.all(|label| entry.labels.contains(label)) => {
                if renewed {
                    entry.renew(seconds);
                }
                true
            }
            Some(_) | None => false,
        }
    }

    /// How long ago the session's life was last renewed, as far as this node knows.
    pub(crate) fn since_renewal(&self, session: &SessionDigest, now: Instant) -> Option<Duration> {
        self.entry(session).map(|entry| self.age(entry, now))
    }

    /// Labels have been seen or acknowledged. `renewed` says that the session's life was renewed as well, at `now`.
    /// Returns all that is known of the session.
    pub(crate) fn remember(
        &mut self,
        session: &SessionDigest,
        labels: &Arc<InternedSet>,
        renewed: bool,
        now: Instant,
        sets: &mut LabelSets,
    ) -> Arc<InternedSet> {
        if is_off(Mechanism::Ratchet) {
            return Arc::clone(labels);
        }
        if labels.is_empty() && self.entry(session).is_none() {
            // Nothing to lose: the sessions without labels are most of them.
            return Arc::clone(labels);
        }
        let seconds = self.seconds(now);
        if let Some(entry) = self.young.get_mut(session) {
            merge(entry, labels, renewed, self.life, seconds, sets);
            return Arc::clone(&entry.labels);
        }
        let entry = match self.old.remove(session) {
            Some(mut entry) => {
                merge(&mut entry, labels, renewed, self.life, seconds, sets);
                entry
            }
            None => KnownSession::new(session, labels, seconds, renewed),
        };
        if self.young.len() >= self.max_sessions.div_ceil(2) {
            self.old = std::mem::take(&mut self.young);
        }
        let labels = Arc::clone(&entry.labels);
        self.young.insert(entry);
        labels
    }

    /// Changes whenever everything is forgotten: expectations of an earlier epoch are void.
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Forgets everything: an operator has accepted the loss of the keyspace.
    pub(crate) fn clear(&mut self) {
        self.epoch += 1;
        self.young.clear();
        self.old.clear();
    }

    fn entry(&self, session: &SessionDigest) -> Option<&KnownSession> {
        self.young.get(session).or_else(|| self.old.get(session))
    }

    fn age(&self, entry: &KnownSession, now: Instant) -> Duration {
        let renewed = Duration::from_secs(u64::from(entry.renewed()));
        now.saturating_duration_since(self.start).saturating_sub(renewed)
    }

    fn seconds(&self, now: Instant) -> u32 {
        u32::try_from(now.saturating_duration_since(self.start).as_secs()).unwrap_or(u32::MAX)
    }
}

/// Adds what has been seen, unless what was known has expired: then the session begins anew.
fn merge(
    known: &mut KnownSession,
    labels: &Arc<InternedSet>,
    renewed: bool,
    life: Option<SessionLife>,
    now: u32,
    sets: &mut LabelSets,
) {
    let age = u64::from(now.saturating_sub(known.renewed()));
    if life.is_some_and(|life| age > life.given_seconds()) {
        known.begin_anew(labels, now, renewed);
        return;
    }
    if known.labels.id() != labels.id() {
        known.labels = sets.union(&known.labels, labels);
    }
    if renewed {
        known.renew(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use indelible_core::LabelSet;

    const TTL: Duration = Duration::from_secs(50);

    fn life() -> Option<SessionLife> {
        Some(SessionLife::new(TTL.as_secs() as u32))
    }

    fn digest(n: usize) -> SessionDigest {
        SessionDigest::of(n.to_string().as_bytes())
    }

    fn labels((known, _): (Expectation, bool)) -> Vec<String> {
        let Expectation::Labels(set) = known else { return Vec::new() };
        set.iter().map(str::to_owned).collect()
    }

    #[test]
    fn what_is_known_only_grows() {
        let (mut sets, now) = (LabelSets::new(0), Instant::now());
        let mut ratchet = Ratchet::new(10, None, Duration::ZERO);
        let (a, b) = (sets.intern(LabelSet::from_members(["a"])), sets.intern(LabelSet::from_members(["b"])));
        ratchet.remember(&digest(1), &a, false, now, &mut sets);
        ratchet.remember(&digest(1), &b, false, now, &mut sets);
        ratchet.remember(&digest(1), &a, false, now, &mut sets);
        assert_eq!(labels(ratchet.expect(&digest(1), now)), ["a", "b"]);
        assert_eq!(labels(ratchet.expect(&digest(2), now)), Vec::<String>::new());
        ratchet.clear();
        assert!(!matches!(ratchet.expect(&digest(1), now), (Expectation::Labels(_), _)));
    }

    #[test]
    fn an_empty_load_does_not_hide_what_is_known() {
        let (mut sets, now) = (LabelSets::new(0), Instant::now());
        let mut ratchet = Ratchet::new(10, None, Duration::ZERO);
        let (a, nothing) = (sets.intern(LabelSet::from_members(["a"])), sets.intern(LabelSet::empty()));
        ratchet.remember(&digest(1), &a, false, now, &mut sets);
        assert_eq!(ratchet.remember(&digest(1), &nothing, false, now, &mut sets).id(), a.id());
        assert_eq!(ratchet.remember(&digest(2), &nothing, false, now, &mut sets).id(), nothing.id());
        assert!(matches!(ratchet.expect(&digest(2), now), (Expectation::Nothing, _)));
    }

    #[test]
    fn what_may_have_expired_is_not_expected() {
        let mut sets = LabelSets::new(0);
        let mut ratchet = Ratchet::new(10, life(), Duration::from_millis(500));
        let start = ratchet.start;
        let (a, b) = (sets.intern(LabelSet::from_members(["a"])), sets.intern(LabelSet::from_members(["b"])));
        ratchet.remember(&digest(1), &a, true, start, &mut sets);
        assert!(matches!(
            ratchet.expect(&digest(1), start + TTL - Duration::from_secs(5)),
            (Expectation::Labels(_), _)
        ));
        assert!(!matches!(
            ratchet.expect(&digest(1), start + TTL - Duration::from_secs(1)),
            (Expectation::Labels(_), _)
        ));
        let later = start + TTL + Duration::from_secs(2);
        ratchet.remember(&digest(1), &b, true, later, &mut sets);
        assert_eq!(labels(ratchet.expect(&digest(1), later)), ["b"], "an expired session begins anew");
    }

    #[test]
    fn a_load_without_renewal_does_not_lengthen_a_life() {
        let mut sets = LabelSets::new(0);
        let mut ratchet = Ratchet::new(10, life(), Duration::ZERO);
        let start = ratchet.start;
        let a = sets.intern(LabelSet::from_members(["a"]));
        ratchet.remember(&digest(1), &a, true, start, &mut sets);
        let later = start + TTL / 2;
        ratchet.remember(&digest(1), &a, false, later, &mut sets);
        assert_eq!(ratchet.since_renewal(&digest(1), later), Some(TTL / 2));
        ratchet.remember(&digest(1), &a, true, later, &mut sets);
        assert_eq!(ratchet.since_renewal(&digest(1), later), Some(Duration::ZERO));
    }

    #[test]
    fn only_a_confirmed_renewal_makes_a_life_fresh_and_only_for_the_extra_time() {
        let mut sets = LabelSets::new(0);
        let mut ratchet = Ratchet::new(10, Some(SessionLife::new(600)), Duration::ZERO);
        let start = ratchet.start;
        let fresh = |ratchet: &Ratchet, seconds| ratchet.expect(&digest(1), start + Duration::from_secs(seconds)).1;
        let a = sets.intern(LabelSet::from_members(["a"]));
        ratchet.remember(&digest(1), &a, false, start, &mut sets);
        assert!(!fresh(&ratchet, 0), "it was seen, not renewed");
        ratchet.remember(&digest(1), &a, true, start, &mut sets);
        assert!(fresh(&ratchet, 10) && !fresh(&ratchet, 11));
        ratchet.remember(&digest(1), &a, false, start + Duration::from_secs(10), &mut sets);
        assert!(!fresh(&ratchet, 11), "a load that did not renew changes nothing");
        ratchet.remember(&digest(1), &a, true, start + Duration::from_secs(20), &mut sets);
        ratchet.remember(&digest(1), &a, true, start + Duration::from_secs(5), &mut sets);
        assert!(fresh(&ratchet, 30), "an older renewal that is told later changes nothing");
        assert!(ratchet.holds(&digest(1), ["a"].into_iter(), true, start + Duration::from_secs(40)));
        assert!(fresh(&ratchet, 50) && !fresh(&ratchet, 51));
    }

    #[test]
    fn it_is_bounded_and_keeps_what_is_in_use() {
        let (mut sets, now) = (LabelSets::new(0), Instant::now());
        let mut ratchet = Ratchet::new(100, None, Duration::ZERO);
        let a = sets.intern(LabelSet::from_members(["a"]));
        for n in 0..10_000 {
            ratchet.remember(&digest(n), &a, false, now, &mut sets);
            ratchet.remember(&digest(0), &a, false, now, &mut sets);
            assert!(ratchet.young.len() + ratchet.old.len() <= 101);
        }
        assert!(matches!(ratchet.expect(&digest(0), now), (Expectation::Labels(_), _)));
        assert!(matches!(ratchet.expect(&digest(9_999), now), (Expectation::Labels(_), _)));
        assert!(!matches!(ratchet.expect(&digest(5_000), now), (Expectation::Labels(_), _)));
    }
}
