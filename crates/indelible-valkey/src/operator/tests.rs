//! Every way in which the approach to a server can fail, each told apart from the others, against real servers, real
//! certificates and listeners that say what a server of another kind says.

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::thread;

use indelible_testkit::{
    Fault, FaultProxy, Reply, RespClient, SentinelGroup, SentinelGroupOptions, TestCluster, TestServer, TlsIdentity,
    TlsMaterial,
};
use serde_json::{Value, json};

use super::{Finding, Status, block_on, examine, initialise, look_up};
use crate::{Config, label_key};

fn doctor(config: Value) -> Vec<Finding> {
    let config = Config::from_json(&config.to_string()).unwrap();
    let findings = block_on(examine(&config, None)).unwrap();
    for finding in &findings {
        assert_eq!(finding.hint.is_none(), finding.status == Status::Ok, "{finding:?}");
    }
    findings
}

/// The examination must end with this failure and no other.
#[track_caller]
fn expect_stop(findings: &[Finding], name: &str, detail: &str) {
    let failed: Vec<_> = findings.iter().filter(|finding| finding.status == Status::Fail).collect();
    let [failure] = failed[..] else { panic!("not one failure: {findings:#?}") };
    assert_eq!(findings.last(), Some(failure), "checks go on after a failed step");
    assert_eq!(failure.name, name, "{failure:?}");
    assert!(failure.detail.contains(detail), "{failure:?}");
    assert_eq!(findings.iter().filter(|finding| finding.name == name).count(), 1, "{findings:#?}");
}

#[track_caller]
fn expect_passed(findings: &[Finding], name: &str) {
    let finding = findings.iter().find(|finding| finding.name == name);
    assert_eq!(finding.map(|finding| finding.status), Some(Status::Ok), "{name}: {findings:#?}");
}

/// A listener that answers every connection with `answer`, as soon as something has been sent.
fn listener(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    // Ends with the test's process; it holds nothing but its port.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(answer);
        }
    });
    port
}

fn plain(port: u16) -> Value {
    json!({ "kind": "valkey", "endpoint": format!("redis://127.0.0.1:{port}") })
}

#[test]
fn a_name_without_an_address_stops_at_dns() {
    let findings = doctor(json!({ "kind": "valkey", "endpoint": "rediss://nowhere.invalid" }));
    expect_stop(&findings, "dns", "nowhere.invalid");
}

#[test]
fn a_closed_port_stops_at_tcp() {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let findings = doctor(plain(port));
    expect_stop(&findings, "tcp", "connection refused");
    expect_passed(&findings, "dns");
}

#[test]
fn a_socket_that_is_not_there_stops_at_the_socket() {
    let findings = doctor(json!({ "kind": "valkey", "endpoint": "unix:///nowhere/at/all.sock" }));
    expect_stop(&findings, "socket", "not found");
}

#[test]
fn whoever_is_no_server_stops_at_the_protocol() {
    for (answer, detail) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "not in the protocol"),
        (b"-DENIED Redis is running in protected mode\r\n", "protected mode"),
        (b"-ERR max number of clients reached\r\n", "all the clients"),
        (b"", "ended the connection"),
    ] {
        let findings = doctor(plain(listener(answer)));
        expect_stop(&findings, "protocol", detail);
        expect_passed(&findings, "tcp");
    }
}

#[test]
fn a_server_that_accepts_and_says_nothing_stops_at_the_protocol() {
    let Some(server) = TestServer::options().start_or_skip().unwrap() else { return };
    let proxy = FaultProxy::start(server.address()).unwrap();
    proxy.set(Fault::Hang).unwrap();
    expect_stop(&doctor(plain(proxy.address().port())), "protocol", "did not answer within 3 s");
}

#[test]
fn each_kind_of_tls_trouble_is_told_apart() {
    let material = TlsMaterial::generate().unwrap();
    let tls = |port: u16, files: Value| json!({ "kind": "valkey", "endpoint": format!("rediss://127.0.0.1:{port}"), "tls": files });
    for (identity, detail) in [
        (&material.expired_server, "has expired"),
        (&material.wrong_name_server, "for another name"),
        (&material.other_ca_server, "an authority that is not trusted"),
    ] {
        let Some(server) = TestServer::options().tls(identity).start_or_skip().unwrap() else { return };
        let findings = doctor(tls(server.port(), json!({ "ca": material.ca })));
        expect_stop(&findings, "tls", detail);
        expect_passed(&findings, "tcp");
    }

    let server = TestServer::tls(&material).unwrap();
    let findings = doctor(tls(server.port(), json!({ "ca": material.ca })));
    for name in ["dns", "tcp", "tls", "protocol", "auth"] {
        expect_passed(&findings, name);
    }
    let findings = doctor(plain(server.port()));
    expect_stop(&findings, "tls", "this port speaks TLS");
    let findings = doctor(tls(server.plain_address().port(), json!({ "ca": material.ca })));
    expect_stop(&findings, "tls", "speaks the protocol without TLS");
}

