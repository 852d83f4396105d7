//! The rules of durability: what is demanded of a server, and of how many of them.

use std::time::Duration;

use super::raw_durability::{RawDurability, RawDurabilityDemands};
use super::whole::or_default;
use super::{Checks, ConfigError, Disk};
use crate::checks::Demands;

const MAX_REPLICAS: u32 = 8;
const DEFAULT_TIMEOUT_MS: u32 = 300;
/// A server looks at the time of a `WAIT` every 100 ms only, so it may take that much longer.
pub(crate) const WAIT_OVERSHOOT: Duration = Duration::from_millis(100);

/// Replicas that must have an append before it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Replication {
    /// How many; 1 to 8.
    pub(crate) replicas: u8,
    /// How long they may take; at least 1 ms, and [`WAIT_OVERSHOOT`] shorter than the command time-out.
    pub(crate) timeout: Duration,
}

/// Applies the rules. `command` is the command time-out; `fails_over` is whether a replica may take over.
pub(super) fn resolve(
    durability: Option<RawDurability>,
    checks: Option<Checks>,
    fails_over: bool,
    command: Duration,
) -> Result<(Demands, Option<Replication>), ConfigError> {
    let checks = checks.unwrap_or(if fails_over { Checks::Enforce } else { Checks::default() });
    let demands = Demands { checks, disk: Disk::None, best_effort: false, fence: fails_over, replicated: false };
    match durability {
        None if fails_over => Err(ConfigError::invalid(
            "durability",
            "is missing: a failover loses what no replica has, so write { replicas: 1 }, or bestEffort to accept that",
        )),
        None => Ok((demands, None)),
        Some(RawDurability::BestEffort) => Ok((Demands { best_effort: true, ..demands }, None)),
        Some(RawDurability::Demands(raw)) => {
            let replication = resolve_replication(&raw, command)?;
            if fails_over && replication.is_none() {
                let problem =
                    "must be at least 1: a failover loses what no replica has; or write durability: bestEffort";
                return Err(ConfigError::invalid("durability.replicas", problem));
            }
            let disk = raw.disk.unwrap_or_default();
            Ok((Demands { disk, replicated: replication.is_some(), ..demands }, replication))
        }
    }
}

fn resolve_replication(raw: &RawDurabilityDemands, command: Duration) -> Result<Option<Replication>, ConfigError> {
    let replicas = or_default("durability.replicas", raw.replicas, 0, MAX_REPLICAS, 0)? as u8;
    let timeout = or_default("durability.timeoutMs", raw.timeout_ms, 1, 59_900, DEFAULT_TIMEOUT_MS)?;
    let timeout = Duration::from_millis(u64::from(timeout));
    if (replicas > 0 || raw.timeout_ms.is_some()) && timeout + WAIT_OVERSHOOT > command {
        let problem = "must be at least 100 less than commandTimeoutMs, which covers it: lower it, or raise that";
        return Err(ConfigError::invalid("durability.timeoutMs", problem));
    }
    Ok((replicas > 0).then_some(Replication { replicas, timeout }))
}
