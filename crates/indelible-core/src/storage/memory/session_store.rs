use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::ExpiringMap;
use crate::storage::{Result, SESSION_TTL_SECS, SessionId, SessionRecord, SessionStore, StorageError};

/// Keeps session records in this process; nothing outlives it and nothing is shared.
#[derive(Default)]
pub struct MemorySessionStore {
    records: Mutex<ExpiringMap<SessionId, SessionRecord>>,
}

#[async_trait]
impl SessionStore for MemorySessionStore {
    async fn save(&self, session: SessionRecord) -> Result<()> {
        let now = Instant::now();
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.insert(session.session_id, session, now + Duration::from_secs(SESSION_TTL_SECS), now);
        Ok(())
    }

    async fn load(&self, session_id: &SessionId) -> Result<SessionRecord> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let record = records.get(session_id, Instant::now()).copied();
        record.ok_or_else(|| StorageError::not_found("no such session record"))
    }

    async fn delete(&self, session_id: &SessionId) -> Result<()> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).remove(session_id);
        Ok(())
    }
}

/// Shows no records.
impl fmt::Debug for MemorySessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySessionStore").finish_non_exhaustive()
    }
}
