//! A primary that sentinels name: found, followed, and not believed about by a few.

use std::time::{Duration, Instant};

use indelible_core::{Failure, NotPrimary, SessionRef, StoreError, UnsafeServer};
use indelible_testkit::{SentinelGroup, SentinelGroupOptions, TestServer, TlsFront, TlsMaterial};
use indelible_valkey::ValkeySessionStore;
use serde_json::{Value, json};

use crate::calls::{append, load, unique_session};
use crate::scripted_sentinel::ScriptedSentinel;
use crate::support::{holds, open_telling};

pub(crate) const TOPOLOGY: Failure = Failure::NotPrimary(NotPrimary::Topology);
/// Within which a store works again once the servers have agreed on a primary (issue D), a busy machine allowed for.
const RECOVERY: Duration = Duration::from_millis(3_500);

pub(crate) fn start(options: &SentinelGroupOptions) -> Option<SentinelGroup> {
    SentinelGroup::start_or_skip(options).unwrap()
}

/// A store's configuration for these sentinels, with further settings of the mapping.
pub(crate) fn configuration(endpoints: &[String], sentinel: Value) -> Value {
    let mut mapping = json!({ "service": "labels", "endpoints": endpoints });
    mapping.as_object_mut().unwrap().extend(sentinel.as_object().unwrap().clone());
    json!({ "kind": "valkey", "topology": { "sentinel": mapping }, "durability": { "replicas": 1 } })
}

/// Loads until one succeeds; its labels.
pub(crate) async fn recovers(store: &ValkeySessionStore, session: &SessionRef) -> Vec<String> {
    let limit = Instant::now() + RECOVERY;
    loop {
        match load(store, session).await {
            Ok(labels) => return labels,
            Err(error) => assert!(Instant::now() < limit, "still failing: {error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Appends until it succeeds.
pub(crate) async fn appends_again(store: &ValkeySessionStore, session: &SessionRef, label: &str) {
    let limit = Instant::now() + RECOVERY;
    while let Err(error) = append(store, session, label).await {
        assert!(Instant::now() < limit, "still failing: {error:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn labels_go_to_the_primary_and_health_tells_where_that_is() {
    let Some(group) = start(&SentinelGroupOptions::default()) else { return };
    let (store, told) = open_telling(&configuration(&group.endpoints(), json!({})));
    assert_eq!(store.health().unwrap()["sentinel"]["primary"], Value::Null);
    let session = unique_session();
    append(&store, &session, "PII").await.unwrap();
    assert_eq!(load(&store, &session).await.unwrap(), ["PII"]);
    assert!(holds(&group.servers[0], &session, "PII"));
    let health = store.health().unwrap();
    assert_eq!(health["sentinel"]["primary"], group.servers[0].address().to_string());
    assert_eq!((&health["sentinel"]["sentinels"], &health["role"]), (&json!(3), &json!("primary")));
    assert_eq!(health["checks"], json!([]), "a fenced primary with durable appends has nothing to be told of");
    assert!(told.named("session_store_primary_unknown").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinels_have_credentials_and_tls_of_their_own() {
    let material = TlsMaterial::generate().unwrap();
    let sentinel_lines = vec!["requirepass watchword".to_owned(), "sentinel sentinel-pass watchword".to_owned()];
    let options = SentinelGroupOptions { sentinel_lines, ..SentinelGroupOptions::default() };
    let Some(group) = start(&options) else { return };
    let fronts: Vec<TlsFront> = group
        .sentinels
        .iter()
        .map(|sentinel| TlsFront::start(sentinel.address(), &material.server, None).unwrap())
        .collect();
    let endpoints: Vec<String> =
        fronts.iter().map(|front| format!("rediss://localhost:{}", front.address().port())).collect();
    let settings = json!({ "password": "watchword", "tls": { "ca": material.ca } });
    let (store, _) = open_telling(&configuration(&endpoints, settings));
    append(&store, &unique_session(), "PII").await.unwrap();

    let (refused, _) = open_telling(&configuration(&group.endpoints(), json!({ "password": "wrong" })));
    let error = load(&refused, &unique_session()).await.unwrap_err();
    assert_eq!(error.failure(), TOPOLOGY);
    assert!(error.detail().unwrap().contains("refuse our credentials"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_no_sentinel_knows_has_no_primary() {
    let Some(group) = start(&SentinelGroupOptions::default()) else { return };
    let (store, told) = open_telling(&configuration(&group.endpoints(), json!({ "service": "other" })));
    let error = load(&store, &unique_session()).await.unwrap_err();
    assert_eq!(error.failure(), TOPOLOGY);
    assert!(error.detail().unwrap().contains("know no service"), "{error:?}");
    assert_eq!(told.named("session_store_primary_unknown").len(), 1);
}

/// Loads of a store whose sentinels are those of `group`, but for some that name the first replica.
async fn load_with_liars(group: &SentinelGroup, liars: usize) -> Result<Vec<String>, StoreError> {
    let lying: Vec<ScriptedSentinel> =
        (0..liars).map(|_| ScriptedSentinel::naming(group.servers[1].address())).collect();
    let honest = group.endpoints().into_iter().skip(liars);
    let endpoints: Vec<String> = lying.iter().map(ScriptedSentinel::endpoint).chain(honest).collect();
    let (store, _) = open_telling(&configuration(&endpoints, json!({})));
    load(&store, &unique_session()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_lying_sentinel_is_outvoted_and_more_are_found_out_by_the_role() {
    let Some(group) = start(&SentinelGroupOptions::default()) else { return };
    assert_eq!(load_with_liars(&group, 1).await.unwrap(), [""; 0]);
    for liars in [2, 3] {
        let error = load_with_liars(&group, liars).await.unwrap_err();
        assert_eq!(error.failure(), TOPOLOGY, "{error:?}");
        assert!(error.detail().unwrap().contains("is a replica"), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_the_fence_is_refused() {
    let Some(server) = TestServer::options().start_or_skip().unwrap() else { return };
    let endpoints = [ScriptedSentinel::naming(server.address()).endpoint()];
    let mut config = configuration(&endpoints, json!({}));
    for (settings, refused, alarms) in [
        (json!({ "durability": { "replicas": 1 } }), true, 1),
        (json!({ "durability": { "replicas": 1 }, "checks": "warn" }), false, 1),
        (json!({ "durability": "bestEffort" }), false, 1),
        (json!({ "durability": "bestEffort", "checks": "off" }), false, 0),
    ] {
        config.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let (store, told) = open_telling(&config);
        let loaded = load(&store, &unique_session()).await;
        let fence = told.named("session_store_unsafe_server").iter().filter(|alarm| alarm["reason"] == "fence").count();
        assert_eq!(fence, alarms, "{settings}");
        match loaded {
            Ok(_) => assert!(!refused, "{settings}"),
            Err(error) => {
                assert!(refused, "{error:?}");
                assert_eq!(error.failure(), Failure::UnsafeServer(UnsafeServer::Fence));
            }
        }
        config.as_object_mut().unwrap().remove("checks");
    }
    let admin = server.client().unwrap().command(&["ACL", "SETUSER", "default", "-config|get"]).unwrap();
    assert_eq!(admin, indelible_testkit::Reply::Simple("OK".into()));
    config["durability"] = json!({ "replicas": 1 });
    let (store, _) = open_telling(&config);
    let error = load(&store, &unique_session()).await.unwrap_err();
    assert_eq!(error.failure(), Failure::UnsafeServer(UnsafeServer::Acl), "{error:?}");
}
