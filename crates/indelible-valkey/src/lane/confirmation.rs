//! The confirmation of appends by replicas: one `WAIT` for all pipelines that were written together
//! (`docs/design/replication.md`, `docs/soundness.md` line 7).

use std::sync::Arc;
use std::time::Duration;

use indelible_core::{Failure, NotDurable};
use tokio::time::Instant;

use super::inbox::Errand;
use crate::cluster::Redirect;
use crate::config::{Replication, WAIT_OVERSHOOT};
use crate::fault::Fault;
use crate::pipeline::Pipeline;
use crate::resp::{Element, Malformed, Reply, ServerError, push_command};
use crate::store_core::StoreCore;

/// A written `SET … PX`, `WAIT`, and the pipelines that it is for.
#[derive(Debug)]
pub(super) struct Confirmation {
    replicas: u8,
    deadline: Instant,
    /// The reply of an `ASKING` comes first.
    awaits_asking: bool,
    /// Pipelines whose own replies are in.
    executed: Vec<(Pipeline, Arc<StoreCore>)>,
    /// What the `SET` answered: without it the `WAIT` would ask about an older write, or about none.
    propagated: Option<Result<(), Fault>>,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Confirmed {
    pub(super) pipelines: Vec<(Pipeline, Arc<StoreCore>)>,
    pub(super) verdict: Verdict,
}

/// How the appends stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Enough replicas have them.
    Replicated,
    /// Only so many replicas had them in time.
    Short(u32),
    /// The server refused to say.
    Refused(Fault),
}

impl Verdict {
    /// What it means for an append that was executed.
    pub(super) fn fault(&self) -> Option<Fault> {
        let fault = match self {
            Self::Replicated => return None,
            Self::Short(_) => Fault::new(Failure::NotDurable(NotDurable::Replicas)),
            Self::Refused(fault) => fault.clone(),
        };
        Some(fault.indeterminate(true))
    }
}

/// Replicas to wait for, and how much of a command's time must be left when they have answered or not: what the server
/// may take longer, and what the way back takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    replication: Replication,
    rest: Duration,
}

impl Terms {
    /// `command` is the command time-out; the configuration has seen to it that it is longer than the replicas' time.
    pub(super) fn new(replication: Replication, command: Duration) -> Self {
        Self { replication, rest: command.saturating_sub(replication.timeout).max(WAIT_OVERSHOOT) }
    }

    /// Whether enough is left of an errand's time for the replicas to answer: half of what they may take. What has
    /// waited for longer behind an earlier `WAIT` would only shorten the time of those that go with it.
    pub(super) fn allow(&self, errand: &Errand, now: Instant) -> bool {
        errand.deadline.saturating_duration_since(now) >= self.replication.timeout / 2 + self.rest
    }
}

impl Confirmation {
    /// Writes it for pipelines of `store`, the last of which concerns the key in `sync`, and all of which end at the
    /// latest at `deadline`. `asking` says that the slot of that key is on its way to the node.
    pub(super) fn write(
        terms: Terms,
        store: &StoreCore,
        sync: &[u8; 64],
        asking: bool,
        deadline: Instant,
        now: Instant,
        out: &mut Vec<u8>,
    ) -> Self {
        // A duplicate changes nothing, so WAIT would not wait for it although no replica may have it: what was written
        // first by another connection may still be on its way. A key that really changes makes it wait for all that
        // went before.
        if asking {
            push_command(out, &[b"ASKING"]);
        }
        store.write_sync(out, sync);
        let Terms { replication, rest } = terms;
        let left = deadline.saturating_duration_since(now).saturating_sub(rest);
        // A time of 0 would wait for ever.
        let wait = replication.timeout.min(left).max(Duration::from_millis(1));
        let (replicas, wait) = (replication.replicas.to_string(), wait.as_millis().to_string());
        push_command(out, &[b"WAIT", replicas.as_bytes(), wait.as_bytes()]);
        let awaits_asking = asking;
        Self { replicas: replication.replicas, deadline, awaits_asking, executed: Vec::new(), propagated: None }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Takes over a pipeline whose replies are in.
    pub(super) fn take(&mut self, pipeline: Pipeline, store: Arc<StoreCore>) {
        self.executed.push((pipeline, store));
    }

    /// The pipelines that it was for.
    pub(super) fn into_pipelines(self) -> Vec<(Pipeline, Arc<StoreCore>)> {
        self.executed
    }

    /// Takes the next reply; what came of it once that was the last.
    pub(super) fn accept(&mut self, reply: &Reply<'_>) -> Result<Option<Verdict>, Malformed> {
        if std::mem::take(&mut self.awaits_asking) {
            return match reply {
                Reply::Scalar(Element::Status(b"OK") | Element::Error(_)) => Ok(None),
                _ => Err(Malformed),
            };
        }
        match (self.propagated.take(), reply) {
            (None, Reply::Scalar(Element::Status(b"OK"))) => {
                self.propagated = Some(Ok(()));
                Ok(None)
            }
            (None, Reply::Scalar(Element::Error(line))) => {
                self.propagated = Some(self.refused(line));
                Ok(None)
            }
            (Some(Err(fault)), Reply::Scalar(Element::Integer(_) | Element::Error(_))) => {
                Ok(Some(Verdict::Refused(fault)))
            }
            (Some(Ok(())), Reply::Scalar(Element::Integer(count @ 0..))) => {
                Ok(Some(if *count >= self.replicas.into() {
                    Verdict::Replicated
                } else {
                    Verdict::Short(u32::try_from(*count).unwrap_or(u32::MAX))
                }))
            }
            (Some(Ok(())), Reply::Scalar(Element::Error(line))) => {
                Ok(Some(Verdict::Refused(Fault::from(ServerError::parse(line)))))
            }
            _ => Err(Malformed),
        }
    }

    /// What the refusal of the `SET` means. In a slot that is being moved its key would be new, so it is sent on with
    /// `ASK`; that says nothing of where the appended keys are, and an append that followed it would be split between
    /// two nodes. Where the last transaction has changed something, the `WAIT` asks about that. Else it would ask about
    /// too little, and the appends are tried again here.
    fn refused(&self, line: &[u8]) -> Result<(), Fault> {
        let mut fault = Fault::from(ServerError::parse(line));
        if matches!(fault.redirect.as_deref(), Some(Redirect::Ask(_))) {
            let last_changed = self.executed.iter().rev().find_map(|(pipeline, _)| pipeline.last_changed());
            if last_changed == Some(true) {
                return Ok(());
            }
            fault.redirect = Some(Box::new(Redirect::TryAgain));
        }
        Err(fault)
    }
}
