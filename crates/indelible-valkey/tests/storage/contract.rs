//! The driver keeps the contracts that the memory drivers keep.

use indelible_testkit::{policy_store_contract, rate_limit_counter_contract, session_record_contract};

use crate::backend::{default_backend, server};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions() {
    let Some(server) = server() else { return };
    let backend = default_backend(&server);
    session_record_contract(|| async { backend.sessions() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rate_limits() {
    let Some(server) = server() else { return };
    let backend = default_backend(&server);
    rate_limit_counter_contract(|| async { backend.rate_limiter() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policies() {
    let Some(server) = server() else { return };
    let backend = default_backend(&server);
    policy_store_contract(|| async { backend.policies() }).await;
}
