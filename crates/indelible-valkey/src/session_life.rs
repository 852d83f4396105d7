//! How long a set lives under a sliding `ttlSeconds`, and how often its life has to be renewed for that.
//!
//! Renewing on every load costs the server as much as the read itself, and under `appendfsync always` an fsync
//! (`docs/design/refresh.md`). So a life is given a little longer than promised, and a load within that time of the
//! last renewal leaves it as it is: what remains is never shorter than what was promised.

use std::time::Duration;

/// The extra time is this part of `ttlSeconds`.
const SLACK_DIVISOR: u32 = 60;
/// The longest extra time, in seconds.
const MAX_SLACK: u32 = 60;

/// The life of a session's labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionLife {
    promised: u32,
    slack: u32,
}

impl SessionLife {
    /// `ttl_seconds` is promised after every load and append.
    pub(crate) fn new(ttl_seconds: u32) -> Self {
        Self { promised: ttl_seconds, slack: (ttl_seconds / SLACK_DIVISOR).min(MAX_SLACK) }
    }

    /// Seconds that a renewal gives on the wire.
    pub(crate) fn given_seconds(self) -> u64 {
        u64::from(self.promised) + u64::from(self.slack)
    }

    /// What a renewal gives.
    pub(crate) fn given(self) -> Duration {
        Duration::from_secs(self.given_seconds())
    }

    /// What is promised.
    pub(crate) fn promised(self) -> Duration {
        Duration::from_secs(u64::from(self.promised))
    }

    /// Whether a life that was renewed `age` ago is still as long as promised.
    pub(crate) fn is_fresh(self, age: Duration) -> bool {
        age <= Duration::from_secs(u64::from(self.slack)) && self.slack > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_remains_of_a_fresh_life_is_never_shorter_than_promised() {
        for ttl in [1, 2, 59, 60, 61, 600, 3_600, 86_400, 1 << 31] {
            let life = SessionLife::new(ttl);
            for age in (0..=120_000).step_by(500).map(Duration::from_millis).filter(|age| life.is_fresh(*age)) {
                assert!(life.given() - age >= life.promised(), "{ttl} s, renewed {age:?} ago");
            }
        }
    }

    #[test]
    fn a_short_life_is_renewed_by_every_load_and_none_is_given_more_than_a_minute() {
        assert!(!SessionLife::new(59).is_fresh(Duration::ZERO));
        assert_eq!(SessionLife::new(59).given_seconds(), 59);
        assert!(SessionLife::new(600).is_fresh(Duration::from_secs(10)));
        assert!(!SessionLife::new(600).is_fresh(Duration::from_millis(10_001)));
        assert_eq!(SessionLife::new(600).given_seconds(), 610);
        assert_eq!(SessionLife::new(1 << 31).given_seconds(), (1 << 31) + 60);
    }
}
