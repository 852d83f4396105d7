use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use crate::{Failure, StoreError, Undecodable};

/// What storage operations answer.
pub type Result<T> = std::result::Result<T, StorageError>;

/// Why a storage operation has no answer.
///
/// `Display` is one log line; neither it nor `Debug` shows a credential, a key or a stored value.
#[derive(Debug)]
#[non_exhaustive]
pub enum StorageError {
    /// What was asked for is not there. The store has answered: this is no outage.
    NotFound(Cause),
    /// The backend refused, failed or did not answer, or the call itself was not one that it could serve.
    Backend(Cause),
    /// What is stored cannot be read as what it should be, or what is to be stored cannot be written.
    Serialization(Cause),
    /// What is stored stands against the write.
    Conflict(Cause),
}

impl StorageError {
    /// `what`, such as `session record`, is not there.
    #[must_use]
    pub fn not_found(what: impl Into<Cow<'static, str>>) -> Self {
        Self::NotFound(Cause::new(what))
    }

    /// The backend has no answer, and why.
    #[must_use]
    pub fn backend(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Backend(Cause::new(message))
    }

    /// Something stored or to be stored has the wrong shape, and which.
    #[must_use]
    pub fn serialization(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Serialization(Cause::new(message))
    }

    /// The write conflicts with what is stored, and how.
    #[must_use]
    pub fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Conflict(Cause::new(message))
    }

    /// Keeps the error that caused this one.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let (Self::NotFound(cause) | Self::Backend(cause) | Self::Serialization(cause) | Self::Conflict(cause)) =
            &mut self;
        cause.source = Some(source.into());
        self
    }

    /// What is known of the cause.
    #[must_use]
    pub fn cause(&self) -> &Cause {
        let (Self::NotFound(cause) | Self::Backend(cause) | Self::Serialization(cause) | Self::Conflict(cause)) = self;
        cause
    }

    /// The failure behind it, with its code and whether a later call may succeed, where a store has named one.
    #[must_use]
    pub fn store_error(&self) -> Option<&StoreError> {
        self.cause().source.as_ref()?.downcast_ref()
    }
}

impl From<StoreError> for StorageError {
    fn from(error: StoreError) -> Self {
        let kind = match error.failure() {
            Failure::Undecodable(Undecodable::Value | Undecodable::TooLarge) => Self::serialization,
            _ => Self::backend,
        };
        kind(error.to_string()).with_source(error)
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::NotFound(_) => "not found",
            Self::Backend(_) => "the backend failed",
            Self::Serialization(_) => "not decodable",
            Self::Conflict(_) => "conflict",
        };
        write!(f, "{kind}: {}", self.cause().message)
    }
}

impl Error for StorageError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause().source.as_deref().map(|source| source as _)
    }
}

/// What a [`StorageError`] knows of its cause: a text of ours, and the error below where there is one.
pub struct Cause {
    message: Cow<'static, str>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Cause {
    fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// What happened, in a clause.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Says only whether there is a source: a parser's error may quote what was stored.
impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cause").field("message", &self.message).field("has_source", &self.source.is_some()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Operation, Timeout};

    #[test]
    fn a_store_error_keeps_its_code_under_the_kind_that_callers_match_on() {
        let timeout = StoreError::new(Failure::Timeout(Timeout::Command), Operation::Increment);
        let error = StorageError::from(timeout);
        assert!(matches!(error, StorageError::Backend(_)));
        assert_eq!(error.store_error().map(StoreError::code), Some("ERR_STORE_TIMEOUT"));
        assert!(error.to_string().starts_with("the backend failed: increment failed: ERR_STORE_TIMEOUT(command)"));

        for (reason, serialization) in
            [(Undecodable::Value, true), (Undecodable::TooLarge, true), (Undecodable::Protocol, false)]
        {
            let error = StorageError::from(StoreError::new(Failure::Undecodable(reason), Operation::LoadSession));
            assert_eq!(matches!(error, StorageError::Serialization(_)), serialization, "{reason:?}");
        }
    }

    #[test]
    fn every_kind_says_what_happened_and_keeps_its_source() {
        for (error, text) in [
            (StorageError::not_found("session record"), "not found: session record"),
            (StorageError::backend("down"), "the backend failed: down"),
            (StorageError::serialization("policy"), "not decodable: policy"),
            (StorageError::conflict("version"), "conflict: version"),
        ] {
            assert!(error.source().is_none() && error.store_error().is_none());
            let error = error.with_source("quotes hunter2");
            assert_eq!(error.to_string(), text);
            assert_eq!(error.source().map(ToString::to_string), Some("quotes hunter2".into()));
            assert!(!format!("{error:?}").contains("hunter2"));
        }
    }
}
