//! Splits the operations of a frame by the owners of their keys.

use std::sync::Arc;

use super::Joins;
use super::hash_slot::SlotRule;
use super::slot_map::{Member, SlotMap};
use crate::batch::{Batch, Slot, request_of};
use crate::frame::{Frame, Opcode, Request};
use crate::keys::SessionDigest;
use crate::lanes::Lanes;

/// Ids of one operation at the most (`docs/compatibility.md`, "Limits").
const MAX_IDS: usize = 16;

/// A node that has to be told `ASKING` before it answers for a slot that is on its way to it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) slot: u16,
    pub(super) lanes: Arc<Lanes>,
}

/// Splits operations by what is known of the owners now.
#[derive(Debug)]
pub(super) struct Router<'a> {
    pub(super) rule: &'a SlotRule,
    pub(super) map: &'a SlotMap,
    pub(super) joins: &'a Joins,
    /// Overrules the map for one slot.
    pub(super) asked: Option<Asked>,
}

/// One session of an operation: where it goes, and what it can be sent together with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spot {
    hash_slot: u16,
    group: usize,
}

impl Router<'_> {
    /// Hands `slots` of `frame` to `each`, in one batch a node, or two where its appends go apart.
    pub(super) fn split(&self, frame: &Arc<Frame>, slots: &[Slot], mut each: impl FnMut(Batch)) {
        let members = self.map.members();
        // The last group is that of the node that is asked.
        let mut groups: Vec<Vec<Slot>> = (0..=members.len()).map(|_| Vec::new()).collect();
        for slot in slots {
            if let Some(request) = request_of(frame, slot) {
                self.sort(frame, slot, &request, &mut groups);
            }
        }
        let lanes = members.iter().map(|member| &member.lanes).chain(self.asked.as_ref().map(|asked| &asked.lanes));
        for (group, lanes) in groups.into_iter().zip(lanes) {
            if !group.is_empty() {
                let batch = Batch::counted(Arc::clone(frame), group, Arc::clone(lanes));
                batch.separate().into_iter().flatten().for_each(&mut each);
            }
        }
    }

    /// The node that all of `slots` can go to as they are, if there is one; they are told the hash slots of their keys.
    pub(super) fn common_owner(&self, frame: &Frame, slots: &mut [Slot]) -> Option<&Member> {
        let mut common = None;
        for slot in slots {
            let request = request_of(frame, slot)?;
            let mut first = None;
            for id in request.ids() {
                let spot = self.spot(id);
                let first = *first.get_or_insert(spot);
                if *common.get_or_insert(spot.group) != spot.group || !can_stay_together(request.opcode, first, spot) {
                    return None;
                }
            }
            if let Some(Spot { hash_slot, .. }) = first {
                *slot = slot.at(hash_slot, false);
            }
        }
        self.map.members().get(common?)
    }

    fn sort(&self, frame: &Frame, slot: &Slot, request: &Request<'_>, groups: &mut [Vec<Slot>]) {
        let mut spots = [Spot { hash_slot: 0, group: 0 }; MAX_IDS];
        let mut count = 0;
        for (spot, id) in spots.iter_mut().zip(request.ids()) {
            *spot = self.spot(id);
            count += 1;
        }
        let spots = spots.get(..count).unwrap_or_default();
        let Some(first) = spots.first() else { return };
        if spots.iter().all(|spot| can_stay_together(request.opcode, *first, *spot)) {
            self.put(*slot, *first, groups);
            return;
        }
        // Each part takes the ids that can stay with its first one.
        let chosen: Vec<u16> = (0..u16::BITS as u16).filter(|place| slot.ids >> place & 1 == 1).collect();
        let mut parts: Vec<(Spot, u16)> = Vec::new();
        for (spot, place) in spots.iter().zip(chosen) {
            match parts.iter_mut().find(|(first, _)| can_stay_together(request.opcode, *first, *spot)) {
                Some((_, ids)) => *ids |= 1 << place,
                None => parts.push((*spot, 1 << place)),
            }
        }
        self.joins.split(slot, frame.submitted(), parts.len());
        for (spot, ids) in parts {
            self.put(slot.part(ids), spot, groups);
        }
    }

    fn put(&self, slot: Slot, spot: Spot, groups: &mut [Vec<Slot>]) {
        let Spot { hash_slot, group } = spot;
        let asking = group == self.map.members().len();
        if let Some(group) = groups.get_mut(group) {
            group.push(slot.at(hash_slot, asking));
        }
    }

    fn spot(&self, id: &[u8]) -> Spot {
        let hash_slot = self.rule.slot(&SessionDigest::of(id));
        let is_asked = self.asked.as_ref().is_some_and(|asked| asked.slot == hash_slot);
        Spot { hash_slot, group: if is_asked { self.map.members().len() } else { self.map.owner(hash_slot) } }
    }
}

/// A load reads each key by itself; a transaction holds keys of one slot only.
fn can_stay_together(opcode: Opcode, one: Spot, other: Spot) -> bool {
    if opcode == Opcode::Load { one.group == other.group } else { one == other }
}
