#![expect(clippy::indexing_slicing, reason = "a test that names a node that is not there is to fail")]

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use crate::resp_client::Reply;
use crate::server::TestServer;
use crate::server_binary::ServerError;

/// Hash slots of a cluster.
pub const CLUSTER_SLOTS: u16 = 16_384;

/// Within which nodes that have met agree.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);
/// After which a planned failover that has not come about is asked for again.
const FAILOVER_LIMIT: Duration = Duration::from_secs(6);
/// How long a node must be silent before the others call it down.
const NODE_TIMEOUT: &str = "2000";

/// A cluster of real servers on loopback; gone when dropped. A shard without a primary does not stop the others
/// (`cluster-require-full-coverage no`).
#[derive(Debug)]
pub struct TestCluster {
    servers: Vec<TestServer>,
}

impl TestCluster {
    /// Starts `primaries` servers that share the slots evenly, and `replicas` of each, and waits until all agree. The
    /// primaries come first among [`servers`](Self::servers), then the first replica of each, and so on.
    ///
    /// # Errors
    ///
    /// [`ServerError`] when there is no server, one does not come up, or they do not come to agree.
    pub fn start(primaries: usize, replicas: usize) -> Result<Self, ServerError> {
        let servers = (0..primaries * (1 + replicas)).map(|_| start_node()).collect::<Result<Vec<_>, _>>()?;
        let cluster = Self { servers };
        cluster.join(primaries)?;
        cluster.settle()?;
        Ok(cluster)
    }

    /// The nodes.
    #[must_use]
    pub fn servers(&self) -> &[TestServer] {
        &self.servers
    }

    /// One node, to be stopped or killed.
    pub fn server_mut(&mut self, place: usize) -> &mut TestServer {
        &mut self.servers[place]
    }

    /// The addresses of all nodes, for `endpoints`.
    #[must_use]
    pub fn endpoints(&self) -> Vec<String> {
        self.servers.iter().map(TestServer::url).collect()
    }

    /// Asks one node.
    ///
    /// # Errors
    ///
    /// What the connection fails with, or the error that the node answers.
    pub fn ask(&self, place: usize, command: &[&str]) -> io::Result<Reply> {
        match self.servers[place].client()?.command(command)? {
            Reply::Error(refusal) => Err(io::Error::other(format!("{command:?}: {refusal}"))),
            reply => Ok(reply),
        }
    }

    /// The place of the primary of `slot`, as the node at `witness` sees it.
    ///
    /// # Errors
    ///
    /// The node does not answer, or knows of none.
    pub fn owner_of(&self, slot: u16, witness: usize) -> io::Result<usize> {
        let owners = self.owners(witness)?;
        let range = owners.iter().find(|(first, last, _)| (*first..=*last).contains(&slot));
        range.map(|(_, _, place)| *place).ok_or_else(|| io::Error::other(format!("nobody serves slot {slot}")))
    }

    /// Makes a replica the primary of its shard as an operator would, with the old one's consent, and waits until it
    /// says that it is.
    ///
    /// # Errors
    ///
    /// What asking fails with.
    pub fn promote(&self, replica: usize) -> io::Result<()> {
        let mut asked: Option<Instant> = None;
        until("a promoted replica", || {
            // A node gives up after 5 s, for example because it is too far behind.
            if asked.is_none_or(|at| at.elapsed() > FAILOVER_LIMIT) {
                self.ask(replica, &["CLUSTER", "FAILOVER"])?;
                asked = Some(Instant::now());
            }
            Ok(self.info(replica)?.contains("role:master"))
        })
    }

    /// Begins to move a slot between two primaries: from now on the old one sends on whoever asks for a key that it
    /// does not have.
    ///
    /// # Errors
    ///
    /// What asking fails with.
    pub fn begin_migration(&self, slot: u16, from: usize, to: usize) -> io::Result<()> {
        let number = slot.to_string();
        self.ask(to, &["CLUSTER", "SETSLOT", &number, "IMPORTING", &self.id(from)?])?;
        self.ask(from, &["CLUSTER", "SETSLOT", &number, "MIGRATING", &self.id(to)?])?;
        Ok(())
    }

    /// Moves the keys of a slot.
    ///
    /// # Errors
    ///
    /// What asking fails with.
    pub fn move_keys(&self, slot: u16, from: usize, to: usize) -> io::Result<()> {
        let port = self.servers[to].port().to_string();
        loop {
            let keys = match self.ask(from, &["CLUSTER", "GETKEYSINSLOT", &slot.to_string(), "100"])? {
                Reply::Array(keys) if !keys.is_empty() => keys,
                _ => return Ok(()),
            };
            let mut command: Vec<String> =
                ["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"].map(str::to_owned).into();
            for key in keys {
                let Reply::Bulk(key) = key else { return Err(io::Error::other("a key that is no string")) };
                command.push(String::from_utf8_lossy(&key).into_owned());
            }
            self.ask(from, &command.iter().map(String::as_str).collect::<Vec<_>>())?;
        }
    }

    /// Ends the migration of a slot whose keys have been moved, and waits until every node knows. A node that takes over
    /// a slot without having heard of the epoch that its owner got by an earlier migration claims it with a lesser one,
    /// and loses it again, with its keys.
    ///
    /// # Errors
    ///
    /// What asking fails with, or they do not come to agree.
    pub fn end_migration(&self, slot: u16, from: usize, to: usize) -> io::Result<()> {
        let id = self.id(to)?;
        // Every node is told, as redis-cli does: one that still takes the old owner for it, while that rises to a newer
        // epoch by another migration, would talk the new owner out of the slot.
        let others = (0..self.servers.len()).filter(|place| ![to, from].contains(place) && self.is_primary(*place));
        for place in [to, from].into_iter().chain(others) {
            self.ask(place, &["CLUSTER", "SETSLOT", &slot.to_string(), "NODE", &id])?;
        }
        self.settle()
    }

