//! Whatever happens to the network, both operations end within the deadline, in a failure that says what it was, and
//! the store works again afterwards.

use std::time::{Duration, Instant};

use indelible_core::{Failure, SessionRef, StoreError, Timeout, Unavailable};
use indelible_testkit::{Direction, Fault, FaultProxy, TestServer};
use indelible_valkey::ValkeySessionStore;
use serde_json::json;

use crate::open_store::{append, load, open, plain, unique_session};

/// D of `docs/compatibility.md` at the default settings.
const DEADLINE: Duration = Duration::from_millis(1_550);
/// What a busy machine may add to a bound that is measured from outside.
const SLACK: Duration = Duration::from_millis(500);
/// Within which a store works again once the fault is over.
const RECOVERY: Duration = Duration::from_secs(5);

const REFUSED: Failure = Failure::Unavailable(Unavailable::Refused);
const LOST: Failure = Failure::Unavailable(Unavailable::ConnectionLost);
const NOT_CONNECTED: Failure = Failure::Timeout(Timeout::Connect);

/// Both operations at once: their errors, which came in time.
async fn failures(store: &ValkeySessionStore, session: &SessionRef) -> [StoreError; 2] {
    let started = Instant::now();
    let (loaded, appended) = tokio::join!(load(store, session), append(store, session, "during"));
    assert!(started.elapsed() < DEADLINE + SLACK);
    let errors = [loaded.unwrap_err(), appended.unwrap_err()];
    for error in &errors {
        assert!(error.elapsed() <= DEADLINE, "{error:?}");
    }
    errors
}

async fn recovers(store: &ValkeySessionStore, session: &SessionRef) -> Vec<String> {
    let limit = Instant::now() + RECOVERY;
    loop {
        match load(store, session).await {
            Ok(labels) => return labels,
            Err(error) => assert!(Instant::now() < limit, "still failing: {error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_first_connection() {
    let Some(server) = TestServer::options().start_or_skip().unwrap() else { return };
    for (fault, failure) in [
        (Fault::Refuse, REFUSED),
        (Fault::Reset, LOST),
        (Fault::Hang, NOT_CONNECTED),
        (Fault::BlackHole(Direction::ToServer), NOT_CONNECTED),
        (Fault::BlackHole(Direction::ToClient), NOT_CONNECTED),
        (Fault::Delay(Duration::from_millis(400)), NOT_CONNECTED),
        (Fault::CutAfter { direction: Direction::ToClient, bytes: 20 }, LOST),
    ] {
        let proxy = FaultProxy::start(server.address()).unwrap();
        proxy.set(fault).unwrap();
        let store = open(&plain(proxy.address()), &json!({}));
        let session = unique_session();
        for error in failures(&store, &session).await {
            assert_eq!((error.failure(), error.indeterminate()), (failure, false), "{fault:?}");
        }
        proxy.set(Fault::None).unwrap();
        assert_eq!(recovers(&store, &session).await, [""; 0], "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_an_open_connection() {
    let Some(server) = TestServer::options().start_or_skip().unwrap() else { return };
    for (fault, failure) in [
        // The second attempt meets the fault at the door, so its reason is the one that is told.
        (Fault::BlackHole(Direction::ToServer), NOT_CONNECTED),
        (Fault::BlackHole(Direction::ToClient), NOT_CONNECTED),
        (Fault::CutAfter { direction: Direction::ToClient, bytes: 0 }, LOST),
    ] {
        let proxy = FaultProxy::start(server.address()).unwrap();
        let store = open(&plain(proxy.address()), &json!({}));
        let session = unique_session();
        append(&store, &session, "before").await.unwrap();
        proxy.set(fault).unwrap();
        let [loaded, appended] = failures(&store, &session).await;
        assert_eq!((loaded.failure(), loaded.indeterminate()), (failure, false), "{fault:?}");
        assert_eq!((appended.failure(), appended.indeterminate()), (failure, true), "{fault:?}");
        proxy.set(Fault::None).unwrap();
        assert!(recovers(&store, &session).await.contains(&"before".to_owned()), "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_frozen_server() {
    let Some(server) = TestServer::options().start_or_skip().unwrap() else { return };
    let store = open(&server.url(), &json!({}));
    let session = unique_session();
    append(&store, &session, "before").await.unwrap();
    server.freeze().unwrap();
    let [loaded, appended] = failures(&store, &session).await;
    assert!(matches!(loaded.failure(), Failure::Timeout(_)), "{loaded:?}");
    assert!(matches!(appended.failure(), Failure::Timeout(_)) && appended.indeterminate(), "{appended:?}");
    server.thaw().unwrap();
    assert!(recovers(&store, &session).await.contains(&"before".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_set_of_another_kind_is_a_failure_and_not_an_empty_set() {
    let Some(server) = TestServer::options().start_or_skip().unwrap() else { return };
    let store = open(&server.url(), &json!({ "ttlSeconds": 600 }));
    let session = unique_session();
    let key = indelible_valkey::label_key("taint:v1", session.ids()[0].as_str());
    server.client().unwrap().command(&["SET", &key, "text"]).unwrap();
    let value = Failure::Undecodable(indelible_core::Undecodable::Value);
    assert_eq!(load(&store, &session).await.unwrap_err().failure(), value);
    assert_eq!(append(&store, &session, "new").await.unwrap_err().failure(), value);
}
