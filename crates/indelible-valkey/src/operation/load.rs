//! `SMEMBERS key` [`EXPIRE key ttl GT`], for each id.

use std::sync::Arc;

use indelible_core::{Failure, LabelSet, NotDurable, Undecodable};

use super::{Ending, Judgement};
use crate::batch::Slot;
use crate::fault::Fault;
use crate::label_commands::LabelCommands;
use crate::label_sets::{InternedSet, NotLabels};
use crate::memory::Memory;
use crate::outcome::Answer;
use crate::repair::Regression;
use crate::resp::{Element, Malformed, Reply, ServerError};
use crate::session_in_flight::{Judged, SessionInFlight};
use crate::switches::{Mechanism, is_off};

/// A load in flight: all ids must answer, or the whole fails.
#[derive(Debug)]
pub(crate) struct Load {
    refresh_is_proof: bool,
    /// The place of the session that answers next, and whether its members have answered.
    current: usize,
    has_members: bool,
    /// The replies of `ASKING` that come before the others, and whether the next one is such.
    asking: bool,
    awaits_asking: bool,
    fault: Option<Box<Fault>>,
    refused_refresh: Option<Box<ServerError>>,
}

impl Load {
    pub(super) fn write(
        slot: &Slot,
        sessions: &mut [SessionInFlight],
        commands: &LabelCommands,
        out: &mut Vec<u8>,
    ) -> Self {
        let (asking, alone) = (slot.asking, slot.proves_itself());
        for session in sessions {
            let hex = session.digest.hex();
            let renews = if alone {
                commands.write_load_alone(out, &hex, asking)
            } else {
                commands.write_load(out, &hex, session.is_fresh)
            };
            session.commands = if renews { 2 } else { 1 };
        }
        Self {
            refresh_is_proof: alone || commands.refresh_is_proof(),
            current: 0,
            has_members: false,
            asking,
            awaits_asking: asking,
            fault: None,
            refused_refresh: None,
        }
    }

    pub(super) fn accept(
        &mut self,
        reply: &Reply<'_>,
        sessions: &mut [SessionInFlight],
        memory: &mut Memory,
    ) -> Result<bool, Malformed> {
        if self.awaits_asking {
            self.awaits_asking = false;
            return self.accept_asking(reply).map(|()| false);
        }
        self.awaits_asking = self.asking;
        let session = sessions.get_mut(self.current).ok_or(Malformed)?;
        if self.has_members {
            self.accept_refresh(reply, session)?;
            self.has_members = false;
        } else {
            self.accept_members(reply, session, memory)?;
            self.has_members = session.commands > 1;
        }
        if !self.has_members {
            self.current += 1;
        }
        Ok(self.current == sessions.len())
    }

    fn accept_asking(&mut self, reply: &Reply<'_>) -> Result<(), Malformed> {
        match reply {
            Reply::Scalar(Element::Status(b"OK")) => Ok(()),
            Reply::Scalar(Element::Error(line)) => {
                self.fail(ServerError::parse(line).into());
                Ok(())
            }
            _ => Err(Malformed),
        }
    }

    fn accept_members(
        &mut self,
        reply: &Reply<'_>,
        session: &mut SessionInFlight,
        memory: &mut Memory,
    ) -> Result<(), Malformed> {
        if is_off(Mechanism::Decoding) {
            session.loaded = Some(memory.sets.intern(LabelSet::empty()));
        }
        match reply {
            Reply::Array(members) => match memory.sets.intern_reply(members) {
                Ok(set) => session.loaded = Some(set),
                Err(NotLabels::Utf8) => self.fail(Fault::new(Failure::Undecodable(Undecodable::Value))),
                Err(NotLabels::Shape) => return Err(Malformed),
            },
            Reply::TooLarge => self.fail(Fault::new(Failure::Undecodable(Undecodable::TooLarge))),
            Reply::Scalar(Element::Error(line)) => self.fail(ServerError::parse(line).into()),
            Reply::Scalar(_) | Reply::NilArray if is_off(Mechanism::Decoding) => {}
            Reply::Scalar(_) | Reply::NilArray => return Err(Malformed),
        }
        Ok(())
    }

    fn accept_refresh(&mut self, reply: &Reply<'_>, session: &mut SessionInFlight) -> Result<(), Malformed> {
        match reply {
            // 0 is normal with GT: a later expiry is set, there is none, or it was refreshed within this millisecond.
            Reply::Scalar(Element::Integer(0 | 1)) => session.renewed = Some(true),
            Reply::Scalar(Element::Error(line)) => {
                session.renewed = Some(false);
                let error = ServerError::parse(line);
                if self.refresh_is_proof {
                    self.fail(error.into());
                } else {
                    self.refused_refresh = Some(Box::new(error));
                }
            }
            Reply::Scalar(_) | Reply::Array(_) | Reply::NilArray | Reply::TooLarge => return Err(Malformed),
        }
        Ok(())
    }

    fn fail(&mut self, fault: Fault) {
        if is_off(Mechanism::Decoding) {
            return;
        }
        self.fault.get_or_insert_with(|| Box::new(fault));
    }

    /// The refusal of a refresh that did not fail the load: something to raise an alarm about.
    pub(crate) fn refused_refresh(&self) -> Option<&ServerError> {
        self.refused_refresh.as_deref()
    }

    pub(super) fn finish(self, judgement: Judgement<'_>) -> Ending {
        let Judgement { request, sessions, proof, memory, life, written, .. } = judgement;
        // A failed proof says more than what an unproven server answered.
        if let Some(fault) = proof.cloned().or(self.fault.map(|fault| *fault)) {
            return Ending::Failed(fault);
        }
        let mut union: Option<Arc<InternedSet>> = None;
        let mut lost = Vec::new();
        for (session, id) in sessions.iter().zip(request.ids()) {
            let set = match session.judge(memory, life, written) {
                Some(Judged::Sound(set)) => set,
                Some(Judged::Regressed(set)) => {
                    lost.push((Box::from(id), Arc::clone(&set)));
                    set
                }
                Some(Judged::Expiring) => return Ending::Failed(Fault::new(Failure::NotDurable(NotDurable::Ttl))),
                None => return Ending::Failed(Fault::protocol()),
            };
            union = Some(match union {
                Some(union) => memory.sets.union(&union, &set),
                None => set,
            });
        }
        match union {
            Some(answer) if lost.is_empty() => Ending::Answered(Answer::Loaded(answer)),
            Some(answer) => Ending::Regressed(Box::new(Regression { answer, lost })),
            None => Ending::Failed(Fault::protocol()),
        }
    }
}
