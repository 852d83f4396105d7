//! What a store tells its operator beside the answers: alarms and changes of state. No event carries a session id, a
//! label or a secret.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value, json};

/// Something an operator should look at. The names are those of `docs/compatibility.md`, section 1.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Alarm {
    /// Refreshes of a TTL were refused; the labels that were read have been returned.
    TtlRefreshFailed {
        /// Code word of the refusal.
        server_code: Option<Box<str>>,
        /// How many loads of one pipeline this happened to.
        count: u32,
    },
    /// `ttlSeconds` is shorter than the longest life a session may have.
    TtlUnsound {
        /// The configured TTL.
        ttl_seconds: u32,
        /// The configured longest life of a session.
        max_session_lifetime_seconds: u32,
    },
    /// The keyspace had no generation and this node created one.
    GenerationCreated,
    /// The generation is missing, changed or of another layout.
    KeyspaceLost {
        /// `missing`, `changed` or `layout`.
        reason: &'static str,
    },
    /// The server holds fewer labels of a session than it did; they are being added again.
    LabelRegression {
        /// First eight hex digits of the session's digest.
        session: Box<str>,
        /// Labels that this node knows of.
        known: u32,
    },
    /// The server's settings do not carry the promise.
    UnsafeServer {
        /// Which: `eviction`, `durability`, `fence`, `version`, `acl`, `role` or `clock`.
        reason: &'static str,
        /// What was found and what to change.
        detail: Box<str>,
    },
    /// Too few replicas confirmed appends in time: those were failed. Told once, until appends are confirmed again.
    NotReplicated {
        /// Replicas that did.
        acknowledged: u32,
    },
    /// The sentinels do not name a primary: connections that are open go on, new ones cannot be made. Told once, until
    /// they name one again.
    PrimaryUnknown {
        /// What they say instead.
        detail: Cow<'static, str>,
    },
    /// Credentials, or files of them, were refused or could not be used; earlier ones stay in use where there are any.
    CredentialsRejected {
        /// What was wrong.
        detail: &'static str,
    },
    /// Another node uses another TTL in the same keyspace.
    LayoutMismatch {
        /// This node's TTL.
        ours: Option<u32>,
        /// The TTL recorded with the generation.
        theirs: Option<u32>,
    },
}

impl Alarm {
    /// The alarm's name in events.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::TtlRefreshFailed { .. } => "session_store_ttl_refresh_failed",
            Self::TtlUnsound { .. } => "session_store_ttl_unsound",
            Self::GenerationCreated => "session_store_generation_created",
            Self::KeyspaceLost { .. } => "session_store_keyspace_lost",
            Self::LabelRegression { .. } => "session_store_label_regression",
            Self::UnsafeServer { .. } => "session_store_unsafe_server",
            Self::NotReplicated { .. } => "session_store_not_replicated",
            Self::PrimaryUnknown { .. } => "session_store_primary_unknown",
            Self::CredentialsRejected { .. } => "session_store_credentials_rejected",
            Self::LayoutMismatch { .. } => "session_store_layout_mismatch",
        }
    }

    fn details(&self) -> Value {
        match self {
            Self::TtlRefreshFailed { server_code, count } => json!({ "serverCode": server_code, "count": count }),
            Self::TtlUnsound { ttl_seconds, max_session_lifetime_seconds } => {
                json!({ "ttlSeconds": ttl_seconds, "maxSessionLifetimeSeconds": max_session_lifetime_seconds })
            }
            Self::GenerationCreated => json!({}),
            Self::KeyspaceLost { reason } => json!({ "reason": reason }),
            Self::LabelRegression { session, known } => json!({ "sessionDigest": session, "knownLabels": known }),
            Self::UnsafeServer { reason, detail } => json!({ "reason": reason, "detail": detail }),
            Self::NotReplicated { acknowledged } => json!({ "acknowledged": acknowledged }),
            Self::PrimaryUnknown { detail } => json!({ "detail": detail }),
            Self::CredentialsRejected { detail } => json!({ "detail": detail }),
            Self::LayoutMismatch { ours, theirs } => json!({ "ttlSeconds": ours, "recordedTtlSeconds": theirs }),
        }
    }
}

