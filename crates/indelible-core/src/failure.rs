mod reason;

pub use reason::{Access, KeyspaceLost, NotDurable, NotPrimary, Timeout, Unavailable, Undecodable, UnsafeServer};

/// Every way in which a store operation can fail, each with its reasons.
///
/// Exhaustive on purpose: a new way to fail must be looked at everywhere it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// No answer is to be had.
    Unavailable(Unavailable),
    /// A deadline passed.
    Timeout(Timeout),
    /// The breaker is open: answered at once, nothing was sent.
    CircuitOpen,
    /// Too many operations in flight: answered at once, nothing was sent.
    Overloaded,
    /// The server that answered is not, or not certainly, the primary.
    NotPrimary(NotPrimary),
    /// A write cannot be, or was not, kept as safely as was asked for.
    NotDurable(NotDurable),
    /// The server is set up so that it cannot carry the promise.
    UnsafeServer(UnsafeServer),
    /// The keyspace is not the one that labels were written to.
    KeyspaceLost(KeyspaceLost),
    /// The server returned less than it had, and adding it again failed.
    Regression,
    /// The server refuses writes because its memory is full.
    OutOfMemory,
    /// The server refuses us.
    Access(Access),
    /// The server's answer is not one that we can read.
    Undecodable(Undecodable),
    /// The caller passed something that no store could serve; nothing was sent.
    InvalidArgument,
    /// The caller gave up.
    Aborted,
    /// The store is closed.
    Closed,
    /// A bug of ours.
    Internal,
}

impl Failure {
    /// Every failure with every reason, in the order of the documentation.
    pub const ALL: &[Self] = &[
        Self::Unavailable(Unavailable::Refused),
        Self::Unavailable(Unavailable::Dns),
        Self::Unavailable(Unavailable::Tls),
        Self::Unavailable(Unavailable::ConnectionLost),
        Self::Unavailable(Unavailable::Loading),
        Self::Unavailable(Unavailable::ClusterDown),
        Self::Timeout(Timeout::Queue),
        Self::Timeout(Timeout::Connect),
        Self::Timeout(Timeout::Command),
        Self::CircuitOpen,
        Self::Overloaded,
        Self::NotPrimary(NotPrimary::ReadOnly),
        Self::NotPrimary(NotPrimary::NoReplicas),
        Self::NotPrimary(NotPrimary::Redirect),
        Self::NotPrimary(NotPrimary::Topology),
        Self::NotDurable(NotDurable::Replicas),
        Self::NotDurable(NotDurable::Misconf),
        Self::NotDurable(NotDurable::Ttl),
        Self::UnsafeServer(UnsafeServer::Role),
        Self::UnsafeServer(UnsafeServer::Eviction),
        Self::UnsafeServer(UnsafeServer::Durability),
        Self::UnsafeServer(UnsafeServer::Fence),
        Self::UnsafeServer(UnsafeServer::Version),
        Self::UnsafeServer(UnsafeServer::Acl),
        Self::KeyspaceLost(KeyspaceLost::Missing),
        Self::KeyspaceLost(KeyspaceLost::Changed),
        Self::KeyspaceLost(KeyspaceLost::Layout),
        Self::Regression,
        Self::OutOfMemory,
        Self::Access(Access::Auth),
        Self::Access(Access::Permission),
        Self::Undecodable(Undecodable::Protocol),
        Self::Undecodable(Undecodable::Value),
        Self::Undecodable(Undecodable::TooLarge),
        Self::InvalidArgument,
        Self::Aborted,
        Self::Closed,
        Self::Internal,
    ];

