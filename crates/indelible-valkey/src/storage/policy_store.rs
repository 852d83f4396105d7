use async_trait::async_trait;
use indelible_core::storage::{
    AgentId, PolicyCache, PolicyDocument, PolicyStore, Result, StorageError, check_policy, check_policy_ttl,
};
use indelible_core::{Failure, Operation, StoreError, Undecodable};

use super::Pool;
use crate::frame::Opcode;

/// Policies cached in the server that a [`Pool`] leads to, under `aa:policy:`, before an authority that fills it.
#[derive(Clone, Debug)]
pub struct RedisPolicyStore {
    pool: Pool,
}

impl RedisPolicyStore {
    /// Over a pool that other stores may share.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }

    /// Keeps `policy` for `ttl_secs` seconds; see [`PolicyCache::cache_policy`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn cache_policy(&self, agent_id: &AgentId, policy: &PolicyDocument, ttl_secs: u64) -> Result<()> {
        self.pool.check_open(Operation::CachePolicy)?;
        let document = check_policy(policy)?;
        check_policy_ttl(ttl_secs)?;
        self.pool.tell(Opcode::CachePolicy, &agent_id.to_hex(), &[&document, &ttl_secs.to_string()]).await?;
        Ok(())
    }
}

#[async_trait]
impl PolicyStore for RedisPolicyStore {
    async fn get_policy(&self, agent_id: &AgentId) -> Result<PolicyDocument> {
        let Some(text) = self.pool.ask(Opcode::GetPolicy, &agent_id.to_hex(), &[]).await? else {
            return Err(StorageError::not_found("no policy of this agent is cached"));
        };
        PolicyDocument::from_json(&text).map_err(|error| {
            StoreError::new(Failure::Undecodable(Undecodable::Value), Operation::GetPolicy)
                .with_detail(error.to_string())
                .with_attempts(1)
                .with_source(error)
                .into()
        })
    }

    async fn invalidate(&self, agent_id: &AgentId) -> Result<()> {
        self.pool.tell(Opcode::InvalidatePolicy, &agent_id.to_hex(), &[]).await?;
        Ok(())
    }
}

#[async_trait]
impl PolicyCache for RedisPolicyStore {
    async fn cache_policy(&self, agent_id: &AgentId, policy: &PolicyDocument, ttl_secs: u64) -> Result<()> {
        Self::cache_policy(self, agent_id, policy, ttl_secs).await
    }
}
