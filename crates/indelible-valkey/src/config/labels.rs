//! The rules of the label store's configuration, beyond those that it shares with the storage driver.

use super::common::Common;
use super::raw::RawRatchet;
use super::topology::Whereabouts;
use super::whole::{Whole, or_default, within};
use super::{Checks, Config, ConfigError, GenerationMode, RawConfig, TopologyConfig, durability, read};
use crate::switches::{Mechanism, is_off};

const DEFAULT_PREFIX: &str = "taint:v1";
/// Redis takes no longer expiry from us: the documented bound of the originals.
const MAX_TTL_SECONDS: u32 = 1 << 31;

impl Config {
    /// Reads and checks a configuration given as JSON text, and the files that it names. Dials nothing.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] naming the key, what is wrong with it and what to do; never a value.
    pub fn from_json(text: &str) -> Result<Self, ConfigError> {
        let raw: RawConfig = read::read(text)?;
        let common = Common {
            whereabouts: Whereabouts {
                endpoint: ("endpoint", raw.endpoint),
                endpoints: raw.endpoints,
                topology: raw.topology.unwrap_or_default(),
                tls: raw.tls,
            },
            connections: ("connections", raw.connections, 2),
            database: raw.database,
            username: raw.username,
            password: raw.password,
            password_file: raw.password_file,
            connect_timeout_ms: raw.connect_timeout_ms,
            command_timeout_ms: raw.command_timeout_ms,
            retry: raw.retry,
            breaker: raw.breaker,
            max_in_flight: raw.max_in_flight,
            linger_micros: raw.linger_micros,
        };
        let config = common.resolve()?;
        let key_prefix = raw.key_prefix.unwrap_or_else(|| DEFAULT_PREFIX.into());
        if key_prefix.is_empty() {
            return Err(ConfigError::invalid("keyPrefix", "must not be empty; leave it out for taint:v1"));
        }
        let seconds = |path, number: Option<Whole>| {
            number.map(|number| within(path, number, least_ttl(), MAX_TTL_SECONDS, " of seconds")).transpose()
        };
        let ttl_seconds = seconds("ttlSeconds", raw.ttl_seconds)?;
        let max_session_lifetime_seconds = seconds("maxSessionLifetimeSeconds", raw.max_session_lifetime_seconds)?;
        let fails_over = config.topology.fails_over();
        let (demands, replication) =
            durability::resolve(raw.durability, raw.checks, fails_over, config.timing.command)?;
        if let (Some(ttl), Some(lifetime), Checks::Enforce) =
            (ttl_seconds, max_session_lifetime_seconds, demands.checks)
            && ttl < lifetime
        {
            return Err(ConfigError::invalid(
                "ttlSeconds",
                "is shorter than maxSessionLifetimeSeconds, so labels would expire under a live session; raise it",
            ));
        }
        Ok(Self {
            key_prefix: key_prefix.into(),
            ttl_seconds,
            max_session_lifetime_seconds,
            demands,
            replication,
            generation: resolve_generation(raw.generation, &config.topology)?,
            ratchet_sessions: resolve_ratchet(raw.ratchet.unwrap_or_default())?,
            ..config
        })
    }
}

/// A TTL of 0 would delete the key on append: a label lost without a word.
fn least_ttl() -> u32 {
    if is_off(Mechanism::TtlBounds) { 0 } else { 1 }
}

/// A cluster has no key that all of its nodes hold, so it has no generation either: the ratchet and the rules of
/// redirection stand in for it (`docs/topologies.md`).
fn resolve_generation(
    written: Option<GenerationMode>,
    topology: &TopologyConfig,
) -> Result<GenerationMode, ConfigError> {
    match (topology, written) {
        (TopologyConfig::Cluster(_), None | Some(GenerationMode::Off)) => Ok(GenerationMode::Off),
        (TopologyConfig::Cluster(_), Some(GenerationMode::Observe | GenerationMode::Require)) => {
            Err(ConfigError::invalid("generation", "must be off in a cluster, where no key is every node's; remove it"))
        }
        (_, written) => Ok(written.unwrap_or_default()),
    }
}

fn resolve_ratchet(ratchet: RawRatchet) -> Result<usize, ConfigError> {
    or_default("ratchet.maxSessions", ratchet.max_sessions, 1, 10_000_000, 100_000).map(|sessions| sessions as usize)
}
