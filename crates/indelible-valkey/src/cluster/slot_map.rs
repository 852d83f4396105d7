//! Who owns which hash slot, as far as this store knows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use super::SLOTS;
use crate::endpoint::Address;
use crate::lanes::Lanes;

/// The place of a slot that no known node owns.
const UNOWNED: u16 = u16::MAX;

/// Nodes of one cluster at the most; beyond that redirections are not followed to new ones.
pub(super) const MAX_NODES: usize = 1024;

/// A node of the cluster, and the lanes to it.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) address: Address,
    pub(crate) lanes: Arc<Lanes>,
}

/// The owners of all slots. Replaced whole when a node tells its own; single slots are mended in place, because a
/// redirection tells of one slot and there may be thousands of them in a second.
#[derive(Debug)]
pub(crate) struct SlotMap {
    owners: Box<[AtomicU16]>,
    members: Vec<Member>,
}

impl SlotMap {
    /// A map of `members` in which nobody owns anything.
    pub(super) fn new(members: Vec<Member>) -> Self {
        Self { owners: (0..SLOTS).map(|_| AtomicU16::new(UNOWNED)).collect(), members }
    }

    /// The same owners, with one more node.
    pub(super) fn with_member(&self, member: Member) -> Self {
        let owners = self.owners.iter().map(|owner| AtomicU16::new(owner.load(Ordering::Relaxed))).collect();
        Self { owners, members: self.members.iter().cloned().chain([member]).collect() }
    }

    /// The nodes; the owner of a slot is a place in here.
    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    /// The place of a node that is known under this address.
    pub(super) fn place_of(&self, address: &Address) -> Option<usize> {
        self.members.iter().position(|member| member.address == *address)
    }

    /// The place of the node that owns `slot`. Where nobody is known to, any node will do: it says who does, or that
    /// the cluster is down.
    pub(crate) fn owner(&self, slot: u16) -> usize {
        let owner = self.owners.get(usize::from(slot)).map_or(UNOWNED, |owner| owner.load(Ordering::Relaxed));
        if owner == UNOWNED { usize::from(slot) % self.members.len().max(1) } else { usize::from(owner) }
    }

    /// From now on the node at `place` owns `slot`.
    pub(super) fn assign(&self, slot: u16, place: usize) {
        if let (Some(owner), Ok(place)) = (self.owners.get(usize::from(slot)), u16::try_from(place)) {
            owner.store(place, Ordering::Relaxed);
        }
    }

    /// Slots that the node at `place` owns.
    pub(super) fn count_of(&self, place: usize) -> usize {
        self.owners.iter().filter(|owner| usize::from(owner.load(Ordering::Relaxed)) == place).count()
    }
}
