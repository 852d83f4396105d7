//! Interned label sets: sessions repeat the same few sets, so a set is decoded once and then named by a number.

use std::ops::Deref;
use std::sync::Arc;

use hashbrown::HashMap;
use indelible_core::LabelSet;

use crate::resp::{Element, Elements};

/// Sets of one kind kept; beyond it the table starts afresh.
const MAX_SETS: usize = 65_536;
/// Bytes kept, roughly; beyond it the table starts afresh.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// What a label takes besides its text, in bytes, roughly.
const LABEL_OVERHEAD: usize = 32;

/// A label set with the number that names it in answers. Numbers are never reused.
#[derive(Debug)]
pub struct InternedSet {
    id: u32,
    labels: LabelSet,
}

impl InternedSet {
    /// The number that names this set for as long as the engine lives.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What it takes in memory, in bytes, roughly; on the other side of the addon as well.
    #[must_use]
    pub fn footprint(&self) -> usize {
        footprint(&self.labels)
    }
}

fn footprint(labels: &LabelSet) -> usize {
    labels.iter().map(|label| label.len() + LABEL_OVERHEAD).sum()
}

impl Deref for InternedSet {
    type Target = LabelSet;

    fn deref(&self) -> &LabelSet {
        &self.labels
    }
}

/// A member that is not UTF-8, or an element that is no member at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotLabels {
    /// The reply has the wrong shape: the connection is in doubt.
    Shape,
    /// A member is not UTF-8: somebody else's value.
    Utf8,
}

/// The table of one engine.
#[derive(Debug)]
pub(crate) struct LabelSets {
    /// From the array as it stood on the wire: a hit costs one hash and no decoding.
    by_wire: HashMap<Box<[u8]>, Arc<InternedSet>>,
    /// From the sorted set: the same labels in another order share a number.
    by_labels: HashMap<LabelSet, Arc<InternedSet>>,
    /// Unions of several ids, by the numbers of their parts.
    unions: HashMap<(u32, u32), Arc<InternedSet>>,
    bytes: usize,
    next_id: u32,
}

impl LabelSets {
    /// A table whose numbers start at `first_id`.
    pub(crate) fn new(first_id: u32) -> Self {
        Self { by_wire: HashMap::new(), by_labels: HashMap::new(), unions: HashMap::new(), bytes: 0, next_id: first_id }
    }

    /// The number that the next new set will get.
    pub(crate) fn next_id(&self) -> u32 {
        self.next_id
    }

    /// The set of a members reply.
    pub(crate) fn intern_reply(&mut self, members: &Elements<'_>) -> Result<Arc<InternedSet>, NotLabels> {
        if let Some(set) = self.by_wire.get(members.raw()) {
            return Ok(Arc::clone(set));
        }
        let mut labels: Vec<Box<str>> = Vec::with_capacity(members.len());
        for element in members.iter() {
            let Element::Bulk(bytes) = element else { return Err(NotLabels::Shape) };
            labels.push(std::str::from_utf8(bytes).map_err(|_| NotLabels::Utf8)?.into());
        }
        let set = self.intern(LabelSet::from_members(labels));
        self.make_room(members.raw().len());
        self.by_wire.insert(members.raw().into(), Arc::clone(&set));
        Ok(set)
    }

    /// The union of two sets.
    pub(crate) fn union(&mut self, left: &Arc<InternedSet>, right: &Arc<InternedSet>) -> Arc<InternedSet> {
        if left.id == right.id || right.is_empty() {
            return Arc::clone(left);
        }
        if left.is_empty() {
            return Arc::clone(right);
        }
        let parts = (left.id.min(right.id), left.id.max(right.id));
        if let Some(set) = self.unions.get(&parts) {
            return Arc::clone(set);
        }
        let set = self.intern(left.labels.union(&right.labels));
        self.make_room(0);
        self.unions.insert(parts, Arc::clone(&set));
        set
    }

