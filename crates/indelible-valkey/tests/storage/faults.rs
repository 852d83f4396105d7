//! What goes wrong is told, within the deadline, and nothing is counted twice or left without an end.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use indelible_core::storage::{
    AgentId, EnforcementMode, PolicyDocument, PolicyStore, RateLimitCounter, Result, SessionId, SessionStore,
    StorageError,
};
use indelible_testkit::{Direction, Fault, FaultProxy, TestServer};
use indelible_valkey::Event;
use indelible_valkey::storage::{Pool, RedisBackend, RedisRateLimitCounter, RedisStorageConfig};
use serde_json::{Value, json};

use crate::backend::{backend, backend_code, command, default_backend, integer, record, server, unique_key};

/// Connect 500 ms, command 500 ms, no retry: D = 1 s. The breaker stays shut, so that each row shows its own cause.
fn hasty(url: &str) -> RedisBackend {
    let breaker = json!({ "failures": 1_000_000 });
    let retry = json!({ "retries": 0 });
    backend(
        url,
        json!({ "poolSize": 1, "connectTimeoutMs": 500, "commandTimeoutMs": 500, "retry": retry, "breaker": breaker }),
    )
}

fn through(proxy: &FaultProxy) -> String {
    format!("redis://{}", proxy.address())
}

/// The failure of each of the nine operations.
async fn codes(backend: &RedisBackend) -> Vec<Option<&'static str>> {
    let (sessions, counter, policies) = (backend.sessions(), backend.rate_limiter(), backend.policies());
    let (session, agent) = (SessionId::from_bytes([1; 16]), AgentId::from_bytes([2; 16]));
    let policy =
        PolicyDocument { version: 1, name: "n".into(), rules: vec![], enforcement_mode: EnforcementMode::Enforce };
    vec![
        backend_code(&sessions.save(record(1)).await),
        backend_code(&sessions.load(&session).await),
        backend_code(&sessions.delete(&session).await),
        backend_code(&counter.increment("k", 1, 60).await),
        backend_code(&counter.current("k").await),
        backend_code(&counter.reset("k").await),
        backend_code(&policies.cache_policy(&agent, &policy, 60).await),
        backend_code(&policies.get_policy(&agent).await),
        backend_code(&policies.invalidate(&agent).await),
    ]
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_and_comes_back() {
    let Some(mut server) = server() else { return };
    let backend = hasty(&server.url());
    assert_eq!(codes(&backend).await, [None; 9]);
    server.stop().unwrap();
    assert_eq!(codes(&backend).await, [Some("ERR_STORE_UNAVAILABLE"); 9]);
    server.restart().unwrap();
    let limit = Instant::now() + Duration::from_secs(5);
    while codes(&backend).await != [None; 9] {
        assert!(Instant::now() < limit, "it does not come back");
    }
}

#[tokio::test]
async fn a_frozen_server_is_a_timeout_for_every_operation() {
    let Some(server) = server() else { return };
    let backend = hasty(&server.url());
    assert_eq!(codes(&backend).await, [None; 9]);
    server.freeze().unwrap();
    let began = Instant::now();
    assert_eq!(codes(&backend).await, [Some("ERR_STORE_TIMEOUT"); 9]);
    let longest = Duration::from_secs(1) * 9 + Duration::from_millis(500);
    assert!(began.elapsed() < longest, "{:?}", began.elapsed());
    server.thaw().unwrap();
}

#[tokio::test]
async fn a_closed_pool_says_so_before_it_looks_at_arguments() {
    let Some(server) = server() else { return };
    let backend = default_backend(&server);
    assert!(backend.pool().health().is_some());
    backend.pool().close();
    backend.pool().close();
    assert_eq!(codes(&backend).await, [Some("ERR_STORE_CLOSED"); 9]);
    assert_eq!(backend_code(&backend.rate_limiter().increment("", 0, 0).await), Some("ERR_STORE_CLOSED"));
    assert!(backend.pool().health().is_none());
}

#[tokio::test]
async fn a_listener_hears_of_the_server_and_may_ask_back() {
    let Some(mut server) = server() else { return };
    let (told, pool) = (Arc::new(Mutex::new(Vec::new())), Arc::new(OnceLock::<Pool>::new()));
    let Value::Object(further) = json!({ "breaker": { "failures": 1, "openMs": 1 } }) else { panic!("a mapping") };
    let config = RedisStorageConfig { url: server.url(), further, ..Default::default() };
    let listener = {
        let (told, pool) = (Arc::clone(&told), Arc::clone(&pool));
        move |event: Event| {
            assert!(pool.get().and_then(Pool::health).is_some());
            told.lock().unwrap().push(event.to_json()["name"].as_str().unwrap().to_owned());
        }
    };
    let counter = RedisRateLimitCounter::new(pool.get_or_init(|| Pool::open(&config, listener).unwrap()).clone());
    counter.increment("k", 1, 60).await.unwrap();
    server.stop().unwrap();
    let limit = Instant::now() + Duration::from_secs(5);
    for expected in ["connected", "disconnected", "breaker_opened", "breaker_half_open"] {
        while !told.lock().unwrap().iter().any(|name| name == expected) {
            assert!(counter.increment("k", 1, 60).await.is_err(), "the server is gone");
            assert!(Instant::now() < limit, "{expected} is not told: {told:?}");
        }
    }
}

