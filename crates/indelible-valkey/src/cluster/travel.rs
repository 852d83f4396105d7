//! How operations find their way through a cluster: in, on after a redirection, and again after a failure.

use std::sync::Arc;
use std::time::Instant;

use indelible_core::{Failure, Timeout};
use tokio::time::{sleep, timeout, timeout_at};

use super::Redirect;
use super::joins::Joins;
use super::nodes::{Cluster, unresolved};
use super::routing::{Asked, Router};
use crate::batch::{Batch, Slot};
use crate::breaker::Signal;
use crate::dispatch;
use crate::fault::Fault;
use crate::frame::Frame;
use crate::lanes::Lanes;
use crate::store_core::StoreCore;
use crate::timing::MAX_RETRY_PAUSE;

/// Redirections that one operation follows; then nobody knows where its slot is.
pub(crate) const MAX_HOPS: u8 = 3;

impl Cluster {
    /// Hands operations to `each`, in one batch a node. While nothing is known of the slots that is one batch, over the
    /// way in.
    pub(crate) fn route(&self, joins: &Joins, frame: Arc<Frame>, slots: Vec<Slot>, mut each: impl FnMut(Batch)) {
        match self.map() {
            Some(map) => {
                Router { rule: &self.rule, map: &map, joins, asked: None }.split(&frame, &slots, each);
            }
            None => each(Batch::new(frame, slots, Arc::clone(&self.entry))),
        }
    }

    /// The lanes that operations may go over as they are, from the caller's own thread: those of their only node, if it
    /// is idle. They are told the hash slots of their keys.
    pub(crate) fn idle_lanes(&self, joins: &Joins, frame: &Frame, slots: &mut [Slot]) -> Option<Arc<Lanes>> {
        let map = self.map()?;
        let router = Router { rule: &self.rule, map: &map, joins, asked: None };
        let owner = router.common_owner(frame, slots)?;
        owner.lanes.takes_directly(frame).then(|| Arc::clone(&owner.lanes))
    }

    /// Whether a batch has still to find its way in.
    pub(crate) fn is_outside(&self, batch: &Batch) -> bool {
        Arc::ptr_eq(batch.lanes(), &self.entry)
    }

    /// Asks for the map to be read.
    pub(crate) fn question_map(&self) {
        self.rounds.want();
    }
}

/// Sends a batch that came before anything was known of the cluster on its way, as soon as something is.
pub(crate) fn enter(store: &Arc<StoreCore>, cluster: &Arc<Cluster>, batch: Arc<Batch>) {
    let (store, cluster) = (Arc::clone(store), Arc::clone(cluster));
    tokio::spawn(async move {
        if cluster.map().is_none() {
            let looked = match timeout_at(store.overall_deadline_of(&batch), cluster.rounds.next()).await {
                Ok(looked) => looked,
                Err(_) => Err(Fault::new(Failure::Timeout(Timeout::Connect))),
            };
            if let Err(fault) = looked {
                store.conclude_batch(&batch, &fault);
                return;
            }
        }
        batch.slots().iter().for_each(|slot| store.note(batch.lanes(), slot, Signal::Success, Instant::now()));
        start_again(&store, &cluster, &batch, batch.slots());
    });
}

/// Sends operations on to where their redirections point. What cannot be followed comes
/// back.
pub(crate) fn follow(
    store: &Arc<StoreCore>,
    cluster: &Arc<Cluster>,
    batch: &Batch,
    redirected: Vec<(Slot, Box<Redirect>)>,
) -> Vec<(Slot, Fault)> {
    let mut lost = Vec::new();
    let (mut moved, mut later, mut disputed) = (Vec::new(), Vec::new(), Vec::new());
    for (slot, redirect) in redirected {
        // It answered, and it was not at fault.
        store.note(batch.lanes(), &slot, Signal::Neutral, Instant::now());
        let followed = match *redirect {
            // Where one redirection leads to another the nodes do not agree yet: they need a moment, not a question.
            Redirect::Moved(target) if slot.hops > 1 => cluster.mend(&target, batch.lanes()).map(|()| {
                later.push(slot);
                disputed.push(target);
            }),
            Redirect::Moved(target) => cluster.mend(&target, batch.lanes()).map(|()| moved.push(slot)),
            Redirect::Ask(target) => cluster.lanes_to(&target, batch.lanes()).and_then(|lanes| {
                let map = cluster.map().ok_or_else(unresolved)?;
                let asked = Some(Asked { slot: target.slot, lanes });
                let router = Router { rule: &cluster.rule, map: &map, joins: store.joins(), asked };
                router.split(batch.frame(), &[slot], |batch| dispatch::start(store, Arc::new(batch)));
                Ok(())
            }),
            Redirect::TryAgain => {
                later.push(slot);
                Ok(())
            }
        };
        if let Err(fault) = followed {
            lost.push((slot, fault));
        }
    }
    start_again(store, cluster, batch, &moved);
    if !later.is_empty() {
        let (store, cluster) = (Arc::clone(store), Arc::clone(cluster));
        let batch = batch.with_slots(later);
        tokio::spawn(async move {
            sleep(store.timing().redirection_pause()).await;
            for target in &disputed {
                // A map that was read meanwhile may be that of a node that knows less than the one that answered. What
                // cannot be mended any more goes by the map.
                let _ = cluster.mend(target, batch.lanes());
            }
            start_again(&store, &cluster, &batch, batch.slots());
        });
    }
    lost
}

/// Tries operations again after a pause, to whom the map names by then.
pub(crate) fn retry(store: &Arc<StoreCore>, cluster: &Arc<Cluster>, batch: &Batch, failed: Vec<(Slot, Fault)>) {
    let (store, cluster) = (Arc::clone(store), Arc::clone(cluster));
    let batch = batch.with_slots(failed.iter().map(|(slot, _)| *slot).collect());
    tokio::spawn(async move {
        // The pause is time enough for most maps; a longer wait would be none that the deadline knows of.
        let looking = timeout(MAX_RETRY_PAUSE, cluster.rounds.next());
        let _ = tokio::join!(sleep(store.timing().retry_pause()), looking);
        let Some(map) = cluster.map() else {
            dispatch::start(&store, Arc::new(batch));
            return;
        };
        let router = Router { rule: &cluster.rule, map: &map, joins: store.joins(), asked: None };
        for (slot, fault) in &failed {
            // The breaker of a node that is left hears how it ended there; else it hears how it ends at last.
            let owner = router.common_owner(batch.frame(), &mut [*slot]);
            if owner.is_none_or(|owner| !Arc::ptr_eq(&owner.lanes, batch.lanes())) {
                store.note(batch.lanes(), slot, fault.signal(), Instant::now());
            }
        }
        router.split(batch.frame(), batch.slots(), |batch| dispatch::start(&store, Arc::new(batch)));
    });
}

fn start_again(store: &Arc<StoreCore>, cluster: &Arc<Cluster>, batch: &Batch, slots: &[Slot]) {
    if !slots.is_empty() {
        let frame = Arc::clone(batch.frame());
        cluster.route(store.joins(), frame, slots.to_vec(), |batch| dispatch::start(store, Arc::new(batch)));
    }
}

/// Whether an operation that a cluster sends on may still follow.
pub(crate) fn may_follow(slot: &Slot, deadline: Instant, now: Instant) -> bool {
    slot.hops < MAX_HOPS && now < deadline
}
