use std::fmt;

use serde_json::{Map, Value};

use crate::config::{Config, ConfigError};

/// The settings of the driver.
#[derive(Clone, PartialEq)]
pub struct RedisStorageConfig {
    /// Where the server listens: `redis://`, `rediss://`, `valkey://`, `valkeys://` or `unix://` URL, or `host:port`.
    /// Default: `redis://127.0.0.1:6379`. Without TLS only loopback hosts and Unix sockets are accepted.
    pub url: String,
    /// Connections that all stores share, 1 to 64. Default: 10.
    pub pool_size: usize,
    /// TLS with the system's roots. Default: `false`.
    pub tls: bool,
    /// Every other setting by its name in a `storage.redis` block, such as `passwordFile` or `commandTimeoutMs`
    /// ([`RawStorageConfig`](crate::RawStorageConfig)); a `tls` of files here wins over the switch. Default: none.
    pub further: Map<String, Value>,
}

impl RedisStorageConfig {
    pub(super) fn check(&self) -> Result<Config, ConfigError> {
        let mut settings = Map::new();
        settings.insert("url".into(), self.url.as_str().into());
        settings.insert("poolSize".into(), self.pool_size.into());
        if self.tls {
            settings.insert("tls".into(), true.into());
        }
        settings.extend(self.further.clone());
        Config::storage_from_json(&Value::Object(settings).to_string())
    }
}

impl Default for RedisStorageConfig {
    fn default() -> Self {
        Self { url: "redis://127.0.0.1:6379".into(), pool_size: 10, tls: false, further: Map::new() }
    }
}

/// Leaves out the URL and the values of further settings, which may hold credentials.
impl fmt::Debug for RedisStorageConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStorageConfig")
            .field("pool_size", &self.pool_size)
            .field("tls", &self.tls)
            .field("further", &self.further.keys())
            .finish_non_exhaustive()
    }
}
