//! Round trips of batches.

use std::time::Duration;

/// Every round trip of a window.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn record(&mut self, round_trip: Duration) {
        self.0.push(round_trip);
    }

    /// Forgets everything, so that a warm-up is not counted.
    pub(crate) fn reset(&mut self) {
        self.0.clear();
    }

    /// Microseconds; `fraction` is 0.5 for the median. 0 when nothing was recorded.
    pub(crate) fn percentile(&self, fraction: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = ((sorted.len() as f64 * fraction).ceil() as usize).max(1);
        sorted.get(rank - 1).map_or(0.0, |latency| latency.as_secs_f64() * 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let mut latencies = Latencies::default();
        assert!(latencies.percentile(0.5).abs() < f64::EPSILON);
        (1..=100).rev().for_each(|micros| latencies.record(Duration::from_micros(micros)));
        for (fraction, micros) in [(0.5, 50.0), (0.99, 99.0), (0.999, 100.0)] {
            assert!((latencies.percentile(fraction) - micros).abs() < 1e-6);
        }
    }
}
