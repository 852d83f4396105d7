use std::sync::{Arc, Mutex, PoisonError};

use indelible_core::storage::{BuildError, PolicyStore, RateLimitCounter, SessionStore, StorageRegistry};
use serde_json::Value;

use super::pool::WeakPool;
use super::{DRIVER_NAME, Pool, RedisPolicyStore, RedisRateLimitCounter, RedisSessionStore};
use crate::config::ConfigError;

/// Enters the driver for policies, session records and rate limits; for nothing else, since what must not be lost has
/// no place in a cache. What one configuration selects shares a pool.
pub fn register(registry: &mut StorageRegistry) {
    let pools = Arc::new(LatestPool::default());
    registry.register_policy_store(DRIVER_NAME, {
        let pools = Arc::clone(&pools);
        move |section: &Value| Ok(Arc::new(RedisPolicyStore::new(pools.of(section)?)) as Arc<dyn PolicyStore>)
    });
    registry.register_session_store(DRIVER_NAME, {
        let pools = Arc::clone(&pools);
        move |section: &Value| Ok(Arc::new(RedisSessionStore::new(pools.of(section)?)) as Arc<dyn SessionStore>)
    });
    registry.register_rate_limit_counter(DRIVER_NAME, move |section: &Value| {
        Ok(Arc::new(RedisRateLimitCounter::new(pools.of(section)?)) as Arc<dyn RateLimitCounter>)
    });
}

/// The pool that was built last, as long as a store uses it: the stores of one boot come one after the other.
#[derive(Default)]
struct LatestPool(Mutex<Option<(Value, WeakPool)>>);

impl LatestPool {
    fn of(&self, section: &Value) -> Result<Pool, BuildError> {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = latest.as_ref().filter(|(of, _)| of == section).and_then(|(_, pool)| pool.upgrade());
        if let Some(pool) = shared {
            return Ok(pool);
        }
        let pool = Pool::of_section(section).map_err(|error| described(&error))?;
        *latest = Some((section.clone(), pool.downgrade()));
        Ok(pool)
    }
}

/// The error with the whole path of its setting, such as `storage.redis.poolSize: must be …`.
fn described(error: &ConfigError) -> BuildError {
    let (dot, path) = if error.path().is_empty() { ("", "") } else { (".", error.path()) };
    format!("storage.{DRIVER_NAME}{dot}{path}: {error}").into()
}
