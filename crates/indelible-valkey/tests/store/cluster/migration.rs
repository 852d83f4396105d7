//! Slots that move to another node under load.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indelible_core::{Failure, NotPrimary};
use indelible_testkit::{Reply, ServerOptions, TestCluster};
use indelible_valkey::ValkeySessionStore;
use serde_json::json;

use super::{open, session, sessions, slot_of};
use crate::calls::{append, load};

/// Slots that are moved, one after the other.
const MOVED: usize = 24;
/// The node that they are moved to. One for all: where several take slots in turns, each with a newer epoch, the gossip of
/// the servers may leave two of them naming each other for good, which no client can mend.
const TARGET: usize = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_or_refused_while_slots_move() {
    if ServerOptions::default().start_or_skip().unwrap().is_none() {
        return;
    }
    let cluster = Arc::new(TestCluster::start(3, 0).unwrap());
    for settings in [json!({ "ttlSeconds": 600 }), json!({})] {
        let store = Arc::new(open(&cluster.endpoints(), &settings));
        let candidates = (0..).map(|n| format!("moving-{settings}-{n}"));
        let elsewhere = candidates.filter(|id| owner_of(&cluster, id) != TARGET);
        let ids: Arc<Vec<String>> = Arc::new(elsewhere.take(MOVED).collect());
        let over = Arc::new(AtomicBool::new(false));
        let workers: Vec<_> = (0..MOVED).map(|place| tokio::spawn(work(&store, &ids, place, &over))).collect();
        let moving = {
            let (cluster, ids) = (Arc::clone(&cluster), Arc::clone(&ids));
            tokio::task::spawn_blocking(move || ids.iter().for_each(|id| move_slot_of(&cluster, id)))
        };
        moving.await.unwrap();
        over.store(true, Ordering::Relaxed);
        for worker in workers {
            assert!(worker.await.unwrap() > 0);
        }
    }
}

/// Appends to and loads a session of its own until it is over; returns how many labels that made. Half of the sessions
/// get their first label late: a slot that moves may hold nothing yet.
fn work(
    store: &Arc<ValkeySessionStore>,
    ids: &[String],
    place: usize,
    over: &Arc<AtomicBool>,
) -> impl Future<Output = usize> + Send + use<> {
    let (store, over, own) = (Arc::clone(store), Arc::clone(over), session(&ids[place]));
    async move {
        let mut known = BTreeSet::new();
        let mut round = 0;
        while !over.load(Ordering::Relaxed) || known.is_empty() {
            if place.is_multiple_of(2) || round > 20 {
                let label = round.to_string();
                append(&store, &own, &label).await.unwrap();
                known.insert(label);
            }
            let loaded: BTreeSet<String> = load(&store, &own).await.unwrap().into_iter().collect();
            assert_eq!(loaded, known);
            round += 1;
        }
        known.len()
    }
}

fn move_slot_of(cluster: &TestCluster, id: &str) {
    let (slot, from) = (slot_of(cluster, "taint:v1", id), owner_of(cluster, id));
    cluster.begin_migration(slot, from, TARGET).unwrap();
    cluster.move_keys(slot, from, TARGET).unwrap();
    cluster.end_migration(slot, from, TARGET).unwrap();
    assert_eq!(owner_of(cluster, id), TARGET);
}

fn owner_of(cluster: &TestCluster, id: &str) -> usize {
    cluster.owner_of(slot_of(cluster, "taint:v1", id), TARGET).unwrap()
}

/// Both halves of a transaction must be on one node: while they are not, it is tried again, and never half of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_whose_keys_are_torn_apart_waits_for_them() {
    if ServerOptions::default().start_or_skip().unwrap().is_none() {
        return;
    }
    let cluster = TestCluster::start(2, 0).unwrap();
    // The tag holds all keys in one slot.
    let store = open(&cluster.endpoints(), &json!({ "keyPrefix": "{torn}" }));
    let ids = ["one".to_owned(), "two".to_owned()];
    let both = sessions(&ids);
    append(&store, &both, "before").await.unwrap();

    let slot = slot_of(&cluster, "{torn}", "one");
    let from = cluster.owner_of(slot, 0).unwrap();
    let to = 1 - from;
    cluster.begin_migration(slot, from, to).unwrap();
    let port = cluster.servers()[to].port().to_string();
    let key = indelible_valkey::label_key("{torn}", "one");
    cluster.ask(from, &["MIGRATE", "127.0.0.1", &port, &key, "0", "5000"]).unwrap();

    let error = append(&store, &both, "torn").await.unwrap_err();
    assert_eq!(error.failure(), Failure::NotPrimary(NotPrimary::Redirect), "{error:?}");
    assert_eq!(error.server_code(), Some("TRYAGAIN"));
    // Each key by itself is found where it is, and nothing was written.
    assert_eq!(load(&store, &both).await.unwrap(), ["before"]);
    for id in &ids {
        append(&store, &session(id), id).await.unwrap();
    }
    assert_eq!(cluster.ask(to, &["CLUSTER", "COUNTKEYSINSLOT", &slot.to_string()]).unwrap(), Reply::Integer(1));

    let appending = append(&store, &both, "after");
    let moving = tokio::task::spawn_blocking(move || {
        cluster.move_keys(slot, from, to).unwrap();
        cluster.end_migration(slot, from, to).unwrap();
        cluster
    });
    let (appended, cluster) = tokio::join!(appending, moving);
    appended.unwrap();
    assert_eq!(load(&store, &both).await.unwrap(), ["after", "before", "one", "two"]);
    drop(cluster);
}
