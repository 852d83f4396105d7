//! The replies of `MULTI`, queued commands, `EXEC`, checked one by one.

use crate::fault::Fault;
use crate::resp::{Element, Elements, Malformed, Reply, ServerError};
use crate::switches::{Mechanism, is_off};

/// A transaction in flight.
#[derive(Debug)]
pub(super) struct Transaction {
    phase: Phase,
    /// Commands between `MULTI` and `EXEC`.
    queued: usize,
    /// `MULTI` was refused, so what follows ran outside a transaction and cannot count as success.
    outside: bool,
    error: Option<Box<ServerError>>,
    /// Something was written although the whole failed.
    partly_written: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Multi,
    Queue { left: usize },
    Exec,
    Done,
}

/// What a reply was.
pub(super) enum Progress<'a> {
    More,
    /// The results of all queued commands.
    Executed(Elements<'a>),
    /// The last reply, of a transaction that failed.
    Refused,
}

impl Transaction {
    /// One of `queued` commands.
    pub(super) fn new(queued: usize) -> Self {
        Self { phase: Phase::Multi, queued, outside: false, error: None, partly_written: false }
    }

    /// Takes the next reply.
    pub(super) fn accept<'a>(&mut self, reply: &Reply<'a>) -> Result<Progress<'a>, Malformed> {
        match (self.phase, reply) {
            (Phase::Multi, Reply::Scalar(Element::Status(b"OK"))) => {
                self.phase = Phase::Queue { left: self.queued };
            }
            (Phase::Multi, Reply::Scalar(Element::Error(line))) => {
                self.outside = true;
                self.note(ServerError::parse(line));
                self.phase = Phase::Queue { left: self.queued };
            }
            (Phase::Queue { left }, _) => {
                self.accept_queued(reply)?;
                self.phase = if left > 1 { Phase::Queue { left: left - 1 } } else { Phase::Exec };
            }
            (Phase::Exec, Reply::Array(results)) if self.error.is_none() => {
                if results.len() != self.queued {
                    return Err(Malformed);
                }
                return Ok(Progress::Executed(*results));
            }
            (Phase::Exec, Reply::Scalar(Element::Error(line))) => {
                self.note(ServerError::parse(line));
                self.phase = Phase::Done;
                return Ok(Progress::Refused);
            }
            // A nil answer to EXEC means that a WATCH failed, and nothing here ever watches.
            _ => return Err(Malformed),
        }
        Ok(Progress::More)
    }

    fn accept_queued(&mut self, reply: &Reply<'_>) -> Result<(), Malformed> {
        match reply {
            Reply::Scalar(Element::Status(b"QUEUED")) if !self.outside => {}
            Reply::Scalar(Element::Error(line)) => self.note(ServerError::parse(line)),
            Reply::Scalar(_) if self.outside => self.partly_written = true,
            _ => return Err(Malformed),
        }
        Ok(())
    }

    /// Whether replies are still awaited; asked after one that was no result.
    pub(super) fn is_open(&self) -> bool {
        self.phase != Phase::Done
    }

    /// An error among the replies or results: an error inside a transaction does not undo its neighbours.
    pub(super) fn note(&mut self, error: ServerError) {
        if is_off(Mechanism::Results) {
            return;
        }
        self.error = Some(Box::new(match self.error.take() {
            Some(known) => known.more_telling(error),
            None => error,
        }));
    }

    /// A result that has written something.
    pub(super) fn note_written(&mut self) {
        self.partly_written = true;
    }

    /// What went wrong, if anything did.
    pub(super) fn into_fault(self) -> Option<Fault> {
        let partly_written = self.partly_written;
        self.error.map(|error| Fault::from(*error).indeterminate(partly_written))
    }
}
