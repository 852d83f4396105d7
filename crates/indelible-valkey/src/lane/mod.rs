//! Lanes: long-lived connections that many operations share. A lane turns batches into pipelines, keeps several in
//! flight, and is dropped at the first doubt (`docs/soundness.md`, line 15).

mod confirmation;
mod direct;
mod driver;
mod in_flight;
mod inbox;
mod manager;
mod outgoing;

pub(crate) use confirmation::Verdict;
pub(crate) use direct::Socket;
pub(crate) use inbox::{DirectLane, Errand, Rejected};
pub(crate) use manager::{LaneError, LaneManager};
