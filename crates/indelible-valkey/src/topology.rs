//! Which nodes hold the operations of a frame.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::batch::{Batch, Origin};
use crate::frame::Frame;
use crate::lanes::Lanes;
use crate::sentinel::Watcher;

/// The nodes of one store.
#[derive(Debug)]
pub(crate) enum Topology {
    /// One node holds every key.
    Single(Arc<Lanes>),
}

impl Topology {
    /// Hands the operations of a frame to `each`, in one batch a node, or two where its appends go apart.
    pub(crate) fn route(&self, frame: Frame, origin: Origin, mut each: impl FnMut(Batch)) {
        let mut each = |batch: Batch| batch.separate().into_iter().flatten().for_each(&mut each);
        match self {
            Self::Single(lanes) => each(Batch::of(frame, origin, Arc::clone(lanes))),
        }
    }

    /// The lanes that a caller's thread may write this frame to now, if there are any.
    pub(crate) fn idle_lanes(&self) -> Option<&Arc<Lanes>> {
        match self {
            Self::Single(lanes) => Some(lanes).filter(|lanes| lanes.is_idle() && lanes.node().breaker.is_closed()),
        }
    }

    /// The watch that its sentinels call for, if it has any.
    pub(crate) fn watcher(&self, connect_timeout: Duration) -> Option<Watcher> {
        match self {
            Self::Single(lanes) => {
                let primary = Arc::clone(lanes.primary()?);
                Some(Watcher::new(primary, Arc::clone(lanes), connect_timeout))
            }
        }
    }

    /// How the nodes are doing.
    pub(crate) fn health(&self) -> Value {
        match self {
            Self::Single(lanes) => lanes.health(),
        }
    }

    /// Closes every lane.
    pub(crate) fn close(&self) {
        match self {
            Self::Single(lanes) => lanes.close(),
        }
    }
}