#[test]
fn a_client_certificate_that_is_wanted_is_named() {
    let material = TlsMaterial::generate().unwrap();
    let options = TestServer::options().tls(&material.server).demand_client_certificate(&material.ca);
    let Some(server) = options.start_or_skip().unwrap() else { return };
    let as_client = |client: Option<&TlsIdentity>| {
        let mut tls = json!({ "ca": material.ca });
        if let Some(client) = client {
            fs::set_permissions(&client.key, Permissions::from_mode(0o600)).unwrap();
            tls["cert"] = json!(client.cert);
            tls["key"] = json!(client.key);
        }
        doctor(json!({ "kind": "valkey", "endpoint": server.url(), "tls": tls }))
    };
    for client in [None, Some(&material.other_ca_client)] {
        let findings = as_client(client);
        expect_stop(&findings, "tls", "");
        let hint = findings.last().and_then(|finding| finding.hint.clone()).unwrap();
        assert!(hint.contains("client certificate"), "{hint}");
    }
    expect_passed(&as_client(Some(&material.client)), "auth");
}

#[test]
fn each_kind_of_credentials_trouble_is_told_apart() {
    let canary = "canary-4f1c9a";
    let Some(server) = TestServer::options().args(["--requirepass", "right"]).start_or_skip().unwrap() else { return };
    let findings = doctor(plain(server.port()));
    expect_stop(&findings, "auth", "asks for a password");
    let mut wrong = plain(server.port());
    wrong["password"] = json!(canary);
    let findings = doctor(wrong.clone());
    expect_stop(&findings, "auth", "does not know the default user by this password");
    wrong["username"] = json!("nobody");
    let findings = doctor(wrong);
    expect_stop(&findings, "auth", "does not know user nobody by this password");
    assert!(!format!("{findings:?}").contains(canary));

    let open = TestServer::start().unwrap();
    let mut needless = plain(open.port());
    needless["password"] = json!(canary);
    expect_stop(&doctor(needless), "auth", "has no password, and one is configured");
}

#[test]
fn a_database_that_is_not_there_is_named() {
    let Some(server) = TestServer::options().args(["--databases", "2"]).start_or_skip().unwrap() else { return };
    let mut config = plain(server.port());
    config["database"] = json!(2);
    expect_stop(&doctor(config.clone()), "database", "no database 2");
    config["database"] = json!(1);
    expect_passed(&doctor(config), "database");
}

#[test]
fn a_server_that_falls_silent_is_told_where_it_did() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]).unwrap();
        stream.write_all(b"+PONG\r\n").unwrap();
        // Reads on without a word until the other side gives up.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    expect_stop(&doctor(plain(port)), "auth", "did not answer within 3 s");
    server.join().unwrap();
}

#[test]
fn looking_up_says_why_it_cannot() {
    let Some(server) = TestServer::options().start_or_skip().unwrap() else { return };
    let config = Config::from_json(&plain(server.port()).to_string()).unwrap();
    let look = |session: &str| block_on(look_up(&config, None, session)).unwrap();
    let mut resp = RespClient::connect(server.address()).unwrap();

    resp.command(&["SADD", &label_key("taint:v1", "two"), "b", "ü", "a"]).unwrap();
    assert_eq!(look("two").unwrap().labels, ["a", "b", "ü"]);
    assert_eq!(look("none").unwrap().labels, [""; 0]);

    resp.command(&["SET", &label_key("taint:v1", "text"), "x"]).unwrap();
    assert!(look("text").unwrap_err().detail.contains("no set"));
    resp.command(&[&b"SADD"[..], label_key("taint:v1", "bytes").as_bytes(), b"\xff"]).unwrap();
    assert!(look("bytes").unwrap_err().detail.contains("not UTF-8"));
}

#[test]
fn a_generation_is_created_once_and_replaced_only_on_demand() {
    let Some(server) = TestServer::options().start_or_skip().unwrap() else { return };
    let mut config = plain(server.port());
    config["generation"] = json!("require");
    let init = |config: &Value, accept| {
        let config = Config::from_json(&config.to_string()).unwrap();
        let mut findings = block_on(initialise(&config, None, accept)).unwrap();
        assert_eq!(findings.len(), 1, "{findings:?}");
        findings.remove(0)
    };
    let mut resp = RespClient::connect(server.address()).unwrap();
    let mut stored = || resp.command(&["GET", "taint:v1:generation"]).unwrap();

    expect_passed(&[init(&config, false)], "generation");
    let first = stored();
    let again = init(&config, false);
    assert_eq!((again.status, stored()), (Status::Ok, first.clone()));
    assert!(again.detail.starts_with("left as it was"));

    config["ttlSeconds"] = json!(60);
    assert_eq!((init(&config, false).status, stored()), (Status::Warn, first.clone()));

    let accepted = init(&config, true);
    assert_eq!(accepted.status, Status::Ok, "{accepted:?}");
    let second = stored();
    assert_ne!(second, first);
    assert!(format!("{second:?}").len() > 10 && accepted.detail.contains("accepted"));

    config["generation"] = json!("off");
    assert_eq!(init(&config, true).status, Status::Fail);
    assert_eq!(stored(), second);
}

