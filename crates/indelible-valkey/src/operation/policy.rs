//! Cached policies: `SET … EX`, `GET`, `DEL` (`docs/compatibility.md`, section 2). The document is judged by who reads
//! it; here it is text, and of a length that may be read.

use indelible_core::storage::MAX_POLICY_BYTES;
use indelible_core::{Failure, Undecodable};

use super::{Stored, required, undecodable};
use crate::fault::Fault;
use crate::frame::Request;
use crate::outcome::Answer;
use crate::resp::push_command;

fn key(request: &Request<'_>) -> Vec<u8> {
    [b"aa:policy:", required(request.ids().next())].concat()
}

pub(super) fn write_get(request: &Request<'_>, out: &mut Vec<u8>) {
    push_command(out, &[b"GET", &key(request)]);
}

pub(super) fn write_cache(request: &Request<'_>, out: &mut Vec<u8>) {
    let mut arguments = request.arguments();
    let (document, ttl) = (required(arguments.next()), required(arguments.next()));
    push_command(out, &[b"SET", &key(request), document, b"EX", ttl]);
}

pub(super) fn write_invalidate(request: &Request<'_>, out: &mut Vec<u8>) {
    push_command(out, &[b"DEL", &key(request)]);
}

/// Reads a cached document.
pub(super) fn read(value: Option<&[u8]>) -> Stored {
    if value.is_some_and(|document| document.len() > MAX_POLICY_BYTES) {
        return too_long();
    }
    match value.map(std::str::from_utf8) {
        None => Ok(Answer::Nothing),
        Some(Ok(document)) => Ok(Answer::Value(document.into())),
        Some(Err(_)) => undecodable(),
    }
}

/// What is stored is longer than any policy.
pub(super) fn too_long() -> Stored {
    let fault = Fault::new(Failure::Undecodable(Undecodable::Value));
    Err(fault.with_detail("it is longer than a policy document may be"))
}
