//! A cluster: who owns which slot, how operations are split by it, and how they follow a slot that moves
//! (`docs/design/cluster.md`).
//!
//! * [`SlotRule`] says which hash slot a session's key is in.
//! * [`SlotMap`] says which node owns a slot. It is read from [`SlotRanges`], which the [`Scout`](scout::Scout) asks a
//!   node for, and mended by every [`Redirect`].
//! * [`Cluster`] holds the map and the lanes to every node, and [`watch`] keeps it true.
//! * `routing` splits a frame by the owners of its keys; an operation whose sessions live apart becomes parts, which
//!   [`Joins`] unites again.

mod hash_slot;
mod health;
mod joins;
mod nodes;
mod redirect;
mod rounds;
mod routing;
mod scout;
mod slot_map;
mod slot_ranges;
mod travel;
mod watch;

pub(crate) use hash_slot::{SLOTS, SlotRule};
pub(crate) use joins::{Joined, Joins};
pub(crate) use nodes::Cluster;
pub(crate) use redirect::Redirect;
pub(crate) use scout::survey;
pub(crate) use travel::{enter, follow, may_follow, retry};
pub(crate) use watch::run;
