//! The pool's manager: opens lanes, and takes a lane back as good as long as its driver lives. There is no PING: it
//! costs a round trip, and under MISCONF or MASTERDOWN it fails on a connection that is perfectly alive.

use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use indelible_core::{Failure, Timeout};
use tokio::time::timeout;

use super::driver::Driver;
use super::inbox::{Inbox, Lane};
use crate::connection::{Dialer, Handshake, greet};
use crate::event::{Event, State};
use crate::fault::Fault;
use crate::outcome::Outcomes;
use crate::resp::ReplyReader;

/// Opens the lanes of a pool.
#[derive(Debug)]
pub struct LaneManager {
    dialer: Dialer,
    handshake: Handshake,
    connect_timeout: Duration,
    events: Arc<dyn Outcomes>,
}

impl LaneManager {
    pub(crate) fn new(
        dialer: Dialer,
        handshake: Handshake,
        connect_timeout: Duration,
        events: Arc<dyn Outcomes>,
    ) -> Self {
        Self { dialer, handshake, connect_timeout, events }
    }

    async fn open(&self) -> Result<Lane, Fault> {
        let mut stream = self.dialer.dial().await?;
        let mut reader = ReplyReader::new();
        let mut events = Vec::new();
        let greeted = greet(&mut stream, &mut reader, &self.handshake, &mut events).await;
        events.into_iter().for_each(|event| self.events.event(event));
        let info = greeted?;
        self.events.event(Event::State(State::Connected { server: info.server, version: info.version }));
        let inbox = Arc::new(Inbox::default());
        let driver = Driver::new(Arc::clone(&inbox), stream, reader, Arc::clone(&self.events));
        tokio::spawn(driver);
        Ok(Lane::new(inbox))
    }
}

impl Manager for LaneManager {
    type Type = Lane;
    type Error = LaneError;

    async fn create(&self) -> Result<Lane, LaneError> {
        match timeout(self.connect_timeout, self.open()).await {
            Ok(opened) => opened.map_err(LaneError),
            Err(_) => Err(LaneError(Fault::new(Failure::Timeout(Timeout::Connect)))),
        }
    }

    async fn recycle(&self, lane: &mut Lane, _: &Metrics) -> RecycleResult<LaneError> {
        if lane.is_open() { Ok(()) } else { Err(RecycleError::message("the connection is gone")) }
    }
}

/// Why a lane could not be opened.
#[derive(Debug, Clone, thiserror::Error)]
#[error("no connection: {}", .0.failure.code())]
pub struct LaneError(pub(crate) Fault);
