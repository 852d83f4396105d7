//! What one label store is, whichever lanes carry it: its commands, its generation, its interned sets, and how its
//! operations conclude.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use indelible_core::StoreError;
use tokio::sync::Notify;

use crate::batch::{Batch, Slot};
use crate::config::Config;
use crate::fault::Fault;
use crate::frame::Opcode;
use crate::generation::GenerationPin;
use crate::label_commands::LabelCommands;
use crate::label_sets::LabelSets;
use crate::lanes::Lanes;
use crate::outcome::{Outcome, Outcomes};
use crate::pipeline::{Ended, Finished, Pipeline};
use crate::resp::{Malformed, Reply};
use crate::timing::Timing;

/// The state that the lanes, the dispatcher and the handle of one store share.
#[derive(Debug)]
pub(crate) struct StoreCore {
    commands: LabelCommands,
    generation: Arc<GenerationPin>,
    sets: Mutex<LabelSets>,
    outcomes: Arc<dyn Outcomes>,
    timing: Timing,
    lanes: Lanes,
    unsettled: AtomicUsize,
    all_settled: Notify,
}

impl StoreCore {
    pub(crate) fn new(
        config: &Config,
        generation: Arc<GenerationPin>,
        lanes: Lanes,
        outcomes: Arc<dyn Outcomes>,
    ) -> Self {
        Self {
            commands: LabelCommands::new(&config.key_prefix, config.ttl_seconds, config.generation),
            generation,
            sets: Mutex::new(LabelSets::new(0)),
            outcomes,
            timing: config.timing,
            lanes,
            unsettled: AtomicUsize::new(0),
            all_settled: Notify::new(),
        }
    }

    pub(crate) fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    pub(crate) fn timing(&self) -> &Timing {
        &self.timing
    }

    pub(crate) fn command_deadline(&self) -> tokio::time::Instant {
        tokio::time::Instant::now() + self.timing.command
    }

    /// Counts operations that will be settled.
    pub(crate) fn expect(&self, operations: usize) {
        self.unsettled.fetch_add(operations, Ordering::Relaxed);
    }

    /// Returns once every operation that was expected has been settled.
    pub(crate) async fn settled(&self) {
        while self.unsettled.load(Ordering::Relaxed) > 0 {
            self.all_settled.notified().await;
        }
    }

    pub(crate) fn write(
        &self,
        batch: Arc<Batch>,
        deadline: tokio::time::Instant,
        out: &mut Vec<u8>,
        first_byte: u64,
    ) -> Pipeline {
        Pipeline::write(batch, &self.commands, &self.generation, deadline, out, first_byte)
    }

    pub(crate) fn write_disarm(&self, out: &mut Vec<u8>, hex: &[u8; 64]) -> usize {
        self.commands.write_disarm(out, hex)
    }

    pub(crate) fn accept(&self, pipeline: &mut Pipeline, reply: &Reply<'_>) -> Result<bool, Malformed> {
        pipeline.accept(reply, &mut self.lock_sets(), &self.generation)
    }

    /// Settles a pipeline, or sends what may be tried again on its way.
    pub(crate) fn conclude(self: &Arc<Self>, finished: Finished) {
        for event in finished.events {
            self.outcomes.event(event);
        }
        self.conclude_all(&finished.batch, finished.ended);
    }

    /// The same for a batch of which every operation met the same fault.
    pub(crate) fn conclude_batch(self: &Arc<Self>, batch: &Batch, fault: &Fault) {
        let ended = batch.slots().iter().map(|slot| (*slot, Err(fault.clone().for_opcode(slot.opcode)))).collect();
        self.conclude_all(batch, ended);
    }

    pub(crate) fn conclude_all(self: &Arc<Self>, batch: &Batch, ended: Vec<Ended>) {
        let now = Instant::now();
        let mut outcomes = Vec::with_capacity(ended.len());
        let mut retries = Vec::new();
        let mut doubt = None;
        for (slot, result) in ended {
            let result = match result {
                Ok(answer) => Ok(answer),
                Err(fault) => {
                    doubt = doubt.or(fault.doubts_node().then_some(fault.failure));
                    let failed = slot.after_failure(fault.indeterminate);
                    if self.timing.may_retry(&fault, &failed, batch.submitted(), now) {
                        retries.push(failed);
                        continue;
                    }
                    Err(Box::new(store_error(fault, &failed, now - batch.submitted())))
                }
            };
            outcomes.push(Outcome { token: slot.token, result });
        }
        if doubt.is_some() {
            self.lanes.drop_all();
        }
        let settled = outcomes.len();
        if settled > 0 {
            self.outcomes.settle(&mut outcomes);
            if self.unsettled.fetch_sub(settled, Ordering::Relaxed) == settled {
                self.all_settled.notify_one();
            }
        }
        if !retries.is_empty() {
            crate::dispatch::retry(self, Arc::new(batch.with_slots(retries)));
        }
    }

    /// Starts a new table of label sets, after a panic that may have left the old one half-changed.
    pub(crate) fn replace_label_sets(&self) {
        let mut sets = self.lock_sets();
        *sets = LabelSets::new(sets.next_id());
    }

    fn lock_sets(&self) -> MutexGuard<'_, LabelSets> {
        // A table that a panic left half-changed is replaced by `replace_label_sets` before it is used again.
        self.sets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn store_error(fault: Fault, slot: &Slot, elapsed: std::time::Duration) -> StoreError {
    let operation = match slot.opcode {
        Opcode::Load => indelible_core::Operation::Load,
        Opcode::Append => indelible_core::Operation::Append,
    };
    let mut error = StoreError::new(fault.failure, operation)
        .with_indeterminate(slot.indeterminate)
        .with_attempts(u32::from(slot.failed_attempts))
        .with_elapsed(elapsed);
    if let Some(code) = fault.server_code {
        error = error.with_server_code(code);
    }
    match fault.detail {
        Some(detail) => error.with_detail(detail),
        None => error,
    }
}
