use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::resp_client::{Reply, RespClient};
use crate::server::TestServer;
use crate::server_binary::ServerError;
use crate::server_options::ServerOptions;

/// How long replication may take to come up.
const SYNC_LIMIT: Duration = Duration::from_secs(10);

/// Settings under which a replica is there at once and a primary notices within two seconds that it is alone.
pub const FENCE: [&str; 4] = ["--min-replicas-to-write", "1", "--min-replicas-max-lag", "1"];

/// A primary and its replicas, in step when this is returned.
#[derive(Debug)]
pub struct ReplicaSet {
    /// The primary.
    pub primary: TestServer,
    /// Its replicas.
    pub replicas: Vec<TestServer>,
}

impl ReplicaSet {
    /// Starts a primary with so many replicas, each with `options`; or says loudly that the test is skipped because
    /// there is no server: `None`.
    ///
    /// # Errors
    ///
    /// [`ServerError`] when one does not come up, or there is none and there must be one.
    pub fn start_or_skip(options: &ServerOptions, replicas: usize) -> Result<Option<Self>, ServerError> {
        // Otherwise a primary waits five seconds for further replicas before it sends anything.
        let options = options.clone().args(["--repl-diskless-sync-delay", "0"]);
        let Some(primary) = options.clone().start_or_skip()? else { return Ok(None) };
        let replicas: Vec<TestServer> = (0..replicas)
            .map(|_| replica_of(options.clone(), primary.plain_address()).start())
            .collect::<Result<_, _>>()?;
        for replica in &replicas {
            until_in_step(replica)?;
        }
        until_replicas_answer(&primary, replicas.len())?;
        Ok(Some(Self { primary, replicas }))
    }
}

/// Options for a replica of the primary at `address`.
pub fn replica_of(options: ServerOptions, address: SocketAddr) -> ServerOptions {
    options.args(["--replicaof".to_owned(), address.ip().to_string(), address.port().to_string()])
}

/// Waits until a replica has all that its primary has.
///
/// # Errors
///
/// When that takes longer than ten seconds.
pub fn until_in_step(replica: &TestServer) -> io::Result<()> {
    until("a replica is in step", || {
        Ok(info_field(&mut replica.client()?, "master_link_status")?.as_deref() == Some("up"))
    })
}

/// A field of a server's `INFO`.
///
/// # Errors
///
/// What the connection fails with.
pub fn info_field(client: &mut RespClient, name: &str) -> io::Result<Option<String>> {
    let Reply::Bulk(text) = client.command(&["INFO"])? else { return Ok(None) };
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    Ok(line.map(|value| value.trim_end().to_owned()))
}

/// Waits until so many replicas have told a primary what they have: before, none of them counts for it.
///
/// # Errors
///
/// When that takes longer than ten seconds.
pub fn until_replicas_answer(primary: &TestServer, replicas: usize) -> io::Result<()> {
    let wanted = Reply::Integer(i64::try_from(replicas).unwrap_or(i64::MAX));
    until("every replica has answered", || {
        let mut client = primary.client()?;
        client.command(&["SET", "indelible:in-step", "1", "PX", "1"])?;
        Ok(client.command(&["WAIT", &replicas.to_string(), "100"])? == wanted)
    })
}

/// Waits for a condition.
///
/// # Errors
///
/// What looking fails with, or that it has not come about within ten seconds.
pub fn until(what: &str, mut condition: impl FnMut() -> io::Result<bool>) -> io::Result<()> {
    let limit = Instant::now() + SYNC_LIMIT;
    while !condition()? {
        if Instant::now() > limit {
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("not within {SYNC_LIMIT:?}: {what}")));
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}
