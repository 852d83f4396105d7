use std::sync::{Arc, Weak};

use indelible_core::{Failure, Operation, StoreError};
use serde_json::Value;

use super::RedisStorageConfig;
use crate::config::{Config, ConfigError};
use crate::engine_client::EngineClient;
use crate::event::Event;
use crate::frame::Opcode;
use crate::outcome::Answer;

/// The connections that stores share, with the engine that drives them. Cheap to clone; the connections end with the
/// last clone and the last store over it.
#[derive(Clone, Debug)]
pub struct Pool {
    client: Arc<EngineClient>,
}

/// Builds the pool that stores share. Checks the settings and reads the files that they name; dials nothing: whether
/// the server can be reached shows on the operations.
///
/// # Errors
///
/// [`ConfigError`] naming the setting, what is wrong with it and what to do; never a value.
pub fn build_pool(config: &RedisStorageConfig) -> Result<Pool, ConfigError> {
    Pool::open(config, drop)
}

impl Pool {
    /// [`build_pool`] with somebody who listens to alarms and changes of state. `on_event` is called on the pool's own
    /// thread and must not block it.
    ///
    /// # Errors
    ///
    /// As [`build_pool`].
    pub fn open(
        config: &RedisStorageConfig,
        on_event: impl Fn(Event) + Send + Sync + 'static,
    ) -> Result<Self, ConfigError> {
        Self::over(&config.check()?, on_event)
    }

    /// The pool that a `storage.redis` subsection describes.
    pub(super) fn of_section(section: &Value) -> Result<Self, ConfigError> {
        Self::over(&Config::storage_from_json(&section.to_string())?, drop)
    }

    fn over(config: &Config, on_event: impl Fn(Event) + Send + Sync + 'static) -> Result<Self, ConfigError> {
        EngineClient::open(config, on_event).map(|client| Self { client: Arc::new(client) })
    }

    /// How the server is doing, without asking it: `{ state, breaker, role, server, version, checks, generation }`;
    /// `None` once the pool is closed.
    #[must_use]
    pub fn health(&self) -> Option<Value> {
        self.client.health()
    }

    /// Closes the pool for every store over it: new calls fail with
    /// [`Failure::Closed`](indelible_core::Failure::Closed), those under way end by their own deadline. May be called
    /// again.
    pub fn close(&self) {
        self.client.close();
    }

    pub(super) fn check_open(&self, operation: Operation) -> Result<(), StoreError> {
        self.client.check_open(operation)
    }

    /// Runs an operation that answers with a value or with nothing.
    pub(super) async fn ask(
        &self,
        opcode: Opcode,
        id: &str,
        arguments: &[&str],
    ) -> Result<Option<Box<str>>, StoreError> {
        match self.client.call(opcode, [id].into_iter(), arguments.iter().copied()).await? {
            Answer::Value(value) => Ok(Some(value)),
            Answer::Nothing => Ok(None),
            Answer::Done | Answer::Loaded(_) | Answer::Appended => Err(unexpected(opcode)),
        }
    }

    /// Runs an operation that has nothing to tell.
    pub(super) async fn tell(&self, opcode: Opcode, id: &str, arguments: &[&str]) -> Result<(), StoreError> {
        match self.client.call(opcode, [id].into_iter(), arguments.iter().copied()).await? {
            Answer::Done => Ok(()),
            Answer::Value(_) | Answer::Nothing | Answer::Loaded(_) | Answer::Appended => Err(unexpected(opcode)),
        }
    }

    pub(super) fn downgrade(&self) -> WeakPool {
        WeakPool { client: Arc::downgrade(&self.client) }
    }
}

/// An answer that the engine never gives to this operation, or in a shape that it never has.
pub(super) fn unexpected(opcode: Opcode) -> StoreError {
    StoreError::new(Failure::Internal, opcode.operation())
}

/// A pool as long as somebody else holds it.
#[derive(Debug)]
pub(super) struct WeakPool {
    client: Weak<EngineClient>,
}

impl WeakPool {
    pub(super) fn upgrade(&self) -> Option<Pool> {
        self.client.upgrade().map(|client| Pool { client })
    }
}
