//! A server and a driver over it, and what each test needs to look at them.

use indelible_core::StoreError;
use indelible_core::storage::{AgentId, Result, SessionId, SessionRecord, StorageError};
use indelible_testkit::{Reply, TestServer};
use indelible_valkey::storage::{RedisBackend, RedisStorageConfig};
use serde_json::{Value, json};

/// A server, or `None` with a loud notice where there is none.
pub(crate) fn server() -> Option<TestServer> {
    TestServer::options().start_or_skip().unwrap()
}

/// A driver at `url`, with further settings by their names in a `storage` block.
pub(crate) fn backend(url: &str, further: Value) -> RedisBackend {
    let Value::Object(further) = further else { panic!("settings are a mapping") };
    RedisBackend::connect(&RedisStorageConfig { url: url.into(), further, ..Default::default() }).unwrap()
}

/// A driver with the settings that everybody gets.
pub(crate) fn default_backend(server: &TestServer) -> RedisBackend {
    backend(&server.url(), json!({}))
}

pub(crate) fn record(started_at_ns: u64) -> SessionRecord {
    let [session_id, agent_id] = [(); 2].map(|()| random_bytes());
    SessionRecord {
        session_id: SessionId::from_bytes(session_id),
        agent_id: AgentId::from_bytes(agent_id),
        started_at_ns,
    }
}

pub(crate) fn unique_key() -> String {
    record(0).session_id.to_hex()
}

fn random_bytes() -> [u8; 16] {
    fastrand::u128(..).to_be_bytes()
}

pub(crate) fn command(server: &TestServer, args: &[&str]) -> Reply {
    server.client().unwrap().command(args).unwrap()
}

pub(crate) fn integer(server: &TestServer, args: &[&str]) -> i64 {
    let Reply::Integer(value) = command(server, args) else { panic!("{args:?} is not answered with an integer") };
    value
}

/// The code of the failure behind an error of the kind `Backend`.
pub(crate) fn backend_code<T>(outcome: &Result<T>) -> Option<&'static str> {
    match outcome {
        Err(error @ StorageError::Backend(_)) => error.store_error().map(StoreError::code),
        _ => None,
    }
}

pub(crate) fn is_undecodable<T>(outcome: &Result<T>) -> bool {
    matches!(outcome, Err(StorageError::Serialization(_)))
}

pub(crate) fn is_not_found<T>(outcome: &Result<T>) -> bool {
    matches!(outcome, Err(StorageError::NotFound(_)))
}
