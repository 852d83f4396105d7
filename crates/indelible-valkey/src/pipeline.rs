//! A pipeline: the operations that one lane wrote together, and the proof that ends them.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use crate::batch::{Batch, Slot};
use crate::event::{Alarm, Event};
use crate::fault::Fault;
use crate::frame::Opcode;
use crate::generation::GenerationPin;
use crate::keys::SessionDigest;
use crate::label_commands::LabelCommands;
use crate::memory::Memory;
use crate::operation::{Ending, Judgement, Operation, Progress, Transaction};
use crate::proof::Proof;
use crate::resp::{Element, Elements, Malformed, Reply};
use crate::session_in_flight::SessionInFlight;
use crate::session_life::SessionLife;
use crate::switches::{Stage, panic_point};

/// A written pipeline whose replies are being read.
#[derive(Debug)]
pub(crate) struct Pipeline {
    batch: Arc<Batch>,
    operations: Vec<Operation>,
    /// The sessions of all operations, in their order.
    sessions: Vec<SessionInFlight>,
    /// The transactions, each carrying operations that follow each other.
    runs: Vec<Run>,
    /// What the next reply belongs to: the operation, the place of its first session, and the run that comes next.
    current: usize,
    current_session: usize,
    current_run: usize,
    /// Whether the transaction that was executed last has changed something; `None` while none was executed.
    last_changed: Option<bool>,
    proof: Proof,
    /// The proof is a touch of a key: it stands for the loads alone, since every append is a write itself.
    is_touched: bool,
    deadline: tokio::time::Instant,
    /// Position in the connection's output of the first byte.
    first_byte: u64,
    written: Instant,
    /// Epoch of the ratchet when this was written.
    epoch: u32,
    events: Vec<Event>,
}

/// Operations that share a transaction.
#[derive(Debug)]
struct Run {
    /// Place of the first.
    first: usize,
    operations: usize,
    /// What its operations have in common: the hash slot of their keys, and whether it is on its way to the node.
    common: (u16, bool),
    transaction: Transaction,
}

/// A transaction that was refused as a whole: which operations it carried, and why.
#[derive(Debug)]
struct Refusal {
    places: Range<usize>,
    fault: Fault,
}

impl Run {
    fn into_refusal(self) -> Option<Refusal> {
        let Self { first, operations, transaction, .. } = self;
        transaction.into_fault().map(|fault| Refusal { places: first..first + operations, fault })
    }
}

