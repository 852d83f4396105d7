//! How long a round trip takes.

use std::time::{Duration, Instant};

use super::link::{Link, Refusal};
use super::{Finding, trial_key};
use crate::config::Config;

const ROUND_TRIPS: usize = 200;
/// A slow server is measured for this long and no longer.
const AT_MOST: Duration = Duration::from_secs(2);

/// Times reads of a set that does not exist.
pub(super) async fn judge(link: &mut Link, config: &Config) -> Finding {
    const NAME: &str = "latency";
    let (key, began) = (trial_key(&config.key_prefix), Instant::now());
    let mut times = Vec::with_capacity(ROUND_TRIPS);
    while times.len() < ROUND_TRIPS && began.elapsed() < AT_MOST {
        let sent = Instant::now();
        match link.ask(&[b"SMEMBERS", key.as_bytes()]).await {
            // An error reply to a read is a round trip as well; what it means is another check's business.
            Ok(_) | Err(Refusal::Server(_)) => times.push(sent.elapsed()),
            Err(refusal) => return Finding::fail(NAME, refusal.to_string(), refusal.hint()),
        }
    }
    times.sort_unstable();
    let (p50, p99) = (percentile(&times, 50), percentile(&times, 99));
    let detail = format!("p50 {:.2} ms, p99 {:.2} ms over {} round trips", ms(p50), ms(p99), times.len());
    if p99 * 2 > config.timing.command {
        let hint =
            format!("commandTimeoutMs is {}: raise it, or bring the server nearer", config.timing.command.as_millis());
        return Finding::warn(NAME, detail, hint);
    }
    Finding::ok(NAME, detail)
}

/// The smallest of the sorted times that `percent` of them do not exceed.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_occurred() {
        let times: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Duration::from_millis(100));
        assert_eq!(percentile(&times, 99), Duration::from_millis(198));
        assert_eq!(percentile(&times[..1], 99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }
}