    /// The set of these labels.
    pub(crate) fn intern(&mut self, labels: LabelSet) -> Arc<InternedSet> {
        if let Some(set) = self.by_labels.get(&labels) {
            return Arc::clone(set);
        }
        self.make_room(footprint(&labels));
        let set = Arc::new(InternedSet { id: self.next_id, labels: labels.clone() });
        self.next_id = self.next_id.wrapping_add(1);
        self.by_labels.insert(labels, Arc::clone(&set));
        set
    }

    fn make_room(&mut self, bytes: usize) {
        self.bytes += bytes;
        let sets = self.by_wire.len().max(self.by_labels.len()).max(self.unions.len());
        let full = sets >= MAX_SETS || self.bytes > MAX_BYTES;
        if full {
            self.by_wire.clear();
            self.by_labels.clear();
            self.unions.clear();
            self.bytes = bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::{Reply, ReplyReader, push_array_header, push_bulk};

    fn intern(sets: &mut LabelSets, members: &[&[u8]]) -> Result<Arc<InternedSet>, NotLabels> {
        let mut wire = Vec::new();
        push_array_header(&mut wire, members.len());
        members.iter().for_each(|member| push_bulk(&mut wire, member));
        let mut reader = ReplyReader::new();
        reader.space()[..wire.len()].copy_from_slice(&wire);
        reader.advance(wire.len());
        let Some(Reply::Array(elements)) = reader.next_reply().unwrap() else { panic!("no array") };
        sets.intern_reply(&elements)
    }

    #[test]
    fn the_same_labels_share_one_number_in_any_order() {
        let mut sets = LabelSets::new(0);
        let first = intern(&mut sets, &[b"a", b"b"]).unwrap();
        let other_order = intern(&mut sets, &[b"b", b"a"]).unwrap();
        let other_set = intern(&mut sets, &[b"a"]).unwrap();
        assert_eq!(first.id(), other_order.id());
        assert_ne!(first.id(), other_set.id());
    }

    #[test]
    fn a_union_is_interned_once_and_is_symmetric() {
        let mut sets = LabelSets::new(0);
        let (a, b) = (intern(&mut sets, &[b"a"]).unwrap(), intern(&mut sets, &[b"b"]).unwrap());
        let union = sets.union(&a, &b);
        assert_eq!(union.iter().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(sets.union(&b, &a).id(), union.id());
        assert_eq!(intern(&mut sets, &[b"b", b"a"]).unwrap().id(), union.id());
        let empty = intern(&mut sets, &[]).unwrap();
        assert_eq!(sets.union(&empty, &a).id(), a.id());
    }

    #[test]
    fn a_member_that_is_not_utf8_is_refused_whole() {
        assert_eq!(intern(&mut LabelSets::new(0), &[b"a", b"\xff"]).unwrap_err(), NotLabels::Utf8);
    }

    #[test]
    fn the_table_is_bounded_and_never_reuses_a_number() {
        let mut sets = LabelSets::new(0);
        let mut last = None;
        for n in 0..(MAX_SETS + 10) {
            let set = intern(&mut sets, &[n.to_string().as_bytes()]).unwrap();
            assert!(last.is_none_or(|last| set.id() > last));
            last = Some(set.id());
        }
        assert!(sets.by_wire.len() <= MAX_SETS && sets.by_labels.len() <= MAX_SETS);
    }

    #[test]
    fn large_sets_are_bounded_by_what_they_take_and_so_are_their_unions() {
        let mut sets = LabelSets::new(0);
        let large = |n: usize| (0..1_000).map(|label| format!("{n}-{label}")).collect::<Vec<_>>();
        for n in 0..1_000 {
            let labels = large(n);
            let one = intern(&mut sets, &labels.iter().map(|label| label.as_bytes()).collect::<Vec<_>>()).unwrap();
            let other = sets.intern(LabelSet::from_members(large(n + 1)));
            sets.union(&one, &other);
        }
        let kept: usize =
            sets.by_labels.keys().flat_map(LabelSet::iter).map(|label| label.len() + LABEL_OVERHEAD).sum();
        assert!(kept <= MAX_BYTES, "{kept} bytes");
    }
}
