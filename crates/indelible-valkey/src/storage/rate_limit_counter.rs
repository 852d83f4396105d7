use async_trait::async_trait;
use indelible_core::Operation;
use indelible_core::storage::{RateLimitCounter, Result, check_counter_key, check_increment};

use super::Pool;
use super::pool::unexpected;
use crate::frame::Opcode;

/// Fixed-window counters in the server that a [`Pool`] leads to, under `aa:ratelimit:`.
///
/// Counting, arming the window and reading its end are one transaction: the window is armed once, by the increment
/// that creates the counter, and again only where a counter is found without an end, which would otherwise block for
/// ever. An increment that may have been counted is never sent again.
#[derive(Clone, Debug)]
pub struct RedisRateLimitCounter {
    pool: Pool,
}

impl RedisRateLimitCounter {
    /// Over a pool that other stores may share.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

#[async_trait]
impl RateLimitCounter for RedisRateLimitCounter {
    async fn increment(&self, key: &str, amount: u64, window_secs: u64) -> Result<u64> {
        self.pool.check_open(Operation::Increment)?;
        check_increment(key, amount, window_secs)?;
        let arguments = [amount.to_string(), window_secs.to_string()];
        let [amount, window_secs] = &arguments;
        let answer = self.pool.ask(Opcode::Increment, key, &[amount, window_secs]).await?;
        // `<total> <milliseconds left>`
        let total = answer.as_deref().and_then(|answer| answer.split(' ').next()?.parse().ok());
        Ok(total.ok_or_else(|| unexpected(Opcode::Increment))?)
    }

    async fn current(&self, key: &str) -> Result<u64> {
        self.pool.check_open(Operation::Current)?;
        check_counter_key(Operation::Current, key)?;
        let answer = self.pool.ask(Opcode::Current, key, &[]).await?;
        let total = answer.and_then(|answer| answer.parse().ok());
        Ok(total.ok_or_else(|| unexpected(Opcode::Current))?)
    }

    async fn reset(&self, key: &str) -> Result<()> {
        self.pool.check_open(Operation::Reset)?;
        check_counter_key(Operation::Reset, key)?;
        self.pool.tell(Opcode::Reset, key, &[]).await?;
        Ok(())
    }
}
