//! Opening stores, and calling them.

use std::net::SocketAddr;

use indelible_core::{Label, SessionId, SessionRef, SessionStore, StoreError};
use indelible_valkey::{Config, ValkeySessionStore};
use serde_json::{Value, json};

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

/// A session that nobody has used.
pub(crate) fn unique_session() -> SessionRef {
    SessionId::new(format!("store-{:032x}", fastrand::u128(..))).unwrap().into()
}

/// Appends one label.
pub(crate) async fn append(store: &ValkeySessionStore, session: &SessionRef, label: &str) -> Result<(), StoreError> {
    store.append_labels(session, &[Label::new(label).unwrap()]).await
}

/// The labels of a session, in order.
pub(crate) async fn load(store: &ValkeySessionStore, session: &SessionRef) -> Result<Vec<String>, StoreError> {
    store.load_labels(session).await.map(|labels| labels.iter().map(str::to_owned).collect())
}
