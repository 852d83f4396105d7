//! Opening stores.

use std::net::SocketAddr;

use indelible_valkey::{Config, ValkeySessionStore};
use serde_json::{Value, json};

pub(crate) use crate::calls::{append, load, unique_session};

/// A store for `endpoint` with further settings of its configuration.
pub(crate) fn open(endpoint: &str, settings: &Value) -> ValkeySessionStore {
    let mut config = json!({ "kind": "valkey", "endpoint": endpoint });
    for (key, value) in settings.as_object().into_iter().flatten() {
        config[key] = value.clone();
    }
    let config = Config::from_json(&config.to_string()).unwrap();
    ValkeySessionStore::open(&config, drop).unwrap()
}

/// The endpoint of what listens there in plain text.
pub(crate) fn plain(address: SocketAddr) -> String {
    format!("redis://{address}")
}
