use std::fmt::Debug;

use async_trait::async_trait;

use super::{Result, SessionId, SessionRecord};

/// Life of a session record in seconds, counted from its last save.
pub const SESSION_TTL_SECS: u64 = 3600;

/// Keeps session records for [`SESSION_TTL_SECS`] after their last save.
///
/// `Debug` prints no id and no credential.
#[async_trait]
pub trait SessionStore: Send + Sync + Debug {
    /// Writes the whole record in one step and starts its life anew; an earlier record of the session is replaced.
    ///
    /// # Errors
    ///
    /// [`StorageError::Backend`](super::StorageError::Backend) when the record is not known to be written.
    async fn save(&self, session: SessionRecord) -> Result<()>;

    /// The record of a session. Reading does not lengthen its life.
    ///
    /// # Errors
    ///
    /// [`StorageError::NotFound`](super::StorageError::NotFound) when there is none,
    /// [`StorageError::Serialization`](super::StorageError::Serialization) when what is there is no whole record.
    async fn load(&self, session_id: &SessionId) -> Result<SessionRecord>;

    /// Deletes the record of a session; deleting what is not there succeeds.
    ///
    /// # Errors
    ///
    /// [`StorageError::Backend`](super::StorageError::Backend) when the record is not known to be gone.
    async fn delete(&self, session_id: &SessionId) -> Result<()>;
}
