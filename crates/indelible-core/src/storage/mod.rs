//! The storage driver's domain: session records, rate-limit counters and policies, kept apart from the label store.
//!
//! Labels are a record that must never be lost without a word; what is kept here may expire, be deleted and be
//! reloaded. So this module has its own contracts, and its [`SessionStore`] stands beside
//! [`crate::SessionStore`] without renaming either: one keeps *records* of sessions, the other their *labels*.
//!
//! # Map
//!
//! * [`SessionStore`], [`RateLimitCounter`], [`PolicyStore`]: what every driver promises; [`PolicyCache`] for those
//!   that can be filled.
//! * [`MemorySessionStore`], [`MemoryRateLimitCounter`], [`MemoryPolicyStore`]: the plain reference of each.
//! * [`StorageError`]: not found, backend, serialization or conflict, with what caused it.
//! * [`StorageRegistry`]: which driver serves which of the six [`StorageKind`]s, and the boot from a `storage` block.
//!
//! # Example
//!
//! ```
//! use indelible_core::storage::{MemoryRateLimitCounter, RateLimitCounter, Result};
//!
//! async fn allow(counter: &dyn RateLimitCounter) -> Result<bool> {
//!     // A counter that cannot be read is an error, never a zero: the caller refuses.
//!     Ok(counter.increment("tenant-1:agent-7", 1, 60).await? <= 100)
//! }
//! # use std::{pin::pin, task::{Context, Poll, Waker}};
//! # let counter = MemoryRateLimitCounter::default();
//! # let allowed = pin!(allow(&counter)).poll(&mut Context::from_waker(Waker::noop()));
//! # assert!(matches!(allowed, Poll::Ready(Ok(true))));
//! ```

mod arguments;
mod id;
mod memory;
mod policy_document;
mod policy_store;
mod rate_limit_counter;
mod registry;
mod registry_error;
mod session_record;
mod session_store;
mod storage_error;
mod storage_kind;
mod storage_selection;

pub use arguments::{
    MAX_COUNTER_KEY_BYTES, MAX_TTL_SECS, check_counter_key, check_increment, check_policy, check_policy_ttl,
};
pub use id::{AgentId, InvalidId, SessionId};
pub use memory::{MemoryPolicyStore, MemoryRateLimitCounter, MemorySessionStore, register as register_memory};
pub use policy_document::{
    EnforcementMode, InvalidPolicy, MAX_POLICY_BYTES, PolicyDecision, PolicyDocument, PolicyRule,
};
pub use policy_store::{DEFAULT_POLICY_CACHE_TTL_SECS, PolicyCache, PolicyStore};
pub use rate_limit_counter::{MAX_TOTAL, RateLimitCounter};
pub use registry::{BuildError, HostComponent, Storage, StorageFactory, StorageRegistry};
pub use registry_error::RegistryError;
pub use session_record::SessionRecord;
pub use session_store::{SESSION_TTL_SECS, SessionStore};
pub use storage_error::{Cause, Result, StorageError};
pub use storage_kind::StorageKind;
pub use storage_selection::StorageSelection;
