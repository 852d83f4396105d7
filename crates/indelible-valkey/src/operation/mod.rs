//! Operations: how each is written and how its replies are read, one file each.
//!
//! A reply of a shape that its command cannot answer is [`Malformed`]: the connection is dropped and every operation
//! on it fails. The convenient decoders of client libraries, which read nil as an empty set, have no place here
//! (`docs/soundness.md`, line 25).

mod append;
mod load;

use std::time::{Duration, Instant};

use crate::fault::Fault;
use crate::frame::{Opcode, Request};
use crate::label_commands::LabelCommands;
use crate::memory::Memory;
use crate::outcome::Answer;
use crate::repair::Regression;
use crate::resp::{Malformed, Reply};
use crate::session_in_flight::SessionInFlight;

pub(crate) use append::Append;
pub(crate) use load::Load;

/// An operation that has been written and whose replies are being read.
#[derive(Debug)]
pub(crate) enum Operation {
    Load(Load),
    Append(Append),
}

/// How an operation ended.
#[derive(Debug)]
pub(crate) enum Ending {
    Answered(Answer),
    Failed(Fault),
    /// A load found that the server has lost labels: they must be added again before it may answer.
    Regressed(Box<Regression>),
}

/// What an operation is judged with once its pipeline is complete.
pub(crate) struct Judgement<'a> {
    pub(crate) request: Request<'a>,
    /// The sessions of this operation, in the order of its ids.
    pub(crate) sessions: &'a [SessionInFlight],
    /// What the proof at the end of the pipeline said.
    pub(crate) proof: Option<&'a Fault>,
    pub(crate) memory: &'a mut Memory,
    pub(crate) ttl: Option<Duration>,
    pub(crate) now: Instant,
}

impl Operation {
    /// Writes the commands of `request`, whose ids are `sessions`.
    pub(crate) fn write(
        request: &Request<'_>,
        sessions: &[SessionInFlight],
        commands: &LabelCommands,
        out: &mut Vec<u8>,
    ) -> Self {
        match request.opcode {
            Opcode::Load => Self::Load(Load::write(sessions, commands, out)),
            Opcode::Append => Self::Append(Append::write(request, sessions, commands, out)),
        }
    }

    /// Takes the next reply; `true` when it was the last of this operation.
    pub(crate) fn accept(
        &mut self,
        reply: &Reply<'_>,
        sessions: &mut [SessionInFlight],
        memory: &mut Memory,
    ) -> Result<bool, Malformed> {
        match self {
            Self::Load(load) => load.accept(reply, sessions, memory),
            Self::Append(append) => append.accept(reply),
        }
    }

    /// The result; every reply and the proof are in.
    pub(crate) fn finish(self, judgement: Judgement<'_>) -> Ending {
        match self {
            Self::Load(load) => load.finish(judgement),
            Self::Append(append) => append.finish(judgement),
        }
    }

    /// Whether cutting the connection now leaves it open if the operation happened.
    pub(crate) fn changes_data(&self) -> bool {
        matches!(self, Self::Append(_))
    }
}
