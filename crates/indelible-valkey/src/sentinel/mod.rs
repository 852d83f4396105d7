//! The primary of a service, as sentinels name it (`docs/topologies.md`).
//!
//! Sentinels are asked for every new connection, and once a second while a store is in use; a message of theirs that the
//! primary has changed is a reason to ask at once. What one of them says is believed when more than half of all agree,
//! and the server that they name still has to show that it is a primary.

mod ear;
mod link;
mod panel;
mod primary;
mod verdict;
mod watcher;

pub(crate) use link::Answer;
pub(crate) use panel::Panel;
pub(crate) use primary::Primary;
pub(crate) use verdict::Verdict;
pub(crate) use watcher::Watcher;
