//! Asks one node who owns which slot, over a connection of its own: the lanes carry flat replies only, and this one is
//! nested. redis-rs reads it.

use std::sync::Arc;
use std::time::Duration;

use indelible_core::{Access, Failure, NotPrimary, Timeout, Unavailable};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, RedisError, Value};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use super::slot_ranges::SlotRanges;
use crate::config::Config;
use crate::connection::{Dialer, Stream};
use crate::credentials::Credentials;
use crate::endpoint::{Address, Endpoint};
use crate::event::Event;
use crate::fault::Fault;
use crate::outcome::Outcomes;
use crate::resp::ServerError;
use crate::tls::ClientTls;
use crate::waiting::Waiting;

/// Asks nodes for the slots of their cluster.
#[derive(Debug, Clone)]
pub(super) struct Scout {
    tls: Option<Arc<ClientTls>>,
    credentials: Credentials,
    connect_timeout: Duration,
    outcomes: Arc<dyn Outcomes>,
}

impl Scout {
    pub(super) fn new(config: &Config, outcomes: Arc<dyn Outcomes>) -> Self {
        Self {
            tls: config.tls.clone(),
            credentials: config.credentials.clone(),
            connect_timeout: config.timing.connect,
            outcomes,
        }
    }

    /// What the node at `address` says, within the connect time-out.
    pub(super) async fn ask(&self, address: &Address) -> Result<SlotRanges, Fault> {
        let mut events = Vec::new();
        let asking = timeout(self.connect_timeout, self.ask_telling(address, &mut events)).await;
        events.into_iter().for_each(|event| self.outcomes.event(event));
        asking.unwrap_or_else(|_| Err(Fault::new(Failure::Timeout(Timeout::Connect))))
    }

    async fn ask_telling(&self, address: &Address, events: &mut Vec<Event>) -> Result<SlotRanges, Fault> {
        let login = self.credentials.read(events).await?;
        let (stream, trial) = Dialer::new(Endpoint::at(address.clone()), self.tls.clone()).dial(events).await?;
        trial.passed(); // the dialer ends here, and what it remembers with it
        let mut conversation = Conversation::over(stream).await?;
        if let Some(login) = login {
            let mut auth = redis::cmd("AUTH");
            auth.arg(login.username.as_deref()).arg(login.password.expose_secret());
            conversation.ask(auth).await.map_err(|fault| match fault.failure {
                // A server without a password answers `ERR` to one.
                Failure::Undecodable(_) => Fault { failure: Failure::Access(Access::Auth), ..fault },
                _ => fault,
            })?;
        }
        let mut question = redis::cmd("CLUSTER");
        question.arg("SLOTS");
        let answer = conversation.ask(question).await.map_err(explain)?;
        let slots = SlotRanges::parse(&answer, address.host()).map_err(|_| Fault::protocol())?;
        if slots.ranges.is_empty() {
            let detail = "the node knows of no slot that anybody serves";
            return Err(Fault::new(Failure::Unavailable(Unavailable::ClusterDown)).with_detail(detail));
        }
        Ok(slots)
    }
}

/// What the nodes that a configuration names say, each by itself.
pub(crate) async fn survey(config: &Config, seeds: &[Endpoint]) -> Vec<(Address, Result<SlotRanges, Fault>)> {
    let scout = Scout::new(config, Arc::new(Waiting::new(drop)));
    let mut said = Vec::with_capacity(seeds.len());
    for seed in seeds {
        said.push((seed.address().clone(), scout.ask(seed.address()).await));
    }
    said
}

/// The reasons for which `CLUSTER SLOTS` has no answer, with what to do about them.
fn explain(fault: Fault) -> Fault {
    match (fault.failure, fault.server_code.as_deref()) {
        (Failure::Access(Access::Permission), _) => {
            fault.with_detail("CLUSTER SLOTS is not permitted; grant +cluster|slots to the user")
        }
        (_, Some("ERR")) => {
            let detail = "the server is no node of a cluster; write topology: standalone, or name one that is";
            Fault { failure: Failure::NotPrimary(NotPrimary::Topology), ..fault }.with_detail(detail)
        }
        _ => fault,
    }
}

/// One connection for one or two questions.
struct Conversation {
    connection: MultiplexedConnection,
    driver: tokio::task::JoinHandle<()>,
}

impl Conversation {
    async fn over(stream: Stream) -> Result<Self, Fault> {
        let info = RedisConnectionInfo::default().set_skip_set_lib_name();
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let opened = MultiplexedConnection::new_with_config(&info, stream.into_io(), config).await;
        let (connection, driver) = opened.map_err(|error| fault_of(&error))?;
        Ok(Self { connection, driver: tokio::spawn(driver) })
    }

    async fn ask(&mut self, command: redis::Cmd) -> Result<Value, Fault> {
        command.query_async(&mut self.connection).await.map_err(|error| fault_of(&error))
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

fn fault_of(error: &RedisError) -> Fault {
    match error.code() {
        Some(code) => ServerError::parse(format!("{code} {}", error.detail().unwrap_or_default()).as_bytes()).into(),
        None if error.is_io_error() => Fault::new(Failure::Unavailable(Unavailable::ConnectionLost)),
        None => Fault::protocol(),
    }
}
