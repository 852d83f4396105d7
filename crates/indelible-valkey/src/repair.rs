//! The repair of a regression: labels that the server has lost are added again, and only then does the load that found
//! it out answer. Labels only grow, so adding is always safe.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hashbrown::HashMap;
use indelible_core::{MAX_LABEL_BYTES, MAX_LABELS_PER_CALL};

use crate::batch::Slot;
use crate::frame::{Frame, FrameWriter, Opcode};
use crate::label_sets::InternedSet;

/// What a load found out.
#[derive(Debug)]
pub(crate) struct Regression {
    /// What it will answer once the labels are back.
    pub(crate) answer: Arc<InternedSet>,
    /// The ids whose labels are gone, each with all that is known of it.
    pub(crate) lost: Vec<(Box<[u8]>, Arc<InternedSet>)>,
}

/// A load that waits for its repair.
#[derive(Debug, Clone)]
pub(crate) struct Repair {
    pub(crate) caller: Slot,
    pub(crate) submitted: Instant,
    pub(crate) answer: Arc<InternedSet>,
    pub(crate) failed: bool,
}

#[derive(Debug)]
struct UnderWay {
    repair: Repair,
    appends_left: usize,
}

/// The repairs of one store that are under way.
#[derive(Debug, Default)]
pub(crate) struct Repairs {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    under_way: HashMap<u32, UnderWay>,
    next_token: u32,
}

impl Repairs {
    /// Begins a repair; returns the appends that it takes, or nothing when the labels cannot be written by us.
    pub(crate) fn begin(&self, caller: Slot, submitted: Instant, regression: Regression) -> Option<Frame> {
        let mut inner = self.lock();
        let token = inner.next_token;
        let mut frame = FrameWriter::default();
        let mut appends = 0;
        for (id, labels) in &regression.lost {
            let id = std::str::from_utf8(id).ok()?;
            let labels: Vec<&str> = labels.iter().collect();
            if labels.iter().any(|label| label.len() > MAX_LABEL_BYTES) {
                return None;
            }
            for labels in labels.chunks(MAX_LABELS_PER_CALL) {
                frame.push(token, Opcode::Append, [id].into_iter(), labels.iter().copied());
                appends += 1;
            }
        }
        inner.next_token = token.wrapping_add(1);
        let repair = Repair { caller, submitted, answer: regression.answer, failed: false };
        inner.under_way.insert(token, UnderWay { repair, appends_left: appends });
        Some(Frame::since(frame.finish(), submitted))
    }

    /// One append of a repair has ended; returns the repair when it was the last.
    pub(crate) fn note(&self, token: u32, succeeded: bool) -> Option<Repair> {
        let mut inner = self.lock();
        let under_way = inner.under_way.get_mut(&token)?;
        under_way.repair.failed |= !succeeded;
        under_way.appends_left -= 1;
        if under_way.appends_left > 0 {
            return None;
        }
        inner.under_way.remove(&token).map(|under_way| under_way.repair)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
