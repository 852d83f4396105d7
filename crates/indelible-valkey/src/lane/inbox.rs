//! The handle of a lane: where batches are handed over to its driver.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use tokio::time::Instant;

use super::direct::{DirectlyWritten, Socket};
use crate::batch::Batch;
use crate::node::Node;
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
pub(crate) struct Lane {
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

    /// The lane as a caller's thread may write to it.
    pub(crate) fn direct(&self) -> DirectLane {
        DirectLane { inbox: Arc::clone(&self.inbox) }
    }

    /// Whether the lane still takes operations.
    #[must_use]
    pub(crate) fn is_open(&self) -> bool {
        !self.inbox.lock().closed
    }

    /// Whether operations are under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.inbox.under_way.load(Ordering::Relaxed) > 0
    }

    /// Tells lanes of one node apart: a newer one has a higher number.
    pub(crate) fn number(&self) -> usize {
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

/// A lane that a caller's thread may write to while nothing is under way on it.
#[derive(Debug, Clone)]
pub(crate) struct DirectLane {
    inbox: Arc<Inbox>,
}

impl DirectLane {
    /// Writes a batch at once; returns it if the lane is not idle.
    pub(crate) fn submit(&self, errand: Errand, node: &Node) -> Result<(), Errand> {
        let mut guard = self.inbox.lock();
        let state = &mut *guard;
        let Some(Idle { written, timer_is_set }) = state.idle.filter(|_| !state.closed) else { return Err(errand) };
        let Some(socket) = state.socket.as_ref().filter(|_| !node.is_retired(self.inbox.number)) else {
            return Err(errand);
        };
        let Errand { batch, store, deadline } = errand;
        let mut out = Vec::new();
        let pipeline = store.write(batch, deadline, &mut out, written);
        let sent = socket.write(&out);
        out.drain(..sent);
        let must_wake = !out.is_empty() || !timer_is_set;
        state.idle = None;
        state.written.push(DirectlyWritten { pipeline, store, sent, rest: out });
        if must_wake {
            self.inbox.wake(guard);
        }
        Ok(())
    }

    /// Whether nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.inbox.lock().idle.is_some()
    }

    /// Whether both lead to the same connection.
    pub(crate) fn is(&self, lane: &Lane) -> bool {
        Arc::ptr_eq(&self.inbox, &lane.inbox)
    }
}

/// What a driver says when it goes to sleep with nothing under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Idle {
    /// Bytes that its socket has taken so far.
    pub(super) written: u64,
    /// Whether a timer will wake it no later than a command time-out from now: then a deadline is kept without waking
    /// it for that.
    pub(super) timer_is_set: bool,
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
    /// Where callers may write themselves.
    socket: Option<Arc<Socket>>,
    idle: Option<Idle>,
    written: Vec<DirectlyWritten>,
}

impl Inbox {
    pub(super) fn new(number: usize, socket: Option<Arc<Socket>>) -> Self {
        let state = Mutex::new(State { socket, ..State::default() });
        Self { number, state, under_way: AtomicUsize::new(0) }
    }

    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Moves what was handed over to `errands` and `written`; `false` when the lane was closed.
    pub(super) fn collect(
        &self,
        errands: &mut Vec<Errand>,
        written: &mut Vec<DirectlyWritten>,
        cx: &Context<'_>,
    ) -> bool {
        let mut state = self.lock();
        state.idle = None;
        errands.append(&mut state.errands);
        written.append(&mut state.written);
        if !state.driver.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            state.driver = Some(cx.waker().clone());
        }
        !state.closed
    }

    /// The driver goes to sleep with nothing under way: callers may write themselves.
    pub(super) fn rest(&self, idle: Idle) {
        let mut state = self.lock();
        if state.errands.is_empty() {
            state.idle = Some(idle);
        }
    }

    /// Refuses whatever comes and returns what was not collected.
    pub(super) fn shut(&self) -> (Vec<Errand>, Vec<DirectlyWritten>) {
        let mut state = self.lock();
        state.closed = true;
        state.socket = None;
        state.driver = None;
        (std::mem::take(&mut state.errands), std::mem::take(&mut state.written))
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
