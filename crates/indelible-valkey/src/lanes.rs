//! The lanes of one store to one node: those for loads and everything else, and where replicas must confirm appends,
//! others for those, because a `WAIT` holds up whatever comes behind it.

use std::sync::Arc;

use serde_json::Value;

use crate::batch::Batch;
use crate::event::Event;
use crate::fault::Fault;
use crate::frame::{Frame, Opcode};
use crate::lane::Errand;
use crate::lane_pool::LanePool;
use crate::node::Node;
use crate::outcome::Outcomes;
use crate::sentinel::Primary;

/// The lanes of one store to one node.
#[derive(Debug)]
pub(crate) struct Lanes {
    node: Arc<Node>,
    events: Arc<dyn Outcomes>,
    common: LanePool,
    /// For appends, where replicas must confirm them.
    appends: Option<LanePool>,
    /// Where sentinels say where the node is.
    primary: Option<Arc<Primary>>,
}

impl Lanes {
    pub(crate) fn new(
        node: Arc<Node>,
        events: Arc<dyn Outcomes>,
        common: LanePool,
        appends: Option<LanePool>,
        primary: Option<Arc<Primary>>,
    ) -> Self {
        Self { node, events, common, appends, primary }
    }

    /// Where sentinels say where the node is: who does.
    pub(crate) fn primary(&self) -> Option<&Arc<Primary>> {
        self.primary.as_ref()
    }

    /// How the node is doing.
    pub(crate) fn health(&self) -> Value {
        let mut health = self.node.health();
        if let (Some(primary), Value::Object(fields)) = (&self.primary, &mut health) {
            fields.insert("sentinel".into(), primary.health());
        }
        health
    }

    /// Whether appends go over lanes of their own, so that no batch may hold other operations beside them.
    pub(crate) fn separates_appends(&self) -> bool {
        self.appends.is_some()
    }

    /// Whether a caller's thread may write this frame itself, to the lane that was used last.
    pub(crate) fn takes_directly(&self, frame: &Frame) -> bool {
        self.common.is_idle()
            && self.node.breaker.is_closed()
            && (!self.separates_appends() || frame.requests().all(|request| request.opcode != Opcode::Append))
    }

    /// Writes the errand from this thread, to the lane that was used last; returns it unless that lane is idle.
    pub(crate) fn submit_directly(&self, errand: Errand) -> Result<(), Errand> {
        self.common.submit_directly(errand, &self.node)
    }

    /// Hands the errand to a lane that is open now; returns it if there is none.
    pub(crate) fn submit_now(&self, errand: Errand) -> Result<(), Errand> {
        if self.node.take_untidy() {
            self.pools().for_each(LanePool::tidy);
        }
        self.pool_for(&errand.batch).submit_now(errand)
    }

    /// Hands the errand to a lane, opening one if need be; bounded by the connect time-out, waiting included.
    pub(crate) async fn submit(&self, errand: Errand) -> Result<(), (Errand, Fault)> {
        self.pool_for(&errand.batch).submit(errand).await
    }

    /// Closes every lane: their node is in doubt.
    pub(crate) fn drop_all(&self) {
        self.node.retire_lanes();
        self.pools().for_each(LanePool::drop_all);
    }

    /// Closes lanes that lead to a server whose place another has taken.
    pub(crate) fn drop_retired(&self) {
        self.pools().for_each(|pool| pool.drop_retired(&self.node));
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Tells something of this node.
    pub(crate) fn tell(&self, event: Event) {
        self.events.event(event);
    }

    /// Refuses further checkouts and closes every lane.
    pub(crate) fn close(&self) {
        self.pools().for_each(LanePool::close);
    }

    fn pool_for(&self, batch: &Batch) -> &LanePool {
        self.appends.as_ref().filter(|_| batch.is_of_appends()).unwrap_or(&self.common)
    }

    fn pools(&self) -> impl Iterator<Item = &LanePool> {
        std::iter::once(&self.common).chain(&self.appends)
    }
}
