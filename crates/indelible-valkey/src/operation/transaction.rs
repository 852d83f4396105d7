//! `MULTI`, the queued commands of one or several operations, `EXEC`: the replies of the whole, and the verdict on the
//! results of each operation.

use crate::fault::Fault;
use crate::resp::{Element, Elements, Malformed, Reply, ServerError, push_command};
use crate::switches::{Mechanism, is_off};

/// A transaction in flight. Operations that follow each other share one: the server then runs two commands fewer for
/// each, and every operation is as atomic as it would be alone.
#[derive(Debug)]
pub(crate) struct Transaction {
    phase: Phase,
    /// Commands between `MULTI` and `EXEC`.
    queued: usize,
    /// `MULTI` was refused, so what follows ran outside a transaction and cannot count as success.
    outside: bool,
    verdict: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Asking,
    Multi,
    Queue { left: usize },
    Exec,
}

/// What a reply was.
pub(crate) enum Progress<'a> {
    More,
    /// The results of all queued commands.
    Executed(Elements<'a>),
    /// The last reply, of a transaction that failed.
    Refused,
}

impl Transaction {
    /// Writes the beginning; `asking` says that the slot of its keys is on its way to the node.
    pub(crate) fn begin(out: &mut Vec<u8>, asking: bool) -> Self {
        if asking {
            push_command(out, &[b"ASKING"]);
        }
        push_command(out, &[b"MULTI"]);
        Self {
            phase: if asking { Phase::Asking } else { Phase::Multi },
            queued: 0,
            outside: false,
            verdict: Verdict::default(),
        }
    }

    /// Commands have been written into it.
    pub(crate) fn queue(&mut self, commands: usize) {
        self.queued += commands;
    }

    /// Writes the end.
    pub(crate) fn end(out: &mut Vec<u8>) {
        push_command(out, &[b"EXEC"]);
    }

    /// Takes the next reply.
    pub(crate) fn accept<'a>(&mut self, reply: &Reply<'a>) -> Result<Progress<'a>, Malformed> {
        match (self.phase, reply) {
            (Phase::Asking, Reply::Scalar(Element::Status(b"OK"))) => self.phase = Phase::Multi,
            (Phase::Asking, Reply::Scalar(Element::Error(line))) => {
                self.verdict.note(ServerError::parse(line));
                self.phase = Phase::Multi;
            }
            (Phase::Multi, Reply::Scalar(Element::Status(b"OK"))) => {
                self.phase = Phase::Queue { left: self.queued };
            }
            (Phase::Multi, Reply::Scalar(Element::Error(line))) => {
                self.outside = true;
                self.verdict.note(ServerError::parse(line));
                self.phase = Phase::Queue { left: self.queued };
            }
            (Phase::Queue { left }, _) => {
                self.accept_queued(reply)?;
                self.phase = if left > 1 { Phase::Queue { left: left - 1 } } else { Phase::Exec };
            }
            (Phase::Exec, Reply::Array(results)) if self.verdict.error.is_none() => {
                if results.len() != self.queued {
                    return Err(Malformed);
                }
                return Ok(Progress::Executed(*results));
            }
            (Phase::Exec, Reply::Scalar(Element::Error(line))) => {
                self.verdict.note(ServerError::parse(line));
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
            Reply::Scalar(Element::Error(line)) => self.verdict.note(ServerError::parse(line)),
            Reply::Scalar(_) if self.outside => self.verdict.note_written(),
            _ => return Err(Malformed),
        }
        Ok(())
    }

    /// What went wrong with the whole, if anything did.
    pub(crate) fn into_fault(self) -> Option<Fault> {
        self.verdict.into_fault()
    }
}

/// What the results of one operation come to. An error inside a transaction does not undo its neighbours.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    error: Option<Box<ServerError>>,
    /// Something was written although the whole failed.
    partly_written: bool,
}

impl Verdict {
    /// An error among the results.
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
