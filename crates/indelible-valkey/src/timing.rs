//! Every bound on time. An operation ends within D = (1 + retries) × (connect + command) + retries × 50 ms.

use std::time::{Duration, Instant};

use crate::batch::Slot;
use crate::fault::Fault;

/// Longest pause before a retry; the pause is random between nothing and this.
pub(crate) const MAX_RETRY_PAUSE: Duration = Duration::from_millis(50);

/// The time-outs and retries of one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// From the first packet to an examined connection.
    pub connect: Duration,
    /// From handing a pipeline to a connection to its last reply.
    pub command: Duration,
    /// Attempts after the first.
    pub retries: u8,
}

impl Timing {
    /// D: the longest an operation can take, whatever happens to the server, the network or the driver.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        let retries = u32::from(self.retries);
        (self.connect + self.command) * (1 + retries) + MAX_RETRY_PAUSE * retries
    }

    /// Whether a failed operation may be tried again at all; the budget is asked afterwards.
    pub(crate) fn may_retry(&self, fault: &Fault, slot: &Slot, submitted: Instant, now: Instant) -> bool {
        (slot.opcode.is_idempotent() || !slot.indeterminate)
            && fault.is_worth_a_retry()
            && slot.failed_attempts <= self.retries
            && now < submitted + self.deadline()
    }

    /// A pause before the next attempt: full jitter, so that a fleet does not come back in step.
    pub(crate) fn retry_pause(&self) -> Duration {
        MAX_RETRY_PAUSE.mul_f64(fastrand::f64())
    }

    /// A pause for nodes of a cluster that do not agree, or are about to move a key: long enough for their gossip.
    pub(crate) fn redirection_pause(&self) -> Duration {
        MAX_RETRY_PAUSE.mul_f64(0.5 + 0.5 * fastrand::f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_defaults_make_1550_ms() {
        let timing = Timing { connect: Duration::from_millis(250), command: Duration::from_millis(500), retries: 1 };
        assert_eq!(timing.deadline(), Duration::from_millis(1550));
    }
}