    /// The stable code that callers and dashboards see.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unavailable(_) => "ERR_STORE_UNAVAILABLE",
            Self::Timeout(_) => "ERR_STORE_TIMEOUT",
            Self::CircuitOpen => "ERR_STORE_CIRCUIT_OPEN",
            Self::Overloaded => "ERR_STORE_OVERLOADED",
            Self::NotPrimary(_) => "ERR_STORE_NOT_PRIMARY",
            Self::NotDurable(_) => "ERR_STORE_NOT_DURABLE",
            Self::UnsafeServer(_) => "ERR_STORE_UNSAFE_SERVER",
            Self::KeyspaceLost(_) => "ERR_STORE_KEYSPACE_LOST",
            Self::Regression => "ERR_STORE_REGRESSION",
            Self::OutOfMemory => "ERR_STORE_OUT_OF_MEMORY",
            Self::Access(_) => "ERR_STORE_ACCESS",
            Self::Undecodable(_) => "ERR_STORE_UNDECODABLE",
            Self::InvalidArgument => "ERR_STORE_INVALID_ARGUMENT",
            Self::Aborted => "ERR_STORE_ABORTED",
            Self::Closed => "ERR_STORE_CLOSED",
            Self::Internal => "ERR_STORE_INTERNAL",
        }
    }

    /// The stable reason within the code, for codes that have more than one.
    #[must_use]
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Unavailable(reason) => Some(reason.as_str()),
            Self::Timeout(reason) => Some(reason.as_str()),
            Self::NotPrimary(reason) => Some(reason.as_str()),
            Self::NotDurable(reason) => Some(reason.as_str()),
            Self::UnsafeServer(reason) => Some(reason.as_str()),
            Self::KeyspaceLost(reason) => Some(reason.as_str()),
            Self::Access(reason) => Some(reason.as_str()),
            Self::Undecodable(reason) => Some(reason.as_str()),
            Self::CircuitOpen
            | Self::Overloaded
            | Self::Regression
            | Self::OutOfMemory
            | Self::InvalidArgument
            | Self::Aborted
            | Self::Closed
            | Self::Internal => None,
        }
    }

    /// Whether the same call may succeed later without anyone's doing. `false` where someone must act first: change
    /// the call, the configuration, the credentials, the server or the data.
    #[must_use]
    pub fn retryable(self) -> bool {
        match self {
            Self::Unavailable(reason) => reason != Unavailable::Tls,
            Self::NotDurable(reason) => reason == NotDurable::Replicas,
            Self::Timeout(_) | Self::CircuitOpen | Self::Overloaded | Self::NotPrimary(_) => true,
            Self::UnsafeServer(_)
            | Self::KeyspaceLost(_)
            | Self::Regression
            | Self::OutOfMemory
            | Self::Access(_)
            | Self::Undecodable(_)
            | Self::InvalidArgument
            | Self::Aborted
            | Self::Closed
            | Self::Internal => false,
        }
    }

    /// Whether the failure speaks against the node, so that the breaker counts it. What speaks against the data, the
    /// set-up or the caller does not: a healthy node must not be cut off for it.
    #[must_use]
    pub fn counts_for_breaker(self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Timeout(_) | Self::NotPrimary(_) | Self::Internal => true,
            Self::Access(reason) => reason == Access::Auth,
            Self::Undecodable(reason) => reason == Undecodable::Protocol,
            Self::CircuitOpen
            | Self::Overloaded
            | Self::NotDurable(_)
            | Self::UnsafeServer(_)
            | Self::KeyspaceLost(_)
            | Self::Regression
            | Self::OutOfMemory
            | Self::InvalidArgument
            | Self::Aborted
            | Self::Closed => false,
        }
    }

    /// The failure in plain English: a clause without a capital letter or a full stop.
    #[must_use]
    pub fn summary(self) -> &'static str {
        match self {
            Self::Unavailable(reason) => reason.summary(),
            Self::Timeout(reason) => reason.summary(),
            Self::CircuitOpen => "the breaker is open after repeated failures; nothing was sent",
            Self::Overloaded => "too many operations are in flight; nothing was sent",
            Self::NotPrimary(reason) => reason.summary(),
            Self::NotDurable(reason) => reason.summary(),
            Self::UnsafeServer(reason) => reason.summary(),
            Self::KeyspaceLost(reason) => reason.summary(),
            Self::Regression => "the server lost labels of this session, and adding them again failed",
            Self::OutOfMemory => "the server is out of memory and refuses writes",
            Self::Access(reason) => reason.summary(),
            Self::Undecodable(reason) => reason.summary(),
            Self::InvalidArgument => "an argument is not valid; nothing was sent",
            Self::Aborted => "the caller aborted the operation",
            Self::Closed => "the store is closed",
            Self::Internal => "an internal error, please report it",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn named(failure: Failure) -> String {
        let code = failure.code().trim_start_matches("ERR_STORE_");
        failure.reason().map_or(code.to_owned(), |reason| format!("{code}({reason})"))
    }

    fn names_of(chosen: impl Fn(Failure) -> bool) -> Vec<String> {
        Failure::ALL.iter().copied().filter(|failure| chosen(*failure)).map(named).collect()
    }

    #[test]
    fn codes_and_reasons_are_those_of_the_documentation() {
        assert_eq!(
            names_of(|_| true),
            [
                "UNAVAILABLE(refused)",
                "UNAVAILABLE(dns)",
                "UNAVAILABLE(tls)",
                "UNAVAILABLE(connection-lost)",
                "UNAVAILABLE(loading)",
                "UNAVAILABLE(cluster-down)",
                "TIMEOUT(queue)",
                "TIMEOUT(connect)",
                "TIMEOUT(command)",
                "CIRCUIT_OPEN",
                "OVERLOADED",
                "NOT_PRIMARY(readonly)",
                "NOT_PRIMARY(no-replicas)",
                "NOT_PRIMARY(redirect)",
                "NOT_PRIMARY(topology)",
                "NOT_DURABLE(replicas)",
                "NOT_DURABLE(misconf)",
                "NOT_DURABLE(ttl)",
                "UNSAFE_SERVER(role)",
                "UNSAFE_SERVER(eviction)",
                "UNSAFE_SERVER(durability)",
                "UNSAFE_SERVER(fence)",
                "UNSAFE_SERVER(version)",
                "UNSAFE_SERVER(acl)",
                "KEYSPACE_LOST(missing)",
                "KEYSPACE_LOST(changed)",
                "KEYSPACE_LOST(layout)",
                "REGRESSION",
                "OUT_OF_MEMORY",
                "ACCESS(auth)",
                "ACCESS(permission)",
                "UNDECODABLE(protocol)",
                "UNDECODABLE(value)",
                "UNDECODABLE(too-large)",
                "INVALID_ARGUMENT",
                "ABORTED",
                "CLOSED",
                "INTERNAL",
            ]
        );
    }

    #[test]
    fn retryable_is_what_may_pass_by_itself() {
        assert_eq!(
            names_of(Failure::retryable),
            [
                "UNAVAILABLE(refused)",
                "UNAVAILABLE(dns)",
                "UNAVAILABLE(connection-lost)",
                "UNAVAILABLE(loading)",
                "UNAVAILABLE(cluster-down)",
                "TIMEOUT(queue)",
                "TIMEOUT(connect)",
                "TIMEOUT(command)",
                "CIRCUIT_OPEN",
                "OVERLOADED",
                "NOT_PRIMARY(readonly)",
                "NOT_PRIMARY(no-replicas)",
                "NOT_PRIMARY(redirect)",
                "NOT_PRIMARY(topology)",
                "NOT_DURABLE(replicas)",
            ]
        );
    }

    #[test]
    fn the_breaker_counts_what_speaks_against_the_node() {
        assert_eq!(
            names_of(Failure::counts_for_breaker),
            [
                "UNAVAILABLE(refused)",
                "UNAVAILABLE(dns)",
                "UNAVAILABLE(tls)",
                "UNAVAILABLE(connection-lost)",
                "UNAVAILABLE(loading)",
                "UNAVAILABLE(cluster-down)",
                "TIMEOUT(queue)",
                "TIMEOUT(connect)",
                "TIMEOUT(command)",
                "NOT_PRIMARY(readonly)",
                "NOT_PRIMARY(no-replicas)",
                "NOT_PRIMARY(redirect)",
                "NOT_PRIMARY(topology)",
                "ACCESS(auth)",
                "UNDECODABLE(protocol)",
                "INTERNAL",
            ]
        );
    }

    #[test]
    fn every_failure_has_a_summary_of_its_own() {
        let summaries: HashSet<&str> = Failure::ALL.iter().map(|failure| failure.summary()).collect();
        assert_eq!(summaries.len(), Failure::ALL.len());
        for summary in summaries {
            assert!(summary.starts_with(char::is_lowercase) && !summary.ends_with('.'), "{summary}");
        }
    }
}
