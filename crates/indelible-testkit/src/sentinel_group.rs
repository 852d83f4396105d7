use std::fmt::Write as _;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::replica_set::{FENCE, ReplicaSet, until};
use crate::resp_client::Reply;
use crate::server::TestServer;
use crate::server_binary::{ServerBinary, ServerError};
use crate::server_options::ServerOptions;

/// What the sentinels call the group.
const SERVICE: &str = "labels";

/// A primary, replicas and sentinels that watch them and know each other.
#[derive(Debug)]
pub struct SentinelGroup {
    /// The primary of the start, then its replicas.
    pub servers: Vec<TestServer>,
    /// The sentinels; more than half of them decide.
    pub sentinels: Vec<TestServer>,
}

/// How a [`SentinelGroup`] is to be started.
#[derive(Clone, Debug)]
pub struct SentinelGroupOptions {
    /// Replicas of the primary.
    pub replicas: usize,
    /// Sentinels.
    pub sentinels: usize,
    /// How long a primary is silent before a sentinel takes it for dead.
    pub down_after: Duration,
    /// Options of the servers.
    pub server: ServerOptions,
    /// Lines for the configuration of every sentinel.
    pub sentinel_lines: Vec<String>,
}

impl Default for SentinelGroupOptions {
    /// Two replicas, a fence, append-only files, and three sentinels that are quick to judge.
    fn default() -> Self {
        Self {
            replicas: 2,
            sentinels: 3,
            down_after: Duration::from_millis(500),
            server: TestServer::options().args(FENCE).args(["--appendonly", "yes"]),
            sentinel_lines: Vec::new(),
        }
    }
}

impl SentinelGroup {
    /// Starts a group, or says loudly that the test is skipped because there is no server: `None`.
    ///
    /// # Errors
    ///
    /// [`ServerError`] when a server does not come up, or there is none and there must be one.
    pub fn start_or_skip(options: &SentinelGroupOptions) -> Result<Option<Self>, ServerError> {
        let Some(set) = ReplicaSet::start_or_skip(&options.server, options.replicas)? else { return Ok(None) };
        let mut servers = vec![set.primary];
        servers.extend(set.replicas);
        let binary = ServerBinary::find()?;
        let prepared =
            (0..options.sentinels).map(|_| TestServer::prepare_sentinel(&binary)).collect::<Result<Vec<_>, _>>()?;
        let ports: Vec<u16> = prepared.iter().map(|(sentinel, _)| sentinel.port()).collect();
        let mut sentinels = Vec::new();
        for (mut sentinel, file) in prepared {
            fs::write(file, configuration(&sentinel, &servers, &ports, options))?;
            sentinel.restart()?;
            sentinels.push(sentinel);
        }
        Ok(Some(Self { servers, sentinels }))
    }

    /// What the sentinels call the group.
    #[must_use]
    pub fn service(&self) -> &'static str {
        SERVICE
    }

    /// Where the sentinels listen.
    #[must_use]
    pub fn endpoints(&self) -> Vec<String> {
        self.sentinels.iter().map(|sentinel| sentinel.address().to_string()).collect()
    }

    /// Waits until every sentinel that runs names another primary than `old`, and says which of the servers that is.
    ///
    /// # Errors
    ///
    /// When that takes longer than ten seconds.
    pub fn until_promoted(&self, old: usize) -> io::Result<usize> {
        let mut promoted = old;
        until("another server is the primary", || {
            let named = self.named()?;
            let first = named.first().copied();
            let index = self.servers.iter().position(|server| Some(server.address()) == first);
            promoted = index.unwrap_or(old);
            Ok(promoted != old && named.iter().all(|address| Some(*address) == first))
        })?;
        Ok(promoted)
    }

    /// The primary as each sentinel that runs names it.
    fn named(&self) -> io::Result<Vec<SocketAddr>> {
        let running = self.sentinels.iter().filter(|sentinel| sentinel.pid().is_some());
        running
            .map(|sentinel| {
                let answer = sentinel.client()?.command(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE])?;
                let Reply::Array(parts) = &answer else { return Err(unreadable(&answer)) };
                let [Reply::Bulk(host), Reply::Bulk(port)] = parts.as_slice() else { return Err(unreadable(&answer)) };
                let address = format!("{}:{}", String::from_utf8_lossy(host), String::from_utf8_lossy(port));
                address.parse().map_err(|_| unreadable(&answer))
            })
            .collect()
    }
}

fn unreadable(answer: &Reply) -> io::Error {
    io::Error::other(format!("a sentinel answered {answer:?}"))
}

/// All sentinels know of each other and of the replicas from the start: finding out takes them seconds.
fn configuration(own: &TestServer, servers: &[TestServer], ports: &[u16], options: &SentinelGroupOptions) -> String {
    let down_after = options.down_after.as_millis();
    let quorum = ports.len() / 2 + 1;
    let mut text = format!("port {}\nbind 127.0.0.1\ndir {}\n", own.port(), own.dir().display());
    let _ = writeln!(text, "sentinel myid {}", id(own.port()));
    for (index, server) in servers.iter().enumerate() {
        let port = server.plain_address().port();
        let _ = match index {
            0 => writeln!(
                text,
                "sentinel monitor {SERVICE} 127.0.0.1 {port} {quorum}\n\
                 sentinel down-after-milliseconds {SERVICE} {down_after}\n\
                 sentinel failover-timeout {SERVICE} 3000\n\
                 sentinel parallel-syncs {SERVICE} 8"
            ),
            _ => writeln!(text, "sentinel known-replica {SERVICE} 127.0.0.1 {port}"),
        };
    }
    for port in ports.iter().filter(|port| **port != own.port()) {
        let _ = writeln!(text, "sentinel known-sentinel {SERVICE} 127.0.0.1 {port} {}", id(*port));
    }
    for line in &options.sentinel_lines {
        let _ = writeln!(text, "{line}");
    }
    text
}

fn id(port: u16) -> String {
    format!("{port:040x}")
}
