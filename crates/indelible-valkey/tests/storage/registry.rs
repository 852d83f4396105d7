//! The driver in a registry: a mixed boot, one pool, and every refusal in its words.

use std::sync::Arc;

use indelible_core::storage::{
    AgentId, BuildError, HostComponent, PolicyStore, RateLimitCounter, RegistryError, SessionStore, Storage,
    StorageKind, StorageRegistry, StorageSelection, register_memory,
};
use indelible_testkit::{Reply, TestServer};
use indelible_valkey::storage::{
    DRIVER_NAME, RedisPolicyStore, RedisRateLimitCounter, RedisSessionStore, RedisStorageConfig, build_pool, register,
};
use serde_json::{Value, json};

use crate::backend::{command, is_not_found, record, server};

const REDIS_KINDS: [StorageKind; 3] =
    [StorageKind::PolicyStore, StorageKind::SessionStore, StorageKind::RateLimitCounter];

fn registry() -> StorageRegistry {
    let hosts_own = |_: &Value| -> Result<HostComponent, BuildError> { Ok(Arc::new(())) };
    let mut registry = StorageRegistry::new();
    register_memory(&mut registry);
    registry.register_audit_sink("memory", hosts_own);
    registry.register_credential_store("memory", hosts_own);
    registry.register_lifecycle_store("memory", hosts_own);
    register(&mut registry);
    registry
}

/// A block in which `redis` serves what it can, with `section` as its settings.
fn block(section: Value) -> Value {
    let mut block = json!({ "memory": {}, DRIVER_NAME: section });
    for kind in StorageKind::ALL {
        let driver = if REDIS_KINDS.contains(&kind) { DRIVER_NAME } else { "memory" };
        block[kind.config_key()] = driver.into();
    }
    block
}

fn boot(block: &Value) -> Result<Storage, RegistryError> {
    registry().boot(&StorageSelection::from_value(block)?)
}

/// Connections that the driver holds open.
fn connections(server: &TestServer) -> usize {
    let Reply::Bulk(list) = command(server, &["CLIENT", "LIST"]) else { panic!("CLIENT LIST is text") };
    String::from_utf8(list).unwrap().matches(" name=indelible ").count()
}

async fn use_all(policies: &dyn PolicyStore, sessions: &dyn SessionStore, counter: &dyn RateLimitCounter) {
    assert!(is_not_found(&policies.get_policy(&AgentId::from_bytes([7; 16])).await));
    let record = record(1);
    sessions.save(record).await.unwrap();
    assert_eq!(sessions.load(&record.session_id).await.unwrap(), record);
    assert_eq!(counter.increment("k", 1, 60).await.unwrap(), 1);
    counter.reset("k").await.unwrap();
}

#[tokio::test]
async fn a_mixed_boot_serves_three_kinds_over_one_pool() {
    let Some(server) = server() else { return };
    let storage = boot(&block(json!({ "url": server.url(), "poolSize": 1 }))).unwrap();
    assert_eq!(connections(&server), 0, "a boot dials nothing");
    use_all(&*storage.policy_store, &*storage.session_store, &*storage.rate_limit_counter).await;
    assert_eq!(connections(&server), 1);
}

#[tokio::test]
async fn one_kind_alone_may_be_on_redis() {
    let Some(server) = server() else { return };
    for kind in REDIS_KINDS {
        let mut block = block(json!({ "url": server.url(), "poolSize": 1 }));
        for other in REDIS_KINDS.into_iter().filter(|other| *other != kind) {
            block[other.config_key()] = "memory".into();
        }
        let storage = boot(&block).unwrap();
        use_all(&*storage.policy_store, &*storage.session_store, &*storage.rate_limit_counter).await;
        assert_eq!(connections(&server), 1, "{kind} alone");
        drop(storage);
        while connections(&server) > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn stores_of_their_own_share_a_pool_that_ends_with_the_last() {
    let Some(server) = server() else { return };
    let config = RedisStorageConfig { url: server.url(), pool_size: 1, ..Default::default() };
    let pool = build_pool(&config).unwrap();
    let policies = RedisPolicyStore::new(pool.clone());
    let sessions = RedisSessionStore::new(pool.clone());
    let counter = RedisRateLimitCounter::new(pool);
    use_all(&policies, &sessions, &counter).await;
    assert_eq!(connections(&server), 1);
    drop((policies, sessions));
    assert_eq!(counter.current("k").await.unwrap(), 0, "the last store keeps the pool");
    drop(counter);
    while connections(&server) > 0 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn redis_is_refused_for_what_a_cache_must_not_keep() {
    for kind in StorageKind::ALL.into_iter().filter(|kind| !REDIS_KINDS.contains(kind)) {
        let mut block = block(json!({}));
        block[kind.config_key()] = DRIVER_NAME.into();
        let expected = format!("unknown {kind} driver \"redis\"; available drivers: [memory]");
        assert_eq!(boot(&block).unwrap_err().to_string(), expected);
    }
}

#[test]
fn an_unknown_driver_is_named_with_those_available() {
    let mut block = block(json!({}));
    block["policyStore"] = "x".into();
    let expected = "unknown policy_store driver \"x\"; available drivers: [memory, redis]";
    assert_eq!(boot(&block).unwrap_err().to_string(), expected);
}

#[test]
fn a_missing_subsection_is_named() {
    let mut block = block(json!({}));
    block.as_object_mut().unwrap().remove(DRIVER_NAME);
    let expected = "driver \"redis\" (selected for policy_store) has no [storage.redis] subsection";
    assert_eq!(boot(&block).unwrap_err().to_string(), expected);
}

#[test]
fn a_refused_setting_stops_the_boot_with_its_path_and_without_its_value() {
    for (section, key) in [
        (json!({ "poolSize": 0 }), "poolSize"),
        (json!({ "poolSize": "hunter2" }), "poolSize"),
        (json!({ "url": "redis://user:hunter2@evil.example:6379" }), "url"),
        (json!({ "url": "redis://hunter2.example" }), "url"),
        (json!({ "tls": true }), "tls"),
        (json!({ "passwort": "hunter2" }), "passwort"),
    ] {
        let error = boot(&block(section)).unwrap_err().to_string();
        let start = format!("failed to build policy_store driver \"redis\": storage.redis.{key}: ");
        assert!(error.starts_with(&start), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn the_settings_as_a_structure_are_held_to_the_same_rules() {
    let path = |config: &RedisStorageConfig| build_pool(config).unwrap_err().path().to_owned();
    let default = RedisStorageConfig::default;
    assert_eq!((default().url.as_str(), default().pool_size, default().tls), ("redis://127.0.0.1:6379", 10, false));
    assert_eq!(path(&RedisStorageConfig { pool_size: 0, ..default() }), "poolSize");
    assert_eq!(path(&RedisStorageConfig { tls: true, ..default() }), "tls");
    let Value::Object(further) = json!({ "passwort": "hunter2" }) else { panic!("a mapping") };
    let config = RedisStorageConfig { url: "redis://:hunter2@localhost".into(), further, ..default() };
    assert_eq!(path(&config), "passwort");
    assert!(!format!("{config:?}").contains("hunter2"));
}
