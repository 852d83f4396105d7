//! The handle of a lane: where batches are handed over to its driver.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use tokio::time::Instant;

use crate::batch::Batch;
use crate::store_core::StoreCore;

/// One batch on its way through a lane, with the store that it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Errand {
    pub(crate) batch: Arc<Batch>,
    pub(crate) store: Arc<StoreCore>,
    /// When its replies must have arrived.
    pub(crate) deadline: Instant,
}

/// The lane is closed; the errand was not taken.
#[derive(Debug)]
pub(crate) struct Rejected(pub(crate) Errand);

/// A lane of the pool: an open, examined connection that many operations share.
#[derive(Debug)]
pub struct Lane {
    inbox: Arc<Inbox>,
}

impl Lane {
    pub(super) fn new(inbox: Arc<Inbox>) -> Self {
        Self { inbox }
    }

    pub(crate) fn submit(&self, errand: Errand) -> Result<(), Rejected> {
        let mut state = self.inbox.lock();
        if state.closed {
            return Err(Rejected(errand));
        }
        state.errands.push(errand);
        self.inbox.wake(state);
        Ok(())
    }

    /// Whether the lane still takes operations.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.inbox.lock().closed
    }

    /// Whether operations are under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.inbox.under_way.load(Ordering::Relaxed) > 0
    }

    /// Tells lanes of one node apart: a newer one has a higher number.
    pub(super) fn number(&self) -> usize {
        self.inbox.number
    }

    /// Ends the lane: its driver fails what is under way and closes the connection.
    pub(crate) fn close(&self) {
        let mut state = self.inbox.lock();
        state.closed = true;
        self.inbox.wake(state);
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.close();
    }
}

/// What a lane's handle and its driver share.
#[derive(Debug)]
pub(super) struct Inbox {
    number: usize,
    state: Mutex<State>,
    under_way: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    errands: Vec<Errand>,
    closed: bool,
    driver: Option<Waker>,
}

impl Inbox {
    pub(super) fn new(number: usize) -> Self {
        Self { number, state: Mutex::default(), under_way: AtomicUsize::new(0) }
    }

    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Moves what was handed over to `errands`; `false` when the lane was closed.
    pub(super) fn collect(&self, errands: &mut Vec<Errand>, cx: &Context<'_>) -> bool {
        let mut state = self.lock();
        errands.append(&mut state.errands);
        if !state.driver.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            state.driver = Some(cx.waker().clone());
        }
        !state.closed
    }

    /// Refuses further errands and returns those that were not collected.
    pub(super) fn shut(&self) -> Vec<Errand> {
        let mut state = self.lock();
        state.closed = true;
        std::mem::take(&mut state.errands)
    }

    pub(super) fn set_under_way(&self, pipelines: usize) {
        self.under_way.store(pipelines, Ordering::Relaxed);
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let driver = state.driver.take();
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change under this lock is a single step, so a panic elsewhere cannot have left it half-done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
