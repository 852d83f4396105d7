//! The rules that every storage driver keeps, one suite for each contract.

mod policy_store;
mod rate_limit_counter;
mod session_store;

use std::fmt::Display;
use std::future::Future;
use std::time::{Duration, Instant};

use indelible_core::StoreError;
use indelible_core::storage::{AgentId, Result, SessionId, StorageError};

pub use policy_store::policy_store_contract;
pub use rate_limit_counter::rate_limit_counter_contract;
pub use session_store::session_record_contract;

/// Longest wait for what was told to live for one second.
const EXPIRY_LIMIT: Duration = Duration::from_secs(2);

/// The shortest that one second may last: servers round times to milliseconds.
const ONE_SECOND: Duration = Duration::from_millis(990);

fn session_id() -> SessionId {
    SessionId::from_bytes(fastrand::u128(..).to_be_bytes())
}

fn agent_id() -> AgentId {
    AgentId::from_bytes(fastrand::u128(..).to_be_bytes())
}

#[expect(clippy::panic, reason = "what must work is a failed test when it does not")]
fn valid<T, E: Display>(outcome: std::result::Result<T, E>) -> T {
    match outcome {
        Ok(value) => value,
        Err(error) => panic!("must work: {error}"),
    }
}

fn assert_not_found<T>(outcome: &Result<T>, rule: &str) {
    assert!(matches!(outcome, Err(StorageError::NotFound(_))), "{rule}");
}

fn assert_refused<T>(outcome: &Result<T>, rule: &str) {
    let code = outcome.as_ref().err().and_then(StorageError::store_error).map(StoreError::code);
    assert_eq!(code, Some("ERR_STORE_INVALID_ARGUMENT"), "{rule}");
}

/// Waits until what began at `began` with a life of one second is gone: not before, and not much later.
async fn assert_gone_after_one_second<F: Future<Output = bool>>(began: Instant, is_gone: impl Fn() -> F, rule: &str) {
    while !is_gone().await {
        assert!(began.elapsed() < EXPIRY_LIMIT, "{rule}: still there after {:?}", began.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(began.elapsed() >= ONE_SECOND, "{rule}: gone after {:?}", began.elapsed());
}
