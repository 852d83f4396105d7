//! Why a configuration was refused. The text names the field, the kind of value and the remedy, never a value.

use std::fmt;

/// What is wrong with a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigErrorCode {
    /// A value of the wrong kind or outside its range, or a missing key.
    Invalid,
    /// A key that no setting has.
    UnknownKey,
    /// A file that a key names cannot be read or used.
    UnreadableFile,
    /// The machine cannot run a store.
    Unavailable,
}

impl ConfigErrorCode {
    /// The code in errors.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "ERR_CONFIG_INVALID",
            Self::UnknownKey => "ERR_CONFIG_UNKNOWN_KEY",
            Self::UnreadableFile => "ERR_CONFIG_UNREADABLE_FILE",
            Self::Unavailable => "ERR_CONFIG_UNAVAILABLE",
        }
    }
}

/// A configuration was refused; nothing was opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    code: ConfigErrorCode,
    path: String,
    message: String,
}

impl ConfigError {
    /// `path` is the key within the store's block, such as `tls.cert`; empty for the whole block.
    pub(crate) fn new(code: ConfigErrorCode, path: impl Into<String>, message: impl fmt::Display) -> Self {
        Self { code, path: path.into(), message: message.to_string() }
    }

    pub(crate) fn invalid(path: impl Into<String>, message: impl fmt::Display) -> Self {
        Self::new(ConfigErrorCode::Invalid, path, message)
    }

    /// The same error of another key.
    pub(crate) fn at(self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self }
    }

    /// The same error within the mapping of another key.
    pub(crate) fn within(self, outer: &str) -> Self {
        let path = if self.path.is_empty() { outer.to_owned() } else { format!("{outer}.{}", self.path) };
        Self { path, ..self }
    }

    /// What is wrong.
    #[must_use]
    pub fn code(&self) -> ConfigErrorCode {
        self.code
    }

    /// The key it concerns, such as `tls.cert`; empty for the whole block.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}
