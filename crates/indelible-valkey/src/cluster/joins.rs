//! Operations whose sessions live on several nodes, or in several slots: sent in parts, answered as one. All parts must
//! answer; any that fails fails the whole (`docs/compatibility.md`, "Several ids").

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hashbrown::HashMap;

use crate::batch::{Origin, Slot};
use crate::fault::Fault;
use crate::label_sets::InternedSet;
use crate::outcome::Answer;

/// An operation that waits for its parts.
#[derive(Debug)]
struct Join {
    caller: Slot,
    submitted: Instant,
    parts_left: usize,
    union: Option<Arc<InternedSet>>,
    fault: Option<Fault>,
}

/// An operation whose parts have all ended.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) caller: Slot,
    pub(crate) submitted: Instant,
    pub(crate) result: Result<Answer, Fault>,
}

/// The operations of one store that are under way in parts, by the callers' tokens.
#[derive(Debug, Default)]
pub(crate) struct Joins {
    under_way: Mutex<HashMap<u32, Join>>,
}

impl Joins {
    /// `slot` goes on in `parts` parts. It may itself be one of an operation that was split before.
    pub(super) fn split(&self, slot: &Slot, submitted: Instant, parts: usize) {
        let mut under_way = self.lock();
        match (slot.origin, under_way.get_mut(&slot.token)) {
            (Origin::Part, Some(join)) => join.parts_left += parts - 1,
            _ => {
                let join = Join { caller: *slot, submitted, parts_left: parts, union: None, fault: None };
                under_way.insert(slot.token, join);
            }
        }
    }

    /// A part has ended; returns the whole when it was the last. `unite` makes one set of two.
    pub(crate) fn note(
        &self,
        part: &Slot,
        result: Result<Answer, Fault>,
        unite: impl FnOnce(&Arc<InternedSet>, &Arc<InternedSet>) -> Arc<InternedSet>,
    ) -> Option<Joined> {
        let mut under_way = self.lock();
        let join = under_way.get_mut(&part.token)?;
        join.caller.failed_attempts = join.caller.failed_attempts.max(part.failed_attempts);
        match result {
            Ok(Answer::Loaded(set)) => {
                join.union = Some(match &join.union {
                    Some(union) => unite(union, &set),
                    None => set,
                });
            }
            Ok(_) => {}
            // The first says as much as any other.
            Err(fault) => join.fault = join.fault.take().or(Some(fault)),
        }
        join.parts_left -= 1;
        if join.parts_left > 0 {
            return None;
        }
        let Join { mut caller, submitted, union, fault, .. } = under_way.remove(&part.token)?;
        let result = match (fault, union) {
            (Some(fault), _) => {
                // The other parts may have been written.
                caller.indeterminate |= caller.opcode.changes_data();
                Err(fault)
            }
            (None, Some(union)) => Ok(Answer::Loaded(union)),
            (None, None) => Ok(Answer::Appended),
        };
        Some(Joined { caller, submitted, result })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Join>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
