//! The task that owns a connection: writes pipelines, reads replies, keeps the deadlines.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use indelible_core::{Failure, NotDurable, Timeout, Unavailable};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::confirmation::{Confirmation, Confirmed, Terms};
use super::direct::DirectlyWritten;
use super::in_flight::{Awaited, Completed, InFlight};
use super::inbox::{Errand, Idle, Inbox};
use super::outgoing::Outgoing;
use crate::batch::Batch;
use crate::config::Replication;
use crate::connection::Stream;
use crate::examiner::Examiner;
use crate::fault::Fault;
use crate::node::Node;
use crate::pipeline::Pipeline;
use crate::resp::ReplyReader;
use crate::store_core::StoreCore;
use crate::switches::{Mechanism, is_off};

/// Operations of one pipeline at the most: the server answers the first part of a large batch while the rest is still
/// being written, and its callers go on meanwhile.
const PIPELINE_OPERATIONS: usize = 128;

/// Bytes read before others get their turn.
const READ_BUDGET: usize = 1024 * 1024;

/// The driver of one lane; resolves when the connection is gone and everything under way has been answered.
#[derive(Debug)]
pub(super) struct Driver {
    inbox: Arc<Inbox>,
    stream: Stream,
    reader: ReplyReader,
    outgoing: Outgoing,
    /// Errands that have been collected and not yet written.
    errands: Vec<Errand>,
    in_flight: InFlight,
    /// Pipelines that a confirmation has come for, while they are being finished.
    confirmed: Vec<(Pipeline, Arc<StoreCore>)>,
    /// What is being turned from an errand into a pipeline, or from replies into outcomes: a panic there must not
    /// leave its callers without an answer.
    in_hand: Option<(Arc<Batch>, Arc<StoreCore>)>,
    timer: Option<Pin<Box<Sleep>>>,
    examiner: Arc<Examiner>,
    next_examination: Pin<Box<Sleep>>,
    node: Arc<Node>,
    command_timeout: Duration,
    /// Set on a lane for appends that replicas must confirm.
    confirmation: Option<Terms>,
}

impl Driver {
    pub(super) fn new(
        inbox: Arc<Inbox>,
        stream: Stream,
        reader: ReplyReader,
        examiner: Arc<Examiner>,
        node: Arc<Node>,
        command_timeout: Duration,
        replication: Option<Replication>,
    ) -> Self {
        Self {
            inbox,
            stream,
            reader,
            outgoing: Outgoing::default(),
            errands: Vec::new(),
            in_flight: InFlight::default(),
            confirmed: Vec::new(),
            in_hand: None,
            timer: None,
            next_examination: Box::pin(sleep(examiner.pause())),
            examiner,
            node,
            command_timeout,
            confirmation: replication.map(|replication| Terms::new(replication, command_timeout)),
        }
    }

