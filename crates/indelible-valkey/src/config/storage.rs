//! The configuration of the storage driver, from the same parts as that of the label store.

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::common::Common;
use super::raw::{RawBreaker, RawRetry, RawTls};
use super::raw_topology::RawTopology;
use super::topology::Whereabouts;
use super::{Config, ConfigError, Whole, read};

const DEFAULT_URL: &str = "redis://127.0.0.1:6379";

/// Storage driver in Redis 7.0 and newer, or Valkey.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "RedisStorageConfig")]
pub struct RawStorageConfig {
    /// Where the server listens, in the forms of the label store's `endpoint`. Default: `redis://127.0.0.1:6379`.
    url: Option<String>,
    /// Connections that all stores of the backend share. Default: 10.
    #[schemars(with = "Option<u32>", range(min = 1, max = 64))]
    pool_size: Option<Whole>,
    /// TLS: `true` for the system's roots, or the files to use. Default: `false`.
    #[schemars(with = "Option<super::raw::TlsSchema>")]
    tls: Option<RawTls>,
    /// User to authenticate as; needs a password. Default: the default user.
    username: Option<String>,
    /// Password. Alternatively `passwordFile`, or userinfo in the URL; only one of the three.
    #[schemars(with = "Option<String>")]
    password: Option<SecretString>,
    /// File that holds the password; read anew for every connection.
    password_file: Option<String>,
    /// Milliseconds from the first packet to a usable connection. Default: 250.
    #[schemars(with = "Option<u32>", range(min = 1, max = 60_000))]
    connect_timeout_ms: Option<Whole>,
    /// Milliseconds from sending commands to their last reply. Default: 500.
    #[schemars(with = "Option<u32>", range(min = 1, max = 60_000))]
    command_timeout_ms: Option<Whole>,
    /// Further attempts after a failure; an increment that may have been counted is never repeated.
    retry: Option<RawRetry>,
    /// When to stop asking a server that keeps failing.
    breaker: Option<RawBreaker>,
    /// Operations that may be under way at once. Default: 16384.
    #[schemars(with = "Option<u32>", range(min = 1, max = 1_048_576))]
    max_in_flight: Option<Whole>,
    /// Microseconds for which the store's thread looks around for the next reply or frame before it sleeps, leaving
    /// the core to whoever wants it; waking it would cost more. 0 turns it off. Default: 100.
    #[schemars(with = "Option<u32>", range(min = 0, max = 1_000))]
    linger_micros: Option<Whole>,
    /// Whether the server tells of changed policies, so that they can be kept in memory. Default: `false`.
    track_policies: Option<bool>,
}

impl Config {
    /// Reads and checks the configuration of a storage driver given as JSON text, and the files that it names. Dials
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] naming the key, what is wrong with it and what to do; never a value.
    pub fn storage_from_json(text: &str) -> Result<Self, ConfigError> {
        let raw: RawStorageConfig = read::read(text)?;
        let url = raw.url.unwrap_or_else(|| DEFAULT_URL.to_owned());
        let common = Common {
            whereabouts: Whereabouts {
                endpoint: ("url", Some(url)),
                endpoints: None,
                topology: RawTopology::Standalone,
                tls: raw.tls,
            },
            connections: ("poolSize", raw.pool_size, 10),
            database: None,
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
        let mut config = common.resolve()?;
        config.track_policies = raw.track_policies.unwrap_or(false);
        Ok(config)
    }
}
