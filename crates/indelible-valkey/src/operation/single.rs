//! Operations of one command and one reply.

use super::{Stored, counter, policy, session_record, undecodable};
use crate::fault::Fault;
use crate::frame::{Opcode, Request};
use crate::outcome::Answer;
use crate::resp::{Element, Malformed, Reply, ServerError};

/// Such an operation in flight.
#[derive(Debug)]
pub(crate) struct Single {
    opcode: Opcode,
    result: Option<Stored>,
}

impl Single {
    pub(super) fn write(request: &Request<'_>, out: &mut Vec<u8>) -> Self {
        match request.opcode {
            Opcode::LoadSession => session_record::write_load(request, out),
            Opcode::DeleteSession => session_record::write_delete(request, out),
            Opcode::Current => counter::write_current(request, out),
            Opcode::Reset => counter::write_reset(request, out),
            Opcode::CachePolicy => policy::write_cache(request, out),
            Opcode::InvalidatePolicy => policy::write_invalidate(request, out),
            // The others have operations of their own and are never written here.
            Opcode::GetPolicy | Opcode::Load | Opcode::Append | Opcode::SaveSession | Opcode::Increment => {
                policy::write_get(request, out);
            }
        }
        Self { opcode: request.opcode, result: None }
    }

    pub(super) fn accept(&mut self, reply: &Reply<'_>) -> Result<bool, Malformed> {
        self.result = Some(match (self.opcode, reply) {
            (_, Reply::Scalar(Element::Error(line))) => Err(Fault::from(ServerError::parse(line))),
            (Opcode::GetPolicy, Reply::TooLarge) => policy::too_long(),
            // No record and no counter is that long: it is something else.
            (_, Reply::TooLarge) => undecodable(),
            (Opcode::LoadSession, Reply::Array(fields)) => session_record::read(fields)?,
            (Opcode::Current, Reply::Scalar(Element::Bulk(value))) => counter::read(Some(value)),
            (Opcode::Current, Reply::Scalar(Element::Nil)) => counter::read(None),
            (Opcode::GetPolicy, Reply::Scalar(Element::Bulk(value))) => policy::read(Some(value)),
            (Opcode::GetPolicy, Reply::Scalar(Element::Nil)) => policy::read(None),
            (Opcode::CachePolicy, Reply::Scalar(Element::Status(b"OK"))) => Ok(Answer::Done),
            (
                Opcode::DeleteSession | Opcode::Reset | Opcode::InvalidatePolicy,
                Reply::Scalar(Element::Integer(0 | 1)),
            ) => Ok(Answer::Done),
            _ => return Err(Malformed),
        });
        Ok(true)
    }

    pub(super) fn finish(self) -> Stored {
        self.result.unwrap_or_else(|| Err(Fault::protocol()))
    }
}
