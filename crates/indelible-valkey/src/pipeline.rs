//! A pipeline: the operations that one lane wrote together, and the proof that ends them.

use std::sync::Arc;

use tokio::time::Instant;

use crate::batch::{Batch, Slot};
use crate::event::{Alarm, Event, State};
use crate::fault::Fault;
use crate::generation::{GenerationPin, Seen, lost};
use crate::keys::SessionDigest;
use crate::label_commands::LabelCommands;
use crate::label_sets::LabelSets;
use crate::operation::Operation;
use crate::outcome::Answer;
use crate::resp::{Element, Malformed, Reply, ServerError};

/// A written pipeline whose replies are being read.
#[derive(Debug)]
pub(crate) struct Pipeline {
    batch: Arc<Batch>,
    operations: Vec<Operation>,
    current: usize,
    proof: Proof,
    deadline: Instant,
    /// Position in the connection's output of the first byte.
    first_byte: u64,
    events: Vec<Event>,
}

#[derive(Debug)]
enum Proof {
    /// None was needed, or it came out good.
    Good,
    /// `GETEX <prefix>:generation PERSIST` has still to answer.
    Generation,
    /// `EXPIRE key 1 GT` has still to answer.
    Touch,
    Failed(Fault),
}

/// How one operation of a pipeline ended.
pub(crate) type Ended = (Slot, Result<Answer, Fault>);

/// A finished pipeline.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) batch: Arc<Batch>,
    pub(crate) ended: Vec<Ended>,
    pub(crate) events: Vec<Event>,
    /// Digests of keys that are no sets and were given a life by an append: to be taken back.
    pub(crate) disarm: Vec<[u8; 64]>,
}

impl Pipeline {
    /// Writes a batch and its proof to `out`, which starts at `first_byte` of the connection's output.
    pub(crate) fn write(
        batch: Arc<Batch>,
        commands: &LabelCommands,
        generation: &GenerationPin,
        deadline: Instant,
        out: &mut Vec<u8>,
        first_byte: u64,
    ) -> Self {
        let mut operations = Vec::with_capacity(batch.slots().len());
        let mut last_loaded = None;
        for (_, request) in batch.requests() {
            let operation = Operation::write(&request, commands, out);
            if let Operation::Load(_) = operation {
                last_loaded = request.ids().last();
            }
            operations.push(operation);
        }
        let last_hex = last_loaded.map(|id| SessionDigest::of(id).hex());
        let proof = match (commands.write_proof(out, last_hex.as_ref()), generation.mode().is_on()) {
            (false, _) => Proof::Good,
            (true, true) => Proof::Generation,
            (true, false) => Proof::Touch,
        };
        Self { batch, operations, current: 0, proof, deadline, first_byte, events: Vec::new() }
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Takes the next reply; `true` when it was the last.
    pub(crate) fn accept(
        &mut self,
        reply: &Reply<'_>,
        sets: &mut LabelSets,
        generation: &GenerationPin,
    ) -> Result<bool, Malformed> {
        match self.operations.get_mut(self.current) {
            Some(operation) => {
                if operation.accept(reply, sets)? {
                    self.current += 1;
                }
            }
            None => {
                self.accept_proof(reply, generation)?;
                return Ok(true);
            }
        }
        Ok(self.current == self.operations.len() && matches!(self.proof, Proof::Good))
    }

    fn accept_proof(&mut self, reply: &Reply<'_>, generation: &GenerationPin) -> Result<(), Malformed> {
        let value = match (&self.proof, reply) {
            (_, Reply::Scalar(Element::Error(line))) => {
                let error = ServerError::parse(line);
                self.proof = Proof::Failed(match (&self.proof, &*error.code) {
                    // A generation of another type is not ours.
                    (Proof::Generation, "WRONGTYPE") => lost(indelible_core::KeyspaceLost::Layout),
                    _ => error.into(),
                });
                return Ok(());
            }
            (Proof::Generation, Reply::Scalar(Element::Bulk(value))) => Some(*value),
            (Proof::Generation, Reply::Scalar(Element::Nil)) => None,
            (Proof::Touch, Reply::Scalar(Element::Integer(0 | 1))) => {
                self.proof = Proof::Good;
                return Ok(());
            }
            _ => return Err(Malformed),
        };
        self.proof = match generation.observe(value) {
            Seen::Same => Proof::Good,
            Seen::Noted(alarm) => {
                self.events.push(Event::Alarm(alarm));
                Proof::Good
            }
            Seen::Accepted => {
                self.events.push(Event::State(State::GenerationAccepted));
                Proof::Good
            }
            Seen::Lost(reason) => {
                let failure = indelible_core::Failure::KeyspaceLost(reason);
                self.events.push(Event::Alarm(Alarm::KeyspaceLost { reason: failure.reason().unwrap_or_default() }));
                Proof::Failed(lost(reason))
            }
        };
        Ok(())
    }

    /// The results of all operations; the last reply has been taken.
    pub(crate) fn finish(self) -> Finished {
        let fault = match self.proof {
            Proof::Good => None,
            Proof::Failed(fault) => Some(fault),
            // Not reached by way of `accept`; if it were, nothing would have been proven.
            Proof::Generation | Proof::Touch => Some(Fault::protocol()),
        };
        let mut finished = Finished {
            batch: Arc::clone(&self.batch),
            ended: Vec::with_capacity(self.operations.len()),
            events: self.events,
            disarm: Vec::new(),
        };
        let mut refused_refreshes = 0;
        let mut refresh_code = None;
        for ((slot, request), operation) in self.batch.requests().zip(self.operations) {
            match &operation {
                Operation::Load(load) => {
                    if let Some(error) = load.refused_refresh() {
                        refused_refreshes += 1;
                        refresh_code = Some(error.code.clone());
                    }
                }
                Operation::Append(append) => {
                    let foreign = append.armed_foreign().iter().filter_map(|place| request.ids().nth(*place));
                    finished.disarm.extend(foreign.map(|id| SessionDigest::of(id).hex()));
                }
            }
            finished.ended.push((slot, operation.finish(fault.as_ref())));
        }
        if refused_refreshes > 0 && fault.is_none() {
            let alarm = Alarm::TtlRefreshFailed { server_code: refresh_code, count: refused_refreshes };
            finished.events.push(Event::Alarm(alarm));
        }
        finished
    }

    /// The results when the connection is given up: nothing that was read counts. `written` is how much of the
    /// connection's output has reached the socket.
    pub(crate) fn abandon(self, fault: &Fault, written: u64) -> Vec<Ended> {
        let sent = written > self.first_byte;
        let slots = self.batch.requests().map(|(slot, _)| slot);
        slots
            .zip(&self.operations)
            .map(|(slot, operation)| (slot, Err(fault.clone().indeterminate(sent && operation.changes_data()))))
            .collect()
    }

    /// Whether none of its bytes have reached the socket.
    pub(crate) fn is_unsent(&self, written: u64) -> bool {
        written <= self.first_byte
    }

    pub(crate) fn batch(&self) -> &Arc<Batch> {
        &self.batch
    }
}
