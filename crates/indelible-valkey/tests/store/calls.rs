//! Calling stores.

use indelible_core::{Label, SessionId, SessionRef, SessionStore, StoreError};
use indelible_valkey::ValkeySessionStore;

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
