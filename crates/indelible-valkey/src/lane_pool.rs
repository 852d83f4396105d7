//! A pool of lanes. A lane is checked out only for the moment in which a batch is handed to it, so that many batches
//! share it; the pool bounds how many there are and opens new ones within the connect time-out.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use deadpool::managed::{self, PoolError, QueueMode};
use indelible_core::{Failure, Timeout};
use tokio::time::{Instant, timeout_at};

use crate::fault::Fault;
use crate::lane::{DirectLane, Errand, LaneError, LaneManager, Rejected};
use crate::node::Node;

/// Pause before another lane is opened beside working ones when opening one has failed.
const GROWTH_PAUSE: Duration = Duration::from_secs(1);

/// Lanes to one node for one purpose.
#[derive(Debug)]
pub(crate) struct LanePool {
    lanes: managed::Pool<LaneManager>,
    connect_timeout: Duration,
    growing: Arc<AtomicBool>,
    /// The lane that was used last: the one that a caller's thread tries first.
    last: Mutex<Option<DirectLane>>,
}

impl LanePool {
    /// A pool of at most `connections` lanes.
    pub(crate) fn new(
        manager: LaneManager,
        connections: usize,
        connect_timeout: Duration,
    ) -> Result<Self, managed::BuildError> {
        // First in, first out: batches take turns on the lanes.
        let lanes = managed::Pool::builder(manager).max_size(connections).queue_mode(QueueMode::Fifo).build()?;
        Ok(Self { lanes, connect_timeout, growing: Arc::default(), last: Mutex::default() })
    }

    /// Whether a caller's thread may try to write to the lane that was used last.
    pub(crate) fn is_idle(&self) -> bool {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(DirectLane::is_idle)
    }

    /// Writes the errand from this thread, to the lane that was used last; returns it unless that lane is idle.
    pub(crate) fn submit_directly(&self, errand: Errand, node: &Node) -> Result<(), Errand> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match last {
            Some(lane) => lane.submit(errand, node),
            None => Err(errand),
        }
    }

    /// Hands the errand to a lane that is open now; returns it if there is none.
    pub(crate) fn submit_now(&self, errand: Errand) -> Result<(), Errand> {
        if self.lanes.status().available == 0 {
            return Err(errand);
        }
        let mut checkout = pin!(self.lanes.get());
        let Poll::Ready(Ok(lane)) = checkout.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
            return Err(errand);
        };
        if lane.is_busy() {
            self.grow();
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if !last.as_ref().is_some_and(|last| last.is(&lane)) {
            *last = Some(lane.direct());
        }
        drop(last);
        lane.submit(errand).map_err(|Rejected(errand)| errand)
    }

    /// Hands the errand to a lane, opening one if need be; bounded by the connect time-out, waiting included, and by
    /// the deadline of its operations.
    pub(crate) async fn submit(&self, mut errand: Errand) -> Result<(), (Errand, Fault)> {
        let overall = errand.store.overall_deadline_of(&errand.batch);
        let submitting = async {
            loop {
                let lane = match self.lanes.get().await {
                    Ok(lane) => lane,
                    Err(PoolError::Backend(LaneError(fault))) => return Err(fault),
                    Err(_) => return Err(Fault::new(Failure::Closed)),
                };
                errand.deadline = errand.store.deadline_of(&errand.batch);
                match lane.submit(errand.clone()) {
                    Ok(()) => return Ok(()),
                    // It closed between the pool's look at it and ours.
                    Err(Rejected(_)) => drop(managed::Object::take(lane)),
                }
            }
        };
        match timeout_at(overall.min(Instant::now() + self.connect_timeout), submitting).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(fault)) => Err((errand, fault)),
            Err(_) => Err((errand, Fault::new(Failure::Timeout(Timeout::Connect)))),
        }
    }

    /// Forgets lanes that have closed.
    pub(crate) fn tidy(&self) {
        self.lanes.retain(|lane, _| lane.is_open());
    }

    /// Closes lanes that `node` has retired.
    pub(crate) fn drop_retired(&self, node: &Node) {
        self.lanes.retain(|lane, _| lane.is_open() && !node.is_retired(lane.number()));
    }

    /// Closes every lane.
    pub(crate) fn drop_all(&self) {
        self.lanes.retain(|_, _| false);
    }

    /// Refuses further checkouts and closes every lane.
    pub(crate) fn close(&self) {
        self.lanes.close();
    }

    /// Opens one more lane in the background while the others are busy.
    fn grow(&self) {
        let status = self.lanes.status();
        if status.size >= status.max_size || self.growing.swap(true, Ordering::Relaxed) {
            return;
        }
        // Only a checkout that finds no idle lane opens one, so the idle ones are held for the moment in which that
        // checkout starts.
        let mut held = Vec::new();
        let opening = loop {
            let lanes = self.lanes.clone();
            let mut checkout = Box::pin(async move { lanes.get().await });
            match checkout.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(Ok(lane)) => held.push(lane),
                Poll::Ready(Err(_)) => break None,
                Poll::Pending => break Some(checkout),
            }
        };
        drop(held);
        let growing = Arc::clone(&self.growing);
        tokio::spawn(async move {
            let opened = match opening {
                Some(checkout) => checkout.await.is_ok(),
                None => false,
            };
            if !opened {
                tokio::time::sleep(GROWTH_PAUSE).await;
            }
            growing.store(false, Ordering::Relaxed);
        });
    }
}
