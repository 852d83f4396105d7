//! Redirections that lead nowhere, and maps that must not be believed.

use std::time::{Duration, Instant};

use indelible_core::{Failure, NotPrimary, StoreError, Unavailable};
use serde_json::json;

use super::scripted_node::{Script, ScriptedNode, all_slots_at};
use super::{open, session};
use crate::calls::{append, load};

/// D of `docs/compatibility.md` at the default settings, and what a busy machine may add.
const DEADLINE: Duration = Duration::from_millis(1_550);
const SLACK: Duration = Duration::from_millis(500);

/// The session that everything here is about, and the slot of its key under the default prefix.
const SESSION: (&str, u16) = ("redirected", 2_322);

/// What a load and an append at these nodes fail with.
async fn failures(endpoints: &[String]) -> [StoreError; 2] {
    let store = open(endpoints, &json!({}));
    let own = session(SESSION.0);
    let started = Instant::now();
    let errors = [load(&store, &own).await.unwrap_err(), append(&store, &own, "x").await.unwrap_err()];
    assert!(started.elapsed() < 2 * (DEADLINE + SLACK));
    errors
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_name_each_other_are_asked_four_times_at_the_most() {
    for answer in ["MOVED", "ASK"] {
        let [one, other] = [ScriptedNode::bind(), ScriptedNode::bind()];
        let (first, second) = (one.port(), other.port());
        let endpoint = one.endpoint();
        let redirect = |port: u16| format!("-{answer} {} 127.0.0.1:{port}\r\n", SESSION.1);
        let asked_one = one.run(Script { slots: all_slots_at(first, "a"), keyed: redirect(second) });
        let asked_other = other.run(Script { slots: all_slots_at(first, "a"), keyed: redirect(first) });
        for error in failures(&[endpoint]).await {
            assert_eq!(error.failure(), Failure::NotPrimary(NotPrimary::Redirect), "{error:?}");
            assert_eq!((error.server_code(), error.attempts()), (Some(answer), 4), "{error:?}");
            assert!(!error.indeterminate(), "{error:?}");
        }
        let count = |asked: &std::sync::Mutex<Vec<String>>, name: &str| {
            asked.lock().unwrap().iter().filter(|word| *word == name).count()
        };
        for name in ["SMEMBERS", "SADD"] {
            assert_eq!((count(&asked_one, name), count(&asked_other, name)), (2, 2), "{answer} {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_is_down_says_so() {
    let node = ScriptedNode::bind();
    let endpoint = node.endpoint();
    let slots = all_slots_at(node.port(), "a");
    node.run(Script { slots, keyed: "-CLUSTERDOWN The cluster is down\r\n".to_owned() });
    for error in failures(&[endpoint]).await {
        assert_eq!(error.failure(), Failure::Unavailable(Unavailable::ClusterDown), "{error:?}");
        assert_eq!((error.server_code(), error.attempts()), (Some("CLUSTERDOWN"), 2));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seeds_of_two_clusters_are_no_cluster() {
    let [one, other] = [ScriptedNode::bind(), ScriptedNode::bind()];
    let endpoints = [one.endpoint(), other.endpoint()];
    let slots = [all_slots_at(one.port(), "a"), all_slots_at(other.port(), "b")];
    let [slots_of_one, slots_of_other] = slots;
    let asked = one.run(Script { slots: slots_of_one, keyed: "*0\r\n".to_owned() });
    other.run(Script { slots: slots_of_other, keyed: "*0\r\n".to_owned() });
    for error in failures(&endpoints).await {
        assert_eq!(error.failure(), Failure::NotPrimary(NotPrimary::Topology), "{error:?}");
    }
    assert_eq!(*asked.lock().unwrap(), [""; 0], "neither was read from");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_cluster_and_what_is_elsewhere_is_not_asked() {
    let slots_elsewhere = all_slots_at(6379, "a").replace("$9\r\n127.0.0.1", "$9\r\n10.0.0.99");
    for slots in [slots_elsewhere, "-ERR This instance has cluster support disabled\r\n".to_owned()] {
        let node = ScriptedNode::bind();
        let endpoint = node.endpoint();
        let asked = node.run(Script { slots: slots.clone(), keyed: "*0\r\n".to_owned() });
        for error in failures(&[endpoint]).await {
            assert_eq!(error.failure(), Failure::NotPrimary(NotPrimary::Topology), "{slots:?}: {error:?}");
        }
        assert_eq!(*asked.lock().unwrap(), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirection_off_this_machine_is_not_followed_in_the_clear() {
    let node = ScriptedNode::bind();
    let endpoint = node.endpoint();
    let slots = all_slots_at(node.port(), "a");
    node.run(Script { slots, keyed: "-MOVED 1 10.0.0.99:6379\r\n".to_owned() });
    for error in failures(&[endpoint]).await {
        assert_eq!(error.failure(), Failure::NotPrimary(NotPrimary::Topology), "{error:?}");
        assert!(error.to_string().contains("TLS is required"), "{error}");
    }
}
