//! The pool's manager: opens lanes, and takes a lane back as good as long as its driver lives. There is no PING: it
//! costs a round trip, and under MISCONF or MASTERDOWN it fails on a connection that is perfectly alive.

use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use indelible_core::{Failure, Timeout, Unavailable};
use tokio::time::timeout;

use super::driver::Driver;
use super::inbox::{Inbox, Lane};
use crate::config::Replication;
use crate::connection::{Dialer, Handshake, greet};
use crate::event::{Event, State};
use crate::fault::Fault;
use crate::linger::Linger;
use crate::node::Node;
use crate::outcome::Outcomes;
use crate::resp::ReplyReader;
use crate::timing::Timing;

/// Opens the lanes of a pool.
#[derive(Debug)]
pub(crate) struct LaneManager {
    dialer: Dialer,
    handshake: Handshake,
    connect_timeout: Duration,
    command_timeout: Duration,
    node: Arc<Node>,
    events: Arc<dyn Outcomes>,
    /// Set for lanes that replicas must confirm the appends of.
    replication: Option<Replication>,
    linger: Arc<Linger>,
}

impl LaneManager {
    pub(crate) fn new(
        dialer: Dialer,
        handshake: Handshake,
        timing: Timing,
        node: Arc<Node>,
        events: Arc<dyn Outcomes>,
        linger: Arc<Linger>,
        replication: Option<Replication>,
    ) -> Self {
        let Timing { connect, command, .. } = timing;
        Self {
            dialer,
            handshake,
            connect_timeout: connect,
            command_timeout: command,
            node,
            events,
            linger,
            replication,
        }
    }

    async fn open(&self) -> Result<Lane, Fault> {
        let mut events = Vec::new();
        let opened = self.open_telling(&mut events).await;
        events.into_iter().for_each(|event| self.events.event(event));
        opened
    }

    async fn open_telling(&self, events: &mut Vec<Event>) -> Result<Lane, Fault> {
        let (mut stream, trial) = self.dialer.dial(events).await?;
        let epoch = self.node.epoch();
        let mut reader = ReplyReader::new();
        let greeted = greet(&mut stream, &mut reader, &self.handshake, events).await;
        let info = greeted.map_err(|fault| self.dialer.blame(fault))?;
        trial.passed();
        if self.node.epoch() != epoch {
            return Err(Fault::new(Failure::Unavailable(Unavailable::ConnectionLost)));
        }
        events.push(Event::State(State::Connected { server: info.server, version: info.version }));
        if let Some(socket) = stream.socket() {
            self.linger.watch(Arc::downgrade(socket));
        }
        let inbox = Arc::new(Inbox::new(self.node.lane_opened(), stream.direct()));
        let examiner = Arc::clone(&self.handshake.examiner);
        let node = Arc::clone(&self.node);
        let driver =
            Driver::new(Arc::clone(&inbox), stream, reader, examiner, node, self.command_timeout, self.replication);
        let sink = Arc::clone(&self.events);
        tokio::spawn(async move {
            let fault = driver.await;
            let (code, reason) = (fault.failure.code(), fault.failure.reason());
            sink.event(Event::State(State::Disconnected { code, reason }));
        });
        Ok(Lane::new(inbox))
    }
}

impl Manager for LaneManager {
    type Type = Lane;
    type Error = LaneError;

    async fn create(&self) -> Result<Lane, LaneError> {
        self.node.gate.enter(Instant::now()).map_err(LaneError)?;
        let opened = match timeout(self.connect_timeout, self.open()).await {
            Ok(opened) => opened,
            Err(_) => Err(Fault::new(Failure::Timeout(Timeout::Connect))),
        };
        self.node.gate.leave(opened.as_ref().err());
        opened.map_err(LaneError)
    }

    async fn recycle(&self, lane: &mut Lane, _: &Metrics) -> RecycleResult<LaneError> {
        if lane.is_open() && !self.node.is_retired(lane.number()) {
            return Ok(());
        }
        Err(RecycleError::message("the connection is gone"))
    }
}

/// Why a lane could not be opened.
#[derive(Debug, Clone, thiserror::Error)]
#[error("no connection: {}", .0.failure.code())]
pub(crate) struct LaneError(pub(crate) Fault);
