//! TLS with the server's own TLS where it has one: who is believed, and what a refusal is called.

use std::path::Path;

use indelible_core::{Failure, Unavailable};
use indelible_testkit::{ServerOptions, TestServer, TlsIdentity, TlsMaterial};
use serde_json::{Value, json};

use crate::open_store::{append, load, open, unique_session};

fn files(ca: &Path, client: Option<&TlsIdentity>) -> Value {
    let mut tls = json!({ "ca": ca });
    if let Some(TlsIdentity { cert, key }) = client {
        tls["cert"] = json!(cert);
        tls["key"] = json!(key);
    }
    json!({ "tls": tls })
}

/// The failure of a load and an append, or nothing when both work.
async fn outcome(options: ServerOptions, settings: &Value) -> Option<Failure> {
    let server = options.start_or_skip().unwrap()?;
    let store = open(&server.url(), settings);
    let session = unique_session();
    let appended = append(&store, &session, "pii").await;
    let loaded = load(&store, &session).await;
    match (appended, loaded) {
        (Ok(()), Ok(labels)) => {
            assert_eq!(labels, ["pii"]);
            None
        }
        (Err(appended), Err(loaded)) => {
            assert_eq!(appended.failure(), loaded.failure());
            assert!(!appended.indeterminate());
            Some(loaded.failure())
        }
        outcomes => panic!("one works and the other does not: {outcomes:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_can_be_believed_is_used() {
    let material = TlsMaterial::generate().unwrap();
    let options = TestServer::options().tls(&material.server);
    assert_eq!(outcome(options, &files(&material.ca, None)).await, None);
    let demanding = TestServer::options().tls(&material.server).demand_client_certificate(&material.ca);
    assert_eq!(outcome(demanding, &files(&material.ca, Some(&material.client))).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_cannot_be_believed_is_not_spoken_to() {
    let Some(_server) = TestServer::options().start_or_skip().unwrap() else { return };
    let material = TlsMaterial::generate().unwrap();
    let refused = Some(Failure::Unavailable(Unavailable::Tls));
    for identity in [&material.expired_server, &material.wrong_name_server, &material.other_ca_server] {
        let options = TestServer::options().tls(identity);
        assert_eq!(outcome(options, &files(&material.ca, None)).await, refused, "{identity:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_believe_us_says_so() {
    let Some(_server) = TestServer::options().start_or_skip().unwrap() else { return };
    let material = TlsMaterial::generate().unwrap();
    let refused = Some(Failure::Unavailable(Unavailable::Tls));
    for client in [None, Some(&material.other_ca_client)] {
        let options = TestServer::options().tls(&material.server).demand_client_certificate(&material.ca);
        assert_eq!(outcome(options, &files(&material.ca, client)).await, refused, "{client:?}");
    }
}