/// How one operation of a pipeline ended.
pub(crate) type Ended = (Slot, Ending);

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
        memory: &Memory,
        deadline: tokio::time::Instant,
        out: &mut Vec<u8>,
        first_byte: u64,
    ) -> Self {
        let written = Instant::now();
        let mut operations = Vec::with_capacity(batch.slots().len());
        let mut sessions = Vec::with_capacity(batch.slots().len());
        let mut runs: Vec<Run> = Vec::new();
        let mut last_loaded = None;
        let mut concerns_labels = false;
        for (slot, request) in batch.requests() {
            panic_point(Stage::Write, request.ids());
            let place = operations.len();
            let common = (slot.hash_slot, slot.asking);
            let open = runs.last().filter(|run| run.first + run.operations == place);
            let continues = open.is_some_and(|run| request.opcode.needs_transaction() && run.common == common);
            if open.is_some() && !continues {
                Transaction::end(out);
            }
            if request.opcode.needs_transaction() && !continues {
                let transaction = Transaction::begin(out, slot.asking);
                runs.push(Run { first: place, operations: 0, common, transaction });
            }
            let first = sessions.len();
            if request.opcode.is_of_labels() {
                concerns_labels = true;
                sessions.extend(request.ids().map(|id| SessionInFlight::new(id, memory, written)));
            }
            let own = sessions.get_mut(first..).unwrap_or_default();
            let operation = Operation::write(&request, &slot, own, commands, out);
            if let Operation::Load(_) = operation
                && !slot.proves_itself()
            {
                last_loaded = own.last().map(|session| session.digest);
            }
            if let Some(run) = runs.last_mut().filter(|_| request.opcode.needs_transaction()) {
                run.operations += 1;
                run.transaction.queue(operation.queued());
            }
            operations.push(operation);
        }
        if runs.last().is_some_and(|run| run.first + run.operations == operations.len()) {
            Transaction::end(out);
        }
        let proof = if concerns_labels { Proof::write(commands, last_loaded, out) } else { Proof::Good };
        let epoch = memory.ratchet.epoch();
        Self {
            batch,
            operations,
            sessions,
            runs,
            current: 0,
            current_session: 0,
            current_run: 0,
            last_changed: None,
            is_touched: matches!(proof, Proof::Touch),
            proof,
            deadline,
            first_byte,
            written,
            epoch,
            events: Vec::new(),
        }
    }

    /// Whether the slot of that session's key is on its way to the node.
    pub(crate) fn ends_asking(&self) -> bool {
        self.batch.slots().last().is_some_and(|slot| slot.asking)
    }

    /// Digest of the last session that it concerns.
    pub(crate) fn last_digest(&self) -> Option<&SessionDigest> {
        self.sessions.last().map(|session| &session.digest)
    }

    /// Whether the last of its transactions that were executed has changed something, and so has reached whatever the
    /// server propagates to; `None` where none was executed.
    pub(crate) fn last_changed(&self) -> Option<bool> {
        self.last_changed
    }

    /// Its replies are in, but `fault` stands against them: nothing of it counts.
    pub(crate) fn deny(&mut self, fault: Fault) {
        if matches!(self.proof, Proof::Good) {
            self.proof = Proof::Failed(fault);
        }
    }

    pub(crate) fn batch(&self) -> &Arc<Batch> {
        &self.batch
    }

    pub(crate) fn deadline(&self) -> tokio::time::Instant {
        self.deadline
    }

    /// Takes the next reply; `true` when it was the last.
    pub(crate) fn accept(
        &mut self,
        reply: &Reply<'_>,
        memory: &mut Memory,
        generation: &GenerationPin,
    ) -> Result<bool, Malformed> {
        if self.current == self.operations.len() {
            self.proof.accept(reply, memory, generation, &mut self.events)?;
            return Ok(true);
        }
        panic_point(Stage::Accept, self.batch.requests().flat_map(|(_, request)| request.ids()));
        if self.runs.get(self.current_run).is_some_and(|run| run.first == self.current) {
            self.accept_in_run(reply)?;
        } else {
            self.accept_alone(reply, memory)?;
        }
        Ok(self.current == self.operations.len() && !self.proof.is_awaited())
    }

    fn accept_alone(&mut self, reply: &Reply<'_>, memory: &mut Memory) -> Result<(), Malformed> {
        let operation = self.operations.get_mut(self.current).ok_or(Malformed)?;
        let ids = self.batch.slots().get(self.current).map_or(0, Slot::session_count);
        let own = self.sessions.get_mut(self.current_session..self.current_session + ids).ok_or(Malformed)?;
        if operation.accept(reply, own, memory)? {
            self.current += 1;
            self.current_session += ids;
        }
        Ok(())
    }

    fn accept_in_run(&mut self, reply: &Reply<'_>) -> Result<(), Malformed> {
        let run = self.runs.get_mut(self.current_run).ok_or(Malformed)?;
        let end = run.first + run.operations;
        match run.transaction.accept(reply)? {
            Progress::More => return Ok(()),
            Progress::Executed(results) => {
                let changes = |result| matches!(result, Element::Integer(1..));
                self.last_changed = Some(results.iter().any(changes));
                self.share_out(&results, end)?;
            }
            Progress::Refused => {}
        }
        let slots = self.batch.slots().get(self.current..end).unwrap_or_default();
        self.current_session += slots.iter().map(Slot::session_count).sum::<usize>();
        self.current = end;
        self.current_run += 1;
        Ok(())
    }

    /// Gives the results of a transaction to the operations that queued its commands, up to the place `end`.
    fn share_out(&mut self, results: &Elements<'_>, end: usize) -> Result<(), Malformed> {
        let mut results = results.iter();
        let mut sessions = self.sessions.get_mut(self.current_session..).unwrap_or_default();
        let operations = self.operations.get_mut(self.current..end).unwrap_or_default();
        let slots = self.batch.slots().get(self.current..end).unwrap_or_default();
        for (operation, slot) in operations.iter_mut().zip(slots) {
            let (own, others) = sessions.split_at_mut_checked(slot.session_count()).ok_or(Malformed)?;
            sessions = others;
            operation.accept_results(&mut results, own)?;
        }
        Ok(())
    }

    /// The results of all operations; the last reply has been taken.
    pub(crate) fn finish(self, memory: &mut Memory, life: Option<SessionLife>) -> Finished {
        panic_point(Stage::Finish, self.batch.requests().flat_map(|(_, request)| request.ids()));
        let Self { batch, operations, mut sessions, runs, proof, is_touched, written, epoch, mut events, .. } = self;
        let refusals: Vec<Refusal> = runs.into_iter().filter_map(Run::into_refusal).collect();
        let proof = proof.into_fault();
        if memory.ratchet.epoch() != epoch {
            sessions.iter_mut().for_each(SessionInFlight::expect_nothing);
        }
        let mut ended = Vec::with_capacity(operations.len());
        let mut disarm = Vec::new();
        let mut refused_refreshes = 0;
        let mut refresh_code = None;
        let mut rest = sessions.as_slice();
        for (place, ((slot, request), operation)) in batch.requests().zip(operations).enumerate() {
            let (own, others) = rest.split_at_checked(slot.session_count()).unwrap_or_default();
            rest = others;
            match &operation {
                Operation::Load(load) => {
                    if let Some(error) = load.refused_refresh() {
                        refused_refreshes += 1;
                        refresh_code = Some(error.code.clone());
                    }
                }
                Operation::SaveSession(_) | Operation::Increment(_) | Operation::Single(_) => {}
                Operation::Append(append) => {
                    let foreign = append.armed_foreign().iter().filter_map(|place| own.get(*place));
                    disarm.extend(foreign.map(|session| session.digest.hex()));
                }
            }
            let refusal = refusals.iter().find(|refusal| refusal.places.contains(&place)).map(|refusal| &refusal.fault);
            let concerned = !is_touched || (slot.opcode == Opcode::Load && !slot.proves_itself());
            let proof = proof.as_ref().filter(|_| concerned);
            let judgement = Judgement { request, sessions: own, refusal, proof, memory: &mut *memory, life, written };
            ended.push((slot, operation.finish(judgement)));
        }
        if refused_refreshes > 0 && proof.is_none() {
            let alarm = Alarm::TtlRefreshFailed { server_code: refresh_code, count: refused_refreshes };
            events.push(Event::Alarm(alarm));
        }
        Finished { batch, ended, events, disarm }
    }

    /// The results when the connection is given up: nothing that was read counts. `written` is how much of the
    /// connection's output has reached the socket.
    pub(crate) fn abandon(self, fault: &Fault, written: u64) -> Vec<Ended> {
        let sent = !self.is_unsent(written);
        let failed = |slot: &Slot| {
            let fault = fault.clone().for_opcode(slot.opcode).indeterminate(sent && slot.opcode.changes_data());
            (*slot, Ending::Failed(fault))
        };
        self.batch.slots().iter().map(failed).collect()
    }

    /// Whether none of its bytes have reached the socket.
    pub(crate) fn is_unsent(&self, written: u64) -> bool {
        written <= self.first_byte
    }
}
