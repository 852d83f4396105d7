//! One atomic `MULTI`, for each id `SADD` [`EXPIRE … NX`, `EXPIRE … GT`], `EXEC`.

use super::{Ending, Judgement};
use crate::fault::Fault;
use crate::frame::Request;
use crate::label_commands::LabelCommands;
use crate::outcome::Answer;
use crate::resp::{Element, Elements, Malformed, Reply, ServerError, push_command};
use crate::session_in_flight::SessionInFlight;
use crate::switches::{Mechanism, is_off};

/// An append in flight.
#[derive(Debug)]
pub(crate) struct Append {
    phase: Phase,
    /// Commands queued for one id.
    per_id: usize,
    /// Commands queued in all.
    queued: usize,
    /// `MULTI` was refused, so what follows ran outside a transaction and cannot count as success.
    outside_transaction: bool,
    error: Option<Box<ServerError>>,
    /// Something of this append was written although it failed.
    partly_written: bool,
    /// Places (in order of ids) whose key is no set and was given a life by our own `EXPIRE … NX`.
    armed_foreign: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Multi,
    Queue { left: usize },
    Exec,
}

impl Append {
    pub(super) fn write(
        request: &Request<'_>,
        sessions: &[SessionInFlight],
        commands: &LabelCommands,
        out: &mut Vec<u8>,
    ) -> Self {
        push_command(out, &[b"MULTI"]);
        let (mut queued, mut per_id) = (0, 0);
        for session in sessions {
            per_id = commands.write_append(out, &session.digest.hex(), request.label_count, request.labels());
            queued += per_id;
        }
        push_command(out, &[b"EXEC"]);
        Self {
            phase: Phase::Multi,
            per_id,
            queued,
            outside_transaction: false,
            error: None,
            partly_written: false,
            armed_foreign: Vec::new(),
        }
    }

    pub(super) fn accept(&mut self, reply: &Reply<'_>) -> Result<bool, Malformed> {
        match self.phase {
            Phase::Multi => {
                match reply {
                    Reply::Scalar(Element::Status(b"OK")) => {}
                    Reply::Scalar(Element::Error(line)) => {
                        self.outside_transaction = true;
                        self.note(ServerError::parse(line));
                    }
                    _ => return Err(Malformed),
                }
                self.phase = Phase::Queue { left: self.queued };
                Ok(false)
            }
            Phase::Queue { left } => {
                match reply {
                    Reply::Scalar(Element::Status(b"QUEUED")) if !self.outside_transaction => {}
                    Reply::Scalar(Element::Integer(_)) if self.outside_transaction => self.partly_written = true,
                    Reply::Scalar(Element::Error(line)) => self.note(ServerError::parse(line)),
                    _ => return Err(Malformed),
                }
                self.phase = if left > 1 { Phase::Queue { left: left - 1 } } else { Phase::Exec };
                Ok(false)
            }
            Phase::Exec => {
                match reply {
                    Reply::Array(results) if self.error.is_none() => self.accept_results(results)?,
                    Reply::Scalar(Element::Error(line)) => self.note(ServerError::parse(line)),
                    // A nil answer means that a WATCH failed, and nothing here ever watches.
                    _ => return Err(Malformed),
                }
                Ok(true)
            }
        }
    }

    /// Checks every result: an error inside a transaction does not undo its neighbours.
    fn accept_results(&mut self, results: &Elements<'_>) -> Result<(), Malformed> {
        if results.len() != self.queued {
            return Err(Malformed);
        }
        let mut added_is_error = false;
        for (index, result) in results.iter().enumerate() {
            let place = index % self.per_id;
            match (place, result) {
                (0, Element::Integer(0..)) => {
                    added_is_error = false;
                    self.partly_written = true;
                }
                (0, Element::Error(line)) => {
                    added_is_error = true;
                    self.note(ServerError::parse(line));
                }
                (1.., Element::Integer(armed @ (0 | 1))) => {
                    if place == 1 && armed == 1 && added_is_error {
                        self.armed_foreign.push(index / self.per_id);
                    }
                }
                (1.., Element::Error(line)) => self.note(ServerError::parse(line)),
                _ => return Err(Malformed),
            }
        }
        Ok(())
    }

    fn note(&mut self, error: ServerError) {
        if is_off(Mechanism::Results) {
            return;
        }
        self.error = Some(Box::new(match self.error.take() {
            Some(known) => known.more_telling(error),
            None => error,
        }));
    }

    /// Places of ids whose key was given a life that must be taken back.
    pub(crate) fn armed_foreign(&self) -> &[usize] {
        &self.armed_foreign
    }

    pub(super) fn finish(self, judgement: Judgement<'_>) -> Ending {
        let Judgement { request, sessions, proof, memory, now, .. } = judgement;
        match (self.error, proof) {
            (Some(error), _) => Ending::Failed(Fault::from(*error).indeterminate(self.partly_written)),
            // It was written, but to a server that then did not prove to be the right one.
            (None, Some(fault)) => Ending::Failed(fault.clone().indeterminate(true)),
            (None, None) => {
                // The labels came from text, through a frame: anything else is not worth remembering.
                let labels = request.labels().filter_map(|label| std::str::from_utf8(label).ok());
                for session in sessions {
                    memory.acknowledge(&session.digest, labels.clone(), now);
                }
                Ending::Answered(Answer::Appended)
            }
        }
    }
}
