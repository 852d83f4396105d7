use crate::config::ConfigError;
use crate::endpoint::Address;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// As it should be.
    Ok,
    /// Works, with a risk that the hint is about.
    Warn,
    /// Keeps the store from working, or from keeping its promise.
    Fail,
}

impl Status {
    /// `ok`, `warn` or `fail`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What one check found. No text in it holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Name of the check, such as `tls` or `permission.sadd`; stable, listed in `docs/cli.md`.
    pub name: &'static str,
    /// How it ended.
    pub status: Status,
    /// What was found.
    pub detail: String,
    /// What to do about it; `None` exactly when the status is [`Status::Ok`].
    pub hint: Option<String>,
}

impl Finding {
    pub(super) fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, detail: detail.into(), hint: None }
    }

    pub(super) fn warn(name: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { name, status: Status::Warn, detail: detail.into(), hint: Some(hint.into()) }
    }

    pub(super) fn fail(name: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { name, status: Status::Fail, detail: detail.into(), hint: Some(hint.into()) }
    }
}

impl Finding {
    /// The same, said of one node of several.
    pub(super) fn of_node(self, node: &Address) -> Self {
        Self { detail: format!("{node}: {}", self.detail), ..self }
    }
}

impl From<&ConfigError> for Finding {
    fn from(error: &ConfigError) -> Self {
        let detail = if error.path().is_empty() { error.to_string() } else { format!("{}: {error}", error.path()) };
        Self::fail("config", detail, "docs/configuration.md lists every setting")
    }
}
