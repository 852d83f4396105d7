//! What one label store is, whichever lanes carry it: its commands, its memory, its generation, and how its operations
//! conclude.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use indelible_core::Failure;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::batch::{Batch, Origin, Slot};
use crate::breaker::{Admission, Signal};
use crate::cluster::{Joined, Joins};
use crate::conclusion::Conclusion;
use crate::config::Config;
use crate::event::Event;
use crate::fault::Fault;
use crate::frame::Opcode;
use crate::generation::GenerationPin;
use crate::label_commands::LabelCommands;
use crate::label_sets::LabelSets;
use crate::lanes::Lanes;
use crate::memory::Memory;
use crate::operation::Ending;
use crate::outcome::{Answer, Outcome, Outcomes};
use crate::pipeline::{Ended, Finished, Pipeline};
use crate::ratchet::Ratchet;
use crate::repair::Repairs;
use crate::resp::{Malformed, ReplyReader};
use crate::retry_budget::RetryBudget;
use crate::session_life::SessionLife;
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
    joins: Joins,
    retry_budget: RetryBudget,
    outcomes: Arc<dyn Outcomes>,
    timing: Timing,
    max_in_flight: usize,
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
            commands: LabelCommands::of(config, life),
            life,
            generation,
            memory: Mutex::new(Memory { sets: LabelSets::new(0), ratchet }),
            repairs: Repairs::default(),
            joins: Joins::default(),
            retry_budget: RetryBudget::new(config.retry_prices),
            outcomes,
            timing: config.timing,
            max_in_flight: config.max_in_flight,
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

    pub(crate) fn repairs(&self) -> &Repairs {
        &self.repairs
    }

    /// Puts what is to be tried again on the budget; `false` when it does not allow for that.
    pub(crate) fn pay_retry(&self, retries: &[(Slot, Fault)]) -> bool {
        self.retry_budget.pay(retries.iter().any(|(_, fault)| matches!(fault.failure, Failure::Timeout(_))))
    }

    /// A pipeline has succeeded.
    pub(crate) fn refund_retry(&self) {
        self.retry_budget.refund();
    }

    /// A part of an operation has ended; returns the whole when it was the last.
    pub(crate) fn join(&self, part: &Slot, result: Result<Answer, Fault>) -> Option<Joined> {
        self.joins.note(part, result, |one, other| self.memory().sets.union(one, other))
    }

    pub(crate) fn joins(&self) -> &Joins {
        &self.joins
    }

    /// When the replies to a batch that is sent now must have arrived.
    pub(crate) fn deadline_of(&self, batch: &Batch) -> tokio::time::Instant {
        self.overall_deadline_of(batch).min(tokio::time::Instant::now() + self.timing.command)
    }

    /// When the operations of a batch must have ended, whatever is tried until then.
    pub(crate) fn overall_deadline_of(&self, batch: &Batch) -> tokio::time::Instant {
        tokio::time::Instant::from_std(batch.submitted() + self.timing.deadline())
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

    /// Asks the bounds and the breaker of the batch's node; what they refuse is answered at once. Returns what may go.
    pub(crate) fn admit(self: &Arc<Self>, batch: &Arc<Batch>) -> Option<Arc<Batch>> {
        let node = batch.lanes().node();
        if node.under_way() > self.max_under_way() {
            Conclusion::of(self, batch, batch.slots().len()).refuse(batch.slots(), Failure::Overloaded);
            return None;
        }
        let probe = match node.breaker.admit(Instant::now()) {
            Admission::Pass => return Some(Arc::clone(batch)),
            Admission::Refuse => None,
            // The proof of a load is the best probe; where there is none, what there is.
            Admission::Probe => {
                let load = batch.slots().iter().position(|slot| slot.opcode == Opcode::Load);
                Some(load.unwrap_or(0)).filter(|_| !batch.slots().is_empty())
            }
        };
        let mut others = batch.slots().to_vec();
        let probe = probe.map(|place| others.remove(place));
        if let Some(probe) = probe {
            batch.lanes().tell(Event::State(node.breaker.probe(probe.token)));
        }
        Conclusion::of(self, batch, others.len()).refuse(&others, Failure::CircuitOpen);
        probe.map(|probe| Arc::new(batch.with_slots(vec![probe])))
    }

    /// Operations that one node of several may hold up at once: one that is silent leaves room for the others.
    fn max_under_way(&self) -> usize {
        self.max_in_flight.div_ceil(2)
    }

    /// Tells a node's breaker how an operation has ended there.
    pub(crate) fn note(&self, lanes: &Lanes, slot: &Slot, signal: Signal, now: Instant) {
        // A repair is not the caller's operation: it says nothing that the load before it has not said.
        if slot.origin != Origin::Repair
            && let Some(state) = lanes.node().breaker.note(slot.token, signal, now)
        {
            lanes.tell(Event::State(state));
        }
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
            finished.batch.lanes().tell(event);
        }
        self.conclude_all(&finished.batch, finished.ended);
    }

    /// The same for a batch of which every operation met the same fault.
    pub(crate) fn conclude_batch(self: &Arc<Self>, batch: &Batch, fault: &Fault) {
        let failed = |slot: &Slot| (*slot, Ending::Failed(fault.clone().for_opcode(slot.opcode)));
        self.conclude_all(batch, batch.slots().iter().map(failed).collect());
    }

    pub(crate) fn conclude_all(self: &Arc<Self>, batch: &Batch, ended: Vec<Ended>) {
        let mut conclusion = Conclusion::of(self, batch, ended.len());
        for (slot, ending) in ended {
            conclusion.take(slot, ending);
        }
        conclusion.end();
    }

    /// Starts a new table of label sets, after a panic that may have left the old one half-changed.
    pub(crate) fn replace_label_sets(&self) {
        self.memory().replace_label_sets();
    }

    pub(crate) fn settle(&self, outcomes: &mut Vec<Outcome>) {
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
