//! `durability: { replicas }`: an append is acknowledged when the replicas have it, and never otherwise
//! (`docs/soundness.md`, line 7).

use std::sync::Arc;
use std::time::{Duration, Instant};

use indelible_core::{Failure, NotDurable, StoreError};
use indelible_testkit::{
    Direction, Fault, FaultProxy, Monitor, ReplicaSet, TestServer, replica_of, until, until_in_step,
    until_replicas_answer,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::calls::{append, load, unique_session};
use crate::support::{add_raw, holds, open_telling};

const SHORT: Failure = Failure::NotDurable(NotDurable::Replicas);
/// `durability.timeoutMs` here, and how much later a server may notice that it is over.
const WAIT: Duration = Duration::from_millis(200);
const OVERSHOOT: Duration = Duration::from_millis(100);
/// What a busy machine may add to a bound that is measured from outside.
const SLACK: Duration = Duration::from_millis(500);

fn replicated(server: &TestServer, replicas: u8) -> Value {
    let durability = json!({ "replicas": replicas, "timeoutMs": WAIT.as_millis() as u64 });
    json!({ "kind": "valkey", "endpoint": server.url(), "durability": durability })
}

fn replica_set(replicas: usize) -> Option<ReplicaSet> {
    ReplicaSet::start_or_skip(&TestServer::options(), replicas).unwrap()
}

#[track_caller]
fn assert_short(error: &StoreError) {
    assert_eq!((error.failure(), error.indeterminate(), error.attempts()), (SHORT, true, 1), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledged_label_is_on_the_replicas() {
    let Some(set) = replica_set(2) else { return };
    let (store, told) = open_telling(&replicated(&set.primary, 2));
    for n in 0..20 {
        let session = unique_session();
        append(&store, &session, "PII").await.unwrap();
        for replica in &set.replicas {
            assert!(holds(replica, &session, "PII"), "append {n}");
        }
        assert_eq!(load(&store, &session).await.unwrap(), ["PII"]);
    }
    assert!(told.named("session_store_not_replicated").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_replica_is_frozen_appends_fail_in_time_and_loads_do_not() {
    let Some(set) = replica_set(1) else { return };
    let (store, told) = open_telling(&replicated(&set.primary, 1));
    let session = unique_session();
    append(&store, &session, "before").await.unwrap();
    for round in 1..=2 {
        set.replicas[0].freeze().unwrap();
        let started = Instant::now();
        let appending = tokio::spawn({
            let (store, session) = (Arc::clone(&store), session.clone());
            async move { append(&store, &session, "during").await }
        });
        while !appending.is_finished() {
            let asked = Instant::now();
            assert!(load(&store, &session).await.unwrap().contains(&"before".to_owned()));
            assert!(asked.elapsed() < WAIT, "a load waited behind an append");
        }
        let error = appending.await.unwrap().unwrap_err();
        assert_short(&error);
        // A server counts whole milliseconds.
        let elapsed = error.elapsed() + Duration::from_millis(2);
        assert!(elapsed >= WAIT && elapsed <= WAIT + OVERSHOOT + SLACK, "{error:?}");
        assert!(started.elapsed() < WAIT + OVERSHOOT + SLACK);
        assert_eq!(told.named("session_store_not_replicated").len(), round, "once an outage");
        set.replicas[0].thaw().unwrap();
        append(&store, &session, "after").await.unwrap();
    }
    assert_eq!(told.named("session_store_not_replicated")[0]["acknowledged"], 0);
}

/// A `WAIT` after a write that changed nothing answers at once, whatever the replicas have: a duplicate of a label that
/// another node wrote a moment ago must not be acknowledged by that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duplicate_is_not_acknowledged_while_the_first_write_is_on_no_replica() {
    let Some(set) = replica_set(1) else { return };
    for settings in [json!({}), json!({ "ttlSeconds": 600 })] {
        let mut config = replicated(&set.primary, 1);
        config.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let (store, _) = open_telling(&config);
        let session = unique_session();
        load(&store, &session).await.unwrap();
        append(&store, &unique_session(), "the lane is open").await.unwrap();
        set.replicas[0].freeze().unwrap();
        add_raw(&set.primary, &session, "PII");
        assert_short(&append(&store, &session, "PII").await.unwrap_err());
        set.replicas[0].thaw().unwrap();
        append(&store, &session, "PII").await.unwrap();
        assert!(holds(&set.replicas[0], &session, "PII"));
    }
}

/// Many callers while no replica answers: each gets the same answer, none a time-out, and nobody's connection is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_appends_during_an_outage_does_not_touch_the_loads() {
    let Some(set) = replica_set(1) else { return };
    let (store, told) = open_telling(&replicated(&set.primary, 1));
    let session = unique_session();
    append(&store, &session, "before").await.unwrap();
    set.replicas[0].freeze().unwrap();
    let mut crowd = JoinSet::new();
    for n in 0..100 {
        let (store, session) = (Arc::clone(&store), session.clone());
        crowd.spawn(async move {
            tokio::time::sleep(Duration::from_millis(10 * (n % 50))).await;
            let appended = append(&store, &session, &format!("during-{n}")).await;
            (n, appended, load(&store, &session).await)
        });
    }
    while let Some(done) = crowd.join_next().await {
        let (n, appended, loaded) = done.unwrap();
        let error = appended.unwrap_err();
        assert_eq!(error.failure(), SHORT, "{error:?}");
        // What was never written says so.
        let labels = loaded.unwrap();
        assert!(error.indeterminate() || !labels.contains(&format!("during-{n}")), "{error:?}");
    }
    assert!(told.named("disconnected").is_empty());
    assert_eq!(store.health().unwrap()["breaker"], "closed");
    set.replicas[0].thaw().unwrap();
    append(&store, &session, "after").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_wait_confirms_whatever_was_written_together() {
    let Some(set) = replica_set(1) else { return };
    let (store, _) = open_telling(&replicated(&set.primary, 1));
    append(&store, &unique_session(), "the lane is open").await.unwrap();
    let monitor = Monitor::start(set.primary.address()).unwrap();
    let mut crowd = JoinSet::new();
    for _ in 0..200 {
        let store = Arc::clone(&store);
        crowd.spawn(async move { append(&store, &unique_session(), "PII").await.unwrap() });
    }
    crowd.join_all().await;
    let commands = monitor.finish().unwrap();
    let count = |name: &[u8]| commands.iter().filter(|line| line.args[0].eq_ignore_ascii_case(name)).count();
    assert_eq!(count(b"SADD"), 200);
    let waits = count(b"WAIT");
    assert!((1..=100).contains(&waits), "{waits} WAIT for 200 appends");
    assert_eq!(count(b"SET"), waits, "each has a write of its own to wait for");
}

/// What was acknowledged while the link to the replica was cut would be lost with the primary.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_label_that_a_failover_would_lose_is_not_acknowledged() {
    for demanded in [true, false] {
        let options = TestServer::options().args(["--repl-diskless-sync-delay", "0"]);
        let Some(mut primary) = options.clone().start_or_skip().unwrap() else { return };
        let link = FaultProxy::start(primary.address()).unwrap();
        let replica = replica_of(options, link.address()).start().unwrap();
        until_in_step(&replica).unwrap();
        until_replicas_answer(&primary, 1).unwrap();
        let durability = if demanded { json!({ "replicas": 1 }) } else { json!("bestEffort") };
        let config = json!({ "kind": "valkey", "endpoint": primary.url(), "durability": durability });
        let (store, _) = open_telling(&config);
        let session = unique_session();
        append(&store, &session, "before").await.unwrap();
        // Also where nobody waited for it.
        until("the first label is replicated", || Ok(holds(&replica, &session, "before"))).unwrap();
        link.set(Fault::BlackHole(Direction::ToClient)).unwrap();
        let during = append(&store, &session, "during").await;
        primary.kill();
        link.set(Fault::Reset).unwrap();
        replica.client().unwrap().command(&["REPLICAOF", "NO", "ONE"]).unwrap();
        assert!(holds(&replica, &session, "before"));
        // The loss is real, and the same in both: only who was told otherwise differs.
        assert!(!holds(&replica, &session, "during"));
        match during {
            Ok(()) => assert!(!demanded, "acknowledged and lost"),
            Err(error) => assert_short(&error),
        }
    }
}
