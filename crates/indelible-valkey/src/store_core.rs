//! What one label store is, whichever lanes carry it: its commands, its memory, its generation, and how its operations
//! conclude.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indelible_core::{Failure, StoreError};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::batch::{Batch, Origin, Slot};
use crate::breaker::{Admission, Signal};
use crate::config::Config;
use crate::dispatch;
use crate::event::{Alarm, Event};
use crate::fault::Fault;
use crate::frame::Opcode;
use crate::generation::GenerationPin;
use crate::keys::SessionDigest;
use crate::label_commands::LabelCommands;
use crate::label_sets::LabelSets;
use crate::memory::Memory;
use crate::operation::Ending;
use crate::outcome::{Answer, Outcome, Outcomes};
use crate::pipeline::{Ended, Finished, Pipeline};
use crate::ratchet::Ratchet;
use crate::repair::{Regression, Repair, Repairs};
use crate::resp::{Malformed, ReplyReader};
use crate::retry_budget::RetryBudget;
use crate::session_life::SessionLife;
use crate::switches::{Mechanism, is_off};
use crate::timing::Timing;
use crate::topology::Topology;

/// The state that the lanes, the dispatcher and the handle of one store share.
#[derive(Debug)]
pub(crate) struct StoreCore {
    commands: LabelCommands,
    life: Option<SessionLife>,
    generation: Arc<GenerationPin>,
    memory: Mutex<Memory>,
    repairs: Repairs,
    retry_budget: RetryBudget,
    outcomes: Arc<dyn Outcomes>,
    timing: Timing,
    topology: Topology,
    unsettled: AtomicUsize,
    all_settled: Notify,
}

impl StoreCore {
    pub(crate) fn new(
        config: &Config,
        generation: Arc<GenerationPin>,
        topology: Topology,
        outcomes: Arc<dyn Outcomes>,
    ) -> Self {
        let life = config.ttl_seconds.map(SessionLife::new);
        let ratchet = Ratchet::new(config.ratchet_sessions, life, config.timing.command);
        Self {
            commands: LabelCommands::new(&config.key_prefix, life, config.generation),
            life,
            generation,
            memory: Mutex::new(Memory { sets: LabelSets::new(0), ratchet }),
            repairs: Repairs::default(),
            retry_budget: RetryBudget::new(config.retry_prices),
            outcomes,
            timing: config.timing,
            topology,
            unsettled: AtomicUsize::new(0),
            all_settled: Notify::new(),
        }
    }

    pub(crate) fn topology(&self) -> &Topology {
        &self.topology
    }

    pub(crate) fn timing(&self) -> &Timing {
        &self.timing
    }

    /// When the replies to a batch that is sent now must have arrived.
    pub(crate) fn deadline_of(&self, batch: &Batch) -> tokio::time::Instant {
        let overall = batch.submitted() + self.timing.deadline();
        tokio::time::Instant::from_std(overall.min(Instant::now() + self.timing.command))
    }

    /// How the store is doing.
    pub(crate) fn health(&self) -> Value {
        let mut health = self.topology.health();
        if let Value::Object(fields) = &mut health {
            fields.insert("generation".into(), json!(self.generation.state()));
        }
        health
    }

    /// Counts operations that will be settled.
    pub(crate) fn expect(&self, operations: usize) {
        self.unsettled.fetch_add(operations, Ordering::Relaxed);
    }

    /// Takes an expectation back: they have gone another way.
    pub(crate) fn unexpect(&self, operations: usize) {
        self.unsettled.fetch_sub(operations, Ordering::Relaxed);
    }

    /// Whether operations are under way.
    pub(crate) fn awaits_replies(&self) -> bool {
        self.unsettled.load(Ordering::Relaxed) > 0
    }

    /// Returns once every operation that was expected has been settled.
    pub(crate) async fn settled(&self) {
        while self.unsettled.load(Ordering::Relaxed) > 0 {
            self.all_settled.notified().await;
        }
    }

    /// Asks the breaker of the batch's node; what it refuses is answered at once. Returns what may go.
    pub(crate) fn admit(self: &Arc<Self>, batch: &Arc<Batch>) -> Option<Arc<Batch>> {
        let breaker = &batch.lanes().node().breaker;
        let admitted = match breaker.admit(Instant::now()) {
            Admission::Pass => return Some(Arc::clone(batch)),
            Admission::Refuse => None,
            // The proof of a load is the best probe; where there is none, what there is.
            Admission::Probe => {
                let loads = batch.slots().iter().find(|slot| slot.opcode == Opcode::Load);
                loads.or(batch.slots().first()).copied()
            }
        };
        if let Some(probe) = admitted {
            batch.lanes().tell(Event::State(breaker.probe(probe.token)));
        }
        let others = batch.slots().iter().filter(|slot| admitted.is_none_or(|probe| probe.token != slot.token));
        let mut outcomes: Vec<Outcome> = others
            .map(|slot| {
                let error = store_error(Fault::new(Failure::CircuitOpen), slot, batch.submitted().elapsed());
                Outcome { token: slot.token, result: Err(Box::new(error)) }
            })
            .collect();
        self.settle(&mut outcomes);
        admitted.map(|probe| Arc::new(batch.with_slots(vec![probe])))
    }

    pub(crate) fn write(
        &self,
        batch: Arc<Batch>,
        deadline: tokio::time::Instant,
        out: &mut Vec<u8>,
        first_byte: u64,
    ) -> Pipeline {
        Pipeline::write(batch, &self.commands, &self.memory(), deadline, out, first_byte)
    }

    pub(crate) fn write_disarm(&self, out: &mut Vec<u8>, hex: &[u8; 64]) -> usize {
        self.commands.write_disarm(out, hex)
    }

