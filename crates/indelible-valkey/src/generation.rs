//! The generation: a random id stored once per keyspace, so that a keyspace that was flushed, replaced or never the
//! right one is told apart from an empty one (`docs/soundness.md`, lines 9 and 17).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indelible_core::KeyspaceLost;

use crate::config::GenerationMode;
use crate::event::Alarm;
use crate::switches::{Mechanism, is_off};

const VERSION: &str = "v1";
const HASH: &str = "sha256";
const ACCEPTED: &str = "accepted";

/// The parsed value of the generation key: `v1 <32 hex> sha256 <ttlSeconds or -> [accepted]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Generation {
    id: Box<str>,
    ttl_seconds: Option<u32>,
    accepted: bool,
}

impl Generation {
    /// A new one with a random id.
    pub(crate) fn random(ttl_seconds: Option<u32>) -> Result<Self, getrandom::Error> {
        let mut id = [0; 16];
        getrandom::fill(&mut id)?;
        Ok(Self { id: const_hex::encode(id).into(), ttl_seconds, accepted: false })
    }

    /// The same as an operator's answer to a loss: running nodes follow it.
    pub(crate) fn into_accepted(self) -> Self {
        Self { accepted: true, ..self }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn ttl_seconds(&self) -> Option<u32> {
        self.ttl_seconds
    }

    pub(crate) fn is_accepted(&self) -> bool {
        self.accepted
    }

    /// The value as the server keeps it.
    pub(crate) fn encode(&self) -> String {
        let ttl = self.ttl_seconds.map_or_else(|| "-".to_owned(), |ttl| ttl.to_string());
        let accepted = if self.accepted { " accepted" } else { "" };
        format!("{VERSION} {} {HASH} {ttl}{accepted}", self.id)
    }

    /// Reads a value; `None` when it is not of this version, hash and shape.
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(value).ok()?.split(' ');
        let (version, id, hash, ttl) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let accepted = match (words.next(), words.next()) {
            (None, None) => false,
            (Some(ACCEPTED), None) => true,
            _ => return None,
        };
        let id_is_hex = id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if version != VERSION || hash != HASH || !id_is_hex {
            return None;
        }
        let ttl_seconds = if ttl == "-" { None } else { Some(ttl.parse().ok().filter(|ttl| *ttl > 0)?) };
        Some(Self { id: id.into(), ttl_seconds, accepted })
    }
}

/// What one store knows of the generation of its keyspace. Pinned at the first connection and kept for the store's
/// life: a running node never creates one again.
#[derive(Debug)]
pub(crate) struct GenerationPin {
    mode: GenerationMode,
    ttl_seconds: Option<u32>,
    pinned: Mutex<Option<Pinned>>,
    /// The loss that the operator has been told of, until the keyspace is found good again.
    told: Mutex<Option<KeyspaceLost>>,
    is_told: AtomicBool,
}

#[derive(Debug)]
struct Pinned {
    /// The bytes last seen and found good: the common case is one comparison.
    value: Vec<u8>,
    id: Box<str>,
}

/// What a generation that is not the pinned value turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Good.
    Same,
    /// Good, and something to tell the operator.
    Noted(Alarm),
    /// An operator accepted the loss of the old keyspace: what was known of it is void.
    Accepted,
    /// Not the keyspace that this store knew.
    Lost(KeyspaceLost),
}

impl GenerationPin {
    pub(crate) fn new(mode: GenerationMode, ttl_seconds: Option<u32>) -> Self {
        Self { mode, ttl_seconds, pinned: Mutex::default(), told: Mutex::default(), is_told: AtomicBool::new(false) }
    }

    pub(crate) fn mode(&self) -> GenerationMode {
        self.mode
    }

    /// Whether a generation has been pinned: from then on a missing one is a loss.
    pub(crate) fn is_pinned(&self) -> bool {
        self.lock().is_some()
    }

