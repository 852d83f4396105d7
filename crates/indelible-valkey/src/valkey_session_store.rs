//! The Rust face of the label store: the same frames over the same engine as the Node binding uses.

use async_trait::async_trait;
use indelible_core::{Failure, Label, LabelSet, Operation, SessionRef, SessionStore, StoreError};

use crate::config::{Config, ConfigError};
use crate::engine_client::EngineClient;
use crate::event::Event;
use crate::frame::Opcode;
use crate::outcome::Answer;

/// Session labels in Valkey or Redis.
#[derive(Debug)]
pub struct ValkeySessionStore {
    client: EngineClient,
}

impl ValkeySessionStore {
    /// Opens a store; dials nothing before the first operation. `on_event` is called on the engine's thread and must
    /// not block it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the machine refuses a thread.
    pub fn open(config: &Config, on_event: impl Fn(Event) + Send + Sync + 'static) -> Result<Self, ConfigError> {
        EngineClient::open(config, on_event).map(|client| Self { client })
    }

    /// How the store is doing, without asking the server: `{ state, breaker, role, server, version, checks, generation }`;
    /// `None` once it is closed.
    #[must_use]
    pub fn health(&self) -> Option<serde_json::Value> {
        self.client.health()
    }

    async fn call(&self, opcode: Opcode, session: &SessionRef, labels: &[Label]) -> Result<Answer, StoreError> {
        let ids = session.ids().iter().map(|id| id.as_str());
        self.client.call(opcode, ids, labels.iter().map(Label::as_str)).await
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
        self.client.check_open(Operation::Append)?;
        if labels.is_empty() {
            return Ok(());
        }
        if labels.len() > indelible_core::MAX_LABELS_PER_CALL {
            let error = StoreError::new(Failure::InvalidArgument, Operation::Append);
            return Err(error.with_detail("more than 1,000 labels in one call; split them up"));
        }
        self.call(Opcode::Append, session, labels).await.map(|_| ())
    }

    async fn close(&self) {
        self.client.close();
    }
}
