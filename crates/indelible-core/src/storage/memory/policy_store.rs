use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::ExpiringMap;
use crate::storage::{
    AgentId, PolicyCache, PolicyDocument, PolicyStore, Result, StorageError, check_policy, check_policy_ttl,
};

/// Keeps policies in this process; nothing outlives it and nothing is shared.
#[derive(Default)]
pub struct MemoryPolicyStore {
    policies: Mutex<ExpiringMap<AgentId, PolicyDocument>>,
}

#[async_trait]
impl PolicyStore for MemoryPolicyStore {
    async fn get_policy(&self, agent_id: &AgentId) -> Result<PolicyDocument> {
        let policies = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        let policy = policies.get(agent_id, Instant::now()).cloned();
        policy.ok_or_else(|| StorageError::not_found("no policy of this agent"))
    }

    async fn invalidate(&self, agent_id: &AgentId) -> Result<()> {
        self.policies.lock().unwrap_or_else(PoisonError::into_inner).remove(agent_id);
        Ok(())
    }
}

#[async_trait]
impl PolicyCache for MemoryPolicyStore {
    async fn cache_policy(&self, agent_id: &AgentId, policy: &PolicyDocument, ttl_secs: u64) -> Result<()> {
        check_policy(policy)?;
        check_policy_ttl(ttl_secs)?;
        let now = Instant::now();
        let mut policies = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        policies.insert(*agent_id, policy.clone(), now + Duration::from_secs(ttl_secs), now);
        Ok(())
    }
}

/// Shows no policies.
impl fmt::Debug for MemoryPolicyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryPolicyStore").finish_non_exhaustive()
    }
}
