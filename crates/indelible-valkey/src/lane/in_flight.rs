//! What a lane has written and whose replies it awaits, in the order of the connection.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use super::confirmation::{Confirmation, Confirmed, Verdict};
use crate::examiner::{Examination, Examiner};
use crate::fault::Fault;
use crate::pipeline::Pipeline;
use crate::resp::{Malformed, ReplyReader};
use crate::store_core::StoreCore;

/// One stretch of awaited replies.
#[derive(Debug)]
pub(super) enum Awaited {
    Pipeline {
        pipeline: Pipeline,
        store: Arc<StoreCore>,
    },
    /// The replicas' confirmation of the pipelines before it.
    Confirmation(Confirmation),
    /// Questions about the server itself.
    Examination {
        examination: Examination,
        deadline: Instant,
    },
    /// Replies that decide nothing: they answer the taking back of a TTL.
    Ignored {
        replies: usize,
        deadline: Instant,
    },
}

impl Awaited {
    pub(super) fn deadline(&self) -> Instant {
        match self {
            Self::Pipeline { pipeline, .. } => pipeline.deadline(),
            Self::Confirmation(confirmation) => confirmation.deadline(),
            Self::Examination { deadline, .. } | Self::Ignored { deadline, .. } => *deadline,
        }
    }

    /// The pipelines in it, for whoever gives the connection up.
    pub(super) fn into_pipelines(self) -> Vec<(Pipeline, Arc<StoreCore>)> {
        match self {
            Self::Pipeline { pipeline, store } => vec![(pipeline, store)],
            Self::Confirmation(confirmation) => confirmation.into_pipelines(),
            Self::Examination { .. } | Self::Ignored { .. } => Vec::new(),
        }
    }
}

/// What a reply completed.
#[derive(Debug)]
pub(super) enum Completed {
    Pipeline { pipeline: Pipeline, store: Arc<StoreCore> },
    Confirmation(Confirmed),
    Examination(Examination),
}

/// The awaited replies of one connection.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    queue: VecDeque<Awaited>,
    /// A confirmation is among them; pipelines before it are complete only with it.
    awaits_confirmation: bool,
}

impl InFlight {
    pub(super) fn push(&mut self, awaited: Awaited) {
        self.awaits_confirmation |= matches!(awaited, Awaited::Confirmation(_));
        self.queue.push_back(awaited);
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn awaits_confirmation(&self) -> bool {
        self.awaits_confirmation
    }

    /// The pipeline that was written last, if nothing else was written after it.
    pub(super) fn last_pipeline(&self) -> Option<(&Pipeline, &Arc<StoreCore>)> {
        match self.queue.back()? {
            Awaited::Pipeline { pipeline, store } => Some((pipeline, store)),
            Awaited::Confirmation(_) | Awaited::Examination { .. } | Awaited::Ignored { .. } => None,
        }
    }

    pub(super) fn front(&self) -> Option<&Awaited> {
        self.queue.front()
    }

    pub(super) fn stores(&self) -> impl Iterator<Item = &Arc<StoreCore>> {
        self.queue.iter().filter_map(|awaited| match awaited {
            Awaited::Pipeline { store, .. } => Some(store),
            Awaited::Confirmation(_) | Awaited::Examination { .. } | Awaited::Ignored { .. } => None,
        })
    }

    /// Hands replies to whom they belong until they complete something; `None` when the next has not arrived whole.
    ///
    /// # Errors
    ///
    /// The fault for which the connection must be given up: nobody awaits a reply, it has a shape that its command
    /// cannot answer, or the server is no longer one to rely on.
    pub(super) fn read(&mut self, reader: &mut ReplyReader, examiner: &Examiner) -> Result<Option<Completed>, Fault> {
        let malformed = |_: Malformed| Fault::protocol();
        loop {
            let mut verdict = None;
            let front = self.queue.front_mut();
            if let Some(Awaited::Pipeline { pipeline, store }) = front {
                if !store.read(pipeline, reader).map_err(malformed)? {
                    return Ok(None);
                }
            } else {
                let Some(reply) = reader.next_reply().map_err(malformed)? else { return Ok(None) };
                let complete = match front {
                    Some(Awaited::Confirmation(confirmation)) => {
                        verdict = confirmation.accept(&reply).map_err(malformed)?;
                        verdict.is_some()
                    }
                    Some(Awaited::Examination { examination, .. }) => {
                        examiner.accept(examination, &reply).map_err(malformed)??
                    }
                    Some(Awaited::Ignored { replies, .. }) => {
                        *replies -= 1;
                        *replies == 0
                    }
                    // A pipeline has read for itself; and a reply that nobody awaits belongs to no one.
                    Some(Awaited::Pipeline { .. }) | None => return Err(Fault::protocol()),
                };
                reader.consume();
                if !complete {
                    continue;
                }
            }
            if let Some(completed) = self.complete(verdict) {
                return Ok(Some(completed));
            }
        }
    }

    /// Takes out what has its last reply; what that comes to for others.
    fn complete(&mut self, verdict: Option<Verdict>) -> Option<Completed> {
        match self.queue.pop_front()? {
            Awaited::Pipeline { pipeline, store } if self.awaits_confirmation => {
                self.leave_to_confirmation(pipeline, store);
                None
            }
            Awaited::Pipeline { pipeline, store } => Some(Completed::Pipeline { pipeline, store }),
            Awaited::Confirmation(confirmation) => {
                self.awaits_confirmation = false;
                let pipelines = confirmation.into_pipelines();
                verdict.map(|verdict| Completed::Confirmation(Confirmed { pipelines, verdict }))
            }
            Awaited::Examination { examination, .. } => Some(Completed::Examination(examination)),
            Awaited::Ignored { .. } => None,
        }
    }

    fn leave_to_confirmation(&mut self, pipeline: Pipeline, store: Arc<StoreCore>) {
        let confirmation = self.queue.iter_mut().find_map(|awaited| match awaited {
            Awaited::Confirmation(confirmation) => Some(confirmation),
            Awaited::Pipeline { .. } | Awaited::Examination { .. } | Awaited::Ignored { .. } => None,
        });
        if let Some(confirmation) = confirmation {
            confirmation.take(pipeline, store);
        }
    }

    pub(super) fn pop_front(&mut self) -> Option<Awaited> {
        self.queue.pop_front()
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Awaited> {
        self.queue.drain(..)
    }
}
