//! Session records: `HSET` with `EXPIRE` in one transaction, `HMGET`, `DEL` (`docs/compatibility.md`, section 2).

use indelible_core::storage::SESSION_TTL_SECS;

use super::transaction::Verdict;
use super::{Stored, required, undecodable};
use crate::frame::Request;
use crate::outcome::Answer;
use crate::resp::{Element, Elements, Malformed, ServerError, push_command};

const AGENT_ID: &[u8] = b"agent_id";
const STARTED_AT: &[u8] = b"started_at_ns";

fn key(request: &Request<'_>) -> Vec<u8> {
    [b"aa:session:", required(request.ids().next())].concat()
}

/// A save in flight.
#[derive(Debug)]
pub(crate) struct SaveSession(Verdict);

/// `HSET` and `EXPIRE`.
const COMMANDS: usize = 2;

impl SaveSession {
    pub(super) fn write(request: &Request<'_>, out: &mut Vec<u8>) -> Self {
        let key = key(request);
        let mut arguments = request.arguments();
        let agent_id = const_hex::decode(required(arguments.next())).unwrap_or_default();
        push_command(out, &[b"HSET", &key, AGENT_ID, &agent_id, STARTED_AT, required(arguments.next())]);
        push_command(out, &[b"EXPIRE", &key, SESSION_TTL_SECS.to_string().as_bytes()]);
        Self(Verdict::default())
    }

    pub(super) fn queued(&self) -> usize {
        COMMANDS
    }

    pub(super) fn accept_results<'a>(
        &mut self,
        results: &mut impl Iterator<Item = Element<'a>>,
    ) -> Result<(), Malformed> {
        for result in results.take(COMMANDS) {
            match result {
                Element::Integer(0..) => self.0.note_written(),
                Element::Error(line) => self.0.note(ServerError::parse(line)),
                Element::Integer(_) | Element::Status(_) | Element::Bulk(_) | Element::Nil => return Err(Malformed),
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Stored {
        self.0.into_fault().map_or(Ok(Answer::Done), Err)
    }
}

pub(super) fn write_load(request: &Request<'_>, out: &mut Vec<u8>) {
    push_command(out, &[b"HMGET", &key(request), AGENT_ID, STARTED_AT]);
}

pub(super) fn write_delete(request: &Request<'_>, out: &mut Vec<u8>) {
    push_command(out, &[b"DEL", &key(request)]);
}

/// Reads the two fields: both absent is no record, one absent is half a record and therefore corrupt.
pub(super) fn read(fields: &Elements<'_>) -> Result<Stored, Malformed> {
    let mut fields = fields.iter();
    match (fields.next(), fields.next(), fields.next()) {
        (Some(Element::Nil), Some(Element::Nil), None) => Ok(Ok(Answer::Nothing)),
        (Some(Element::Bulk(agent_id)), Some(Element::Bulk(started_at)), None) => Ok(record(agent_id, started_at)),
        (Some(Element::Bulk(_) | Element::Nil), Some(Element::Bulk(_) | Element::Nil), None) => Ok(undecodable()),
        _ => Err(Malformed),
    }
}

fn record(agent_id: &[u8], started_at: &[u8]) -> Stored {
    let digits = std::str::from_utf8(started_at).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    match digits.and_then(|text| text.parse::<u64>().ok()) {
        Some(started_at) if agent_id.len() == 16 => {
            Ok(Answer::Value(format!("{} {started_at}", const_hex::encode(agent_id)).into()))
        }
        Some(_) | None => undecodable(),
    }
}
