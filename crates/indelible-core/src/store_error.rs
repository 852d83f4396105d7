use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::Failure;

/// Longest code word taken over from a server's error reply; real ones have at most about ten letters.
const MAX_SERVER_CODE_BYTES: usize = 32;

/// What was asked of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// [`load_labels`](crate::SessionStore::load_labels)
    Load,
    /// [`append_labels`](crate::SessionStore::append_labels)
    Append,
    /// Write a session record.
    SaveSession,
    /// Read a session record.
    LoadSession,
    /// Delete a session record.
    DeleteSession,
    /// Count up.
    Increment,
    /// Read a counter.
    Current,
    /// Delete a counter.
    Reset,
    /// Read a cached policy.
    GetPolicy,
    /// Cache a policy.
    CachePolicy,
    /// Delete a cached policy.
    InvalidatePolicy,
}

impl Operation {
    /// The operation as errors and events name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Append => "append",
            Self::SaveSession => "save-session",
            Self::LoadSession => "load-session",
            Self::DeleteSession => "delete-session",
            Self::Increment => "increment",
            Self::Current => "current",
            Self::Reset => "reset",
            Self::GetPolicy => "get-policy",
            Self::CachePolicy => "cache-policy",
            Self::InvalidatePolicy => "invalidate-policy",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An operation that a store could not vouch for; the caller denies.
///
/// `Display` is one log line, `Debug` a report. Neither shows the source, and neither carries a credential, a session
/// id, a label or a value that the server sent, beyond the code word of its error reply.
#[derive(thiserror::Error)]
pub struct StoreError {
    failure: Failure,
    operation: Operation,
    indeterminate: bool,
    server_code: Option<Box<str>>,
    attempts: u32,
    elapsed: Duration,
    detail: Option<Box<str>>,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// `operation` ended in `failure`; nothing more is known yet.
    #[must_use]
    pub fn new(failure: Failure, operation: Operation) -> Self {
        Self {
            failure,
            operation,
            indeterminate: false,
            server_code: None,
            attempts: 0,
            elapsed: Duration::ZERO,
            detail: None,
            source: None,
        }
    }

    /// Says whether an append may have happened all the same.
    #[must_use]
    pub fn with_indeterminate(mut self, indeterminate: bool) -> Self {
        self.indeterminate = indeterminate;
        self
    }

    /// Takes the code word of a server's error reply, such as `READONLY` of `-READONLY You can't write…`. A first
    /// word that is not 1 to 32 bytes of `A-Z`, `0-9` and `_` is not a code and is dropped, as is all that follows it.
    #[must_use]
    pub fn with_server_code(mut self, reply: impl Into<String>) -> Self {
        let reply = reply.into();
        let word = reply.trim_start_matches('-').split_ascii_whitespace().next();
        self.server_code = word.filter(|word| is_server_code(word)).map(Box::from);
        self
    }

    /// Says how often the operation was tried; 0 when it was refused before a first attempt.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Says how long the operation took, from the call to this answer.
    #[must_use]
    pub fn with_elapsed(mut self, elapsed: Duration) -> Self {
        self.elapsed = elapsed;
        self
    }

    /// Adds a text of our own: what is wrong in particular and what to change. Never what a server sent, never a
    /// session id, label or credential.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into().into());
        self
    }

    /// Keeps the error that caused this one.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// How the operation failed.
    #[must_use]
    pub fn failure(&self) -> Failure {
        self.failure
    }

    /// The code of the failure, such as `ERR_STORE_TIMEOUT`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.failure.code()
    }

    /// The reason within the code, such as `command`.
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        self.failure.reason()
    }

    /// What was asked of the store.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// Whether the same call may succeed later without anyone's doing, see [`Failure::retryable`].
    #[must_use]
    pub fn retryable(&self) -> bool {
        self.failure.retryable()
    }

    /// Whether an append may have happened all the same. Appending again is always safe.
    #[must_use]
    pub fn indeterminate(&self) -> bool {
        self.indeterminate
    }

    /// The code word of the server's error reply, if it sent one.
    #[must_use]
    pub fn server_code(&self) -> Option<&str> {
        self.server_code.as_deref()
    }

    /// How often the operation was tried; 0 when it was refused before a first attempt.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How long the operation took, from the call to this answer.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// What is wrong in particular and what to change, if there is more to say than the failure does.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }
}

