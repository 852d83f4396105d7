//! The rounds in which the map is read: asked for by many, done by one (`watch`).

use tokio::sync::{Notify, watch};

use crate::fault::Fault;

/// Where a round is asked for and its end is told.
#[derive(Debug)]
pub(super) struct Rounds {
    wanted: Notify,
    /// The fault of the last round, if it had one.
    ended: watch::Sender<Option<Fault>>,
}

impl Rounds {
    pub(super) fn new() -> Self {
        Self { wanted: Notify::new(), ended: watch::Sender::new(None) }
    }

    /// Asks for a round; several that ask at once get the same one.
    pub(super) fn want(&self) {
        self.wanted.notify_one();
    }

    /// Waits until somebody asks for a round.
    pub(super) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Asks for a round and waits for its end, or for that of the one under way.
    pub(super) async fn next(&self) -> Result<(), Fault> {
        let mut ended = self.ended.subscribe();
        self.want();
        // The sender lives as long as we do.
        let _ = ended.changed().await;
        let fault = ended.borrow().clone();
        fault.map_or(Ok(()), Err)
    }

    /// Tells how a round has ended.
    pub(super) fn end(&self, round: Result<(), Fault>) {
        self.ended.send_replace(round.err());
    }
}
