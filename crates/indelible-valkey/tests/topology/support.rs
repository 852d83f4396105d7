//! Stores whose alarms are kept, and what a server holds.

use std::sync::{Arc, Mutex};

use indelible_core::{Label, SessionRef};
use indelible_testkit::{Reply, TestServer};
use indelible_valkey::{Config, Event, ValkeySessionStore, label_key};
use serde_json::Value;

/// What a store has told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<Value>>>);

impl Told {
    /// The events of one name, in their order.
    pub(crate) fn named(&self, name: &str) -> Vec<Value> {
        self.0.lock().unwrap().iter().filter(|event| event["name"] == name).cloned().collect()
    }

    fn note(&self, event: &Event) {
        self.0.lock().unwrap().push(event.to_json());
    }
}

/// A store of this configuration, and what it tells.
pub(crate) fn open_telling(config: &Value) -> (Arc<ValkeySessionStore>, Told) {
    let told = Told::default();
    let config = Config::from_json(&config.to_string()).unwrap();
    let store = ValkeySessionStore::open(&config, {
        let told = told.clone();
        move |event| told.note(&event)
    });
    (Arc::new(store.unwrap()), told)
}

/// Whether a server holds a label of a session.
pub(crate) fn holds(server: &TestServer, session: &SessionRef, label: &str) -> bool {
    let key = label_key("taint:v1", session.ids()[0].as_str());
    server.client().unwrap().command(&["SISMEMBER", &key, label]).unwrap() == Reply::Integer(1)
}

/// Adds a label past every store.
pub(crate) fn add_raw(server: &TestServer, session: &SessionRef, label: &str) {
    let key = label_key("taint:v1", session.ids()[0].as_str());
    let label = Label::new(label).unwrap();
    assert_eq!(server.client().unwrap().command(&["SADD", &key, label.as_str()]).unwrap(), Reply::Integer(1));
}
