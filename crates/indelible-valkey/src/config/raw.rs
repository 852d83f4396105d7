//! The configuration as it is written. The doc comments are the documentation of the keys: the JSON Schema, the
//! TypeScript types and `docs/configuration.md` are generated from them.

use std::fmt;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::raw_durability::{DurabilitySchema, RawDurability};
use super::raw_topology::{RawTopology, TopologySchema};
use super::{Checks, GenerationMode, Whole};

/// The only kind of store that this driver is.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// Valkey, or Redis 7.0 and newer.
    Valkey,
}

/// Label store in Valkey, or in Redis 7.0 and newer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "ValkeySessionStoreConfig")]
pub struct RawConfig {
    /// Selects this driver.
    #[expect(dead_code, reason = "read by the schema and by whoever selects the driver")]
    kind: Kind,
    /// Where the one server of `topology: standalone` listens: `redis://`, `rediss://`, `valkey://`, `valkeys://` or
    /// `unix://` URL, or `host:port`. Without TLS only loopback hosts and Unix sockets are accepted.
    pub(crate) endpoint: Option<String>,
    /// Where nodes of a cluster listen, 1 to 32 of them, in the forms of `endpoint` without database, credentials and
    /// Unix sockets: any one that answers names all others. Only with `topology: cluster`.
    pub(crate) endpoints: Option<Vec<String>>,
    /// How the servers are arranged: `standalone`, `cluster`, or a mapping of `sentinel`. Default: `standalone`.
    #[schemars(with = "Option<TopologySchema>")]
    pub(crate) topology: Option<RawTopology>,
    /// Number of the database; a cluster has none but 0. Default: that of the URL, else 0.
    #[schemars(with = "Option<u32>", range(min = 0, max = 2_147_483_647))]
    pub(crate) database: Option<Whole>,
    /// TLS: `true` for the system's roots, or the files to use. Implied by `rediss://` and `valkeys://`.
    #[schemars(with = "Option<TlsSchema>")]
    pub(crate) tls: Option<RawTls>,
    /// User to authenticate as; needs a password. Default: the default user.
    pub(crate) username: Option<String>,
    /// Password. Alternatively `passwordFile`, or userinfo in the URL; only one of the three.
    #[schemars(with = "Option<String>")]
    pub(crate) password: Option<SecretString>,
    /// File that holds the password; read anew for every connection.
    pub(crate) password_file: Option<String>,
    /// Prefix of every key. Default: `taint:v1`.
    pub(crate) key_prefix: Option<String>,
    /// Seconds that an unused session's labels live at least after the last load or append, and at most a sixtieth or a
    /// minute longer. Default: for ever. Must not be shorter than the longest life of a session.
    #[schemars(with = "Option<u32>", range(min = 1, max = 2_147_483_648_u32))]
    pub(crate) ttl_seconds: Option<Whole>,
    /// The longest life of a session, in seconds: lets a store warn of a `ttlSeconds` that is shorter.
    #[schemars(with = "Option<u32>", range(min = 1, max = 2_147_483_648_u32))]
    pub(crate) max_session_lifetime_seconds: Option<Whole>,
    /// Milliseconds from the first packet to a usable connection, TLS and authentication included. Default: 250.
    #[schemars(with = "Option<u32>", range(min = 1, max = 60_000))]
    pub(crate) connect_timeout_ms: Option<Whole>,
    /// Milliseconds from sending commands to their last reply. Default: 500.
    #[schemars(with = "Option<u32>", range(min = 1, max = 60_000))]
    pub(crate) command_timeout_ms: Option<Whole>,
    /// Further attempts after a failure that another connection may not meet.
    pub(crate) retry: Option<RawRetry>,
    /// Connections that the store's operations share; with `durability.replicas`, appends have as many of their own.
    /// Default: 2.
    #[schemars(with = "Option<u32>", range(min = 1, max = 64))]
    pub(crate) connections: Option<Whole>,
    /// Operations that may be under way at once; more are answered `ERR_STORE_OVERLOADED` without being sent.
    /// Default: 16384.
    #[schemars(with = "Option<u32>", range(min = 1, max = 1_048_576))]
    pub(crate) max_in_flight: Option<Whole>,
    /// Microseconds for which the store's thread looks around for the next reply or frame before it sleeps, leaving
    /// the core to whoever wants it; waking it would cost more. 0 turns it off. Default: 100.
    #[schemars(with = "Option<u32>", range(min = 0, max = 1_000))]
    pub(crate) linger_micros: Option<Whole>,
    /// When to stop asking a server that keeps failing.
    pub(crate) breaker: Option<RawBreaker>,
    /// What a write must have survived before it is acknowledged: `bestEffort`, or what is demanded. With Sentinel and
    /// in a cluster one of the two must be written out. Default: `bestEffort`.
    #[schemars(with = "Option<DurabilitySchema>")]
    pub(crate) durability: Option<RawDurability>,
    /// What this node remembers of sessions, to find out a server that has lost labels.
    pub(crate) ratchet: Option<RawRatchet>,
    /// What to do about a server whose settings do not carry the promise: `warn` raises an alarm, `enforce` refuses
    /// it, `off` does not look. Default: `warn`, with Sentinel and in a cluster `enforce`.
    pub(crate) checks: Option<Checks>,
    /// Generation of the keyspace: `observe` creates one where there is none and fails closed when it is lost or
    /// changed; `require` never creates one; `off` does without. Default: `observe`; a cluster has none.
    pub(crate) generation: Option<GenerationMode>,
}

