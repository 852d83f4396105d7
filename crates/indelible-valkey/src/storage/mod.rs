//! The storage driver `redis`: session records, rate-limit counters and cached policies, over the engine and the
//! lanes that carry the labels. Behind the feature `storage`.
//!
//! Keys and values are those of `docs/compatibility.md`, section 2, in both directions:
//!
//! | store | key | value |
//! |---|---|---|
//! | [`RedisSessionStore`] | `aa:session:<32 hex>` | hash of `agent_id` (16 bytes) and `started_at_ns` (decimal) |
//! | [`RedisRateLimitCounter`] | `aa:ratelimit:<key>` | decimal counter with the life of its window |
//! | [`RedisPolicyStore`] | `aa:policy:<32 hex>` | JSON of a [`PolicyDocument`](indelible_core::storage::PolicyDocument) |
//!
//! One [`Pool`] serves all three, whether a [`RedisBackend`] hands them out, each is built over the pool, or a
//! [`StorageRegistry`](indelible_core::storage::StorageRegistry) that knows the driver ([`register`]) boots them.
//!
//! ```no_run
//! use indelible_core::storage::RateLimitCounter;
//! use indelible_valkey::storage::{RedisBackend, RedisStorageConfig};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let backend = RedisBackend::connect(&RedisStorageConfig::default())?;
//! let allowed = backend.rate_limiter().increment("tenant-1:agent-7", 1, 60).await? <= 100;
//! # drop(allowed);
//! # Ok(())
//! # }
//! ```

mod policy_store;
mod pool;
mod rate_limit_counter;
mod redis_backend;
mod redis_storage_config;
mod register;
mod session_store;

pub use indelible_core::storage::{DEFAULT_POLICY_CACHE_TTL_SECS, SESSION_TTL_SECS};
pub use policy_store::RedisPolicyStore;
pub use pool::{Pool, build_pool};
pub use rate_limit_counter::RedisRateLimitCounter;
pub use redis_backend::RedisBackend;
pub use redis_storage_config::RedisStorageConfig;
pub use register::register;
pub use session_store::RedisSessionStore;

/// The name under which the driver is registered: what a `storage` block selects, and the key of its settings.
pub const DRIVER_NAME: &str = "redis";
