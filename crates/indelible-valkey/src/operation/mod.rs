//! Operations: how each is written and how its replies are read, one file each.
//!
//! A reply of a shape that its command cannot answer is [`Malformed`]: the connection is dropped and every operation
//! on it fails. The convenient decoders of client libraries, which read nil as an empty set, have no place here
//! (`docs/soundness.md`, line 25).

mod append;
mod load;

use crate::fault::Fault;
use crate::frame::{Opcode, Request};
use crate::keys::SessionDigest;
use crate::label_commands::LabelCommands;
use crate::label_sets::LabelSets;
use crate::outcome::Answer;
use crate::resp::{Malformed, Reply};

pub(crate) use append::Append;
pub(crate) use load::Load;

/// An operation that has been written and whose replies are being read.
#[derive(Debug)]
pub(crate) enum Operation {
    Load(Load),
    Append(Append),
}

impl Operation {
    /// Writes the commands of `request`.
    pub(crate) fn write(request: &Request<'_>, commands: &LabelCommands, out: &mut Vec<u8>) -> Self {
        match request.opcode {
            Opcode::Load => Self::Load(Load::write(request, commands, out)),
            Opcode::Append => Self::Append(Append::write(request, commands, out)),
        }
    }

    /// Takes the next reply; `true` when it was the last of this operation.
    pub(crate) fn accept(&mut self, reply: &Reply<'_>, sets: &mut LabelSets) -> Result<bool, Malformed> {
        match self {
            Self::Load(load) => load.accept(reply, sets),
            Self::Append(append) => append.accept(reply),
        }
    }

    /// The result, given what the proof at the end of the pipeline said.
    pub(crate) fn finish(self, proof: Option<&Fault>) -> Result<Answer, Fault> {
        match self {
            Self::Load(load) => load.finish(proof),
            Self::Append(append) => append.finish(proof),
        }
    }

    /// Whether cutting the connection now leaves it open if the operation happened.
    pub(crate) fn changes_data(&self) -> bool {
        matches!(self, Self::Append(_))
    }
}

fn digest_hex(id: &[u8]) -> [u8; 64] {
    SessionDigest::of(id).hex()
}
