//! A batch: operations of one frame that travel together to one node, first as the frame came, later as what is left to
//! retry.

use std::sync::Arc;
use std::time::Instant;

use crate::frame::{Frame, Opcode, Request};
use crate::lanes::Lanes;
use crate::node::Passage;

/// Who asked for an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A caller: the token is theirs.
    Caller,
    /// This store, to add lost labels again: the token names the repair.
    Repair,
    /// A caller, for some of the sessions only: the token names the whole.
    Part,
}

/// One operation of a frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) origin: Origin,
    offset: u32,
    pub(crate) token: u32,
    pub(crate) opcode: Opcode,
    /// The ids that it is for, one bit each, from the lowest.
    pub(crate) ids: u16,
    /// Attempts that have failed so far.
    pub(crate) failed_attempts: u8,
    /// An earlier attempt may have happened all the same.
    pub(crate) indeterminate: bool,
    /// Redirections that it has followed.
    pub(crate) hops: u8,
    /// The node that it goes to has to be told `ASKING`.
    pub(crate) asking: bool,
    /// The hash slot of its (first) key; 0 outside a cluster. Operations of one transaction have it in common.
    pub(crate) hash_slot: u16,
}

impl Slot {
    /// Sessions of the label store that it concerns.
    pub(crate) fn session_count(&self) -> usize {
        if self.opcode.is_of_labels() { self.ids.count_ones() as usize } else { 0 }
    }

    /// The same operation after one more failed attempt.
    pub(crate) fn after_failure(self, indeterminate: bool) -> Self {
        Self {
            failed_attempts: self.failed_attempts.saturating_add(1),
            indeterminate: self.indeterminate || indeterminate,
            ..self
        }
    }

    /// The same operation for some of its ids only.
    pub(crate) fn part(self, ids: u16) -> Self {
        Self { origin: Origin::Part, ids, ..self }
    }

    /// The same operation on a key of this hash slot, which may be on its way to the node.
    pub(crate) fn at(self, hash_slot: u16, asking: bool) -> Self {
        Self { hash_slot, asking, ..self }
    }

    /// Whether it is a load that is proven by a write of its own, right after its read. One that was sent on is: else the
    /// next slot to move, if it were that of the last key of its pipeline, would send it on again.
    pub(crate) fn proves_itself(&self) -> bool {
        self.hops > 0 && self.opcode == Opcode::Load
    }

    /// The same operation on its way to where it was sent on to.
    pub(crate) fn after_hop(self) -> Self {
        Self { hops: self.hops + 1, ..self }
    }
}

/// The operations of a frame, those that need a transaction before the reads around them, so that they can share one. A
/// read then sees no less than it would have seen in the order of the frame, and no write changes places with another.
pub(crate) fn slots_of(frame: &Frame, origin: Origin) -> Vec<Slot> {
    let (mut slots, mut reads) = (Vec::new(), Vec::new());
    let mut offset = 0;
    while let Some(request) = frame.request_at(offset) {
        let slot = Slot {
            origin,
            offset: offset as u32,
            token: request.token,
            opcode: request.opcode,
            ids: request.all_ids(),
            failed_attempts: 0,
            indeterminate: false,
            hops: 0,
            asking: false,
            hash_slot: 0,
        };
        match (request.opcode.needs_transaction(), request.opcode.changes_data()) {
            (true, _) => slots.push(slot),
            (false, false) => reads.push(slot),
            (false, true) => {
                slots.append(&mut reads);
                slots.push(slot);
            }
        }
        offset += request.length;
    }
    slots.append(&mut reads);
    slots
}

/// What an operation asks for, of the ids that it is for.
pub(crate) fn request_of<'a>(frame: &'a Frame, slot: &Slot) -> Option<Request<'a>> {
    frame.request_at(slot.offset as usize).map(|request| request.for_ids(slot.ids))
}

/// Operations of one frame, and the lanes to the node that they go to.
#[derive(Debug)]
pub(crate) struct Batch {
    frame: Arc<Frame>,
    slots: Vec<Slot>,
    lanes: Arc<Lanes>,
    /// Its place among what is under way to the node, where that is counted.
    passage: Option<Arc<Passage>>,
}

impl Batch {
    /// Some operations of `frame`, over `lanes`.
    pub(crate) fn new(frame: Arc<Frame>, slots: Vec<Slot>, lanes: Arc<Lanes>) -> Self {
        Self { frame, slots, lanes, passage: None }
    }

    /// The same, counted among what is under way to the node.
    pub(crate) fn counted(frame: Arc<Frame>, slots: Vec<Slot>, lanes: Arc<Lanes>) -> Self {
        let passage = Some(lanes.node().passage(slots.len()));
        Self { passage, ..Self::new(frame, slots, lanes) }
    }

    /// The lanes that it goes over.
    pub(crate) fn lanes(&self) -> &Arc<Lanes> {
        &self.lanes
    }

    pub(crate) fn frame(&self) -> &Arc<Frame> {
        &self.frame
    }

    /// The frame it was made of, for another way of sending it.
    pub(crate) fn frame_again(&self) -> Frame {
        Frame::clone(&self.frame)
    }

    /// Some operations of the same frame, to the same node.
    pub(crate) fn with_slots(&self, slots: Vec<Slot>) -> Self {
        let passage = self.passage.clone();
        Self { passage, ..Self::new(Arc::clone(&self.frame), slots, Arc::clone(&self.lanes)) }
    }

    /// Its appends and its other operations, in as many batches as their lanes must not have them together.
    pub(crate) fn separate(self) -> [Option<Self>; 2] {
        let appends = self.slots.iter().filter(|slot| slot.opcode == Opcode::Append).count();
        if !self.lanes.separates_appends() || appends == 0 || appends == self.slots.len() {
            return [Some(self), None];
        }
        let (appends, others) = self.slots.iter().partition(|slot| slot.opcode == Opcode::Append);
        [Some(self.with_slots(others)), Some(self.with_slots(appends))]
    }

    /// Whether it holds appends alone, as far as its lanes tell them apart.
    pub(crate) fn is_of_appends(&self) -> bool {
        self.slots.first().is_some_and(|slot| slot.opcode == Opcode::Append)
    }

    /// The first `count` operations, and the others.
    pub(crate) fn split_at(&self, count: usize) -> (Self, Self) {
        let (first, rest) = self.slots.split_at_checked(count).unwrap_or((&self.slots, &[]));
        (self.with_slots(first.to_vec()), self.with_slots(rest.to_vec()))
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// When its operations were submitted.
    pub(crate) fn submitted(&self) -> Instant {
        self.frame.submitted()
    }

    pub(crate) fn requests(&self) -> impl Iterator<Item = (Slot, Request<'_>)> {
        self.slots.iter().filter_map(|slot| Some((*slot, request_of(&self.frame, slot)?)))
    }
}
