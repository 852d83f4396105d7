//! `SMEMBERS key` [`EXPIRE key ttl GT`], for each id.

use std::sync::Arc;

use indelible_core::{Failure, Undecodable};

use super::digest_hex;
use crate::fault::Fault;
use crate::frame::Request;
use crate::label_commands::LabelCommands;
use crate::label_sets::{InternedSet, LabelSets, NotLabels};
use crate::outcome::Answer;
use crate::resp::{Element, Malformed, Reply, ServerError};

/// A load in flight: all ids must answer, or the whole fails.
#[derive(Debug)]
pub(crate) struct Load {
    replies_left: u16,
    with_refresh: bool,
    refresh_is_proof: bool,
    union: Option<Arc<InternedSet>>,
    fault: Option<Box<Fault>>,
    refused_refresh: Option<Box<ServerError>>,
}

impl Load {
    pub(super) fn write(request: &Request<'_>, commands: &LabelCommands, out: &mut Vec<u8>) -> Self {
        let mut replies = 0;
        for id in request.ids() {
            replies += commands.write_load(out, &digest_hex(id));
        }
        Self {
            replies_left: replies as u16,
            with_refresh: commands.has_ttl(),
            refresh_is_proof: commands.refresh_is_proof(),
            union: None,
            fault: None,
            refused_refresh: None,
        }
    }

    pub(super) fn accept(&mut self, reply: &Reply<'_>, sets: &mut LabelSets) -> Result<bool, Malformed> {
        // Written in pairs, so what is left is odd exactly when the refresh is next.
        if self.with_refresh && self.replies_left % 2 == 1 {
            self.accept_refresh(reply)?;
        } else {
            self.accept_members(reply, sets)?;
        }
        self.replies_left -= 1;
        Ok(self.replies_left == 0)
    }

    fn accept_members(&mut self, reply: &Reply<'_>, sets: &mut LabelSets) -> Result<(), Malformed> {
        match reply {
            Reply::Array(members) => match sets.intern_reply(members) {
                Ok(set) => {
                    self.union = Some(match &self.union {
                        Some(union) => sets.union(union, &set),
                        None => set,
                    });
                }
                Err(NotLabels::Utf8) => self.fail(Fault::new(Failure::Undecodable(Undecodable::Value))),
                Err(NotLabels::Shape) => return Err(Malformed),
            },
            Reply::TooLarge => self.fail(Fault::new(Failure::Undecodable(Undecodable::TooLarge))),
            Reply::Scalar(Element::Error(line)) => self.fail(ServerError::parse(line).into()),
            Reply::Scalar(_) | Reply::NilArray => return Err(Malformed),
        }
        Ok(())
    }

    fn accept_refresh(&mut self, reply: &Reply<'_>) -> Result<(), Malformed> {
        match reply {
            // 0 is normal with GT: a later expiry is set, there is none, or it was refreshed within this millisecond.
            Reply::Scalar(Element::Integer(0 | 1)) => Ok(()),
            Reply::Scalar(Element::Error(line)) => {
                let error = ServerError::parse(line);
                if self.refresh_is_proof {
                    self.fail(error.into());
                } else {
                    self.refused_refresh = Some(Box::new(error));
                }
                Ok(())
            }
            _ => Err(Malformed),
        }
    }

    fn fail(&mut self, fault: Fault) {
        self.fault.get_or_insert_with(|| Box::new(fault));
    }

    /// The refusal of a refresh that did not fail the load: something to raise an alarm about.
    pub(crate) fn refused_refresh(&self) -> Option<&ServerError> {
        self.refused_refresh.as_deref()
    }

    pub(super) fn finish(self, proof: Option<&Fault>) -> Result<Answer, Fault> {
        // A failed proof says more than what an unproven server answered.
        if let Some(fault) = proof.cloned().or(self.fault.map(|fault| *fault)) {
            return Err(fault);
        }
        self.union.map(Answer::Loaded).ok_or_else(Fault::protocol)
    }
}
