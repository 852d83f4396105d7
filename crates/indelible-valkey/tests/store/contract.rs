//! The contract of every session store, kept by this one in each of its modes.

use indelible_testkit::{TestServer, session_store_contract};
use serde_json::{Value, json};

use crate::open_store::open;

async fn keeps_the_contract(settings: Value) {
    let Some(server) = TestServer::options().start_or_skip().unwrap() else { return };
    let (url, settings) = (&server.url(), &settings);
    session_store_contract(|| async move { open(url, settings) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_configured_by_default() {
    keeps_the_contract(json!({})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_ttl() {
    keeps_the_contract(json!({ "ttlSeconds": 600 })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_generation() {
    keeps_the_contract(json!({ "generation": "off" })).await;
    keeps_the_contract(json!({ "generation": "off", "ttlSeconds": 600 })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_one_connection_and_another_prefix() {
    keeps_the_contract(json!({ "connections": 1, "keyPrefix": "app:" })).await;
}
