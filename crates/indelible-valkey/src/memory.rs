//! What one store remembers: the label sets it has seen, and which session had which.

use std::time::Instant;

use crate::label_sets::LabelSets;
use crate::ratchet::Ratchet;

/// The interned label sets and the ratchet of one store.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) sets: LabelSets,
    pub(crate) ratchet: Ratchet,
}

impl Memory {
    /// Starts a new table of label sets, after a panic that may have left the old one half-changed. Numbers go on, and
    /// the ratchet, whose entries hold their sets themselves, is kept.
    pub(crate) fn replace_label_sets(&mut self) {
        self.sets = LabelSets::new(self.sets.next_id());
    }

    /// Labels have been acknowledged for a session by commands that were written at `written`. `renewed` says that its
    /// life was renewed with them.
    pub(crate) fn acknowledge<'a>(
        &mut self,
        session: &crate::keys::SessionDigest,
        labels: impl Iterator<Item = &'a str> + Clone,
        renewed: bool,
        written: Instant,
    ) {
        let Self { sets, ratchet } = self;
        if !ratchet.holds(session, labels.clone(), renewed, written) {
            let labels = sets.intern(indelible_core::LabelSet::from_members(labels));
            ratchet.remember(session, &labels, renewed, written, sets);
        }
    }
}
