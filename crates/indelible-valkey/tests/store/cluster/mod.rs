//! The store on a real cluster: operations find the nodes of their keys, wherever these go.

mod failover;
mod keys;
mod migration;
mod redirects;
mod scripted_node;
mod shard_loss;

use indelible_core::{SessionId, SessionRef};
use indelible_testkit::TestCluster;
use indelible_valkey::{Config, ValkeySessionStore};
use serde_json::{Value, json};

/// A store on a cluster of which `endpoints` are some nodes, with further settings of its configuration.
fn open(endpoints: &[String], settings: &Value) -> ValkeySessionStore {
    let mut config =
        json!({ "kind": "valkey", "topology": "cluster", "endpoints": endpoints, "durability": "bestEffort" });
    for (key, value) in settings.as_object().into_iter().flatten() {
        config[key] = value.clone();
    }
    ValkeySessionStore::open(&Config::from_json(&config.to_string()).unwrap(), drop).unwrap()
}

/// The slot of a session's key, as a server computes it.
fn slot_of(cluster: &TestCluster, prefix: &str, session: &str) -> u16 {
    let key = indelible_valkey::label_key(prefix, session);
    match cluster.ask(0, &["CLUSTER", "KEYSLOT", &key]).unwrap() {
        indelible_testkit::Reply::Integer(slot) => u16::try_from(slot).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn session(id: &str) -> SessionRef {
    SessionId::new(id).unwrap().into()
}

fn sessions(ids: &[String]) -> SessionRef {
    SessionRef::new(ids.iter().map(|id| SessionId::new(id.as_str()).unwrap())).unwrap()
}
