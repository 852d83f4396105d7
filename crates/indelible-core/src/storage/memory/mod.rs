//! Drivers that keep everything in this process: for a single node, for development and for tests.

mod expiring_map;
mod policy_store;
mod rate_limit_counter;
mod session_store;

use std::sync::Arc;

use serde_json::Value;

use super::{BuildError, PolicyStore, RateLimitCounter, SessionStore, StorageRegistry};
use expiring_map::ExpiringMap;

pub use policy_store::MemoryPolicyStore;
pub use rate_limit_counter::MemoryRateLimitCounter;
pub use session_store::MemorySessionStore;

const DRIVER_NAME: &str = "memory";

/// Enters the driver `memory` for policies, session records and rate limits. Its subsection is empty: `memory: {}`.
pub fn register(registry: &mut StorageRegistry) {
    registry.register_policy_store(DRIVER_NAME, |section: &Value| {
        without_settings(section).map(|()| Arc::<MemoryPolicyStore>::default() as Arc<dyn PolicyStore>)
    });
    registry.register_session_store(DRIVER_NAME, |section: &Value| {
        without_settings(section).map(|()| Arc::<MemorySessionStore>::default() as Arc<dyn SessionStore>)
    });
    registry.register_rate_limit_counter(DRIVER_NAME, |section: &Value| {
        without_settings(section).map(|()| Arc::<MemoryRateLimitCounter>::default() as Arc<dyn RateLimitCounter>)
    });
}

fn without_settings(section: &Value) -> Result<(), BuildError> {
    match section.as_object().and_then(|settings| settings.keys().next()) {
        Some(key) => {
            Err(format!("storage.memory.{key}: is no setting of this driver, which has none; remove it").into())
        }
        None => Ok(()),
    }
}
