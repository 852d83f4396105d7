//! What shows only from outside: a process that is killed while it holds a server, and one that finds none.

use std::env;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use indelible_testkit::RespClient;

fn test_server() -> Command {
    Command::new(env!("CARGO_BIN_EXE_test_server"))
}

#[test]
fn a_server_ends_with_a_process_that_is_killed() {
    let mut holder = test_server().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let (address, dir) = line.trim_end().split_once(' ').unwrap();
    let (address, dir) = (address.parse().unwrap(), Path::new(dir));
    assert!(dir.exists() && RespClient::connect(address).is_ok());

    holder.kill().unwrap();
    holder.wait().unwrap();
    let limit = Instant::now() + Duration::from_secs(10);
    let answers = || !RespClient::connect(address).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused);
    while dir.exists() || answers() {
        assert!(Instant::now() < limit, "left behind: folder {}, server {}", dir.exists(), answers());
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn without_a_server_a_test_is_skipped_loudly_or_fails() {
    let nowhere = env::temp_dir().join("no-such-server");
    let run = |required: &str| {
        let mut command = test_server();
        command.env("INDELIBLE_TEST_SERVER", &nowhere).env("REQUIRE_VALKEY_TESTS", required);
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };

    let (passed, notice) = run("0");
    assert!(passed && notice.contains("SKIPPED") && notice.contains("no-such-server"), "{notice}");
    let (passed, report) = run("1");
    assert!(!passed && report.contains("no-such-server") && !report.contains("SKIPPED"), "{report}");
}
