//! Callers that wait for their outcome, by token.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;
use indelible_core::StoreError;
use tokio::sync::oneshot;

use crate::event::Event;
use crate::outcome::{Answer, Outcome, Outcomes};

/// What a waiting caller gets.
pub(crate) type Settled = Result<Answer, Box<StoreError>>;

/// Takes the outcomes of one engine and hands each to who waits for it.
pub(crate) struct Waiting {
    callers: Mutex<HashMap<u32, oneshot::Sender<Settled>>>,
    count: AtomicUsize,
    on_event: Box<dyn Fn(Event) + Send + Sync>,
}

impl Waiting {
    /// Nobody waits yet; `on_event` is called on the engine's thread.
    pub(crate) fn new(on_event: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self { callers: Mutex::default(), count: AtomicUsize::new(0), on_event: Box::new(on_event) }
    }

    /// Waits for the outcome of `token`; `None` when `max_in_flight` wait already.
    pub(crate) fn enter(&self, token: u32, max_in_flight: usize) -> Option<oneshot::Receiver<Settled>> {
        if self.count.fetch_add(1, Ordering::Relaxed) >= max_in_flight {
            self.count.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        self.lock().insert(token, sender);
        Some(receiver)
    }

    /// Waits no longer.
    pub(crate) fn leave(&self, token: u32) -> Option<oneshot::Sender<Settled>> {
        let sender = self.lock().remove(&token)?;
        self.count.fetch_sub(1, Ordering::Relaxed);
        Some(sender)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, oneshot::Sender<Settled>>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outcomes for Waiting {
    fn settle(&self, outcomes: &mut Vec<Outcome>) {
        for Outcome { token, result } in outcomes.drain(..) {
            if let Some(caller) = self.leave(token) {
                // A caller that has gone away has no use for its answer.
                let _ = caller.send(result);
            }
        }
    }

    fn event(&self, event: Event) {
        (self.on_event)(event);
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("count", &self.count).finish_non_exhaustive()
    }
}
