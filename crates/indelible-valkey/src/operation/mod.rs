//! Operations: how each is written and how its replies are read, one file each.
//!
//! A reply of a shape that its command cannot answer is [`Malformed`]: the connection is dropped and every operation
//! on it fails. The convenient decoders of client libraries, which read nil as an empty set, have no place here
//! (`docs/soundness.md`, line 25).

mod append;
mod counter;
mod load;
mod policy;
mod session_record;
mod single;
mod transaction;

use std::time::Instant;

use indelible_core::{Failure, Undecodable};

use crate::batch::Slot;
use crate::fault::Fault;
use crate::frame::{Opcode, Request};
use crate::label_commands::LabelCommands;
use crate::memory::Memory;
use crate::outcome::Answer;
use crate::repair::Regression;
use crate::resp::{Element, Malformed, Reply};
use crate::session_in_flight::SessionInFlight;
use crate::session_life::SessionLife;

pub(crate) use append::Append;
pub(crate) use counter::Increment;
pub(crate) use load::Load;
pub(crate) use session_record::SaveSession;
pub(crate) use single::Single;
pub(crate) use transaction::{Progress, Transaction};

/// An operation that has been written and whose replies are being read.
#[derive(Debug)]
pub(crate) enum Operation {
    Load(Load),
    Append(Append),
    SaveSession(SaveSession),
    Increment(Increment),
    Single(Single),
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
    /// Why the transaction that carried it was refused as a whole.
    pub(crate) refusal: Option<&'a Fault>,
    /// What the proof at the end of the pipeline said.
    pub(crate) proof: Option<&'a Fault>,
    pub(crate) memory: &'a mut Memory,
    pub(crate) life: Option<SessionLife>,
    /// When the pipeline was written: the server can have renewed a life no earlier.
    pub(crate) written: Instant,
}

impl Operation {
    /// Writes the commands of `request`, whose place is `slot` and whose ids are `sessions`.
    pub(crate) fn write(
        request: &Request<'_>,
        slot: &Slot,
        sessions: &mut [SessionInFlight],
        commands: &LabelCommands,
        out: &mut Vec<u8>,
    ) -> Self {
        match request.opcode {
            Opcode::Load => Self::Load(Load::write(slot, sessions, commands, out)),
            Opcode::Append => Self::Append(Append::write(request, sessions, commands, out)),
            Opcode::SaveSession => Self::SaveSession(SaveSession::write(request, out)),
            Opcode::Increment => Self::Increment(Increment::write(request, out)),
            Opcode::LoadSession
            | Opcode::DeleteSession
            | Opcode::Current
            | Opcode::Reset
            | Opcode::GetPolicy
            | Opcode::CachePolicy
            | Opcode::InvalidatePolicy => Self::Single(Single::write(request, out)),
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
            Self::Single(single) => single.accept(reply),
            // Their results come with those of the transaction that carries them.
            Self::Append(_) | Self::SaveSession(_) | Self::Increment(_) => Err(Malformed),
        }
    }

    /// Commands that it has queued in a transaction; 0 where it needs none.
    pub(crate) fn queued(&self) -> usize {
        match self {
            Self::Append(append) => append.queued(),
            Self::SaveSession(save) => save.queued(),
            Self::Increment(increment) => increment.queued(),
            Self::Load(_) | Self::Single(_) => 0,
        }
    }

    /// Takes the results of its queued commands from those of the transaction.
    pub(crate) fn accept_results<'a>(
        &mut self,
        results: &mut impl Iterator<Item = Element<'a>>,
        sessions: &mut [SessionInFlight],
    ) -> Result<(), Malformed> {
        match self {
            Self::Append(append) => append.accept_results(results, sessions),
            Self::SaveSession(save) => save.accept_results(results),
            Self::Increment(increment) => increment.accept_results(results),
            Self::Load(_) | Self::Single(_) => Err(Malformed),
        }
    }

    /// The result; every reply and the proof are in.
    pub(crate) fn finish(self, judgement: Judgement<'_>) -> Ending {
        match self {
            Self::Load(load) => load.finish(judgement),
            Self::Append(append) => append.finish(judgement),
            Self::Single(single) => ended(single.finish()),
            Self::SaveSession(save) => ended(refused(judgement.refusal).and_then(|()| save.finish())),
            Self::Increment(increment) => ended(refused(judgement.refusal).and_then(|()| increment.finish())),
        }
    }
}

/// The result of an operation of the storage driver, which no proof, generation or ratchet concerns.
type Stored = Result<Answer, Fault>;

fn ended(stored: Stored) -> Ending {
    match stored {
        Ok(answer) => Ending::Answered(answer),
        Err(fault) => Ending::Failed(fault),
    }
}

fn refused(refusal: Option<&Fault>) -> Result<(), Fault> {
    refusal.map_or(Ok(()), |fault| Err(fault.clone()))
}

fn undecodable() -> Stored {
    Err(Fault::new(Failure::Undecodable(Undecodable::Value)))
}

/// A part of a request that its writer always gives; a frame without it addresses nothing.
fn required(part: Option<&[u8]>) -> &[u8] {
    part.unwrap_or_default()
}
