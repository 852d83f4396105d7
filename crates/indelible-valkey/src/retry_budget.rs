//! The token bucket that retries draw from, so that an outage is not multiplied: when most attempts fail, most are not
//! repeated.

use std::sync::atomic::{AtomicU32, Ordering};

/// Prices of retries. One batch that is tried again is one retry, however many operations it carries: it is one write
/// to one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPrices {
    /// Tokens of a full bucket.
    pub capacity: u32,
    /// Tokens of a retry.
    pub cost: u32,
    /// Tokens of a retry after a time-out, which has cost the server more.
    pub timeout_cost: u32,
    /// Tokens that a successful pipeline puts back.
    pub refund: u32,
}

/// The bucket of one store; it starts full.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    prices: RetryPrices,
    tokens: AtomicU32,
}

impl RetryBudget {
    pub(crate) fn new(prices: RetryPrices) -> Self {
        Self { prices, tokens: AtomicU32::new(prices.capacity) }
    }

    /// Pays for a retry; `false` when the bucket does not hold enough.
    pub(crate) fn pay(&self, after_timeout: bool) -> bool {
        let cost = if after_timeout { self.prices.timeout_cost } else { self.prices.cost };
        let paid = |tokens: u32| tokens.checked_sub(cost);
        self.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, paid).is_ok()
    }

    /// A pipeline has succeeded.
    pub(crate) fn refund(&self) {
        let RetryPrices { capacity, refund, .. } = self.prices;
        if self.tokens.load(Ordering::Relaxed) < capacity {
            let filled = |tokens: u32| Some(tokens.saturating_add(refund).min(capacity));
            // The closure always answers, so there is no failure to look at.
            let _ = self.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, filled);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_bucket_refuses_until_successes_have_filled_it() {
        let budget = RetryBudget::new(RetryPrices { capacity: 20, cost: 5, timeout_cost: 10, refund: 1 });
        assert!(budget.pay(true) && budget.pay(false) && budget.pay(false));
        assert!(!budget.pay(false));
        (0..5).for_each(|_| budget.refund());
        assert!(!budget.pay(true));
        assert!(budget.pay(false));
        (0..1000).for_each(|_| budget.refund());
        assert!(budget.pay(true) && budget.pay(true));
        assert!(!budget.pay(false), "never more than its capacity");
    }
}
