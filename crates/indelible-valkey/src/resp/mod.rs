//! The serialisation protocol (RESP2) as lanes need it: commands are written straight into the output buffer and
//! replies are read in place, without a value tree.
//!
//! A reply that is malformed is an error and never an empty value (`docs/soundness.md`, line 25).

mod encode;
mod reply;
mod reply_reader;
mod server_error;

pub(crate) use encode::{push_array_header, push_bulk, push_command, push_decimal};
pub(crate) use reply::{Element, Elements, Malformed, Reply};
pub(crate) use reply_reader::ReplyReader;
pub(crate) use server_error::ServerError;
