//! Windows under concurrency, and lives that are armed, kept and mended.

use std::collections::BTreeSet;

use indelible_core::storage::{MAX_TOTAL, RateLimitCounter, SessionStore};
use tokio::task::JoinSet;

use crate::backend::{command, default_backend, integer, record, server, unique_key};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_concurrent_increments_are_exact_and_arm_one_window() {
    const CALLERS: u64 = 100;
    const EACH: u64 = 100;
    let Some(server) = server() else { return };
    let (one, other) = (default_backend(&server).rate_limiter(), default_backend(&server).rate_limiter());
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let counter = if caller % 2 == 0 { one.clone() } else { other.clone() };
        callers.spawn(async move {
            let mut totals = Vec::new();
            for _ in 0..EACH {
                // A window of its own for each caller shows whose was armed.
                totals.push((counter.increment("k", 1, 1000 * (caller + 1)).await.unwrap(), caller));
            }
            totals
        });
    }
    let mut totals = BTreeSet::new();
    while let Some(caller) = callers.join_next().await {
        totals.extend(caller.unwrap());
    }
    assert!(totals.iter().map(|(total, _)| *total).eq(1..=CALLERS * EACH), "each total is seen once");
    let (_, first) = *totals.first().unwrap();
    let armed = 1000 * (i64::try_from(first).unwrap() + 1);
    let ttl = integer(&server, &["TTL", "aa:ratelimit:k"]);
    assert!((armed - 100..=armed).contains(&ttl), "{ttl} is not the window {armed} of who came first");
}

#[tokio::test]
async fn a_counter_that_lost_its_end_gets_one() {
    let Some(server) = server() else { return };
    let counter = default_backend(&server).rate_limiter();
    command(&server, &["SET", "aa:ratelimit:k", "5"]);
    assert_eq!(counter.increment("k", 1, 60).await.unwrap(), 6);
    assert!((59..=60).contains(&integer(&server, &["TTL", "aa:ratelimit:k"])), "it cannot block for ever");
}

#[tokio::test]
async fn a_full_counter_keeps_its_window() {
    let Some(server) = server() else { return };
    let counter = default_backend(&server).rate_limiter();
    command(&server, &["SET", "aa:ratelimit:k", &MAX_TOTAL.to_string(), "EX", "100"]);
    assert_eq!(counter.increment("k", 1, 60).await.unwrap(), MAX_TOTAL);
    assert!((99..=100).contains(&integer(&server, &["TTL", "aa:ratelimit:k"])));
    assert_eq!(counter.current("k").await.unwrap(), MAX_TOTAL);
}

#[tokio::test]
async fn a_save_starts_the_life_anew_and_a_load_does_not() {
    let Some(server) = server() else { return };
    let sessions = default_backend(&server).sessions();
    let record = record(1);
    let key = format!("aa:session:{}", record.session_id.to_hex());
    sessions.save(record).await.unwrap();
    command(&server, &["EXPIRE", &key, "10"]);
    sessions.load(&record.session_id).await.unwrap();
    assert!(integer(&server, &["TTL", &key]) <= 10);
    sessions.save(record).await.unwrap();
    assert!((3599..=3600).contains(&integer(&server, &["TTL", &key])));
}

#[tokio::test]
async fn reading_creates_no_counter() {
    let Some(server) = server() else { return };
    let (counter, key) = (default_backend(&server).rate_limiter(), unique_key());
    assert_eq!(counter.current(&key).await.unwrap(), 0);
    counter.reset(&key).await.unwrap();
    assert_eq!(integer(&server, &["DBSIZE"]), 0);
}
