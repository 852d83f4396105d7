//! The configuration: one truth for Rust, the JSON Schema, the TypeScript types and the documentation.
//!
//! [`RawConfig`] is what is written; [`Config`] is what it means once every rule has been checked.

mod config_error;
mod modes;
mod raw;
mod resolve;
mod whole;

pub use config_error::{ConfigError, ConfigErrorCode};
pub use modes::{Checks, Disk, GenerationMode};
pub use raw::RawConfig;
pub(crate) use raw::{RawTls, RawTlsFiles};
pub use resolve::Config;
use whole::Whole;
