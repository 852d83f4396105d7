//! How the operations of one batch conclude: each is settled, sent on its way again, or held back for a repair.

use std::sync::Arc;
use std::time::Instant;

use indelible_core::{Failure, StoreError};

use crate::batch::{Batch, Origin, Slot};
use crate::breaker::Signal;
use crate::cluster::{self, Joined, Redirect};
use crate::dispatch;
use crate::event::{Alarm, Event};
use crate::fault::Fault;
use crate::keys::SessionDigest;
use crate::operation::Ending;
use crate::outcome::{Answer, Outcome};
use crate::repair::{Regression, Repair};
use crate::store_core::StoreCore;
use crate::switches::{Mechanism, is_off};

/// The settling of one batch.
pub(crate) struct Conclusion<'a> {
    store: &'a Arc<StoreCore>,
    batch: &'a Batch,
    now: Instant,
    outcomes: Vec<Outcome>,
    retries: Vec<(Slot, Fault)>,
    redirected: Vec<(Slot, Box<Redirect>)>,
    /// Every connection to the node is in doubt.
    doubted: bool,
    /// The map of the cluster is in doubt.
    questioned: bool,
    succeeded: bool,
    /// The breaker was told of a success last: another one says nothing new.
    told_success: bool,
}

impl<'a> Conclusion<'a> {
    /// Room for `operations` outcomes.
    pub(crate) fn of(store: &'a Arc<StoreCore>, batch: &'a Batch, operations: usize) -> Self {
        Self {
            store,
            batch,
            now: Instant::now(),
            outcomes: Vec::with_capacity(operations),
            retries: Vec::new(),
            redirected: Vec::new(),
            doubted: false,
            questioned: false,
            succeeded: false,
            told_success: false,
        }
    }

    /// Takes the ending of one operation.
    pub(crate) fn take(&mut self, slot: Slot, ending: Ending) {
        match ending {
            Ending::Answered(answer) => {
                self.succeeded = true;
                self.note_success(&slot);
                self.settle(slot, self.batch.submitted(), Ok(answer));
            }
            Ending::Regressed(regression) => {
                self.note_success(&slot);
                self.repair(slot, *regression);
            }
            Ending::Failed(fault) => self.take_failure(slot, fault),
        }
    }

    fn note_success(&mut self, slot: &Slot) {
        if !self.told_success {
            self.store.note(self.batch.lanes(), slot, Signal::Success, self.now);
            self.told_success = true;
        }
    }

    fn take_failure(&mut self, slot: Slot, mut fault: Fault) {
        self.doubted |= fault.doubts_node();
        let deadline = self.batch.submitted() + self.store.timing().deadline();
        if self.store.topology().cluster().is_some() {
            self.questioned |= fault.doubts_map();
            if let Some(redirect) = fault.redirect.take() {
                if cluster::may_follow(&slot, deadline, self.now) {
                    self.redirected.push((slot.after_hop(), redirect));
                } else {
                    self.fail(slot.after_failure(fault.indeterminate), fault);
                }
                return;
            }
        }
        let failed = slot.after_failure(fault.indeterminate);
        if self.store.timing().may_retry(&fault, &failed, self.batch.submitted(), self.now) {
            self.retries.push((failed, fault));
        } else {
            self.fail(failed, fault);
        }
    }

    /// Sees to what has been taken.
    pub(crate) fn end(mut self) {
        if self.doubted && !is_off(Mechanism::Doubt) {
            self.batch.lanes().drop_all();
        }
        if self.succeeded {
            self.store.refund_retry();
        }
        if let Some(cluster) = self.store.topology().cluster() {
            if self.questioned {
                cluster.question_map();
            }
            if !self.redirected.is_empty() {
                let redirected = std::mem::take(&mut self.redirected);
                let lost = cluster::follow(self.store, cluster, self.batch, redirected);
                lost.into_iter().for_each(|(slot, fault)| self.fail(slot, fault));
            }
        }
        if !self.retries.is_empty() {
            let retries = std::mem::take(&mut self.retries);
            if self.store.pay_retry(&retries) {
                dispatch::retry(self.store, self.batch, retries);
            } else {
                retries.into_iter().for_each(|(slot, fault)| self.fail(slot, fault));
            }
        }
        self.store.settle(&mut self.outcomes);
    }

    /// Settles an operation that has failed for good.
    fn fail(&mut self, slot: Slot, fault: Fault) {
        self.store.note(self.batch.lanes(), &slot, fault.signal(), self.now);
        self.told_success = false;
        self.settle(slot, self.batch.submitted(), Err(fault));
    }

    /// Settles operations that were not sent.
    pub(crate) fn refuse(mut self, slots: &[Slot], failure: Failure) {
        slots.iter().for_each(|slot| self.settle(*slot, self.batch.submitted(), Err(Fault::new(failure))));
        self.store.settle(&mut self.outcomes);
    }

    /// Settles an operation: a caller's with its outcome, one of our own with the caller that waits for it.
    fn settle(&mut self, slot: Slot, submitted: Instant, result: Result<Answer, Fault>) {
        match slot.origin {
            Origin::Caller => self.answer(&slot, submitted, result),
            Origin::Part => {
                if let Some(Joined { caller, submitted, result }) = self.store.join(&slot, result) {
                    self.answer(&caller, submitted, result);
                }
            }
            Origin::Repair => {
                if let Some(repair) = self.store.repairs().note(slot.token, result.is_ok()) {
                    let Repair { caller, submitted, answer, failed } = repair;
                    let result = if failed { Err(Fault::new(Failure::Regression)) } else { Ok(Answer::Loaded(answer)) };
                    self.settle(caller, submitted, result);
                }
            }
        }
    }

    /// Holds a load back until the labels that the server lost are there again.
    fn repair(&mut self, caller: Slot, regression: Regression) {
        for (id, known) in &regression.lost {
            let session = SessionDigest::of(id).prefix();
            let known = u32::try_from(known.len()).unwrap_or(u32::MAX);
            self.batch.lanes().tell(Event::Alarm(Alarm::LabelRegression { session, known }));
        }
        let submitted = self.batch.submitted();
        match self.store.repairs().begin(caller, submitted, regression) {
            Some(appends) => dispatch::start_all(self.store, appends, Origin::Repair),
            None => self.settle(caller, submitted, Err(Fault::new(Failure::Regression))),
        }
    }

    fn answer(&mut self, slot: &Slot, submitted: Instant, result: Result<Answer, Fault>) {
        let elapsed = self.now.saturating_duration_since(submitted);
        let result = result.map_err(|fault| {
            let mut error = StoreError::new(fault.failure, slot.opcode.operation())
                .with_indeterminate(slot.indeterminate)
                .with_attempts(u32::from(slot.failed_attempts) + u32::from(slot.hops))
                .with_elapsed(elapsed);
            if let Some(code) = fault.server_code {
                error = error.with_server_code(code);
            }
            Box::new(match fault.detail {
                Some(detail) => error.with_detail(detail),
                None => error,
            })
        });
        self.outcomes.push(Outcome { token: slot.token, result });
    }
}
