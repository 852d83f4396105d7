use std::fmt::Debug;

use async_trait::async_trait;

use crate::{Label, LabelSet, SessionRef, StoreError};

/// The record of which labels each session carries.
///
/// **The promise.** Once an append was answered `Ok`, every later load of that session that is answered `Ok` contains
/// its labels, on any node that shares the store, until the session's own lifetime ends. Where a store cannot keep
/// that, it answers with a [`StoreError`]; it never answers with an empty or partial set instead.
///
/// `Debug` prints no label, session id or credential.
#[async_trait]
pub trait SessionStore: Send + Sync + Debug {
    /// What the configuration calls this kind of store, such as `memory`.
    fn kind(&self) -> &str;

    /// The union of the labels of all ids of `session`; empty for ids that nobody appended to.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the answer cannot be vouched for, for any one of the ids.
    async fn load_labels(&self, session: &SessionRef) -> Result<LabelSet, StoreError>;

    /// Adds `labels` to every id of `session`. Adding a label again is no change; no labels at all is `Ok` without
    /// touching the record.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when not every id is known to carry every label now. If it is
    /// [`indeterminate`](StoreError::indeterminate), some may. More than
    /// [`MAX_LABELS_PER_CALL`](crate::MAX_LABELS_PER_CALL) labels are refused with nothing written.
    async fn append_labels(&self, session: &SessionRef, labels: &[Label]) -> Result<(), StoreError>;

    /// Ends the store: later calls fail with [`Failure::Closed`](crate::Failure::Closed). May be called again.
    async fn close(&self);
}