    /// Waits until every node that runs sees the same owners of the same slots in the same epoch, and every replica
    /// follows.
    ///
    /// # Errors
    ///
    /// They do not come to agree.
    pub fn settle(&self) -> io::Result<()> {
        let running: Vec<usize> =
            (0..self.servers.len()).filter(|place| self.servers[*place].pid().is_some()).collect();
        until("a cluster that agrees", || {
            let Ok(owners) = running.iter().map(|place| self.owners(*place)).collect::<io::Result<Vec<_>>>() else {
                return Ok(false);
            };
            let infos = running.iter().map(|place| self.info(*place)).collect::<io::Result<Vec<_>>>()?;
            let known = (running.iter().map(|place| text(self.ask(*place, &["CLUSTER", "INFO"])?)))
                .collect::<io::Result<Vec<_>>>()?;
            let epoch =
                |info: &String| info.lines().find(|line| line.starts_with("cluster_current_epoch:")).map(str::to_owned);
            let epochs: Vec<_> = known.iter().map(epoch).collect();
            let is_ok = |info: &String| info.contains("cluster_state:ok");
            let follows = |info: &String| info.contains("role:master") || info.contains("master_link_status:up");
            Ok(all_equal(&owners) && all_equal(&epochs) && known.iter().all(is_ok) && infos.iter().all(follows))
        })
    }

    fn join(&self, primaries: usize) -> io::Result<()> {
        let ids = (0..self.servers.len()).map(|place| self.id(place)).collect::<io::Result<Vec<_>>>()?;
        for place in 0..self.servers.len() {
            // Epochs of their own before they meet, so that no two have to settle a collision.
            self.ask(place, &["CLUSTER", "SET-CONFIG-EPOCH", &(place + 1).to_string()])?;
        }
        for server in self.servers.iter().skip(1) {
            let bus = server.argument("--cluster-port").unwrap_or_default();
            self.ask(0, &["CLUSTER", "MEET", "127.0.0.1", &server.port().to_string(), &bus])?;
        }
        let bound = |share: usize| usize::from(CLUSTER_SLOTS) * share / primaries;
        for place in 0..primaries {
            let (first, last) = (bound(place).to_string(), (bound(place + 1) - 1).to_string());
            self.ask(place, &["CLUSTER", "ADDSLOTSRANGE", &first, &last])?;
        }
        for place in primaries..self.servers.len() {
            let primary = &ids[place % primaries];
            until("a node that knows its primary", || Ok(self.ask(place, &["CLUSTER", "REPLICATE", primary]).is_ok()))?;
        }
        Ok(())
    }

    /// Whether the node runs and says that it is a primary.
    fn is_primary(&self, place: usize) -> bool {
        self.info(place).is_ok_and(|info| info.contains("role:master"))
    }

    fn id(&self, place: usize) -> io::Result<String> {
        text(self.ask(place, &["CLUSTER", "MYID"])?)
    }

    fn info(&self, place: usize) -> io::Result<String> {
        text(self.ask(place, &["INFO", "replication"])?)
    }

    /// First and last slot of each range, and the place of its primary.
    fn owners(&self, witness: usize) -> io::Result<Vec<(u16, u16, usize)>> {
        let Reply::Array(ranges) = self.ask(witness, &["CLUSTER", "SLOTS"])? else { return Err(not_slots()) };
        let mut owners =
            ranges.iter().map(|range| self.owner(range).ok_or_else(not_slots)).collect::<io::Result<Vec<_>>>()?;
        owners.sort_unstable();
        Ok(owners)
    }

    fn owner(&self, range: &Reply) -> Option<(u16, u16, usize)> {
        let Reply::Array(parts) = range else { return None };
        let [Reply::Integer(first), Reply::Integer(last), Reply::Array(primary), ..] = parts.as_slice() else {
            return None;
        };
        let [_, Reply::Integer(port), ..] = primary.as_slice() else { return None };
        let place = self.servers.iter().position(|server| i64::from(server.port()) == *port)?;
        Some((u16::try_from(*first).ok()?, u16::try_from(*last).ok()?, place))
    }
}

fn start_node() -> Result<TestServer, ServerError> {
    let bus = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port().to_string();
    let options = TestServer::options().args(["--cluster-enabled", "yes", "--cluster-port", &bus]);
    let options = options.args(["--cluster-node-timeout", NODE_TIMEOUT, "--cluster-require-full-coverage", "no"]);
    options.args(["--repl-diskless-sync-delay", "0"]).start()
}

fn text(reply: Reply) -> io::Result<String> {
    match reply {
        Reply::Bulk(text) => Ok(String::from_utf8_lossy(&text).into_owned()),
        _ => Err(io::Error::other("a reply that is no text")),
    }
}

fn all_equal<T: PartialEq>(values: &[T]) -> bool {
    values.windows(2).all(|pair| pair[0] == pair[1])
}

fn not_slots() -> io::Error {
    io::Error::other("slots of nodes that are not of this cluster")
}

fn until(what: &str, mut holds: impl FnMut() -> io::Result<bool>) -> io::Result<()> {
    let limit = Instant::now() + SETTLE_LIMIT;
    while !holds()? {
        if Instant::now() > limit {
            return Err(io::Error::other(format!("waited in vain for {what}")));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
