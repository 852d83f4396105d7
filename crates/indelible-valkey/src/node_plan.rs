//! What it takes to reach a node, whichever of a store's nodes it is.

use std::sync::Arc;

use deadpool::managed::BuildError;

use crate::breaker::BreakerLimits;
use crate::checks::Demands;
use crate::config::{Config, Replication, SentinelConfig};
use crate::connection::{Dialer, Handshake};
use crate::credentials::Credentials;
use crate::endpoint::{Address, Endpoint};
use crate::event::Event;
use crate::examiner::Examiner;
use crate::generation::GenerationPin;
use crate::lane::LaneManager;
use crate::lane_pool::LanePool;
use crate::lanes::Lanes;
use crate::linger::Linger;
use crate::node::Node;
use crate::outcome::{Outcome, Outcomes};
use crate::sentinel::Primary;
use crate::timing::Timing;
use crate::tls::ClientTls;

/// Builds the lanes to the nodes of one store; every node has its own breaker, connect gate, bounds and examiner.
#[derive(Debug)]
pub(crate) struct NodePlan {
    tls: Option<Arc<ClientTls>>,
    credentials: Credentials,
    database: u32,
    key_prefix: Box<str>,
    generation: Arc<GenerationPin>,
    demands: Demands,
    breaker: BreakerLimits,
    connections: usize,
    timing: Timing,
    replication: Option<Replication>,
    outcomes: Arc<dyn Outcomes>,
    linger: Arc<Linger>,
}

impl NodePlan {
    pub(crate) fn new(
        config: &Config,
        generation: Arc<GenerationPin>,
        outcomes: Arc<dyn Outcomes>,
        linger: Arc<Linger>,
    ) -> Self {
        Self {
            tls: config.tls.clone(),
            credentials: config.credentials.clone(),
            database: config.database,
            key_prefix: config.key_prefix.clone(),
            generation,
            demands: config.demands,
            breaker: config.breaker,
            connections: config.connections,
            timing: config.timing,
            replication: config.replication,
            outcomes,
            linger,
        }
    }

    /// The lanes to the node at `endpoint`. Dials nothing.
    ///
    /// # Errors
    ///
    /// The pool cannot be built.
    pub(crate) fn lanes(&self, endpoint: Endpoint) -> Result<Lanes, BuildError> {
        self.build(self.node(), Dialer::new(endpoint, self.tls.clone()), None, &self.outcomes)
    }

    /// The lanes to one node of many: its events tell which.
    ///
    /// # Errors
    ///
    /// The pool cannot be built.
    pub(crate) fn member(&self, address: Address) -> Result<Lanes, BuildError> {
        let node = address.to_string().into();
        let outcomes: Arc<dyn Outcomes> = Arc::new(NamedNode { node, outcomes: Arc::clone(&self.outcomes) });
        self.build(self.node(), Dialer::new(Endpoint::at(address), self.tls.clone()), None, &outcomes)
    }

    /// The lanes to the primary that sentinels name, whichever it is. Dials nothing.
    ///
    /// # Errors
    ///
    /// The pool cannot be built.
    pub(crate) fn lanes_to_primary(&self, sentinels: &Arc<SentinelConfig>) -> Result<Lanes, BuildError> {
        let node = self.node();
        let primary = Primary::new(sentinels, Arc::clone(&node), Arc::clone(&self.outcomes), self.timing.connect);
        let primary = Arc::new(primary);
        let dialer = Dialer::to_primary(Arc::clone(&primary), self.tls.clone());
        self.build(node, dialer, Some(primary), &self.outcomes)
    }

    /// Whether connections are encrypted.
    pub(crate) fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    fn node(&self) -> Arc<Node> {
        let pools = if self.replication.is_some() { 2 } else { 1 };
        Arc::new(Node::new(self.connections * pools, self.breaker))
    }

    fn build(
        &self,
        node: Arc<Node>,
        dialer: Dialer,
        primary: Option<Arc<Primary>>,
        outcomes: &Arc<dyn Outcomes>,
    ) -> Result<Lanes, BuildError> {
        let examiner = Arc::new(Examiner::new(self.demands, Arc::clone(&node), Arc::clone(outcomes)));
        let pool = |replication| {
            let handshake = Handshake {
                credentials: self.credentials.clone(),
                database: self.database,
                key_prefix: self.key_prefix.clone(),
                generation: Arc::clone(&self.generation),
                examiner: Arc::clone(&examiner),
            };
            let (node, outcomes) = (Arc::clone(&node), Arc::clone(outcomes));
            let linger = Arc::clone(&self.linger);
            let manager = LaneManager::new(dialer.clone(), handshake, self.timing, node, outcomes, linger, replication);
            LanePool::new(manager, self.connections, self.timing.connect)
        };
        let common = pool(None)?;
        let appends = self.replication.map(|replication| pool(Some(replication))).transpose()?;
        Ok(Lanes::new(node, Arc::clone(outcomes), common, appends, primary))
    }
}

/// Passes on what happens at one node of many, with its address.
#[derive(Debug)]
struct NamedNode {
    node: Arc<str>,
    outcomes: Arc<dyn Outcomes>,
}

impl Outcomes for NamedNode {
    fn settle(&self, outcomes: &mut Vec<Outcome>) {
        self.outcomes.settle(outcomes);
    }

    fn event(&self, event: Event) {
        self.outcomes.event(Event::AtNode { node: Arc::clone(&self.node), event: Box::new(event) });
    }
}
