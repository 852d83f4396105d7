//! Which nodes hold the operations of a frame.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::batch::{Batch, Origin, Slot, slots_of};
use crate::cluster::{Cluster, Joins};
use crate::frame::Frame;
use crate::lanes::Lanes;
use crate::sentinel::Watcher;

/// The nodes of one store.
#[derive(Debug)]
pub(crate) enum Topology {
    /// One node holds every key.
    Single(Arc<Lanes>),
    /// Many nodes hold some of the keys each.
    Cluster(Arc<Cluster>),
}

impl Topology {
    /// Hands operations of a frame to `each`, in one batch a node, or two where its appends go apart.
    pub(crate) fn route(&self, joins: &Joins, frame: Arc<Frame>, slots: Vec<Slot>, each: impl FnMut(Batch)) {
        match self {
            Self::Single(lanes) => {
                let batch = Batch::new(frame, slots, Arc::clone(lanes));
                batch.separate().into_iter().flatten().for_each(each);
            }
            Self::Cluster(cluster) => cluster.route(joins, frame, slots, each),
        }
    }

    /// The operations of a frame as a batch that the caller's thread may write itself: they go to one node, which is
    /// idle. Returns the frame otherwise.
    pub(crate) fn direct(&self, joins: &Joins, frame: Frame) -> Result<Batch, Frame> {
        match self {
            Self::Single(lanes) => {
                if !lanes.takes_directly(&frame) {
                    return Err(frame);
                }
                let slots = slots_of(&frame, Origin::Caller);
                Ok(Batch::new(Arc::new(frame), slots, Arc::clone(lanes)))
            }
            Self::Cluster(cluster) => {
                let mut slots = slots_of(&frame, Origin::Caller);
                match cluster.idle_lanes(joins, &frame, &mut slots) {
                    Some(lanes) => Ok(Batch::counted(Arc::new(frame), slots, lanes)),
                    None => Err(frame),
                }
            }
        }
    }

    /// The cluster, if it is one.
    pub(crate) fn cluster(&self) -> Option<&Arc<Cluster>> {
        match self {
            Self::Single(_) => None,
            Self::Cluster(cluster) => Some(cluster),
        }
    }

    /// The watch that its sentinels call for, if it has any.
    pub(crate) fn watcher(&self, connect_timeout: Duration) -> Option<Watcher> {
        match self {
            Self::Single(lanes) => {
                let primary = Arc::clone(lanes.primary()?);
                Some(Watcher::new(primary, Arc::clone(lanes), connect_timeout))
            }
            Self::Cluster(_) => None,
        }
    }

    /// How the nodes are doing.
    pub(crate) fn health(&self) -> Value {
        match self {
            Self::Single(lanes) => lanes.health(),
            Self::Cluster(cluster) => cluster.health(),
        }
    }

    /// Closes every lane.
    pub(crate) fn close(&self) {
        match self {
            Self::Single(lanes) => lanes.close(),
            Self::Cluster(cluster) => cluster.close(),
        }
    }
}
