//! One shard that is gone does not slow the others.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indelible_core::{Failure, StoreError, Unavailable};
use indelible_testkit::{ServerOptions, TestCluster};
use indelible_valkey::ValkeySessionStore;
use serde_json::json;

use super::{open, session, slot_of};
use crate::calls::{append, load};

/// D of `docs/compatibility.md` at the default settings, and what a busy machine may add.
const DEADLINE: Duration = Duration::from_millis(1_550);
const SLACK: Duration = Duration::from_millis(500);
/// An operation that takes as long has waited for a time-out, the shortest of which are 250 ms.
const TIMED_OUT: Duration = Duration::from_millis(200);
/// Answers that one caller of the other shards gets meanwhile, at the least: if those waited too it would be one or none.
const GO_ON: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_go_on_beside_a_dead_shard() {
    if ServerOptions::default().start_or_skip().unwrap().is_none() {
        return;
    }
    let mut cluster = TestCluster::start(3, 0).unwrap();
    let store = open(&cluster.endpoints(), &json!({}));
    let ids: Vec<String> = (0..60).map(|n| format!("loss-{n}")).collect();
    for id in &ids {
        append(&store, &session(id), "before").await.unwrap();
    }
    let owner = |id: &String| cluster.owner_of(slot_of(&cluster, "taint:v1", id), 0).unwrap();
    let (dead, alive): (Vec<String>, Vec<String>) = ids.iter().cloned().partition(|id| owner(id) == 2);
    assert!(dead.len() > 5 && alive.len() > 20);

    // Silent first, then gone: both times its sessions fail, by type and in time, and no other one does.
    cluster.servers()[2].freeze().unwrap();
    for_a_while(&store, &dead, &alive).await;
    cluster.server_mut(2).kill();
    for_a_while(&store, &dead, &alive).await;

    let health = store.health().unwrap();
    let open: Vec<_> = health["nodes"].as_array().unwrap().iter().filter(|node| node["breaker"] == "open").collect();
    assert_eq!(open.len(), 1, "{health}");
    assert_eq!(health["breaker"], "open");
}

async fn for_a_while(store: &ValkeySessionStore, dead: &[String], alive: &[String]) {
    let until = Instant::now() + Duration::from_millis(1_500);
    let answered = AtomicUsize::new(0);
    let lost = async {
        while Instant::now() < until {
            for id in dead {
                let (started, before) = (Instant::now(), answered.load(Ordering::Relaxed));
                let error = load(store, &session(id)).await.unwrap_err();
                assert!(is_of_a_lost_shard(&error), "{error:?}");
                let (elapsed, others) = (started.elapsed(), answered.load(Ordering::Relaxed) - before);
                assert!(elapsed < DEADLINE + SLACK, "{error:?}");
                // While this one waited for a time-out, the others did not.
                assert!(elapsed < TIMED_OUT || others >= GO_ON, "{others} answers in {elapsed:?}");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let others = async {
        while Instant::now() < until {
            for id in alive {
                assert_eq!(load(store, &session(id)).await.unwrap(), ["before"]);
                answered.fetch_add(1, Ordering::Relaxed);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::join!(lost, others);
}

fn is_of_a_lost_shard(error: &StoreError) -> bool {
    match error.failure() {
        Failure::Timeout(_) | Failure::CircuitOpen => true,
        Failure::Unavailable(reason) => {
            matches!(reason, Unavailable::Refused | Unavailable::ConnectionLost | Unavailable::ClusterDown)
        }
        _ => false,
    }
}
