//! Selection and boot: every error says what is wrong, and what is built is what was selected.

use std::error::Error;
use std::sync::Arc;

use indelible_core::storage::{
    BuildError, HostComponent, MemoryPolicyStore, PolicyStore, RegistryError, Storage, StorageKind, StorageRegistry,
    StorageSelection, register_memory,
};
use serde_json::{Value, json};

struct HostsOwn(&'static str);

fn hosts_own(name: &'static str) -> impl Fn(&Value) -> Result<HostComponent, BuildError> {
    move |_| Ok(Arc::new(HostsOwn(name)) as HostComponent)
}

/// The memory driver, with what the host brings for the kinds that are its own.
fn registry() -> StorageRegistry {
    let mut registry = StorageRegistry::new();
    register_memory(&mut registry);
    registry.register_audit_sink("memory", hosts_own("audit"));
    registry.register_credential_store("memory", hosts_own("credentials"));
    registry.register_lifecycle_store("memory", hosts_own("lifecycle"));
    registry
}

fn block() -> Value {
    let mut block = json!({ "memory": {} });
    for kind in StorageKind::ALL {
        block[kind.config_key()] = "memory".into();
    }
    block
}

fn boot(registry: &StorageRegistry, block: &Value) -> Result<Storage, RegistryError> {
    registry.boot(&StorageSelection::from_value(block)?)
}

fn refusal(registry: &StorageRegistry, block: &Value) -> String {
    boot(registry, block).expect_err("the block must be refused").to_string()
}

fn name(component: HostComponent) -> &'static str {
    Arc::downcast::<HostsOwn>(component).unwrap().0
}

#[test]
fn boots_all_six_kinds() {
    let storage = boot(&registry(), &block()).unwrap();
    let own = [storage.audit_sink, storage.credential_store, storage.lifecycle_store].map(name);
    assert_eq!(own, ["audit", "credentials", "lifecycle"]);
    let stores = format!("{:?} {:?}", storage.session_store, storage.rate_limit_counter);
    assert_eq!(stores, "MemorySessionStore { .. } MemoryRateLimitCounter { .. }");
}

#[test]
fn a_driver_that_a_kind_does_not_have_is_named_with_those_that_it_has() {
    let mut registry = registry();
    let unused = |_: &Value| Err::<Arc<dyn PolicyStore>, BuildError>("unused".into());
    registry.register_policy_store("redis", unused);
    for (kind, available) in
        StorageKind::ALL.into_iter().zip(["memory, redis", "memory", "memory", "memory", "memory", "memory"])
    {
        let mut block = block();
        block[kind.config_key()] = "x".into();
        assert_eq!(
            refusal(&registry, &block),
            format!("unknown {kind} driver \"x\"; available drivers: [{available}]")
        );
    }
    assert!(refusal(&StorageRegistry::new(), &block()).ends_with("available drivers: []"));
}

#[test]
fn a_driver_without_its_subsection_is_refused() {
    let mut block = block();
    block.as_object_mut().unwrap().remove("memory");
    assert_eq!(
        refusal(&registry(), &block),
        "driver \"memory\" (selected for policy_store) has no [storage.memory] subsection"
    );
}

#[test]
fn a_driver_that_refuses_its_subsection_stops_the_boot() {
    let mut block = block();
    block["memory"]["size"] = 5.into();
    let error = boot(&registry(), &block).unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to build policy_store driver \"memory\": \
         storage.memory.size: is no setting of this driver, which has none; remove it"
    );
    assert!(error.source().is_some());
}

#[test]
fn every_kind_must_name_a_driver() {
    for kind in StorageKind::ALL {
        let path = format!("storage.{}", kind.config_key());
        let mut block = block();
        for (wrong, problem) in [
            (json!(""), "must not be empty; name a driver, such as memory"),
            (Value::Null, "must be the name of a driver, not null"),
            (json!(["hunter2"]), "must be the name of a driver, not a list"),
        ] {
            block[kind.config_key()] = wrong;
            assert_eq!(refusal(&registry(), &block), format!("{path}: {problem}"));
        }
        block.as_object_mut().unwrap().remove(kind.config_key());
        assert_eq!(
            refusal(&registry(), &block),
            format!("{path}: is missing; name the driver that is to serve it, such as memory")
        );
    }
}

#[test]
fn what_is_neither_a_kind_nor_a_subsection_is_refused() {
    assert_eq!(refusal(&registry(), &json!([])), "storage: must be a mapping of kinds to drivers, not a list");
    let mut block = block();
    block["policy_store"] = "hunter2".into();
    assert_eq!(
        refusal(&registry(), &block),
        "storage.policy_store: must be the mapping of a driver's settings, not text"
    );
    block["policy_store"] = json!({ "of": "a driver that nobody selects" });
    assert!(boot(&registry(), &block).is_ok());
}

#[test]
fn of_two_entries_under_one_name_the_later_one_stands() {
    let mut registry = registry();
    registry.register_audit_sink("memory", hosts_own("later"));
    assert_eq!(name(boot(&registry, &block()).unwrap().audit_sink), "later");
    assert_eq!(registry.drivers(StorageKind::AuditSink), ["memory"]);
}

#[test]
fn a_factory_gets_its_own_subsection_and_debug_shows_none() {
    let mut registry = registry();
    registry.register_policy_store("other", |section: &Value| {
        assert_eq!(section, &json!({ "password": "hunter2" }));
        Ok(Arc::new(MemoryPolicyStore::default()) as Arc<dyn PolicyStore>)
    });
    let mut block = block();
    block["policyStore"] = "other".into();
    block["other"] = json!({ "password": "hunter2" });
    let storage = boot(&registry, &block).unwrap();
    let selection = StorageSelection::from_value(&block).unwrap();
    let shown = format!("{registry:?} {selection:?} {storage:?}");
    assert!(shown.contains("other") && !shown.contains("hunter2"), "{shown}");
}
