//! The configuration: one truth for Rust, the JSON Schema, the TypeScript types and the documentation.
//!
//! [`RawConfig`] and [`RawStorageConfig`] are what is written; [`Config`] is what it means once every rule has been checked.

mod checked;
mod common;
mod config_error;
mod durability;
mod labels;
mod modes;
mod raw;
mod raw_durability;
mod raw_topology;
mod read;
mod storage;
mod topology;
mod whole;

pub use checked::Config;
pub use config_error::{ConfigError, ConfigErrorCode};
pub(crate) use durability::{Replication, WAIT_OVERSHOOT};
pub use modes::{Checks, Disk, GenerationMode};
pub use raw::RawConfig;
pub(crate) use raw::RawTlsFiles;
pub use storage::RawStorageConfig;
pub(crate) use topology::{SentinelConfig, TopologyConfig};
use whole::Whole;
