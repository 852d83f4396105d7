//! What a lane has written and whose replies it awaits, in the order of the connection.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use crate::pipeline::Pipeline;
use crate::resp::{Malformed, Reply};
use crate::store_core::StoreCore;

/// One stretch of awaited replies.
#[derive(Debug)]
pub(super) enum Awaited {
    Pipeline {
        pipeline: Pipeline,
        store: Arc<StoreCore>,
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
            Self::Ignored { deadline, .. } => *deadline,
        }
    }
}

/// The awaited replies of one connection.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    queue: VecDeque<Awaited>,
}

impl InFlight {
    pub(super) fn push(&mut self, awaited: Awaited) {
        self.queue.push_back(awaited);
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn front(&self) -> Option<&Awaited> {
        self.queue.front()
    }

    pub(super) fn stores(&self) -> impl Iterator<Item = &Arc<StoreCore>> {
        self.queue.iter().filter_map(|awaited| match awaited {
            Awaited::Pipeline { store, .. } => Some(store),
            Awaited::Ignored { .. } => None,
        })
    }

    /// Hands one reply to whom it belongs; returns the pipeline that it completed.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when nobody awaits a reply or it has a shape that its command cannot answer.
    pub(super) fn accept(&mut self, reply: &Reply<'_>) -> Result<Option<(Pipeline, Arc<StoreCore>)>, Malformed> {
        let complete = match self.queue.front_mut().ok_or(Malformed)? {
            Awaited::Pipeline { pipeline, store } => store.accept(pipeline, reply)?,
            Awaited::Ignored { replies, .. } => {
                *replies -= 1;
                *replies == 0
            }
        };
        if !complete {
            return Ok(None);
        }
        Ok(match self.queue.pop_front() {
            Some(Awaited::Pipeline { pipeline, store }) => Some((pipeline, store)),
            Some(Awaited::Ignored { .. }) | None => None,
        })
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Awaited> {
        self.queue.drain(..)
    }
}
