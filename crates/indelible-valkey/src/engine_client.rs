//! How the Rust faces speak to an engine: one operation in, its outcome awaited.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indelible_core::{Failure, Operation, StoreError, Timeout};

use crate::config::{Config, ConfigError};
use crate::engine::Engine;
use crate::event::Event;
use crate::frame::{FrameWriter, Opcode};
use crate::outcome::{Answer, Outcomes};
use crate::waiting::Waiting;

/// Beyond the deadline the engine itself is taken for lost.
const WATCHDOG_SLACK: Duration = Duration::from_secs(1);

/// An engine and those who wait for it. Every call ends, whatever happens to the engine.
#[derive(Debug)]
pub(crate) struct EngineClient {
    /// `None` once closed.
    engine: Mutex<Option<Arc<Engine>>>,
    waiting: Arc<Waiting>,
    next_token: AtomicU32,
    closed: AtomicBool,
    max_in_flight: usize,
    deadline: Duration,
}

impl EngineClient {
    /// Starts an engine; dials nothing before the first call. `on_event` is called on the engine's thread and must not
    /// block it.
    pub(crate) fn open(config: &Config, on_event: impl Fn(Event) + Send + Sync + 'static) -> Result<Self, ConfigError> {
        let waiting = Arc::new(Waiting::new(on_event));
        let engine = Engine::start(config, Arc::clone(&waiting) as Arc<dyn Outcomes>)?;
        Ok(Self {
            engine: Mutex::new(Some(Arc::new(engine))),
            waiting,
            next_token: AtomicU32::new(0),
            closed: AtomicBool::new(false),
            max_in_flight: config.max_in_flight(),
            deadline: config.deadline(),
        })
    }

    /// Fails with [`Failure::Closed`] once the client is closed: the check that comes before all others.
    pub(crate) fn check_open(&self, operation: Operation) -> Result<(), StoreError> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(StoreError::new(Failure::Closed, operation));
        }
        Ok(())
    }

    /// Runs one operation. Ids and arguments are trusted to be within the limits of `indelible_core`.
    pub(crate) async fn call<'a>(
        &self,
        opcode: Opcode,
        ids: impl ExactSizeIterator<Item = &'a str> + Send,
        arguments: impl ExactSizeIterator<Item = &'a str> + Send,
    ) -> Result<Answer, StoreError> {
        let operation = opcode.operation();
        let fail = |failure| StoreError::new(failure, operation);
        self.check_open(operation)?;
        let token = self.next_token.fetch_add(1, Ordering::Relaxed);
        let outcome = self.waiting.enter(token, self.max_in_flight).ok_or_else(|| fail(Failure::Overloaded))?;
        let mut frame = FrameWriter::default();
        frame.push(token, opcode, ids, arguments);
        // Not under the lock: an event may be told from within, and its listener may ask for the health.
        let engine = self.lock_engine().clone();
        if !engine.is_some_and(|engine| engine.submit(frame.finish())) {
            self.waiting.leave(token);
            return Err(fail(Failure::Closed));
        }
        match tokio::time::timeout(self.deadline + WATCHDOG_SLACK, outcome).await {
            Ok(Ok(settled)) => settled.map_err(|error| *error),
            Ok(Err(_)) => Err(fail(Failure::Internal)),
            Err(_) => {
                self.waiting.leave(token);
                Err(fail(Failure::Timeout(Timeout::Command)).with_indeterminate(opcode.changes_data()))
            }
        }
    }

    /// How the engine is doing; `None` once closed.
    pub(crate) fn health(&self) -> Option<serde_json::Value> {
        let engine = self.lock_engine().clone();
        engine.map(|engine| engine.health())
    }

    /// Refuses further calls; those under way end by their own deadline.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        drop(self.lock_engine().take());
    }

    fn lock_engine(&self) -> MutexGuard<'_, Option<Arc<Engine>>> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
