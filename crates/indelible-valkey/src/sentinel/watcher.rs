//! Watches the sentinels while a store is in use.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::ear::listen;
use super::primary::Primary;
use super::verdict::Verdict;
use crate::event::{Alarm, Event};
use crate::lanes::Lanes;
use crate::switches::{Mechanism, is_off};

/// Mean time between two questions to all sentinels.
const PERIOD: Duration = Duration::from_secs(1);
/// Spread of that time, so that a fleet does not ask in step.
const JITTER: f64 = 0.2;

/// The watch over the primary of one store.
#[derive(Debug)]
pub(crate) struct Watcher {
    primary: Arc<Primary>,
    lanes: Arc<Lanes>,
    connect_timeout: Duration,
}

impl Watcher {
    pub(crate) fn new(primary: Arc<Primary>, lanes: Arc<Lanes>, connect_timeout: Duration) -> Self {
        Self { primary, lanes, connect_timeout }
    }

    /// Begins with the first connection that is wanted, and goes on until the engine ends.
    pub(crate) async fn run(self) {
        if is_off(Mechanism::Topology) {
            return;
        }
        self.primary.wanted().await;
        let mut ears = JoinSet::new();
        for link in self.primary.panel().links() {
            ears.spawn(listen(Arc::clone(link), Arc::clone(&self.primary), self.connect_timeout));
        }
        let mut is_known = true;
        loop {
            // First what is certain, then the question.
            self.lanes.drop_retired();
            match self.primary.survey().await {
                Verdict::Named(_) => is_known = true,
                Verdict::Unknown(why) if is_known => {
                    is_known = false;
                    self.primary.events().event(Event::Alarm(Alarm::PrimaryUnknown { detail: why }));
                }
                Verdict::Unknown(_) => {}
            }
            self.lanes.drop_retired();
            let pause = PERIOD.mul_f64(1.0 - JITTER + 2.0 * JITTER * fastrand::f64());
            tokio::select! {
                () = sleep(pause) => {}
                () = self.primary.doubted() => {}
            }
        }
    }
}
