//! One atomic `MULTI`, for each id `SADD` [`EXPIRE … NX`, `EXPIRE … GT`], `EXEC`.

use super::transaction::{Progress, Transaction};
use super::{Ending, Judgement};
use crate::frame::Request;
use crate::label_commands::LabelCommands;
use crate::outcome::Answer;
use crate::resp::{Element, Elements, Malformed, Reply, ServerError, push_command};
use crate::session_in_flight::SessionInFlight;

/// An append in flight.
#[derive(Debug)]
pub(crate) struct Append {
    transaction: Transaction,
    /// Commands queued for one id.
    per_id: usize,
    /// Places (in order of ids) whose key is no set and was given a life by our own `EXPIRE … NX`.
    armed_foreign: Vec<usize>,
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
            per_id = commands.write_append(out, &session.digest.hex(), request.argument_count, request.arguments());
            queued += per_id;
        }
        push_command(out, &[b"EXEC"]);
        Self { transaction: Transaction::new(queued), per_id, armed_foreign: Vec::new() }
    }

    pub(super) fn accept(&mut self, reply: &Reply<'_>) -> Result<bool, Malformed> {
        match self.transaction.accept(reply)? {
            Progress::More => Ok(false),
            Progress::Refused => Ok(true),
            Progress::Executed(results) => {
                self.accept_results(&results)?;
                Ok(true)
            }
        }
    }

    fn accept_results(&mut self, results: &Elements<'_>) -> Result<(), Malformed> {
        let mut added_is_error = false;
        for (index, result) in results.iter().enumerate() {
            let place = index % self.per_id;
            match (place, result) {
                (0, Element::Integer(0..)) => {
                    added_is_error = false;
                    self.transaction.note_written();
                }
                (0, Element::Error(line)) => {
                    added_is_error = true;
                    self.transaction.note(ServerError::parse(line));
                }
                (1.., Element::Integer(armed @ (0 | 1))) => {
                    if place == 1 && armed == 1 && added_is_error {
                        self.armed_foreign.push(index / self.per_id);
                    }
                }
                (1.., Element::Error(line)) => self.transaction.note(ServerError::parse(line)),
                _ => return Err(Malformed),
            }
        }
        Ok(())
    }

    /// Places of ids whose key was given a life that must be taken back.
    pub(crate) fn armed_foreign(&self) -> &[usize] {
        &self.armed_foreign
    }

    pub(super) fn finish(self, judgement: Judgement<'_>) -> Ending {
        let Judgement { request, sessions, proof, memory, now, .. } = judgement;
        match (self.transaction.into_fault(), proof) {
            (Some(fault), _) => Ending::Failed(fault),
            // It was written, but to a server that then did not prove to be the right one.
            (None, Some(fault)) => Ending::Failed(fault.clone().indeterminate(true)),
            (None, None) => {
                // The labels came from text, through a frame: anything else is not worth remembering.
                let labels = request.arguments().filter_map(|label| std::str::from_utf8(label).ok());
                for session in sessions {
                    memory.acknowledge(&session.digest, labels.clone(), now);
                }
                Ending::Answered(Answer::Appended)
            }
        }
    }
}