    pub(crate) fn write_sync(&self, out: &mut Vec<u8>, hex: &[u8; 64]) {
        self.commands.write_sync(out, hex);
    }

    /// Gives the replies that have arrived to a pipeline; `true` when that was its last one.
    pub(crate) fn read(&self, pipeline: &mut Pipeline, reader: &mut ReplyReader) -> Result<bool, Malformed> {
        let memory = &mut self.memory();
        while let Some(reply) = reader.next_reply()? {
            let complete = pipeline.accept(&reply, memory, &self.generation)?;
            reader.consume();
            if complete {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(crate) fn finish(&self, pipeline: Pipeline) -> Finished {
        pipeline.finish(&mut self.memory(), self.life)
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
        let failed = |slot: &Slot| (*slot, Ending::Failed(fault.clone().for_opcode(slot.opcode)));
        self.conclude_all(batch, batch.slots().iter().map(failed).collect());
    }

    pub(crate) fn conclude_all(self: &Arc<Self>, batch: &Batch, ended: Vec<Ended>) {
        let outcomes = Vec::with_capacity(ended.len());
        let mut conclusion = Conclusion { store: self, batch, now: Instant::now(), outcomes, last_signal: None };
        let (mut retries, mut doubted, mut succeeded, mut timed_out) = (Vec::new(), false, false, false);
        for (slot, ending) in ended {
            match ending {
                Ending::Answered(answer) => {
                    succeeded = true;
                    conclusion.settle(slot, Ok(answer));
                }
                Ending::Regressed(regression) => conclusion.repair(slot, *regression),
                Ending::Failed(fault) => {
                    doubted |= fault.doubts_node();
                    let failed = slot.after_failure(fault.indeterminate);
                    if self.timing.may_retry(&fault, &failed, batch.submitted(), conclusion.now) {
                        timed_out |= matches!(fault.failure, Failure::Timeout(_));
                        retries.push((failed, fault));
                    } else {
                        conclusion.settle(failed, Err(fault));
                    }
                }
            }
        }
        if doubted && !is_off(Mechanism::Doubt) {
            batch.lanes().drop_all();
        }
        if succeeded {
            self.retry_budget.refund();
        }
        if !retries.is_empty() {
            if self.retry_budget.pay(timed_out) {
                let slots = retries.into_iter().map(|(slot, _)| slot).collect();
                dispatch::retry(self, Arc::new(batch.with_slots(slots)));
            } else {
                retries.into_iter().for_each(|(slot, fault)| conclusion.settle(slot, Err(fault)));
            }
        }
        let mut outcomes = conclusion.outcomes;
        self.settle(&mut outcomes);
    }

    /// Starts a new table of label sets, after a panic that may have left the old one half-changed.
    pub(crate) fn replace_label_sets(&self) {
        self.memory().replace_label_sets();
    }

    fn settle(&self, outcomes: &mut Vec<Outcome>) {
        let settled = outcomes.len();
        if settled == 0 {
            return;
        }
        self.outcomes.settle(outcomes);
        if self.unsettled.fetch_sub(settled, Ordering::Relaxed) == settled {
            self.all_settled.notify_one();
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // What a panic left half-changed is replaced by `replace_label_sets` before it is used again.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The settling of one batch.
struct Conclusion<'a> {
    store: &'a Arc<StoreCore>,
    batch: &'a Batch,
    now: Instant,
    outcomes: Vec<Outcome>,
    /// What the breaker was told last: a success after a success says nothing new.
    last_signal: Option<Signal>,
}

impl Conclusion<'_> {
    /// Settles an operation for good: a caller's with its outcome, one of our own with the caller that waits for it.
    fn settle(&mut self, slot: Slot, result: Result<Answer, Fault>) {
        match slot.origin {
            Origin::Caller => self.answer(slot, self.batch.submitted(), result),
            Origin::Repair => {
                if let Some(repair) = self.store.repairs.note(slot.token, result.is_ok()) {
                    let Repair { caller, submitted, answer, failed } = repair;
                    let result = if failed { Err(Fault::new(Failure::Regression)) } else { Ok(Answer::Loaded(answer)) };
                    self.answer(caller, submitted, result);
                }
            }
        }
    }

    /// Holds a load back until the labels that the server lost are there again.
    fn repair(&mut self, caller: Slot, regression: Regression) {
        for (id, known) in &regression.lost {
            let session = SessionDigest::of(id).prefix();
            let known = u32::try_from(known.len()).unwrap_or(u32::MAX);
            self.store.outcomes.event(Event::Alarm(Alarm::LabelRegression { session, known }));
        }
        match self.store.repairs.begin(caller, self.batch.submitted(), regression) {
            Some(appends) => dispatch::start_all(self.store, appends, Origin::Repair),
            None => self.answer(caller, self.batch.submitted(), Err(Fault::new(Failure::Regression))),
        }
    }

    fn answer(&mut self, slot: Slot, submitted: Instant, result: Result<Answer, Fault>) {
        let signal = result.as_ref().map_or_else(Fault::signal, |_| Signal::Success);
        if self.last_signal.replace(signal) != Some(Signal::Success) || signal != Signal::Success {
            let lanes = self.batch.lanes();
            if let Some(state) = lanes.node().breaker.note(slot.token, signal, self.now) {
                lanes.tell(Event::State(state));
            }
        }
        let elapsed = self.now.saturating_duration_since(submitted);
        let result = result.map_err(|fault| Box::new(store_error(fault, &slot, elapsed)));
        self.outcomes.push(Outcome { token: slot.token, result });
    }
}

fn store_error(fault: Fault, slot: &Slot, elapsed: Duration) -> StoreError {
    let mut error = StoreError::new(fault.failure, slot.opcode.operation())
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
