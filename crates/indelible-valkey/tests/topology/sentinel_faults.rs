//! Failovers: what was acknowledged before is there afterwards, or nothing is answered (`docs/soundness.md`, lines 5 to
//! 7).

use std::time::{Duration, Instant};

use indelible_core::Failure;
use indelible_testkit::{Reply, SentinelGroupOptions};
use serde_json::json;

use crate::calls::{append, load, unique_session};
use crate::sentinel::{TOPOLOGY, appends_again, configuration, recovers, start};
use crate::support::{Told, holds, open_telling};

/// Waits for the end of a connection, which comes by itself.
async fn until_disconnected(told: &Told) {
    let waiting = Instant::now();
    while told.named("disconnected").is_empty() {
        assert!(waiting.elapsed() < Duration::from_secs(2), "a connection to the old primary is still open");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_primary_is_followed_by_the_promoted_one() {
    let Some(mut group) = start(&SentinelGroupOptions::default()) else { return };
    let (store, told) = open_telling(&configuration(&group.endpoints(), json!({})));
    let session = unique_session();
    append(&store, &session, "before").await.unwrap();
    group.servers[0].kill();
    // As a gateway would, with callers that go on asking.
    let promoted = tokio::task::spawn_blocking(move || group.until_promoted(0).map(|promoted| (group, promoted)));
    while !promoted.is_finished() {
        if let Ok(labels) = load(&store, &session).await {
            assert!(labels.contains(&"before".to_owned()));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (group, promoted) = promoted.await.unwrap().unwrap();
    assert_eq!(recovers(&store, &session).await, ["before"]);
    appends_again(&store, &session, "after").await;
    assert!(holds(&group.servers[promoted], &session, "after"));
    let address = group.servers[promoted].address().to_string();
    let changes = told.named("primary_changed");
    assert_eq!(changes.iter().map(|change| &change["primary"]).collect::<Vec<_>>(), [&json!(address)]);
    assert_eq!(store.health().unwrap()["sentinel"]["primary"], address);
    assert!(told.named("session_store_keyspace_lost").is_empty());
}

/// The hardest of them: the old primary was frozen, comes back, still takes itself for the primary, and answers whoever
/// is still connected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_was_frozen_and_replaced_answers_nothing_stale() {
    let Some(group) = start(&SentinelGroupOptions::default()) else { return };
    let config = configuration(&group.endpoints(), json!({}));
    let (store, _) = open_telling(&config);
    // A node that sleeps through it all: its connections to the old primary are open and idle.
    let (sleeper, slept) = open_telling(&config);
    let session = unique_session();
    append(&store, &session, "before").await.unwrap();
    assert_eq!(load(&sleeper, &session).await.unwrap(), ["before"]);
    group.servers[0].freeze().unwrap();
    group.until_promoted(0).unwrap();
    appends_again(&store, &session, "after").await;
    until_disconnected(&slept).await;
    group.servers[0].thaw().unwrap();
    let watched = Instant::now();
    let mut answered = 0;
    while watched.elapsed() < Duration::from_secs(2) {
        for node in [&store, &sleeper] {
            if let Ok(labels) = load(node, &session).await {
                assert!(labels.contains(&"after".to_owned()), "a stale answer after {:?}", watched.elapsed());
                answered += 1;
            }
        }
    }
    assert!(answered > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_planned_failover_loses_nothing() {
    let Some(group) = start(&SentinelGroupOptions::default()) else { return };
    let (store, _) = open_telling(&configuration(&group.endpoints(), json!({})));
    let session = unique_session();
    append(&store, &session, "first").await.unwrap();
    let command = ["SENTINEL", "FAILOVER", group.service()];
    assert_eq!(group.sentinels[0].client().unwrap().command(&command).unwrap(), Reply::Simple("OK".into()));
    let promoted = tokio::task::spawn_blocking(move || group.until_promoted(0).map(|_| group));
    let mut acknowledged = vec!["first".to_owned()];
    let mut n = 0;
    while !promoted.is_finished() || n % 50 != 0 {
        n += 1;
        let label = format!("label-{n}");
        if append(&store, &session, &label).await.is_ok() {
            acknowledged.push(label);
        }
        if let Ok(labels) = load(&store, &session).await {
            let lost: Vec<_> = acknowledged.iter().filter(|label| !labels.contains(label)).collect();
            assert!(lost.is_empty(), "{lost:?}");
        }
    }
    let _group = promoted.await.unwrap().unwrap();
    appends_again(&store, &session, "last").await;
    let labels = recovers(&store, &session).await;
    assert!(acknowledged.iter().all(|label| labels.contains(label)));
}

/// A demotion past the sentinels: the write at the end of every exchange finds it out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_is_made_a_replica_answers_no_more() {
    let Some(group) = start(&SentinelGroupOptions::default()) else { return };
    let (store, told) = open_telling(&configuration(&group.endpoints(), json!({})));
    let session = unique_session();
    append(&store, &session, "before").await.unwrap();
    let port = group.servers[1].port().to_string();
    let command = ["REPLICAOF", "127.0.0.1", &port];
    assert_eq!(group.servers[0].client().unwrap().command(&command).unwrap(), Reply::Simple("OK".into()));
    let error = load(&store, &session).await.unwrap_err();
    assert!(matches!(error.failure(), Failure::NotPrimary(_)), "{error:?}");
    until_disconnected(&told).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_sentinels_open_connections_go_on_and_there_are_no_new_ones() {
    let Some(mut group) = start(&SentinelGroupOptions::default()) else { return };
    let (store, told) = open_telling(&configuration(&group.endpoints(), json!({})));
    let session = unique_session();
    append(&store, &session, "before").await.unwrap();
    load(&store, &session).await.unwrap();
    let opened = told.named("connected").len();
    group.sentinels.iter_mut().for_each(indelible_testkit::TestServer::kill);
    let waiting = Instant::now();
    while told.named("session_store_primary_unknown").is_empty() {
        assert!(waiting.elapsed() < Duration::from_secs(3), "nobody noticed");
        assert_eq!(load(&store, &session).await.unwrap(), ["before"]);
    }
    append(&store, &session, "without").await.unwrap();
    assert!(told.named("disconnected").is_empty());
    assert_eq!(told.named("connected").len(), opened);

    let mut admin = group.servers[0].client().unwrap();
    admin.command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).unwrap();
    let error = load(&store, &session).await.unwrap_err();
    assert_eq!(error.failure(), TOPOLOGY, "{error:?}");
    assert!(error.detail().unwrap().contains("no sentinel answers"), "{error:?}");

    for sentinel in &mut group.sentinels {
        sentinel.restart().unwrap();
    }
    assert_eq!(recovers(&store, &session).await, ["before", "without"]);
}
