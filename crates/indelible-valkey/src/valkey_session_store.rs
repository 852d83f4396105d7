//! The Rust face of the store: the same frames over the same engine as the Node binding uses.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use hashbrown::HashMap;
use indelible_core::{Failure, Label, LabelSet, Operation, SessionRef, SessionStore, StoreError, Timeout};
use tokio::sync::oneshot;

use crate::config::{Config, ConfigError};
use crate::engine::Engine;
use crate::event::Event;
use crate::frame::{FrameWriter, Opcode};
use crate::outcome::{Answer, Outcome, Outcomes};

/// Beyond the deadline the engine itself is taken for lost.
const WATCHDOG_SLACK: Duration = Duration::from_secs(1);

/// Session labels in Valkey or Redis.
#[derive(Debug)]
pub struct ValkeySessionStore {
    engine: Mutex<Option<Engine>>,
    waiting: Arc<Waiting>,
    next_token: AtomicU32,
    closed: AtomicBool,
    max_in_flight: usize,
    deadline: Duration,
}

impl ValkeySessionStore {
    /// Opens a store; dials nothing before the first operation. `on_event` is called on the engine's thread and must
    /// not block it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the machine refuses a thread.
    pub fn open(config: &Config, on_event: impl Fn(Event) + Send + Sync + 'static) -> Result<Self, ConfigError> {
        let waiting =
            Arc::new(Waiting { callers: Mutex::default(), count: AtomicUsize::new(0), on_event: Box::new(on_event) });
        let engine = Engine::start(config, Arc::clone(&waiting) as Arc<dyn Outcomes>)?;
        Ok(Self {
            engine: Mutex::new(Some(engine)),
            waiting,
            next_token: AtomicU32::new(0),
            closed: AtomicBool::new(false),
            max_in_flight: config.max_in_flight(),
            deadline: config.deadline(),
        })
    }

    async fn call(&self, opcode: Opcode, session: &SessionRef, labels: &[Label]) -> Result<Answer, StoreError> {
        let operation = opcode.operation();
        let fail = |failure| StoreError::new(failure, operation);
        if self.closed.load(Ordering::Relaxed) {
            return Err(fail(Failure::Closed));
        }
        let token = self.next_token.fetch_add(1, Ordering::Relaxed);
        let answer = self.waiting.enter(token, self.max_in_flight).ok_or_else(|| fail(Failure::Overloaded))?;
        let mut frame = FrameWriter::default();
        frame.push(token, opcode, session.ids().iter().map(|id| id.as_str()), labels.iter().map(Label::as_str));
        let sent = self.lock_engine().as_ref().is_some_and(|engine| engine.submit(frame.finish()));
        if !sent {
            self.waiting.leave(token);
            return Err(fail(Failure::Closed));
        }
        match tokio::time::timeout(self.deadline + WATCHDOG_SLACK, answer).await {
            Ok(Ok(result)) => result.map_err(|error| *error),
            Ok(Err(_)) => Err(fail(Failure::Internal)),
            Err(_) => Err(fail(Failure::Timeout(Timeout::Command)).with_indeterminate(opcode == Opcode::Append)),
        }
    }

    fn lock_engine(&self) -> MutexGuard<'_, Option<Engine>> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SessionStore for ValkeySessionStore {
    fn kind(&self) -> &str {
        "valkey"
    }

    async fn load_labels(&self, session: &SessionRef) -> Result<LabelSet, StoreError> {
        match self.call(Opcode::Load, session, &[]).await? {
            Answer::Loaded(set) => Ok((**set).clone()),
            Answer::Appended | Answer::Done | Answer::Value(_) | Answer::Nothing => {
                Err(StoreError::new(Failure::Internal, Operation::Load))
            }
        }
    }

    async fn append_labels(&self, session: &SessionRef, labels: &[Label]) -> Result<(), StoreError> {
        if labels.is_empty() && !self.closed.load(Ordering::Relaxed) {
            return Ok(());
        }
        if labels.len() > indelible_core::MAX_LABELS_PER_CALL {
            let error = StoreError::new(Failure::InvalidArgument, Operation::Append);
            return Err(error.with_detail("more than 1,000 labels in one call; split them up"));
        }
        self.call(Opcode::Append, session, labels).await.map(|_| ())
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        drop(self.lock_engine().take());
    }
}

type Reply = Result<Answer, Box<StoreError>>;

/// Callers that wait for their outcome, by token.
struct Waiting {
    callers: Mutex<HashMap<u32, oneshot::Sender<Reply>>>,
    count: AtomicUsize,
    on_event: Box<dyn Fn(Event) + Send + Sync>,
}

impl Waiting {
    fn enter(&self, token: u32, max_in_flight: usize) -> Option<oneshot::Receiver<Reply>> {
        if self.count.fetch_add(1, Ordering::Relaxed) >= max_in_flight {
            self.count.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        self.lock().insert(token, sender);
        Some(receiver)
    }

    fn leave(&self, token: u32) -> Option<oneshot::Sender<Reply>> {
        let sender = self.lock().remove(&token)?;
        self.count.fetch_sub(1, Ordering::Relaxed);
        Some(sender)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, oneshot::Sender<Reply>>> {
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

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").field("count", &self.count).finish_non_exhaustive()
    }
}
