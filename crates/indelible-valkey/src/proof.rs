//! The proof that ends a pipeline: a write that changes nothing, after the loads, by which the server shows that it is a
//! primary that accepts writes and holds the generation that this store knows. One covers every load before it.

use indelible_core::{Failure, KeyspaceLost};

use crate::event::{Alarm, Event, State};
use crate::fault::Fault;
use crate::generation::{GenerationPin, Seen};
use crate::keys::SessionDigest;
use crate::label_commands::{LabelCommands, ProofKind};
use crate::memory::Memory;
use crate::resp::{Element, Malformed, Reply, ServerError};

/// The proof of one pipeline.
#[derive(Debug)]
pub(crate) enum Proof {
    /// None was needed, or it came out good.
    Good,
    /// `GETEX <prefix>:generation PERSIST` has still to answer.
    Generation,
    /// `EXPIRE key 1 GT` has still to answer.
    Touch,
    /// It came out bad, and with it every load of the pipeline.
    Failed(Fault),
}

impl Proof {
    pub(crate) fn write(commands: &LabelCommands, last_loaded: Option<SessionDigest>, out: &mut Vec<u8>) -> Self {
        let hex = last_loaded.map(|digest| digest.hex());
        match commands.write_proof(out, hex.as_ref()) {
            None => Self::Good,
            Some(ProofKind::Generation) => Self::Generation,
            Some(ProofKind::Touch) => Self::Touch,
        }
    }

    pub(crate) fn is_awaited(&self) -> bool {
        matches!(self, Self::Generation | Self::Touch)
    }

    pub(crate) fn accept(
        &mut self,
        reply: &Reply<'_>,
        memory: &mut Memory,
        generation: &GenerationPin,
        events: &mut Vec<Event>,
    ) -> Result<(), Malformed> {
        let value = match (&self, reply) {
            (Self::Generation, Reply::Scalar(Element::Bulk(value))) => Some(*value),
            (Self::Generation, Reply::Scalar(Element::Nil)) => None,
            (Self::Touch, Reply::Scalar(Element::Integer(0 | 1))) => {
                *self = Self::Good;
                return Ok(());
            }
            (Self::Generation | Self::Touch, Reply::Scalar(Element::Error(line))) => {
                let error = ServerError::parse(line);
                let of_another_type = matches!(self, Self::Generation) && &*error.code == "WRONGTYPE";
                *self = if of_another_type {
                    lost(KeyspaceLost::Layout, generation, events)
                } else {
                    Self::Failed(error.into())
                };
                return Ok(());
            }
            _ => return Err(Malformed),
        };
        *self = match generation.observe(value) {
            Seen::Same => Self::Good,
            Seen::Noted(alarm) => {
                events.push(Event::Alarm(alarm));
                Self::Good
            }
            Seen::Accepted => {
                memory.ratchet.clear();
                events.push(Event::State(State::GenerationAccepted));
                Self::Good
            }
            Seen::Lost(reason) => lost(reason, generation, events),
        };
        Ok(())
    }

    /// What it came to.
    pub(crate) fn into_fault(self) -> Option<Fault> {
        match self {
            Self::Good => None,
            Self::Failed(fault) => Some(fault),
            // Not reached by way of `accept`; if it were, nothing would have been proven.
            Self::Generation | Self::Touch => Some(Fault::protocol()),
        }
    }
}

fn lost(reason: KeyspaceLost, generation: &GenerationPin, events: &mut Vec<Event>) -> Proof {
    let failure = Failure::KeyspaceLost(reason);
    if generation.is_news(reason) {
        events.push(Event::Alarm(Alarm::KeyspaceLost { reason: failure.reason().unwrap_or_default() }));
    }
    Proof::Failed(Fault::new(failure))
}
