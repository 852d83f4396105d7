use std::fmt::Debug;

use async_trait::async_trait;

use super::{AgentId, PolicyDocument, Result};

/// Suggested life of a cached policy in seconds.
pub const DEFAULT_POLICY_CACHE_TTL_SECS: u64 = 300;

/// Answers with the policy of an agent. `Debug` prints no document and no credential.
#[async_trait]
pub trait PolicyStore: Send + Sync + Debug {
    /// The policy of an agent.
    ///
    /// # Errors
    ///
    /// [`StorageError::NotFound`](super::StorageError::NotFound) when there is none,
    /// [`StorageError::Serialization`](super::StorageError::Serialization) when what is there is no policy document.
    async fn get_policy(&self, agent_id: &AgentId) -> Result<PolicyDocument>;

    /// Drops what is kept of an agent's policy, so that the next read asks the authority; dropping what is not there
    /// succeeds.
    ///
    /// # Errors
    ///
    /// [`StorageError::Backend`](super::StorageError::Backend) when it is not known to be dropped.
    async fn invalidate(&self, agent_id: &AgentId) -> Result<()>;
}

/// A policy store that stands before an authority and is filled by whoever asked it.
#[async_trait]
pub trait PolicyCache: PolicyStore {
    /// Keeps `policy` for `ttl_secs` seconds (1 to [`MAX_TTL_SECS`](super::MAX_TTL_SECS);
    /// [`DEFAULT_POLICY_CACHE_TTL_SECS`] is a good choice) and replaces what was kept before.
    ///
    /// # Errors
    ///
    /// [`StorageError::Backend`](super::StorageError::Backend) for a life outside that range, with nothing written,
    /// and when the document is not known to be kept.
    async fn cache_policy(&self, agent_id: &AgentId, policy: &PolicyDocument, ttl_secs: u64) -> Result<()>;
}