/// A change of state that is no alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// A connection was opened and examined.
    Connected {
        /// `redis` or `valkey`.
        server: &'static str,
        /// Version that the server names.
        version: Box<str>,
    },
    /// A connection is gone.
    Disconnected {
        /// Code and reason of what ended it.
        code: &'static str,
        /// The reason within the code.
        reason: Option<&'static str>,
    },
    /// An operator accepted a new generation and this node follows.
    GenerationAccepted,
    /// The server is another process than before: every connection to it was dropped.
    ServerReplaced,
    /// The sentinels name another primary: every connection to the old one was dropped.
    PrimaryChanged {
        /// Where it is now, as `host:port`.
        primary: Box<str>,
    },
    /// The primaries of the cluster are others than before.
    ClusterChanged {
        /// How many there are now.
        primaries: usize,
    },
    /// The breaker opened after consecutive failures: operations are refused for a while.
    BreakerOpened {
        /// For how long, in milliseconds.
        for_ms: u32,
    },
    /// One operation is let through to see whether the node is back.
    BreakerHalfOpen,
    /// The node is back.
    BreakerClosed,
}

impl State {
    /// The state's name in events.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Connected { .. } => "connected",
            Self::Disconnected { .. } => "disconnected",
            Self::GenerationAccepted => "generation_accepted",
            Self::ServerReplaced => "server_replaced",
            Self::PrimaryChanged { .. } => "primary_changed",
            Self::ClusterChanged { .. } => "cluster_changed",
            Self::BreakerOpened { .. } => "breaker_opened",
            Self::BreakerHalfOpen => "breaker_half_open",
            Self::BreakerClosed => "breaker_closed",
        }
    }

    fn details(&self) -> Value {
        match self {
            Self::Connected { server, version } => json!({ "server": server, "version": version }),
            Self::Disconnected { code, reason } => json!({ "code": code, "reason": reason }),
            Self::PrimaryChanged { primary } => json!({ "primary": primary }),
            Self::ClusterChanged { primaries } => json!({ "primaries": primaries }),
            Self::BreakerOpened { for_ms } => json!({ "forMs": for_ms }),
            Self::GenerationAccepted | Self::ServerReplaced | Self::BreakerHalfOpen | Self::BreakerClosed => json!({}),
        }
    }
}

/// What is known of cached policies that other nodes may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Policies {
    /// From now on every change is told.
    Tracking,
    /// The policies of these agents have changed.
    Invalidated {
        /// Agent ids in hex, as they stand in the keys.
        agents: Vec<Box<str>>,
    },
    /// Changes are no longer told: nothing that is kept can be trusted.
    Lost,
}

/// An alarm, a change of state, or news of cached policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Something an operator should look at.
    Alarm(Alarm),
    /// A change of state.
    State(State),
    /// News of cached policies.
    Policies(Policies),
    /// Something that happened at one node of several.
    AtNode {
        /// Its address, as `host:port`.
        node: Arc<str>,
        /// What happened.
        event: Box<Self>,
    },
}

impl Event {
    /// The event as JSON: `{ "channel": "alarm" | "state" | "policies", "name": …, "node"?: …, … }`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let (channel, name, details) = match self {
            Self::AtNode { node, event } => {
                let mut event = event.to_json();
                if let Value::Object(fields) = &mut event {
                    fields.insert("node".into(), json!(**node));
                }
                return event;
            }
            Self::Alarm(alarm) => ("alarm", alarm.name(), alarm.details()),
            Self::State(state) => ("state", state.name(), state.details()),
            Self::Policies(Policies::Tracking) => ("policies", "tracking", json!({})),
            Self::Policies(Policies::Invalidated { agents }) => {
                ("policies", "invalidated", json!({ "agents": agents }))
            }
            Self::Policies(Policies::Lost) => ("policies", "lost", json!({})),
        };
        let mut event = Map::new();
        event.insert("channel".into(), channel.into());
        event.insert("name".into(), name.into());
        if let Value::Object(details) = details {
            event.extend(details.into_iter().filter(|(_, value)| !value.is_null()));
        }
        Value::Object(event)
    }
}
