use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::ExpiringMap;
use crate::Operation;
use crate::storage::{MAX_TOTAL, RateLimitCounter, Result, check_counter_key, check_increment};

/// Counts in this process; nothing outlives it and nothing is shared.
#[derive(Default)]
pub struct MemoryRateLimitCounter {
    totals: Mutex<ExpiringMap<Box<str>, u64>>,
}

#[async_trait]
impl RateLimitCounter for MemoryRateLimitCounter {
    async fn increment(&self, key: &str, amount: u64, window_secs: u64) -> Result<u64> {
        check_increment(key, amount, window_secs)?;
        let now = Instant::now();
        let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(total) = totals.get_mut(key, now) else {
            totals.insert(key.into(), amount, now + Duration::from_secs(window_secs), now);
            return Ok(amount);
        };
        let Some(sum) = total.checked_add(amount).filter(|sum| *sum <= MAX_TOTAL) else {
            return Ok(MAX_TOTAL);
        };
        *total = sum;
        Ok(sum)
    }

    async fn current(&self, key: &str) -> Result<u64> {
        check_counter_key(Operation::Current, key)?;
        let totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(totals.get(key, Instant::now()).copied().unwrap_or(0))
    }

    async fn reset(&self, key: &str) -> Result<()> {
        check_counter_key(Operation::Reset, key)?;
        self.totals.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        Ok(())
    }
}

/// Shows no keys.
impl fmt::Debug for MemoryRateLimitCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryRateLimitCounter").finish_non_exhaustive()
    }
}