#[track_caller]
fn expect_warning(findings: &[Finding], name: &str, detail: &str) {
    let finding = findings.iter().find(|finding| finding.name == name);
    let told = finding.is_some_and(|finding| finding.status == Status::Warn && finding.detail.contains(detail));
    assert!(told, "{name}: {findings:#?}");
}

#[test]
fn with_sentinels_it_is_their_primary_that_is_examined() {
    let Some(mut group) = SentinelGroup::start_or_skip(&SentinelGroupOptions::default()).unwrap() else { return };
    let config = |service: &str, replicas: u8| {
        let sentinel = json!({ "service": service, "endpoints": group.endpoints() });
        json!({ "kind": "valkey", "topology": { "sentinel": sentinel }, "durability": { "replicas": replicas } })
    };
    let (two, one, three) = (config("labels", 2), config("labels", 1), config("labels", 3));
    let unknown = config("other", 2);
    let findings = doctor(two.clone());
    for name in ["sentinels", "role", "fence", "replicas", "permission.wait", "permission.sync", "checks"] {
        expect_passed(&findings, name);
    }
    assert!(findings[1].detail.contains(&group.servers[0].address().to_string()), "{:?}", findings[1]);
    expect_warning(&doctor(one), "replicas", "2 connected, and 1 must confirm");
    let short = doctor(three);
    assert!(short.iter().any(|finding| finding.name == "replicas" && finding.status == Status::Fail), "{short:#?}");
    expect_stop(&doctor(unknown), "sentinels", "know no service of that name");

    group.servers[0].client().unwrap().command(&["CONFIG", "SET", "min-replicas-max-lag", "10"]).unwrap();
    let unfenced = doctor(two.clone());
    let failed: Vec<_> = unfenced.iter().filter(|finding| finding.status == Status::Fail).collect();
    assert_eq!(failed.iter().map(|finding| finding.name).collect::<Vec<_>>(), ["fence", "checks"], "{failed:#?}");

    group.sentinels[2].kill();
    expect_warning(&doctor(two.clone()), "sentinels", "cannot be reached");
    group.sentinels[1].kill();
    expect_stop(&doctor(two), "sentinels", "2 of 3 sentinels must name the same primary: 1 name one");
}

#[test]
fn every_primary_of_a_cluster_is_examined() {
    let mut cluster = TestCluster::start(3, 0).unwrap();
    let config = json!({
        "kind": "valkey", "topology": "cluster", "endpoints": [cluster.servers()[0].url(), cluster.servers()[1].url()],
        "durability": "bestEffort",
    });
    let findings = doctor(config.clone());
    expect_passed(&findings, "cluster");
    for server in cluster.servers() {
        let own: Vec<_> = (findings.iter())
            .filter(|finding| finding.detail.starts_with(&format!("{}: ", server.address())))
            .collect();
        for name in ["tcp", "role", "permission.cluster", "permission.asking", "permission.sadd", "latency"] {
            let finding = own.iter().find(|finding| finding.name == name);
            assert_eq!(finding.map(|finding| finding.status), Some(Status::Ok), "{name}: {own:#?}");
        }
    }
    assert!(!findings.iter().any(|finding| finding.name == "generation"), "{findings:#?}");
    let initialised = block_on(initialise(&Config::from_json(&config.to_string()).unwrap(), None, false)).unwrap();
    expect_stop(&initialised, "generation", "a cluster has none");

    // A session's labels are read from the node that owns its key, wherever that is.
    for id in ["a", "b", "c", "d", "e", "f"] {
        let key = label_key("taint:v1", id);
        let Reply::Integer(slot) = cluster.ask(0, &["CLUSTER", "KEYSLOT", &key]).unwrap() else { panic!() };
        let owner = cluster.owner_of(u16::try_from(slot).unwrap(), 0).unwrap();
        cluster.ask(owner, &["SADD", &key, id]).unwrap();
        let config = Config::from_json(&config.to_string()).unwrap();
        assert_eq!(block_on(look_up(&config, None, id)).unwrap().unwrap().labels, [id]);
    }

    cluster.server_mut(0).kill();
    expect_warning(&doctor(config.clone()), "cluster", "ERR_STORE_UNAVAILABLE refused");
    cluster.server_mut(1).kill();
    expect_stop(&doctor(config), "cluster", "ERR_STORE_UNAVAILABLE refused");
    let other = TestServer::start().unwrap();
    let config = json!({
        "kind": "valkey", "topology": "cluster", "endpoints": [other.url()], "durability": "bestEffort",
    });
    expect_stop(&doctor(config), "cluster", "no node of a cluster");
}
