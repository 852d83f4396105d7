//! One shard that is gone does not slow the others.

use std::time::{Duration, Instant};

use indelible_core::{Failure, Unavailable};
use indelible_testkit::{ServerOptions, TestCluster};
use indelible_valkey::ValkeySessionStore;
use serde_json::json;

use super::{open, session, slot_of};
use crate::calls::{append, load};

/// D of `docs/compatibility.md` at the default settings, and what a busy machine may add.
const DEADLINE: Duration = Duration::from_millis(1_550);
const SLACK: Duration = Duration::from_millis(500);

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
    let lost = async {
        while Instant::now() < until {
            for id in dead {
                let started = Instant::now();
                let error = load(store, &session(id)).await.unwrap_err();
                assert!(started.elapsed() < DEADLINE + SLACK, "{error:?}");
                assert!(
                    matches!(
                        error.failure(),
                        Failure::Timeout(_)
                            | Failure::CircuitOpen
                            | Failure::Unavailable(
                                Unavailable::Refused | Unavailable::ConnectionLost | Unavailable::ClusterDown
                            )
                    ),
                    "{error:?}"
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let others = async {
        let mut slowest = Duration::ZERO;
        while Instant::now() < until {
            for id in alive {
                let started = Instant::now();
                assert_eq!(load(store, &session(id)).await.unwrap(), ["before"]);
                slowest = slowest.max(started.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        slowest
    };
    let ((), slowest) = tokio::join!(lost, others);
    // Far below any time-out: nobody waited for the dead one.
    assert!(slowest < Duration::from_millis(250), "{slowest:?}");
}
