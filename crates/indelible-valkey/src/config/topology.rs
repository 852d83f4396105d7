//! The rules of the topology: which servers there are, and how each may be reached.

use std::sync::Arc;

use super::common::{resolve_credentials, resolve_tls};
use super::raw::RawTls;
use super::raw_topology::{RawSentinel, RawTopology};
use super::{ConfigError, ConfigErrorCode};
use crate::credentials::Credentials;
use crate::endpoint::{DEFAULT_PORT, Endpoint};
use crate::tls::ClientTls;

/// Endpoints of one list at the most.
const MAX_ENDPOINTS: usize = 32;
const DEFAULT_SENTINEL_PORT: u16 = 26379;

/// How the servers are arranged.
#[derive(Debug, Clone)]
pub(crate) enum TopologyConfig {
    /// One server.
    Standalone(Endpoint),
    /// A primary that sentinels name.
    Sentinel(Arc<SentinelConfig>),
    /// A cluster, by nodes that can name the others; 1 to 32, each another.
    Cluster(Arc<[Endpoint]>),
    /// One node of a cluster, for who looks at it alone. Never written.
    Member(Endpoint),
}

/// The sentinels of one service.
#[derive(Debug)]
pub(crate) struct SentinelConfig {
    /// Name of the service; never empty.
    pub(crate) service: Box<str>,
    /// 1 to 32, each another.
    pub(crate) endpoints: Box<[Endpoint]>,
    pub(crate) tls: Option<Arc<ClientTls>>,
    pub(crate) credentials: Credentials,
}

impl TopologyConfig {
    /// Whether a replica may be promoted in the primary's place: then an acknowledgement by the primary alone may be
    /// lost with it (`docs/soundness.md`, lines 6 and 7).
    pub(crate) fn fails_over(&self) -> bool {
        !matches!(self, Self::Standalone(_))
    }

    /// The one server.
    ///
    /// # Errors
    ///
    /// There is more than one.
    pub(crate) fn single(&self) -> Result<&Endpoint, ConfigError> {
        match self {
            Self::Standalone(endpoint) | Self::Member(endpoint) => Ok(endpoint),
            Self::Sentinel(_) | Self::Cluster(_) => {
                Err(ConfigError::new(ConfigErrorCode::Unavailable, "topology", "is of more than one server"))
            }
        }
    }
}

