use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use indelible_core::storage::{MAX_COUNTER_KEY_BYTES, MAX_TOTAL, MAX_TTL_SECS, RateLimitCounter};
use tokio::task::JoinSet;

use super::{assert_gone_after_one_second, assert_refused, valid};

/// Keys that a counter might be tempted to trim, fold, split, normalise or match as a pattern.
const DELICATE: &[&str] =
    &["k", "K", " k", "k ", "k:", "k:k", "k\n", "k\r\n", "\0", "k*", "k?", "ü", "u\u{308}", "\u{10000}"];

/// Checks every rule that a [`RateLimitCounter`] keeps; panics with the rule that is broken.
///
/// `open` gives a counter each time, fresh or over the same keyspace: every rule uses keys of its own. Runs on a Tokio
/// runtime, for about a second; one with several threads lets increments really meet.
pub async fn rate_limit_counter_contract<Open, Opening, Counter>(open: Open)
where
    Open: Fn() -> Opening,
    Opening: Future<Output = Counter>,
    Counter: RateLimitCounter + 'static,
{
    an_unknown_counter_reads_zero(&open().await).await;
    an_increment_returns_the_new_total(&open().await).await;
    a_reset_begins_anew(&open().await).await;
    keys_are_compared_byte_for_byte(&open().await).await;
    totals_are_exact_to_the_last_one(&open().await).await;
    a_full_counter_stays_full(&open().await).await;
    bad_arguments_are_refused_and_nothing_is_counted(&open().await).await;
    concurrent_increments_are_all_counted_once(Arc::new(open().await)).await;
    a_window_ends_when_it_was_told_at_first(&open().await).await;
    debug_shows_no_key(&open().await).await;
}

async fn an_unknown_counter_reads_zero(counter: &impl RateLimitCounter) {
    let key = unique();
    assert_eq!(valid(counter.current(&key).await), 0, "an unknown counter reads zero");
    assert_eq!(valid(counter.current(&key).await), 0, "and reading does not create it");
}

async fn an_increment_returns_the_new_total(counter: &impl RateLimitCounter) {
    let key = unique();
    for (amount, total) in [(1, 1), (2, 3), (1, 4), (1_000_000, 1_000_004)] {
        assert_eq!(valid(counter.increment(&key, amount, 60).await), total, "an increment returns the new total");
        assert_eq!(valid(counter.current(&key).await), total, "which is the current one");
    }
}

async fn a_reset_begins_anew(counter: &impl RateLimitCounter) {
    let (key, other) = (unique(), unique());
    valid(counter.reset(&key).await);
    for key in [&key, &other] {
        valid(counter.increment(key, 5, 60).await);
    }
    valid(counter.reset(&key).await);
    assert_eq!(valid(counter.current(&key).await), 0, "a reset counter reads zero");
    valid(counter.reset(&key).await);
    assert_eq!(valid(counter.increment(&key, 1, 60).await), 1, "a reset counter begins anew");
    assert_eq!(valid(counter.current(&other).await), 5, "resetting one leaves the others");
}

async fn keys_are_compared_byte_for_byte(counter: &impl RateLimitCounter) {
    let stem = unique();
    let longest = "x".repeat(MAX_COUNTER_KEY_BYTES - stem.len());
    let keys: Vec<String> =
        DELICATE.iter().copied().chain([longest.as_str()]).map(|variant| format!("{stem}{variant}")).collect();
    for (key, amount) in keys.iter().zip(1..) {
        assert_eq!(valid(counter.increment(key, amount, 60).await), amount, "keys that differ in a byte are two");
    }
    for (key, amount) in keys.iter().zip(1..) {
        assert_eq!(valid(counter.current(key).await), amount, "keys that differ in a byte are two");
    }
}

