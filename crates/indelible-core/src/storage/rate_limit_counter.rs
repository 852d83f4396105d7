use std::fmt::Debug;

use async_trait::async_trait;

use super::Result;

/// The highest total a counter can hold: 2^63 - 1. One that would pass it answers this and stays as it was.
pub const MAX_TOTAL: u64 = i64::MAX as u64;

/// Counts in fixed windows, atomically with respect to every other caller of the same keyspace.
///
/// A window begins with the increment that creates the counter and ends `window_secs` later; increments in between
/// never move its end. `Debug` prints no key and no credential.
#[async_trait]
pub trait RateLimitCounter: Send + Sync + Debug {
    /// Adds `amount` (1 to [`MAX_TOTAL`]) to the counter of `key` (1 to
    /// [`MAX_COUNTER_KEY_BYTES`](super::MAX_COUNTER_KEY_BYTES) bytes) and returns the new total of the window.
    /// `window_secs` is 1 to [`MAX_TTL_SECS`](super::MAX_TTL_SECS) seconds and counts only where the window begins.
    ///
    /// # Errors
    ///
    /// [`StorageError::Backend`](super::StorageError::Backend) for arguments outside these ranges, with nothing
    /// written, and when the total is not known;
    /// [`StorageError::Serialization`](super::StorageError::Serialization) when what is stored is no counter.
    async fn increment(&self, key: &str, amount: u64, window_secs: u64) -> Result<u64>;

    /// The total of the window, 0 when none has begun.
    ///
    /// # Errors
    ///
    /// As [`increment`](Self::increment): a counter that cannot be read is never a 0.
    async fn current(&self, key: &str) -> Result<u64>;

    /// Ends the window; resetting what is not there succeeds.
    ///
    /// # Errors
    ///
    /// [`StorageError::Backend`](super::StorageError::Backend) when the counter is not known to be gone.
    async fn reset(&self, key: &str) -> Result<()>;
}