/// What is written about the whereabouts of the servers.
#[derive(Debug)]
pub(super) struct Whereabouts {
    /// Name of the key, and the text.
    pub(super) endpoint: (&'static str, Option<String>),
    pub(super) endpoints: Option<Vec<String>>,
    pub(super) topology: RawTopology,
    pub(super) tls: Option<RawTls>,
}

type Resolved = (TopologyConfig, Option<Arc<ClientTls>>);

impl Whereabouts {
    /// Applies the rules; the TLS settings are those of the servers that hold the labels.
    pub(super) fn resolve(self) -> Result<Resolved, ConfigError> {
        let Self { endpoint: (path, text), endpoints, topology, tls } = self;
        match (topology, text, endpoints) {
            (RawTopology::Standalone, Some(text), None) => resolve_standalone(path, &text, tls),
            (RawTopology::Standalone, _, Some(_)) => Err(ConfigError::invalid(
                "endpoints",
                "are nodes of a cluster: name one endpoint, or write topology: cluster",
            )),
            (RawTopology::Standalone, None, None) => {
                Err(ConfigError::invalid("", format_args!("`{path}` is missing; add it")))
            }
            (RawTopology::Cluster, None, Some(texts)) => resolve_cluster(&texts, tls),
            (RawTopology::Cluster, None, None) => {
                Err(ConfigError::invalid("", "`endpoints` is missing; name some nodes of the cluster"))
            }
            (RawTopology::Cluster, Some(_), _) => {
                Err(ConfigError::invalid(path, "is for a single server: name nodes of the cluster as endpoints"))
            }
            (RawTopology::Sentinel(sentinel), None, None) => resolve_sentinel(*sentinel, tls),
            (RawTopology::Sentinel(_), text, _) => {
                let path = if text.is_some() { path } else { "endpoints" };
                let problem = "is what the sentinels tell: list them as topology.sentinel.endpoints and remove this";
                Err(ConfigError::invalid(path, problem))
            }
        }
    }
}

fn resolve_standalone(path: &str, text: &str, tls: Option<RawTls>) -> Result<Resolved, ConfigError> {
    let endpoint = Endpoint::parse(text, DEFAULT_PORT).map_err(|error| error.at(path))?;
    let tls = resolve_tls(endpoint.wants_tls(), tls)?;
    endpoint.require_tls_unless_local(tls.is_some()).map_err(|error| error.at(path))?;
    Ok((TopologyConfig::Standalone(endpoint), tls))
}

fn resolve_cluster(texts: &[String], tls: Option<RawTls>) -> Result<Resolved, ConfigError> {
    let endpoints = parse_list(texts, "endpoints", DEFAULT_PORT)?;
    let tls = resolve_tls(common_scheme(&endpoints, "endpoints")?, tls)?;
    require_tls(&endpoints, "endpoints", tls.is_some())?;
    Ok((TopologyConfig::Cluster(endpoints.into()), tls))
}

fn resolve_sentinel(raw: RawSentinel, tls: Option<RawTls>) -> Result<Resolved, ConfigError> {
    let sentinels = resolve_sentinels(raw).map_err(|error| error.within("topology.sentinel"))?;
    let tls = resolve_tls(None, tls)?;
    if tls.is_none() && !sentinels.endpoints.iter().all(Endpoint::is_local) {
        let problem = "is off, but sentinels on other machines name servers on other machines: TLS is required, set it";
        return Err(ConfigError::invalid("tls", problem));
    }
    Ok((TopologyConfig::Sentinel(Arc::new(sentinels)), tls))
}

/// Paths in its errors are those within the mapping.
fn resolve_sentinels(raw: RawSentinel) -> Result<SentinelConfig, ConfigError> {
    // What a sentinel's own configuration takes for a name; anything else could not have been set there.
    if raw.service.is_empty() || !raw.service.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b)) {
        let problem = "must be the name in `sentinel monitor`: letters, digits, dots, hyphens and underscores";
        return Err(ConfigError::invalid("service", problem));
    }
    let endpoints = parse_list(&raw.endpoints, "endpoints", DEFAULT_SENTINEL_PORT)?;
    let tls = resolve_tls(common_scheme(&endpoints, "endpoints")?, raw.tls)?;
    require_tls(&endpoints, "endpoints", tls.is_some())?;
    let credentials = resolve_credentials(None, raw.username, raw.password, raw.password_file)?;
    Ok(SentinelConfig { service: raw.service.into(), endpoints: endpoints.into(), tls, credentials })
}

/// Reads a list of TCP endpoints that hold nothing beside their address.
fn parse_list(texts: &[String], path: &str, port: u16) -> Result<Vec<Endpoint>, ConfigError> {
    if texts.is_empty() || texts.len() > MAX_ENDPOINTS {
        return Err(ConfigError::invalid(path, format_args!("must list 1 to {MAX_ENDPOINTS} endpoints")));
    }
    let mut endpoints: Vec<Endpoint> = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let invalid = |problem: &str| Err(ConfigError::invalid(format!("{path}[{index}]"), problem));
        let endpoint = Endpoint::parse(text, port).map_err(|error| error.at(&format!("{path}[{index}]")))?;
        if endpoint.is_unix() {
            return invalid("is a Unix socket; servers name each other by host and port, so use those");
        }
        if endpoint.login().is_some() {
            return invalid("holds credentials, which are the same for all of them; use username and password");
        }
        if endpoint.database().is_some() {
            return invalid("has a path; write host and port only");
        }
        if let Some(first) = endpoints.iter().position(|other| other.address() == endpoint.address()) {
            return invalid(&format!("is the same host and port as {path}[{first}]; list each once"));
        }
        endpoints.push(endpoint);
    }
    Ok(endpoints)
}

/// What the schemes of a list say about TLS: all the same, or nothing.
fn common_scheme(endpoints: &[Endpoint], path: &str) -> Result<Option<bool>, ConfigError> {
    let mut written = endpoints.iter().enumerate().filter_map(|(index, endpoint)| Some((index, endpoint.wants_tls()?)));
    let Some((first, wanted)) = written.next() else { return Ok(None) };
    match written.find(|(_, wants)| *wants != wanted) {
        None => Ok(Some(wanted)),
        Some((index, _)) => Err(ConfigError::invalid(
            format!("{path}[{index}]"),
            format_args!("has a scheme that says other than {path}[{first}] about TLS; use one scheme for all"),
        )),
    }
}

fn require_tls(endpoints: &[Endpoint], path: &str, tls: bool) -> Result<(), ConfigError> {
    for (index, endpoint) in endpoints.iter().enumerate() {
        endpoint.require_tls_unless_local(tls).map_err(|error| error.at(&format!("{path}[{index}]")))?;
    }
    Ok(())
}
