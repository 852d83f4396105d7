use schemars::JsonSchema;
use serde::Deserialize;

/// What a store does about the generation of its keyspace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GenerationMode {
    /// The first connection may create it; from then on a missing or changed one fails closed.
    #[default]
    Observe,
    /// Never created by a store: an operator does that once.
    Require,
    /// No generation: for a keyspace shared with a fleet whose access rules forbid the key.
    Off,
}

impl GenerationMode {
    pub(crate) fn is_on(self) -> bool {
        self != Self::Off
    }
}

/// What a store does about a server whose settings do not carry the promise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Checks {
    /// Raises an alarm and goes on.
    #[default]
    Warn,
    /// Refuses the server.
    Enforce,
    /// Does not look.
    Off,
}

/// What a write must have survived on the server's own disk before it counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Disk {
    /// Whatever the server's fsync policy gives.
    #[default]
    None,
    /// Every write: the server must run with `appendonly yes` and `appendfsync always`, which is checked.
    Always,
}