#[tokio::test]
async fn a_full_server_refuses_to_count() {
    let Some(server) = server() else { return };
    let counter = default_backend(&server).rate_limiter();
    counter.increment("k", 1, 60).await.unwrap();
    command(&server, &["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(backend_code(&counter.increment("k", 1, 60).await), Some("ERR_STORE_OUT_OF_MEMORY"));
    assert_eq!(counter.current("k").await.unwrap(), 1, "a refused increment has not counted");
}

#[tokio::test]
async fn a_save_that_is_cut_at_any_byte_leaves_no_record_without_an_end() {
    let Some(server) = server() else { return };
    let proxy = FaultProxy::start(server.address()).unwrap();
    let sessions = hasty(&through(&proxy)).sessions();
    sessions.save(record(u64::MAX)).await.unwrap();
    let before = proxy.traffic().from_client;
    sessions.save(record(u64::MAX)).await.unwrap();
    let length = proxy.traffic().from_client - before;
    assert!(length > 100, "{length} bytes are no save");

    let (mut refused, mut saved) = (0, 0);
    for bytes in 0..=length {
        let record = record(u64::MAX);
        proxy.set(Fault::CutAfter { direction: Direction::ToServer, bytes }).unwrap();
        match sessions.save(record).await {
            Ok(()) => saved += 1,
            Err(_) => refused += 1,
        }
        proxy.set(Fault::None).unwrap();
        assert_readable_or_refused(&sessions.load(&record.session_id).await);
        let ttl = integer(&server, &["TTL", &format!("aa:session:{}", record.session_id.to_hex())]);
        assert!(ttl == -2 || ttl > 3590, "cut after {bytes} of {length} bytes: TTL {ttl}");
    }
    assert!(refused >= length, "{refused} of {length} cuts were told, {saved} saves passed");
}

#[tokio::test]
async fn an_increment_that_may_have_been_counted_is_never_counted_twice() {
    let Some(server) = server() else { return };
    let proxy = FaultProxy::start(server.address()).unwrap();
    let retry = json!({ "retries": 3, "budget": { "capacity": 1_000_000 } });
    let settings = json!({ "poolSize": 1, "retry": retry, "breaker": { "failures": 1_000_000 } });
    let counter = backend(&through(&proxy), settings).rate_limiter();
    counter.increment(&unique_key(), 1, 60).await.unwrap();
    let mut doubtful = 0;
    for direction in [Direction::ToServer, Direction::ToClient] {
        for bytes in (0..200).step_by(7) {
            let key = unique_key();
            proxy.set(Fault::CutAfter { direction, bytes }).unwrap();
            let outcome = counter.increment(&key, 1, 60).await;
            proxy.set(Fault::None).unwrap();
            assert_readable_or_refused(&counter.current(&unique_key()).await);
            let counted = counter.current(&key).await.unwrap();
            match outcome {
                Ok(total) => assert_eq!((total, counted), (1, 1), "{direction:?} {bytes}"),
                Err(error) => {
                    let indeterminate = error.store_error().unwrap().indeterminate();
                    assert!(counted <= u64::from(indeterminate), "{direction:?} {bytes}: counted {counted} times");
                    doubtful += u32::from(indeterminate && counted == 1);
                }
            }
        }
    }
    assert!(doubtful > 0, "no cut came after the counting, so nothing was shown");
}

#[tokio::test]
async fn an_increment_without_an_answer_is_told_as_open_and_counted_once() {
    let Some(server) = server() else { return };
    let counter = default_backend(&server).rate_limiter();
    counter.increment("k", 1, 60).await.unwrap();
    server.freeze().unwrap();
    let error = counter.increment("k", 1, 60).await.unwrap_err();
    server.thaw().unwrap();
    let cause = error.store_error().unwrap();
    assert_eq!((cause.code(), cause.indeterminate(), cause.attempts()), ("ERR_STORE_TIMEOUT", true, 1));
    let limit = Instant::now() + Duration::from_secs(5);
    let total = loop {
        match counter.current("k").await {
            Ok(total) => break total,
            Err(_) => assert!(Instant::now() < limit, "it does not come back"),
        }
    };
    assert!(total <= 2, "{total}: the one increment in doubt was counted more than once");
}

/// The first call after a fault may find the connection gone, and a read may find nothing; it never finds something
/// that cannot be read.
fn assert_readable_or_refused<T>(outcome: &Result<T>) {
    assert!(matches!(outcome, Ok(_) | Err(StorageError::NotFound(_) | StorageError::Backend(_))));
}

#[tokio::test]
async fn a_server_that_needs_a_password_is_told_as_refused_access() {
    if server().is_none() {
        return;
    }
    let server = TestServer::options().args(["--requirepass", "sesame"]).start().unwrap();
    let without = default_backend(&server);
    assert_eq!(backend_code(&without.rate_limiter().current("k").await), Some("ERR_STORE_ACCESS"));
    let with = backend(&server.url(), json!({ "password": "sesame" }));
    assert_eq!(with.rate_limiter().current("k").await.unwrap(), 0);
    assert!(!format!("{with:?}").contains("sesame"));
}
