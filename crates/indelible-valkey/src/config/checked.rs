//! A checked configuration: what is written, once every rule has been applied.

use std::sync::Arc;
use std::time::Duration;

use super::{ConfigError, GenerationMode, Replication, TopologyConfig};
use crate::breaker::BreakerLimits;
use crate::checks::Demands;
use crate::credentials::{Credentials, CredentialsProvider};
use crate::endpoint::{Address, Endpoint};
use crate::retry_budget::RetryPrices;
use crate::timing::Timing;
use crate::tls::ClientTls;

/// A checked configuration of a store.
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) topology: TopologyConfig,
    pub(crate) tls: Option<Arc<ClientTls>>,
    pub(crate) credentials: Credentials,
    pub(crate) database: u32,
    pub(crate) timing: Timing,
    pub(crate) connections: usize,
    pub(crate) max_in_flight: usize,
    pub(crate) linger: Duration,
    pub(crate) retry_prices: RetryPrices,
    pub(crate) breaker: BreakerLimits,
    pub(crate) demands: Demands,
    /// `None` where appends are acknowledged by the primary alone.
    pub(crate) replication: Option<Replication>,
    pub(crate) key_prefix: Box<str>,
    pub(crate) ttl_seconds: Option<u32>,
    pub(crate) max_session_lifetime_seconds: Option<u32>,
    pub(crate) generation: GenerationMode,
    pub(crate) ratchet_sessions: usize,
    pub(crate) track_policies: bool,
}

impl Config {
    /// Takes the credentials of each connection from the host program.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorCode::Invalid`](super::ConfigErrorCode::Invalid) when the configuration holds credentials as well.
    pub fn with_credentials_provider(mut self, provider: Arc<dyn CredentialsProvider>) -> Result<Self, ConfigError> {
        match self.credentials {
            Credentials::None => {
                self.credentials = Credentials::Provider(provider);
                Ok(self)
            }
            Credentials::Fixed(_) | Credentials::File(_) | Credentials::Provider(_) => {
                Err(ConfigError::invalid("password", "credentials are given by a function too; keep one of the two"))
            }
        }
    }

    /// The same for one node of the cluster, to be looked at by itself.
    pub(crate) fn at_member(&self, node: Address) -> Self {
        Self { topology: TopologyConfig::Member(Endpoint::at(node)), ..self.clone() }
    }

    /// Whether a node that another one named may be dialled: labels do not cross a network in the clear.
    pub(crate) fn may_dial(&self, node: &Address) -> bool {
        Endpoint::at(node.clone()).require_tls_unless_local(self.tls.is_some()).is_ok()
    }

    /// The longest an operation can take.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.timing.deadline()
    }

    /// Operations that may be under way at once.
    #[must_use]
    pub fn max_in_flight(&self) -> usize {
        self.max_in_flight
    }
}