fn is_server_code(word: &str) -> bool {
    word.len() <= MAX_SERVER_CODE_BYTES
        && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed: {}", self.operation, self.code())?;
        if let Some(reason) = self.reason() {
            write!(f, "({reason})")?;
        }
        write!(f, ": {}", self.detail().unwrap_or(self.failure.summary()))?;
        if let Some(server_code) = self.server_code() {
            write!(f, "; server said {server_code}")?;
        }
        if self.indeterminate {
            f.write_str("; it may have happened all the same")?;
        }
        match self.attempts {
            0 => Ok(()),
            1 => write!(f, "; 1 attempt, {} ms", self.elapsed.as_millis()),
            attempts => write!(f, "; {attempts} attempts, {} ms", self.elapsed.as_millis()),
        }
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreError")
            .field("failure", &self.failure)
            .field("operation", &self.operation)
            .field("indeterminate", &self.indeterminate)
            .field("server_code", &self.server_code)
            .field("attempts", &self.attempts)
            .field("elapsed", &self.elapsed)
            .field("detail", &self.detail)
            // A client library's error may quote what the server sent, so the report says only that there is one.
            .field("has_source", &self.source.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NotPrimary, Timeout};

    fn refused_append() -> StoreError {
        StoreError::new(Failure::NotPrimary(NotPrimary::ReadOnly), Operation::Append)
    }

    fn server_code(reply: &str) -> Option<String> {
        refused_append().with_server_code(reply).server_code().map(str::to_owned)
    }

    #[test]
    fn display_is_one_log_line() {
        let error = refused_append()
            .with_server_code("READONLY You can't write against a read only replica.")
            .with_indeterminate(true)
            .with_attempts(2)
            .with_elapsed(Duration::from_micros(312_400));
        assert_eq!(
            error.to_string(),
            "append failed: ERR_STORE_NOT_PRIMARY(readonly): the server is a read-only replica; \
             server said READONLY; it may have happened all the same; 2 attempts, 312 ms"
        );
    }

    #[test]
    fn display_leaves_out_what_is_not_known() {
        let error = StoreError::new(Failure::Closed, Operation::Load);
        assert_eq!(error.to_string(), "load failed: ERR_STORE_CLOSED: the store is closed");
    }

    #[test]
    fn a_detail_takes_the_place_of_the_summary() {
        let error =
            StoreError::new(Failure::InvalidArgument, Operation::Append).with_detail("a label must not be empty");
        assert_eq!(error.to_string(), "append failed: ERR_STORE_INVALID_ARGUMENT: a label must not be empty");
    }

    #[test]
    fn keeps_only_a_code_word_of_what_the_server_said() {
        assert_eq!(server_code("-NOPERM User alice has no permissions"), Some("NOPERM".into()));
        assert_eq!(server_code("MOVED 3999 10.0.0.1:6381"), Some("MOVED".into()));
        assert_eq!(server_code("ERR"), Some("ERR".into()));
        assert_eq!(server_code(&"X".repeat(32)), Some("X".repeat(32)));
        for not_a_code in ["", "-", "secret value", "Err lower case", "NO-PERM", "ÜBER", &"X".repeat(33)] {
            assert_eq!(server_code(not_a_code), None, "{not_a_code}");
        }
    }

    #[test]
    fn the_source_is_kept_and_not_shown() {
        let error = refused_append().with_source("the server sent: hunter2");
        assert_eq!(error.source().map(ToString::to_string), Some("the server sent: hunter2".into()));
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn answers_for_its_failure() {
        let error = StoreError::new(Failure::Timeout(Timeout::Queue), Operation::Load);
        assert_eq!((error.code(), error.reason(), error.retryable()), ("ERR_STORE_TIMEOUT", Some("queue"), true));
    }
}
