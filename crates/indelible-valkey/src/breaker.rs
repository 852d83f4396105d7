//! The circuit breaker of one node: after consecutive failures nothing is sent for a while, then exactly one real
//! operation tries. Written here rather than taken from a library because of that one probe, which must be an operation
//! of the pipeline at hand, and because an open breaker has to answer without a task of its own (`docs/design/breaker.md`).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::event::State;

/// Spread of the time a breaker stays open: a fleet does not come back in step.
const JITTER: f64 = 0.2;

/// When a breaker opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerLimits {
    /// Consecutive failures that open it.
    pub failures: u32,
    /// How long it stays open the first time; doubled each time the probe fails.
    pub open: Duration,
    /// The longest it stays open.
    pub max_open: Duration,
}

/// What a breaker says to new operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Go.
    Pass,
    /// One of you may go; the others are refused.
    Probe,
    /// Nothing is sent.
    Refuse,
}

/// How an operation ended, as far as a breaker cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// The node did what it was asked.
    Success,
    /// The node answered that it would not: it is alive, and the request or its data is at fault.
    Neutral,
    /// The node failed.
    Failure,
}

#[derive(Debug)]
enum Phase {
    Closed { failures: u32 },
    Open { until: Instant },
    HalfOpen { probe: Option<u32> },
}

/// The breaker of one node.
#[derive(Debug)]
pub(crate) struct Breaker {
    limits: BreakerLimits,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    phase: Phase,
    /// How long it will stay open the next time.
    next_open: Duration,
}

impl Breaker {
    pub(crate) fn new(limits: BreakerLimits) -> Self {
        Self { limits, inner: Mutex::new(Inner { phase: Phase::Closed { failures: 0 }, next_open: limits.open }) }
    }

    /// Asks before operations are sent. After [`Admission::Probe`] the one that goes is named with [`Self::probe`].
    pub(crate) fn admit(&self, now: Instant) -> Admission {
        let mut inner = self.lock();
        match inner.phase {
            Phase::Closed { .. } => Admission::Pass,
            Phase::Open { until } if now < until => Admission::Refuse,
            Phase::Open { .. } => {
                inner.phase = Phase::HalfOpen { probe: None };
                Admission::Probe
            }
            Phase::HalfOpen { .. } => Admission::Refuse,
        }
    }

    /// Names the operation that probes.
    pub(crate) fn probe(&self, token: u32) -> State {
        self.lock().phase = Phase::HalfOpen { probe: Some(token) };
        State::BreakerHalfOpen
    }

    /// Tells how an operation ended, after its retries; returns the change of state that it caused.
    pub(crate) fn note(&self, token: u32, signal: Signal, now: Instant) -> Option<State> {
        let mut inner = self.lock();
        match (&mut inner.phase, signal) {
            (Phase::Closed { failures }, Signal::Success) => {
                *failures = 0;
                None
            }
            (Phase::Closed { failures }, Signal::Failure) => {
                *failures += 1;
                if *failures < self.limits.failures { None } else { Some(self.open(&mut inner, now)) }
            }
            (Phase::HalfOpen { probe: Some(probe) }, signal) if *probe == token => {
                if signal == Signal::Failure {
                    return Some(self.open(&mut inner, now));
                }
                *inner = Inner { phase: Phase::Closed { failures: 0 }, next_open: self.limits.open };
                Some(State::BreakerClosed)
            }
            // What was sent before it opened says nothing about the node now.
            (Phase::Closed { .. } | Phase::Open { .. } | Phase::HalfOpen { .. }, _) => None,
        }
    }

    fn open(&self, inner: &mut Inner, now: Instant) -> State {
        let span = inner.next_open.mul_f64(1.0 - JITTER + 2.0 * JITTER * fastrand::f64());
        inner.phase = Phase::Open { until: now + span };
        inner.next_open = (inner.next_open * 2).min(self.limits.max_open);
        State::BreakerOpened { for_ms: u32::try_from(span.as_millis()).unwrap_or(u32::MAX) }
    }