    /// The state as `health()` names it.
    pub(crate) fn state(&self) -> &'static str {
        match (self.mode, self.is_pinned()) {
            (GenerationMode::Off, _) => "off",
            (_, true) => "pinned",
            (_, false) => "unpinned",
        }
    }

    /// A value for a keyspace that has none yet.
    pub(crate) fn create(&self) -> Result<Generation, getrandom::Error> {
        Generation::random(self.ttl_seconds)
    }

    /// Judges what the server holds now; pins it if nothing was pinned. `None` is a missing key.
    pub(crate) fn observe(&self, value: Option<&[u8]>) -> Seen {
        if is_off(Mechanism::Generation) {
            return Seen::Same;
        }
        let mut pinned = self.lock();
        let Some(value) = value else { return Seen::Lost(KeyspaceLost::Missing) };
        if pinned.as_ref().is_some_and(|pinned| pinned.value == value) {
            if self.is_told.load(Ordering::Relaxed) {
                self.is_told.store(false, Ordering::Relaxed);
            }
            return Seen::Same;
        }
        let Some(generation) = Generation::parse(value) else { return Seen::Lost(KeyspaceLost::Layout) };
        let known = pinned.as_ref().map(|pinned| pinned.id == generation.id);
        if known == Some(false) && !generation.accepted {
            return Seen::Lost(KeyspaceLost::Changed);
        }
        *pinned = Some(Pinned { value: value.to_vec(), id: generation.id });
        if known == Some(false) {
            return Seen::Accepted;
        }
        if generation.ttl_seconds == self.ttl_seconds {
            return Seen::Same;
        }
        Seen::Noted(Alarm::LayoutMismatch { ours: self.ttl_seconds, theirs: generation.ttl_seconds })
    }

    /// Whether the operator has not yet been told of this loss: every pipeline meets it, and one alarm says it.
    pub(crate) fn is_news(&self, lost: KeyspaceLost) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let was_told = self.is_told.swap(true, Ordering::Relaxed) && *told == Some(lost);
        *told = Some(lost);
        !was_told
    }

    fn lock(&self) -> MutexGuard<'_, Option<Pinned>> {
        // The value is replaced whole, so a panic elsewhere cannot have left it half-written.
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "000102030405060708090a0b0c0d0e0f";
    const OTHER: &str = "ffffffffffffffffffffffffffffffff";

    fn value(id: &str, rest: &str) -> Vec<u8> {
        format!("v1 {id} {rest}").into_bytes()
    }

    #[test]
    fn what_is_created_is_read_and_never_twice_the_same() {
        let first = Generation::random(Some(60)).unwrap();
        assert_eq!(Generation::parse(first.encode().as_bytes()), Some(first.clone()));
        let second = Generation::random(None).unwrap();
        assert!(second.encode().ends_with(" sha256 -"));
        assert_ne!(first.id, second.id);
    }

    #[test]
    fn any_other_shape_is_not_a_generation() {
        for bad in [
            "",
            "v1",
            "v2 000102030405060708090a0b0c0d0e0f sha256 -",
            "v1 00 sha256 -",
            "v1 000102030405060708090a0b0c0d0e0f md5 -",
            "v1 000102030405060708090a0b0c0d0e0f sha256 0",
            "v1 000102030405060708090a0b0c0d0e0f sha256 x",
            "v1 000102030405060708090a0b0c0d0e0f sha256 - later",
            "v1 000102030405060708090A0B0C0D0E0F sha256 -",
            "v1 000102030405060708090a0b0c0d0e0f sha256 - accepted x",
        ] {
            assert_eq!(Generation::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_pinned_generation_only_gives_way_to_an_accepted_one() {
        let pin = GenerationPin::new(GenerationMode::Observe, None);
        assert_eq!(pin.observe(Some(&value(ID, "sha256 -"))), Seen::Same);
        assert_eq!(pin.observe(None), Seen::Lost(KeyspaceLost::Missing));
        assert_eq!(pin.observe(Some(&value(OTHER, "sha256 -"))), Seen::Lost(KeyspaceLost::Changed));
        assert_eq!(pin.observe(Some(b"garbage")), Seen::Lost(KeyspaceLost::Layout));
        assert_eq!(pin.observe(Some(&value(ID, "sha256 -"))), Seen::Same);
        assert_eq!(pin.observe(Some(&value(OTHER, "sha256 - accepted"))), Seen::Accepted);
        assert_eq!(pin.observe(Some(&value(OTHER, "sha256 - accepted"))), Seen::Same);
        assert_eq!(pin.observe(Some(&value(ID, "sha256 -"))), Seen::Lost(KeyspaceLost::Changed));
    }

    #[test]
    fn a_loss_is_news_once_until_the_keyspace_is_good_again() {
        let pin = GenerationPin::new(GenerationMode::Observe, None);
        assert_eq!(pin.observe(Some(&value(ID, "sha256 -"))), Seen::Same);
        assert!(pin.is_news(KeyspaceLost::Missing));
        assert!(!pin.is_news(KeyspaceLost::Missing));
        assert!(pin.is_news(KeyspaceLost::Changed));
        assert_eq!(pin.observe(Some(&value(ID, "sha256 -"))), Seen::Same);
        assert!(pin.is_news(KeyspaceLost::Changed));
    }

    #[test]
    fn another_ttl_is_told_once() {
        let pin = GenerationPin::new(GenerationMode::Observe, Some(60));
        let seen = pin.observe(Some(&value(ID, "sha256 90")));
        assert_eq!(seen, Seen::Noted(Alarm::LayoutMismatch { ours: Some(60), theirs: Some(90) }));
        assert_eq!(pin.observe(Some(&value(ID, "sha256 90"))), Seen::Same);
    }
}
