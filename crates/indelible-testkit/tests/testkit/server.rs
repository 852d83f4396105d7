//! A real server comes up, can be looked into, frozen and restarted, and leaves nothing behind.

use std::io::ErrorKind;
use std::path::Path;

use indelible_testkit::{Monitor, Reply, RespClient, ServerError, TestServer};

fn ok() -> Reply {
    Reply::Simple("OK".into())
}

#[test]
fn answers_and_tells_what_it_is() {
    let server = TestServer::start().unwrap();
    let mut client = RespClient::connect(server.address()).unwrap();
    let Reply::Bulk(info) = client.command(&["INFO", "server"]).unwrap() else { panic!("INFO is text") };
    let info = String::from_utf8(info).unwrap();
    assert!(info.contains(server.version()), "{info}");
    assert_eq!(server.url(), format!("redis://127.0.0.1:{}", server.port()));
    assert_eq!(server.plain_address(), server.address());
}

#[test]
fn two_servers_share_nothing() {
    let (one, other) = (TestServer::start().unwrap(), TestServer::start().unwrap());
    one.client().unwrap().command(&["SET", "k", "v"]).unwrap();
    assert_eq!(other.client().unwrap().command(&["GET", "k"]).unwrap(), Reply::Nil);
}

#[test]
fn keeps_port_and_folder_over_a_restart() {
    let mut server = TestServer::options().args(["--appendonly", "yes"]).start().unwrap();
    let (address, first) = (server.address(), server.pid());
    assert_eq!(server.client().unwrap().command(&["SET", "k", "v"]).unwrap(), ok());

    server.stop().unwrap();
    assert_eq!(server.pid(), None);
    assert_eq!(server.client().unwrap_err().kind(), ErrorKind::ConnectionRefused);
    server.restart().unwrap();

    assert_eq!(server.address(), address);
    assert_ne!(server.pid(), first);
    assert_eq!(server.client().unwrap().command(&["GET", "k"]).unwrap(), Reply::Bulk(b"v".into()));
}

#[test]
fn forgets_without_persistence() {
    let mut server = TestServer::start().unwrap();
    server.client().unwrap().command(&["SET", "k", "v"]).unwrap();
    server.kill();
    server.restart().unwrap();
    assert_eq!(server.client().unwrap().command(&["GET", "k"]).unwrap(), Reply::Nil);
}

#[test]
fn a_frozen_server_is_silent_until_it_thaws() {
    let server = TestServer::start().unwrap();
    let stream = std::net::TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_millis(500))).unwrap();
    let mut client = RespClient::over(stream);
    assert_eq!(client.command(&["PING"]).unwrap(), Reply::Simple("PONG".into()));

    server.freeze().unwrap();
    assert_eq!(client.command(&["PING"]).unwrap_err().kind(), ErrorKind::WouldBlock);
    server.thaw().unwrap();
    assert_eq!(server.client().unwrap().command(&["PING"]).unwrap(), Reply::Simple("PONG".into()));
}

#[test]
fn a_frozen_server_can_be_stopped() {
    let mut server = TestServer::start().unwrap();
    server.freeze().unwrap();
    server.stop().unwrap();
    assert_eq!(server.client().unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(server.freeze().unwrap_err().to_string(), "the test server is stopped");
}

#[test]
fn leaves_neither_process_nor_folder() {
    let server = TestServer::start().unwrap();
    let (address, dir) = (server.address(), server.dir().to_owned());
    let process = format!("/proc/{}", server.pid().unwrap());
    assert!(dir.exists() && (!Path::new("/proc/self").exists() || Path::new(&process).exists()));
    drop(server);
    assert!(!dir.exists() && !Path::new(&process).exists());
    assert_eq!(RespClient::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_server_that_does_not_come_up_says_why() {
    let error = TestServer::options().args(["--no-such-setting", "1"]).start().unwrap_err();
    assert!(matches!(error, ServerError::NotUp { .. }), "{error:?}");
    assert!(error.to_string().contains("no-such-setting"), "{error}");
}

#[test]
fn a_server_with_a_password_counts_as_up() {
    let server = TestServer::options().args(["--requirepass", "sesame"]).start().unwrap();
    let mut client = server.client().unwrap();
    let Reply::Error(refusal) = client.command(&["GET", "k"]).unwrap() else { panic!("needs the password") };
    assert!(refusal.starts_with("NOAUTH"), "{refusal}");
    assert_eq!(client.command(&["AUTH", "sesame"]).unwrap(), ok());
}

#[test]
fn the_monitor_records_every_command_byte_for_byte() {
    let server = TestServer::start().unwrap();
    let mut client = server.client().unwrap();
    client.command(&["SET", "before", "1"]).unwrap();
    let monitor = Monitor::start(server.address()).unwrap();
    client.command(&[&b"SADD"[..], b"k", b"a\nb", "ünï".as_bytes(), b"\0\"\\"]).unwrap();
    client.command(&["SMEMBERS", "k"]).unwrap();
    let lines = monitor.finish().unwrap();

    let expected: [&[&[u8]]; 2] = [&[b"SADD", b"k", b"a\nb", "ünï".as_bytes(), b"\0\"\\"], &[b"SMEMBERS", b"k"]];
    assert_eq!(lines.iter().map(|line| &line.args).collect::<Vec<_>>(), expected);
    assert_eq!(lines[0].client, lines[1].client);
    assert_eq!(lines[1].text(), "SMEMBERS k");
}