    /// Another node has taken the place of this one: what is known of the old one says nothing about it.
    pub(crate) fn reset(&self) -> Option<State> {
        let mut inner = self.lock();
        let was_closed = matches!(inner.phase, Phase::Closed { .. });
        *inner = Inner { phase: Phase::Closed { failures: 0 }, next_open: self.limits.open };
        (!was_closed).then_some(State::BreakerClosed)
    }

    /// Whether operations go without asking.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.lock().phase, Phase::Closed { .. })
    }

    /// The phase as `health()` names it.
    pub(crate) fn phase(&self) -> &'static str {
        match self.lock().phase {
            Phase::Closed { .. } => "closed",
            Phase::Open { .. } => "open",
            Phase::HalfOpen { .. } => "half-open",
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change under this lock is a single assignment.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: BreakerLimits =
        BreakerLimits { failures: 5, open: Duration::from_secs(1), max_open: Duration::from_secs(30) };

    fn opened(breaker: &Breaker, now: Instant) -> Duration {
        for n in 1..LIMITS.failures {
            assert_eq!(breaker.note(n, Signal::Failure, now), None);
        }
        match breaker.note(9, Signal::Failure, now) {
            Some(State::BreakerOpened { for_ms }) => Duration::from_millis(u64::from(for_ms)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_consecutive_failures_open_it() {
        let (breaker, now) = (Breaker::new(LIMITS), Instant::now());
        for _ in 0..100 {
            for signal in [Signal::Failure, Signal::Failure, Signal::Failure, Signal::Failure, Signal::Success] {
                assert_eq!(breaker.note(0, signal, now), None);
            }
        }
        assert_eq!(breaker.admit(now), Admission::Pass);
    }

    #[test]
    fn data_errors_never_trip_it_and_never_hide_failures() {
        let (breaker, now) = (Breaker::new(LIMITS), Instant::now());
        (0..100).for_each(|_| assert_eq!(breaker.note(0, Signal::Neutral, now), None));
        for _ in 0..4 {
            assert_eq!(breaker.note(0, Signal::Failure, now), None);
            assert_eq!(breaker.note(0, Signal::Neutral, now), None);
        }
        assert!(breaker.note(0, Signal::Failure, now).is_some());
    }

    #[test]
    fn half_open_lets_exactly_one_through() {
        let (breaker, now) = (Breaker::new(LIMITS), Instant::now());
        let span = opened(&breaker, now);
        assert_eq!(breaker.admit(now + span / 2), Admission::Refuse);
        let later = now + span + Duration::from_millis(1);
        assert_eq!(breaker.admit(later), Admission::Probe);
        breaker.probe(7);
        (0..50).for_each(|_| assert_eq!(breaker.admit(later), Admission::Refuse));
        assert_eq!(breaker.note(3, Signal::Success, later), None, "an older operation is no probe");
        assert_eq!(breaker.note(7, Signal::Success, later), Some(State::BreakerClosed));
        assert_eq!(breaker.admit(later), Admission::Pass);
    }

    #[test]
    fn it_stays_open_longer_each_time_up_to_the_limit() {
        let (breaker, mut now) = (Breaker::new(LIMITS), Instant::now());
        let mut span = opened(&breaker, now);
        for step in 0..8 {
            let nominal = LIMITS.open.mul_f64(2_f64.powi(step)).min(LIMITS.max_open);
            assert!(span >= nominal.mul_f64(0.79) && span <= nominal.mul_f64(1.21), "step {step}: {span:?}");
            now += span + Duration::from_millis(1);
            assert_eq!(breaker.admit(now), Admission::Probe);
            breaker.probe(1);
            let Some(State::BreakerOpened { for_ms }) = breaker.note(1, Signal::Failure, now) else { panic!() };
            span = Duration::from_millis(u64::from(for_ms));
        }
    }
}
