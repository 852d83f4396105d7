use super::{Pool, RedisPolicyStore, RedisRateLimitCounter, RedisSessionStore, RedisStorageConfig, build_pool};
use crate::config::ConfigError;

/// One pool and the stores over it.
#[derive(Clone, Debug)]
pub struct RedisBackend {
    pool: Pool,
}

impl RedisBackend {
    /// Checks the settings and makes the pool. It dials nothing: the first operation does, and whether the server can
    /// be reached shows on that.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] naming the setting, what is wrong with it and what to do; never a value.
    pub fn connect(config: &RedisStorageConfig) -> Result<Self, ConfigError> {
        build_pool(config).map(Self::new)
    }

    /// Over a pool that exists already.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }

    /// Session records.
    #[must_use]
    pub fn sessions(&self) -> RedisSessionStore {
        RedisSessionStore::new(self.pool.clone())
    }

    /// Rate-limit counters.
    #[must_use]
    pub fn rate_limiter(&self) -> RedisRateLimitCounter {
        RedisRateLimitCounter::new(self.pool.clone())
    }

    /// Cached policies.
    #[must_use]
    pub fn policies(&self) -> RedisPolicyStore {
        RedisPolicyStore::new(self.pool.clone())
    }

    /// The connections that all of them share.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }
}