/// Further attempts after a failure.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RawRetry {
    /// Attempts after the first. Default: 1.
    #[schemars(with = "Option<u32>", range(min = 0, max = 3))]
    pub(crate) retries: Option<Whole>,
    /// What retries draw from, so that an outage is not multiplied.
    pub(crate) budget: Option<RawRetryBudget>,
}

/// A token bucket for retries.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RawRetryBudget {
    /// Tokens of a full bucket. Default: 100.
    #[schemars(with = "Option<u32>", range(min = 1, max = 1_000_000))]
    pub(crate) capacity: Option<Whole>,
    /// Tokens of a retry. Default: 5.
    #[schemars(with = "Option<u32>", range(min = 1, max = 1_000_000))]
    pub(crate) cost: Option<Whole>,
    /// Tokens of a retry after a time-out. Default: 10.
    #[schemars(with = "Option<u32>", range(min = 1, max = 1_000_000))]
    pub(crate) timeout_cost: Option<Whole>,
    /// Tokens that a successful pipeline puts back. Default: 1.
    #[schemars(with = "Option<u32>", range(min = 0, max = 1_000_000))]
    pub(crate) refund: Option<Whole>,
}

/// When to stop asking a server that keeps failing, and for how long.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RawBreaker {
    /// Consecutive failures that open the breaker. Default: 5.
    #[schemars(with = "Option<u32>", range(min = 1, max = 1_000_000))]
    pub(crate) failures: Option<Whole>,
    /// Milliseconds for which it stays open the first time; doubled each time the probe fails. Default: 1000.
    #[schemars(with = "Option<u32>", range(min = 1, max = 3_600_000))]
    pub(crate) open_ms: Option<Whole>,
    /// The longest it stays open, in milliseconds. Default: 30000.
    #[schemars(with = "Option<u32>", range(min = 1, max = 3_600_000))]
    pub(crate) max_open_ms: Option<Whole>,
}

/// What a node remembers of sessions.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RawRatchet {
    /// Sessions remembered at the most, about 70 bytes each. Default: 100000.
    #[schemars(with = "Option<u32>", range(min = 1, max = 10_000_000))]
    pub(crate) max_sessions: Option<Whole>,
}

/// TLS as written: on, off, or on with files.
#[derive(Debug)]
pub(crate) enum RawTls {
    /// `true` or `false`.
    Switch(bool),
    /// A mapping of files.
    Files(RawTlsFiles),
}

/// Files and names of TLS.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RawTlsFiles {
    /// PEM file of the authorities to trust, or the PEM text itself. Default: the system's.
    pub(crate) ca: Option<String>,
    /// PEM file (or text) of our own certificate, for servers that ask for one; needs `key`.
    pub(crate) cert: Option<String>,
    /// PEM file (or text) of the private key that belongs to `cert`.
    pub(crate) key: Option<String>,
    /// Name that the server's certificate must carry. Default: the host of the endpoint.
    pub(crate) server_name: Option<String>,
}

/// The schema of [`RawTls`].
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) enum TlsSchema {
    Switch(bool),
    Files(RawTlsFiles),
}

impl<'de> Deserialize<'de> for RawTls {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TlsVisitor;

        impl<'de> Visitor<'de> for TlsVisitor {
            type Value = RawTls;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or a mapping of ca, cert, key and serverName")
            }

            fn visit_bool<E: Error>(self, on: bool) -> Result<RawTls, E> {
                Ok(RawTls::Switch(on))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawTls, A::Error> {
                RawTlsFiles::deserialize(MapAccessDeserializer::new(map)).map(RawTls::Files)
            }
        }

        deserializer.deserialize_any(TlsVisitor)
    }
}
