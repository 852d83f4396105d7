use async_trait::async_trait;
use indelible_core::storage::{AgentId, Result, SessionId, SessionRecord, SessionStore, StorageError};

use super::Pool;
use super::pool::unexpected;
use crate::frame::Opcode;

/// Session records in the server that a [`Pool`] leads to, under `aa:session:`. A save writes record and life in one
/// step, so that no record is left without an end.
#[derive(Clone, Debug)]
pub struct RedisSessionStore {
    pool: Pool,
}

impl RedisSessionStore {
    /// Over a pool that other stores may share.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

#[async_trait]
impl SessionStore for RedisSessionStore {
    async fn save(&self, session: SessionRecord) -> Result<()> {
        let SessionRecord { session_id, agent_id, started_at_ns } = session;
        let arguments = [agent_id.to_hex(), started_at_ns.to_string()];
        let [agent_id, started_at_ns] = &arguments;
        self.pool.tell(Opcode::SaveSession, &session_id.to_hex(), &[agent_id, started_at_ns]).await?;
        Ok(())
    }

    async fn load(&self, session_id: &SessionId) -> Result<SessionRecord> {
        let Some(answer) = self.pool.ask(Opcode::LoadSession, &session_id.to_hex(), &[]).await? else {
            return Err(StorageError::not_found("no such session record"));
        };
        let record = read(*session_id, &answer).ok_or_else(|| unexpected(Opcode::LoadSession))?;
        Ok(record)
    }

    async fn delete(&self, session_id: &SessionId) -> Result<()> {
        self.pool.tell(Opcode::DeleteSession, &session_id.to_hex(), &[]).await?;
        Ok(())
    }
}

/// Reads the engine's answer, `<agent id in hex> <decimal>`.
fn read(session_id: SessionId, answer: &str) -> Option<SessionRecord> {
    let (agent_id, started_at_ns) = answer.split_once(' ')?;
    Some(SessionRecord {
        session_id,
        agent_id: AgentId::from_hex(agent_id).ok()?,
        started_at_ns: started_at_ns.parse().ok()?,
    })
}
