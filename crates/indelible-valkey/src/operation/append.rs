//! For each id `SADD` [`EXPIRE … NX`, `EXPIRE … GT`], inside one transaction.

use super::transaction::Verdict;
use super::{Ending, Judgement};
use crate::frame::Request;
use crate::label_commands::LabelCommands;
use crate::outcome::Answer;
use crate::resp::{Element, Malformed, ServerError};
use crate::session_in_flight::SessionInFlight;

/// An append in flight.
#[derive(Debug)]
pub(crate) struct Append {
    verdict: Verdict,
    /// Commands queued for all ids.
    queued: usize,
    /// Places (in order of ids) whose key is no set and was given a life by our own `EXPIRE … NX`.
    armed_foreign: Vec<usize>,
}

impl Append {
    pub(super) fn write(
        request: &Request<'_>,
        sessions: &mut [SessionInFlight],
        commands: &LabelCommands,
        out: &mut Vec<u8>,
    ) -> Self {
        let mut queued = 0;
        for session in sessions {
            let hex = session.digest.hex();
            let (count, labels) = (request.argument_count, request.arguments());
            session.commands = commands.write_append(out, &hex, session.is_fresh, count, labels);
            queued += session.commands;
        }
        Self { verdict: Verdict::default(), queued, armed_foreign: Vec::new() }
    }

    pub(super) fn queued(&self) -> usize {
        self.queued
    }

    pub(super) fn accept_results<'a>(
        &mut self,
        results: &mut impl Iterator<Item = Element<'a>>,
        sessions: &mut [SessionInFlight],
    ) -> Result<(), Malformed> {
        for (index, session) in sessions.iter_mut().enumerate() {
            let added = self.accept_added(results.next())?;
            for place in 1..session.commands {
                let renewed = self.accept_expiry(results.next())?;
                let is_arming = place == 1;
                if is_arming && renewed && !added {
                    self.armed_foreign.push(index);
                }
                // A refresh of any outcome counts; of a life that needed none, only a new key's first.
                session.renewed = Some(session.renewed == Some(true) || !is_arming || renewed);
            }
        }
        Ok(())
    }

    fn accept_added(&mut self, result: Option<Element<'_>>) -> Result<bool, Malformed> {
        match result {
            Some(Element::Integer(0..)) => {
                self.verdict.note_written();
                Ok(true)
            }
            Some(Element::Error(line)) => {
                self.verdict.note(ServerError::parse(line));
                Ok(false)
            }
            _ => Err(Malformed),
        }
    }

    fn accept_expiry(&mut self, result: Option<Element<'_>>) -> Result<bool, Malformed> {
        match result {
            Some(Element::Integer(changed @ (0 | 1))) => Ok(changed == 1),
            Some(Element::Error(line)) => {
                self.verdict.note(ServerError::parse(line));
                Ok(false)
            }
            _ => Err(Malformed),
        }
    }

    /// Places of ids whose key was given a life that must be taken back.
    pub(crate) fn armed_foreign(&self) -> &[usize] {
        &self.armed_foreign
    }

    pub(super) fn finish(self, judgement: Judgement<'_>) -> Ending {
        let Judgement { request, sessions, refusal, proof, memory, written, .. } = judgement;
        match (refusal.cloned().or_else(|| self.verdict.into_fault()), proof) {
            (Some(fault), _) => Ending::Failed(fault),
            // It was written, but to a server that then did not prove to be the right one.
            (None, Some(fault)) => Ending::Failed(fault.clone().indeterminate(true)),
            (None, None) => {
                // The labels came from text, through a frame: anything else is not worth remembering.
                let labels = request.arguments().filter_map(|label| std::str::from_utf8(label).ok());
                for session in sessions {
                    let renewed = session.renewed != Some(false);
                    memory.acknowledge(&session.digest, labels.clone(), renewed, written);
                }
                Ending::Answered(Answer::Appended)
            }
        }
    }
}
