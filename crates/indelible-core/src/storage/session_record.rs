use super::{AgentId, SessionId};

/// What is kept of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// Which session.
    pub session_id: SessionId,
    /// Whose it is.
    pub agent_id: AgentId,
    /// When it began, in nanoseconds since the Unix epoch.
    pub started_at_ns: u64,
}
