//! What it takes to reach a node, whichever of a store's nodes it is.

use std::sync::Arc;

use deadpool::managed::BuildError;

use crate::breaker::BreakerLimits;
use crate::checks::Demands;
use crate::config::Config;
use crate::connection::{Dialer, Handshake};
use crate::credentials::Credentials;
use crate::endpoint::Endpoint;
use crate::examiner::Examiner;
use crate::generation::GenerationPin;
use crate::lane::LaneManager;
use crate::lanes::{self, Lanes};
use crate::node::Node;
use crate::outcome::Outcomes;
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
    outcomes: Arc<dyn Outcomes>,
}

impl NodePlan {
    pub(crate) fn new(config: &Config, generation: Arc<GenerationPin>, outcomes: Arc<dyn Outcomes>) -> Self {
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
            outcomes,
        }
    }

    /// The lanes to the node at `endpoint`. Dials nothing.
    ///
    /// # Errors
    ///
    /// The pool cannot be built.
    pub(crate) fn lanes(&self, endpoint: Endpoint) -> Result<Lanes, BuildError> {
        let node = Arc::new(Node::new(self.connections, self.breaker));
        let handshake = Handshake {
            credentials: self.credentials.clone(),
            database: self.database,
            key_prefix: self.key_prefix.clone(),
            generation: Arc::clone(&self.generation),
            examiner: Arc::new(Examiner::new(self.demands, Arc::clone(&node), Arc::clone(&self.outcomes))),
        };
        let dialer = Dialer::new(endpoint, self.tls.clone());
        let Timing { connect, command, .. } = self.timing;
        let outcomes = Arc::clone(&self.outcomes);
        let manager = LaneManager::new(dialer, handshake, connect, command, Arc::clone(&node), Arc::clone(&outcomes));
        let pool = lanes::build(manager, self.connections)?;
        Ok(Lanes::new(pool, node, connect, outcomes))
    }
}
