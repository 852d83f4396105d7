//! A second attempt goes over another connection, whole, and adds nothing twice.

use std::sync::Arc;

use indelible_core::{Failure, SessionRef, StoreError, Unavailable};
use indelible_testkit::{Direction, Fault, FaultProxy, Monitor, TestServer};
use serde_json::json;

use crate::open_store::{append, load, open, plain, unique_session};

/// An append whose first connection is lost after the server has run it, before its reply is read.
struct LostReply {
    outcome: Result<(), StoreError>,
    connections: u64,
    /// How many transactions the server ran.
    transactions: usize,
    labels: Vec<String>,
}

async fn append_with_lost_reply(server: &TestServer, retries: u8) -> LostReply {
    let proxy = FaultProxy::start(server.address()).unwrap();
    let settings = json!({ "connections": 1, "retry": { "retries": retries } });
    let store = Arc::new(open(&plain(proxy.address()), &settings));
    let session = unique_session();
    load(&store, &session).await.unwrap();

    let monitor = Monitor::start(server.address()).unwrap();
    let before = proxy.traffic();
    proxy.set(Fault::BlackHole(Direction::ToClient)).unwrap();
    let appending = tokio::spawn({
        let (store, session) = (Arc::clone(&store), session.clone());
        async move { append(&store, &session, "pii").await }
    });
    // The server has answered, and nobody has heard it.
    proxy.until(|traffic| traffic.from_server > before.from_server).await.unwrap();
    proxy.set(Fault::Reset).unwrap();
    proxy.set(Fault::None).unwrap();
    let outcome = appending.await.unwrap();
    let seen = monitor.finish().unwrap();
    let transactions = seen.iter().filter(|line| line.text().starts_with("SADD ")).count();
    LostReply {
        outcome,
        connections: proxy.traffic().connections,
        transactions,
        labels: labels(server, &session).await,
    }
}

async fn labels(server: &TestServer, session: &SessionRef) -> Vec<String> {
    load(&open(&server.url(), &json!({})), session).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_reply_is_asked_for_again_over_another_connection() {
    let Some(server) = TestServer::options().start_or_skip().unwrap() else { return };
    let LostReply { outcome, connections, transactions, labels } = append_with_lost_reply(&server, 1).await;
    outcome.unwrap();
    assert!(connections >= 2, "{connections}");
    assert!(transactions >= 2, "{transactions}");
    assert_eq!(labels, ["pii"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_retries_it_is_an_append_that_may_have_happened() {
    let Some(server) = TestServer::options().start_or_skip().unwrap() else { return };
    let LostReply { outcome, labels, .. } = append_with_lost_reply(&server, 0).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.failure(), Failure::Unavailable(Unavailable::ConnectionLost));
    assert_eq!((error.attempts(), error.indeterminate()), (1, true));
    assert_eq!(labels, ["pii"]);
}
