//! Bounds how often a node that cannot be connected to is dialled: at most `connections` × (1 + seconds of the outage)
//! times. Beyond that the last failure is the answer, without a packet.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::fault::Fault;

/// The gate before the connections to one node.
#[derive(Debug)]
pub(crate) struct ConnectGate {
    /// Attempts that may fail in a row, and that become available again in a second.
    attempts: f64,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    left: f64,
    at: Instant,
    last: Option<Fault>,
}

impl ConnectGate {
    pub(crate) fn new(connections: usize) -> Self {
        let attempts = connections as f64;
        Self { attempts, inner: Mutex::new(Inner { left: attempts, at: Instant::now(), last: None }) }
    }

    /// Asks before dialling.
    ///
    /// # Errors
    ///
    /// The fault of the last attempt, when too many have failed of late.
    pub(crate) fn enter(&self, now: Instant) -> Result<(), Fault> {
        let mut inner = self.lock();
        let refill = now.saturating_duration_since(inner.at).as_secs_f64() * self.attempts;
        inner.left = (inner.left + refill).min(self.attempts);
        inner.at = now;
        if inner.left >= 1.0 {
            inner.left -= 1.0;
            return Ok(());
        }
        // Nothing has failed yet: as many are being dialled at once as there may be connections.
        inner.last.clone().map_or(Ok(()), Err)
    }

    /// Tells how the attempt went; a connection that came about costs nothing.
    pub(crate) fn leave(&self, fault: Option<&Fault>) {
        let mut inner = self.lock();
        match fault {
            Some(fault) => inner.last = Some(fault.clone()),
            None => {
                inner.left = self.attempts;
                inner.last = None;
            }
        }
    }

    /// Another node has taken the place of this one.
    pub(crate) fn reset(&self) {
        self.leave(None);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use indelible_core::{Failure, Unavailable};
    use std::time::Duration;

    #[test]
    fn attempts_in_an_outage_are_bounded_and_working_connections_are_free() {
        let gate = ConnectGate::new(2);
        let refused = Fault::new(Failure::Unavailable(Unavailable::Refused));
        let start = Instant::now();
        let mut dialled = 0;
        for step in 0..1000 {
            if gate.enter(start + Duration::from_millis(10) * step).is_ok() {
                dialled += 1;
                gate.leave(Some(&refused));
            }
        }
        assert!((20..=22).contains(&dialled), "{dialled} attempts in 10 s");
        for step in 0..1000 {
            let now = start + Duration::from_secs(20) + Duration::from_millis(1) * step;
            assert_eq!(gate.enter(now), Ok(()));
            gate.leave(None);
        }
    }
}
