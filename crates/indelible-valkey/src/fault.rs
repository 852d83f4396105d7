//! Why one operation failed inside a pipeline, before it becomes a `StoreError`.

use std::borrow::Cow;

use indelible_core::{Access, Failure, NotPrimary, Timeout, Unavailable, Undecodable};

use crate::breaker::Signal;
use crate::cluster::Redirect;
use crate::frame::Opcode;
use crate::resp::ServerError;

/// A failure with what is known about it so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) failure: Failure,
    /// The code word of the server's error reply.
    pub(crate) server_code: Option<Box<str>>,
    /// The operation may have happened all the same.
    pub(crate) indeterminate: bool,
    /// What is wrong in particular; our own words.
    pub(crate) detail: Option<Cow<'static, str>>,
    /// Where a cluster sends the operation on.
    pub(crate) redirect: Option<Box<Redirect>>,
}

impl Fault {
    pub(crate) fn new(failure: Failure) -> Self {
        Self { failure, server_code: None, indeterminate: false, detail: None, redirect: None }
    }

    /// A reply that does not have the shape that its command can answer.
    pub(crate) fn protocol() -> Self {
        Self::new(Failure::Undecodable(Undecodable::Protocol))
    }

    pub(crate) fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The fault as it concerns one operation: only a write can have happened.
    pub(crate) fn for_opcode(mut self, opcode: Opcode) -> Self {
        self.indeterminate &= opcode.changes_data();
        self
    }

    /// Whether another attempt, on another connection, may do better right away.
    pub(crate) fn is_worth_a_retry(&self) -> bool {
        match self.failure {
            Failure::Unavailable(reason) => reason != Unavailable::Tls,
            Failure::NotPrimary(reason) => reason != NotPrimary::NoReplicas,
            Failure::Timeout(_) => true,
            // The credentials are read anew for the next connection.
            Failure::Access(reason) => reason == Access::Auth,
            _ => false,
        }
    }

    /// Whether the server was examined and found not to be one to use.
    pub(crate) fn refuses_server(&self) -> bool {
        matches!(self.failure, Failure::UnsafeServer(_) | Failure::NotPrimary(_))
    }

    /// Whether every connection to the node is in doubt, not only the one that this happened on.
    pub(crate) fn doubts_node(&self) -> bool {
        match self.failure {
            Failure::Timeout(reason) => reason == Timeout::Command || reason == Timeout::Connect,
            // Not `topology`: whoever cannot say where the primary is says nothing against connections to it.
            Failure::NotPrimary(reason) => reason == NotPrimary::ReadOnly,
            Failure::Access(reason) => reason == Access::Auth,
            Failure::UnsafeServer(_) => true,
            _ => false,
        }
    }

    /// Whether another node may have what was asked for by now: a promoted replica, say.
    pub(crate) fn doubts_map(&self) -> bool {
        matches!(self.failure, Failure::Unavailable(_) | Failure::Timeout(_) | Failure::NotPrimary(_))
    }

    /// How the breaker counts an operation that ended like this.
    pub(crate) fn signal(&self) -> Signal {
        if self.failure.counts_for_breaker() { Signal::Failure } else { Signal::Neutral }
    }

    pub(crate) fn indeterminate(mut self, indeterminate: bool) -> Self {
        self.indeterminate |= indeterminate;
        self
    }
}

impl From<ServerError> for Fault {
    fn from(error: ServerError) -> Self {
        let server_code = (!error.code.is_empty()).then_some(error.code);
        Self { redirect: error.redirect, server_code, ..Self::new(error.failure) }
    }
}
