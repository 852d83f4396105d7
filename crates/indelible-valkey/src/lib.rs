//! The Valkey and Redis driver of `indelible`.
//!
//! # Map
//!
//! * [`Config`] is read from JSON text ([`RawConfig`] documents the keys) and checked before anything is dialled.
//! * [`Engine`] is a running store without an API: request frames in, [`Outcome`]s out, one thread of its own.
//! * A **frame** carries the operations of one event-loop turn; a **batch** is what of them travels together.
//! * A **lane** is a connection that many batches share; it turns each into **pipelines** that end in a **proof**: a
//!   write that changes nothing, by which the server shows that it is a primary and still holds the same
//!   **generation** of the keyspace (`docs/soundness.md`).
//! * **Interned sets** name a label set that has been seen before by a number.
//! * [`ValkeySessionStore`] is the Rust face; `indelible-node` is the other. With the feature `storage` the module of
//!   that name is the Rust face of the storage driver.
//! * [`operator`] is what an operator asks of a server, outside the data path.
//!
//! # Example
//!
//! ```no_run
//! use indelible_core::{Label, SessionId, SessionRef, SessionStore};
//! use indelible_valkey::{Config, ValkeySessionStore};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::from_json(r#"{ "kind": "valkey", "endpoint": "redis://127.0.0.1:6379" }"#)?;
//! let store = ValkeySessionStore::open(&config, |event| drop(event.to_json()))?;
//! let session = SessionRef::from(SessionId::new("sess-1")?);
//! store.append_labels(&session, &[Label::new("PII")?]).await?;
//! assert!(store.load_labels(&session).await?.contains("PII"));
//! # Ok(())
//! # }
//! ```

mod batch;
mod breaker;
mod checks;
mod cluster;
mod conclusion;
mod config;
mod connect_gate;
mod connection;
mod credentials;
mod dispatch;
mod endpoint;
mod engine;
mod engine_client;
mod event;
mod examiner;
mod fault;
mod frame;
mod frame_queue;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod generation;
mod keys;
mod known_sessions;
mod label_commands;
mod label_sets;
mod lane;
mod lane_pool;
mod lanes;
mod linger;
#[cfg(feature = "loop-engine")]
mod loop_engine;
mod memory;
mod node;
mod node_plan;
mod operation;
pub mod operator;
mod outcome;
mod pipeline;
mod policy_watch;
mod proof;
mod ratchet;
mod repair;
mod resp;
mod retry_budget;
mod sentinel;
mod session_in_flight;
mod session_life;
#[cfg(feature = "storage")]
pub mod storage;
mod store_core;
mod switches;
mod timing;
mod tls;
mod topology;
mod valkey_session_store;
mod waiting;

pub use breaker::BreakerLimits;
pub use config::{Checks, Config, ConfigError, ConfigErrorCode, Disk, GenerationMode, RawConfig, RawStorageConfig};
pub use credentials::{CredentialsProvider, Login};
pub use engine::Engine;
pub use event::{Alarm, Event, Policies, State};
pub use frame::{FrameWriter, Opcode};
pub use keys::label_key;
pub use label_commands::generation_key;
pub use label_sets::InternedSet;
#[cfg(feature = "loop-engine")]
pub use loop_engine::LoopEngine;
pub use outcome::{Answer, Outcome, Outcomes};
pub use retry_budget::RetryPrices;
pub use timing::Timing;
pub use valkey_session_store::ValkeySessionStore;