    /// One round of everything that can be done now; ready with what ended the connection.
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<Fault> {
        let mut directly_written = Vec::new();
        let open = self.inbox.collect(&mut self.errands, &mut directly_written, cx);
        directly_written.into_iter().for_each(|written| self.adopt(written));
        if !open || self.node.is_retired(self.inbox.number()) {
            return Poll::Ready(Fault::new(Failure::Unavailable(Unavailable::ConnectionLost)));
        }
        self.write_errands();
        self.examine(cx);
        if self.outgoing.write(&mut self.stream, cx).is_err() {
            return Poll::Ready(connection_lost());
        }
        if let Poll::Ready(fault) = self.read(cx) {
            return Poll::Ready(fault);
        }
        // Replies may have called for commands of our own, or let errands go that waited for them.
        self.write_errands();
        if self.outgoing.write(&mut self.stream, cx).is_err() {
            return Poll::Ready(connection_lost());
        }
        self.inbox.set_under_way(self.in_flight.len() + self.errands.len());
        // A reply that has arrived is judged before the clock is.
        if let Poll::Ready(fault) = self.keep_deadline(cx) {
            return Poll::Ready(fault);
        }
        if self.in_flight.len() == 0 && self.outgoing.is_empty() {
            let timer_is_set = self.timer.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_pending());
            self.inbox.rest(Idle { written: self.outgoing.written(), timer_is_set });
        }
        Poll::Pending
    }

    /// Takes over a pipeline that a caller's thread has written.
    fn adopt(&mut self, directly_written: DirectlyWritten) {
        let DirectlyWritten { pipeline, store, sent, rest } = directly_written;
        self.outgoing.adopt(sent, &rest);
        self.in_flight.push(Awaited::Pipeline { pipeline, store });
    }

    /// Asks the server about itself when it is time.
    fn examine(&mut self, cx: &mut Context<'_>) {
        if self.next_examination.as_mut().poll(cx).is_pending() {
            return;
        }
        let deadline = Instant::now() + self.command_timeout;
        let examination = self.examiner.ask(self.outgoing.bytes());
        self.in_flight.push(Awaited::Examination { examination, deadline });
        self.next_examination.as_mut().reset(Instant::now() + self.examiner.pause());
        // It has to be polled to be woken by it.
        let _ = self.next_examination.as_mut().poll(cx);
    }

    /// Turns errands into pipelines. A lane that waits for replicas holds them back until the last group is confirmed:
    /// the next one is all the larger, and its time is not spent behind another `WAIT`.
    fn write_errands(&mut self) {
        match self.confirmation {
            None => self.write_pipelines(),
            Some(terms) if !self.errands.is_empty() && !self.in_flight.awaits_confirmation() => {
                self.write_group(terms);
            }
            Some(_) => {}
        }
    }

    /// Writes all errands with one confirmation.
    fn write_group(&mut self, terms: Terms) {
        let now = Instant::now();
        while let Some(late) = self.errands.iter().position(|errand| !terms.allow(errand, now)) {
            let Errand { batch, store, .. } = self.errands.swap_remove(late);
            store.conclude_batch(&batch, &Fault::new(Failure::NotDurable(NotDurable::Replicas)));
        }
        let deadline = self.errands.iter().map(|errand| errand.deadline).min();
        self.write_pipelines();
        if let (Some(deadline), Some((pipeline, store))) = (deadline, self.in_flight.last_pipeline())
            && let Some(sync) = pipeline.last_digest()
            && !is_off(Mechanism::Wait)
        {
            let out = self.outgoing.bytes();
            let confirmation =
                Confirmation::write(terms, store, &sync.hex(), pipeline.ends_asking(), deadline, now, out);
            self.in_flight.push(Awaited::Confirmation(confirmation));
        }
    }

    /// One at a time: what a panic leaves is still there to be answered.
    fn write_pipelines(&mut self) {
        self.errands.reverse();
        while let Some(mut errand) = self.errands.pop() {
            if errand.batch.slots().len() > PIPELINE_OPERATIONS {
                let (first, rest) = errand.batch.split_at(PIPELINE_OPERATIONS);
                self.errands.push(Errand { batch: Arc::new(rest), ..errand.clone() });
                errand.batch = Arc::new(first);
            }
            self.write_pipeline(errand);
        }
    }

    fn write_pipeline(&mut self, errand: Errand) {
        let Errand { batch, store, deadline } = errand;
        self.in_hand = Some((Arc::clone(&batch), Arc::clone(&store)));
        let first_byte = self.outgoing.position();
        let pipeline = store.write(batch, deadline, self.outgoing.bytes(), first_byte);
        self.in_flight.push(Awaited::Pipeline { pipeline, store });
        self.in_hand = None;
    }

    fn read(&mut self, cx: &mut Context<'_>) -> Poll<Fault> {
        let mut budget = READ_BUDGET;
        loop {
            let mut space = ReadBuf::new(self.reader.space());
            let result = ready!(self.stream.io().poll_read(cx, &mut space));
            let count = space.filled().len();
            if result.is_err() || count == 0 {
                return Poll::Ready(connection_lost());
            }
            self.reader.advance(count);
            if let Err(fault) = self.take_replies() {
                return Poll::Ready(fault);
            }
            budget = budget.saturating_sub(count);
            if budget == 0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    fn take_replies(&mut self) -> Result<(), Fault> {
        while let Some(completed) = self.in_flight.read(&mut self.reader, &self.examiner)? {
            match completed {
                Completed::Pipeline { pipeline, store } => self.finish(pipeline, &store),
                Completed::Confirmation(confirmed) => self.confirm(confirmed),
                Completed::Examination(examination) => {
                    self.examiner.judge(examination)?;
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self, pipeline: Pipeline, store: &Arc<StoreCore>) {
        self.in_hand = Some((Arc::clone(pipeline.batch()), Arc::clone(store)));
        let finished = store.finish(pipeline);
        let replies: usize = finished.disarm.iter().map(|hex| store.write_disarm(self.outgoing.bytes(), hex)).sum();
        if replies > 0 {
            self.in_flight.push(Awaited::Ignored { replies, deadline: Instant::now() + self.command_timeout });
        }
        store.conclude(finished);
        self.in_hand = None;
    }

    /// Ends the appends that the replicas have, or do not have.
    fn confirm(&mut self, Confirmed { pipelines, verdict }: Confirmed) {
        if let (Some(news), Some((pipeline, _))) = (self.node.note_replication(&verdict), pipelines.first()) {
            pipeline.batch().lanes().tell(news);
        }
        let fault = verdict.fault();
        self.confirmed.extend(pipelines);
        while let Some((mut pipeline, store)) = self.confirmed.pop() {
            if let Some(fault) = &fault {
                pipeline.deny(fault.clone());
            }
            self.finish(pipeline, &store);
        }
    }

    fn keep_deadline(&mut self, cx: &mut Context<'_>) -> Poll<Fault> {
        let Some(front) = self.in_flight.front().filter(|_| !is_off(Mechanism::Deadline)) else { return Poll::Pending };
        let deadline = front.deadline();
        loop {
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            // A timer that is set for an earlier pipeline only wakes too soon, which is cheaper than resetting it.
            if timer.deadline() > deadline {
                timer.as_mut().reset(deadline);
            }
            ready!(timer.as_mut().poll(cx));
            let now = Instant::now();
            if now >= deadline && is_off(Mechanism::Doubt) {
                self.forget_front();
                return Poll::Pending;
            }
            if now >= deadline {
                return Poll::Ready(Fault::new(Failure::Timeout(Timeout::Command)));
            }
            timer.as_mut().reset(deadline);
        }
    }

    /// What a client does that keeps a connection whose reply is overdue: its replies then belong to others.
    fn forget_front(&mut self) {
        if let Some(Awaited::Pipeline { pipeline, store }) = self.in_flight.pop_front() {
            let batch = Arc::clone(pipeline.batch());
            store.conclude_all(
                &batch,
                pipeline.abandon(&Fault::new(Failure::Timeout(Timeout::Command)), self.outgoing.written()),
            );
        }
    }

    /// Answers everything that is still under way; the connection is not used again.
    fn end(&mut self, fault: &Fault) {
        let now = Instant::now();
        let expired = fault.failure == Failure::Timeout(Timeout::Command);
        let (unsent, directly_written) = self.inbox.shut();
        directly_written.into_iter().for_each(|written| self.adopt(written));
        let awaited = self.in_flight.drain().flat_map(Awaited::into_pipelines);
        for (pipeline, store) in self.confirmed.drain(..).chain(awaited) {
            let fault = match (expired, now >= pipeline.deadline()) {
                (true, true) if pipeline.is_unsent(self.outgoing.written()) => {
                    Fault::new(Failure::Timeout(Timeout::Queue))
                }
                // Its own time is not up, but its connection is.
                (true, false) => connection_lost(),
                _ => fault.clone(),
            };
            let batch = Arc::clone(pipeline.batch());
            store.conclude_all(&batch, pipeline.abandon(&fault, self.outgoing.written()));
        }
        for errand in self.errands.drain(..).chain(unsent) {
            errand.store.conclude_batch(&errand.batch, &unsent_fault(fault));
        }
        if let Some((batch, store)) = self.in_hand.take() {
            store.conclude_batch(&batch, &fault.clone().indeterminate(true));
        }
        self.inbox.set_under_way(0);
        self.node.lane_closed();
    }
}

impl Future for Driver {
    type Output = Fault;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Fault> {
        let driver = &mut *self;
        let fault = match catch_unwind(AssertUnwindSafe(|| driver.step(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(fault)) => {
                driver.in_hand = None;
                fault
            }
            Err(_) => {
                let in_hand = driver.in_hand.as_ref().map(|(_, store)| store);
                for store in in_hand.into_iter().chain(driver.in_flight.stores()) {
                    store.replace_label_sets();
                }
                Fault::new(Failure::Internal)
            }
        };
        // If this panics too, the watchdogs of the callers are left.
        let _ = catch_unwind(AssertUnwindSafe(|| driver.end(&fault)));
        Poll::Ready(fault)
    }
}

/// What to say to operations that were never written: the server's refusal if it was one, else that the lane is gone.
fn unsent_fault(fault: &Fault) -> Fault {
    if fault.refuses_server() { fault.clone() } else { connection_lost() }
}

fn connection_lost() -> Fault {
    Fault::new(Failure::Unavailable(Unavailable::ConnectionLost))
}