async fn totals_are_exact_to_the_last_one(counter: &impl RateLimitCounter) {
    let (key, large) = (unique(), (1 << 53) + 1);
    assert_eq!(valid(counter.increment(&key, large, 60).await), large, "totals are exact above 2^53");
    assert_eq!(valid(counter.increment(&key, 2, 60).await), large + 2, "totals are exact above 2^53");
    assert_eq!(valid(counter.current(&key).await), large + 2, "totals are exact above 2^53");
}

async fn a_full_counter_stays_full(counter: &impl RateLimitCounter) {
    let key = unique();
    assert_eq!(valid(counter.increment(&key, MAX_TOTAL - 1, 60).await), MAX_TOTAL - 1, "a counter takes 2^63 - 2");
    assert_eq!(valid(counter.increment(&key, 2, 60).await), MAX_TOTAL, "one that would overflow answers full");
    assert_eq!(valid(counter.current(&key).await), MAX_TOTAL - 1, "and stays as it was");
    assert_eq!(valid(counter.increment(&key, 1, 60).await), MAX_TOTAL, "a counter can be filled");
    for amount in [1, MAX_TOTAL] {
        assert_eq!(valid(counter.increment(&key, amount, 60).await), MAX_TOTAL, "a full counter answers full");
    }
    assert_eq!(valid(counter.current(&key).await), MAX_TOTAL, "a full counter never reads as less");
}

async fn bad_arguments_are_refused_and_nothing_is_counted(counter: &impl RateLimitCounter) {
    let key = unique();
    for (amount, window_secs) in [(0, 60), (MAX_TOTAL + 1, 60), (u64::MAX, 60), (1, 0), (1, MAX_TTL_SECS + 1)] {
        let outcome = counter.increment(&key, amount, window_secs).await;
        assert_refused(&outcome, "an amount or a window outside its range is refused");
    }
    assert_eq!(valid(counter.current(&key).await), 0, "a refused increment counts nothing");
    assert_eq!(valid(counter.increment(&key, 1, MAX_TTL_SECS).await), 1, "the longest window is taken");
    for key in ["", &"x".repeat(MAX_COUNTER_KEY_BYTES + 1)] {
        assert_refused(&counter.increment(key, 1, 60).await, "an empty or too long key is refused");
        assert_refused(&counter.current(key).await, "an empty or too long key is refused");
        assert_refused(&counter.reset(key).await, "an empty or too long key is refused");
    }
}

async fn concurrent_increments_are_all_counted_once(counter: Arc<impl RateLimitCounter + 'static>) {
    const CALLERS: u64 = 16;
    const EACH: u64 = 32;
    let key = unique();
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (counter, key) = (Arc::clone(&counter), key.clone());
        callers.spawn(async move {
            let mut totals = Vec::new();
            for _ in 0..EACH {
                totals.push(valid(counter.increment(&key, 1, 60).await));
            }
            totals
        });
    }
    let mut totals = BTreeSet::new();
    while let Some(caller) = callers.join_next().await {
        totals.extend(valid(caller));
    }
    let expected: BTreeSet<u64> = (1..=CALLERS * EACH).collect();
    assert_eq!(totals, expected, "concurrent increments are each counted once, and no two see one total");
}

async fn a_window_ends_when_it_was_told_at_first(counter: &impl RateLimitCounter) {
    let (key, began) = (unique(), Instant::now());
    valid(counter.increment(&key, 1, 1).await);
    valid(counter.increment(&key, 1, 3600).await);
    let is_gone = || async { valid(counter.current(&key).await) == 0 };
    assert_gone_after_one_second(began, is_gone, "a later increment does not move the window's end").await;
    assert_eq!(valid(counter.increment(&key, 3, 60).await), 3, "the next window begins from nothing");
}

async fn debug_shows_no_key(counter: &impl RateLimitCounter) {
    let key = unique();
    valid(counter.increment(&key, 1, 60).await);
    assert!(!format!("{counter:?}").contains(&key), "Debug shows no key");
}

fn unique() -> String {
    format!("contract-{:032x}", fastrand::u128(..))
}
