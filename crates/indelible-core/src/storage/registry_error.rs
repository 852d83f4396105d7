use std::error::Error;

use super::StorageKind;

/// Why a `storage` block does not boot. Nothing was opened that is still open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The block is not of the documented shape.
    #[error("{path}: {problem}")]
    Invalid {
        /// The key, such as `storage.policyStore`.
        path: String,
        /// What is wrong with it and what to do.
        problem: String,
    },
    /// A kind names a driver that is not registered for it.
    #[error("unknown {kind} driver \"{driver}\"; available drivers: [{}]", available.join(", "))]
    UnknownDriver {
        /// Which kind.
        kind: StorageKind,
        /// The driver's name as written.
        driver: String,
        /// Names of the drivers that are registered for the kind, sorted.
        available: Vec<String>,
    },
    /// A selected driver has no configuration of its own.
    #[error("driver \"{driver}\" (selected for {kind}) has no [storage.{driver}] subsection")]
    MissingSection {
        /// Which kind.
        kind: StorageKind,
        /// The driver's name.
        driver: String,
    },
    /// A driver refused its configuration.
    #[error("failed to build {kind} driver \"{driver}\": {source}")]
    Build {
        /// Which kind.
        kind: StorageKind,
        /// The driver's name.
        driver: String,
        /// The driver's reason.
        source: Box<dyn Error + Send + Sync>,
    },
}
