use std::fmt;
use std::sync::Arc;

/// An immutable set of labels, sorted by UTF-8 bytes; a clone shares the members.
///
/// Members are what a store holds, not what this crate would write: a label that is empty or longer than
/// [`MAX_LABEL_BYTES`](crate::MAX_LABEL_BYTES) was put there by someone else and is kept, because a label that is
/// dropped is a taint that is lost.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct LabelSet(Arc<[Box<str>]>);

impl LabelSet {
    /// The set without labels.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The set of `members`, in any order and with any repetition.
    #[must_use]
    pub fn from_members(members: impl IntoIterator<Item = impl Into<Box<str>>>) -> Self {
        let mut members: Vec<Box<str>> = members.into_iter().map(Into::into).collect();
        members.sort_unstable();
        members.dedup();
        Self(members.into())
    }

    /// How many labels the set has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the set has no label.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `label` is a member, compared byte for byte.
    #[must_use]
    pub fn contains(&self, label: &str) -> bool {
        self.0.binary_search_by(|member| (**member).cmp(label)).is_ok()
    }

    /// The labels in ascending order of their UTF-8 bytes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(|member| &**member)
    }

    /// The labels of both sets. Shares the members of the larger set where that is the answer.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if self.is_superset(other) {
            return self.clone();
        }
        if other.is_superset(self) {
            return other.clone();
        }
        Self::from_members(self.iter().chain(other.iter()))
    }

    /// Whether every label of `other` is in this set.
    #[must_use]
    pub fn is_superset(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (other.len() <= self.len() && other.iter().all(|label| self.contains(label)))
    }

    /// The labels of this set that `other` lacks, in ascending order.
    #[must_use]
    pub fn missing_from(&self, other: &Self) -> Vec<&str> {
        self.iter().filter(|label| !other.contains(label)).collect()
    }
}

/// Says how many labels there are and not which: they tell what the session has seen.
impl fmt::Debug for LabelSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LabelSet({} labels)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn members(set: &LabelSet) -> Vec<&str> {
        set.iter().collect()
    }

    #[test]
    fn sorts_by_utf8_bytes_and_drops_repetitions() {
        let set = LabelSet::from_members(["\u{10000}", "\u{ffff}", "b", "a", "b", "Z", ""]);
        // UTF-16 order would put U+10000 before U+FFFF.
        assert_eq!(members(&set), ["", "Z", "a", "b", "\u{ffff}", "\u{10000}"]);
    }

    #[test]
    fn keeps_members_beyond_the_write_limits() {
        let long = "x".repeat(crate::MAX_LABEL_BYTES + 1);
        let set = LabelSet::from_members([long.as_str(), ""]);
        assert!(set.contains(&long) && set.contains(""));
    }

    #[test]
    fn compares_byte_for_byte() {
        let set = LabelSet::from_members(["pii", "ü"]);
        assert!(set.contains("pii") && set.contains("ü"));
        assert!(!set.contains("PII") && !set.contains("u\u{308}") && !set.contains(""));
    }

    #[test]
    fn the_empty_set_is_empty() {
        assert!(LabelSet::empty().is_empty());
        assert_eq!(LabelSet::empty(), LabelSet::from_members(Vec::<String>::new()));
    }

    #[test]
    fn a_union_that_adds_nothing_shares_the_members() {
        let large = LabelSet::from_members(["a", "b"]);
        let small = LabelSet::from_members(["b"]);
        for union in [large.union(&small), small.union(&large), large.union(&large)] {
            assert!(Arc::ptr_eq(&union.0, &large.0));
        }
    }

    #[test]
    fn debug_shows_no_label() {
        assert_eq!(format!("{:?}", LabelSet::from_members(["salary", "pii"])), "LabelSet(2 labels)");
    }

    /// Few letters and short texts, so that sets overlap, contain one another and coincide often.
    fn label_set() -> impl Strategy<Value = LabelSet> {
        proptest::collection::vec("[aü\u{ffff}\u{10000}]{0,2}", 0..8).prop_map(LabelSet::from_members)
    }

    fn model(set: &LabelSet) -> BTreeSet<String> {
        set.iter().map(str::to_owned).collect()
    }

    proptest! {
        #[test]
        fn union_is_commutative(a in label_set(), b in label_set()) {
            prop_assert_eq!(a.union(&b), b.union(&a));
        }

        #[test]
        fn union_is_associative(a in label_set(), b in label_set(), c in label_set()) {
            prop_assert_eq!(a.union(&b).union(&c), a.union(&b.union(&c)));
        }

        #[test]
        fn union_is_idempotent_and_has_the_empty_set_as_identity(a in label_set()) {
            prop_assert_eq!(a.union(&a), a.clone());
            prop_assert_eq!(a.union(&LabelSet::empty()), a);
        }

        #[test]
        fn union_is_monotonic(a in label_set(), b in label_set()) {
            let union = a.union(&b);
            prop_assert!(union.is_superset(&a) && union.is_superset(&b));
            prop_assert_eq!(a.missing_from(&union), Vec::<&str>::new());
        }

        #[test]
        fn every_answer_is_that_of_an_ordered_set(a in label_set(), b in label_set()) {
            let (left, right) = (model(&a), model(&b));
            prop_assert_eq!(model(&a.union(&b)), &left | &right);
            prop_assert_eq!(a.is_superset(&b), left.is_superset(&right));
            prop_assert!(a.missing_from(&b).into_iter().eq(left.difference(&right)));
            prop_assert!(a.iter().eq(&left));
            prop_assert_eq!(a.len(), left.len());
            for label in left.union(&right) {
                prop_assert_eq!(a.contains(label), left.contains(label));
            }
        }
    }
}
