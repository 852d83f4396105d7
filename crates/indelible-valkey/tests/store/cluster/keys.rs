//! Which node an operation goes to, and how several sessions make one answer.

use indelible_core::SessionStore;
use indelible_testkit::{CLUSTER_SLOTS, Reply, ServerOptions, TestCluster};
use serde_json::json;

use super::{open, session, sessions, slot_of};
use crate::calls::{append, load};

const SESSIONS: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_go_to_the_nodes_of_their_keys() {
    if ServerOptions::default().start_or_skip().unwrap().is_none() {
        return;
    }
    let cluster = TestCluster::start(3, 1).unwrap();
    // Any one node names the others, even one that holds no slot.
    let replica = cluster.servers()[4].url();
    for settings in [json!({}), json!({ "ttlSeconds": 600 })] {
        let store = open(std::slice::from_ref(&replica), &settings);
        let ids: Vec<String> = (0..SESSIONS).map(|n| format!("keys-{settings}-{n}")).collect();
        for id in &ids {
            append(&store, &session(id), id).await.unwrap();
        }
        let mut held = [0; 3];
        for id in &ids {
            assert_eq!(load(&store, &session(id)).await.unwrap(), [id.as_str()]);
            let owner = cluster.owner_of(slot_of(&cluster, "taint:v1", id), 0).unwrap();
            let key = indelible_valkey::label_key("taint:v1", id);
            assert_eq!(cluster.ask(owner, &["SCARD", &key]).unwrap(), Reply::Integer(1));
            held[owner] += 1;
        }
        assert!(held.iter().all(|count| *count > SESSIONS / 6), "{held:?}");

        let health = store.health().unwrap();
        let nodes = health["nodes"].as_array().unwrap();
        let slots: u64 = nodes.iter().map(|node| node["slots"].as_u64().unwrap()).sum();
        assert_eq!((nodes.len(), slots), (3, u64::from(CLUSTER_SLOTS)), "{health}");
        for node in nodes.iter().chain([&health]) {
            assert_eq!((&node["state"], &node["role"]), (&json!("connected"), &json!("primary")), "{health}");
        }
        assert_eq!(health["generation"], "off");
    }
    // No replica was ever read, and nobody was told that it may be.
    for (place, server) in cluster.servers().iter().enumerate() {
        let Reply::Bulk(stats) = server.client().unwrap().command(&["INFO", "commandstats"]).unwrap() else { panic!() };
        let stats = String::from_utf8(stats).unwrap();
        assert!(!stats.contains("cmdstat_readonly:"), "{place}: {stats}");
        assert_eq!(stats.contains("cmdstat_smembers:"), place < 3, "{place}: {stats}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_of_several_nodes_make_one_answer() {
    if ServerOptions::default().start_or_skip().unwrap().is_none() {
        return;
    }
    let mut cluster = TestCluster::start(3, 0).unwrap();
    let store = open(&cluster.endpoints(), &json!({ "ttlSeconds": 600 }));
    let ids: Vec<String> = (0..16).map(|n| format!("several-{n}")).collect();
    let all = sessions(&ids);
    store.append_labels(&all, &["a", "b"].map(|label| indelible_core::Label::new(label).unwrap())).await.unwrap();
    for id in &ids {
        append(&store, &session(id), id).await.unwrap();
        assert_eq!(load(&store, &session(id)).await.unwrap(), ["a", "b", id.as_str()]);
    }
    let mut union: Vec<String> = ids.iter().cloned().chain(["a".into(), "b".into()]).collect();
    union.sort();
    assert_eq!(load(&store, &all).await.unwrap(), union);

    // One id whose node is gone fails the whole, and what the other nodes were told may have been written.
    let gone = cluster.owner_of(slot_of(&cluster, "taint:v1", &ids[0]), 0).unwrap();
    cluster.server_mut(gone).kill();
    assert!(load(&store, &all).await.is_err());
    let error = append(&store, &all, "later").await.unwrap_err();
    assert!(error.indeterminate(), "{error:?}");
}
