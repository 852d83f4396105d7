//! The rules that the label store and the storage driver share: where and how to connect, and when to stop.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::raw::{RawBreaker, RawRetry, RawTls, RawTlsFiles};
use super::topology::Whereabouts;
use super::whole::{Whole, or_default, within};
use super::{Checks, Config, ConfigError, ConfigErrorCode, Disk, GenerationMode, TopologyConfig};
use crate::breaker::BreakerLimits;
use crate::checks::Demands;
use crate::credentials::{Credentials, Login, PasswordFile};
use crate::endpoint::Endpoint;
use crate::retry_budget::RetryPrices;
use crate::timing::Timing;
use crate::tls::ClientTls;

const MAX_TOKENS: u32 = 1_000_000;

/// What both are written with; some keys have another name in each.
pub(super) struct Common {
    pub(super) whereabouts: Whereabouts,
    /// Name of the key, the number, and what it is by default.
    pub(super) connections: (&'static str, Option<Whole>, u32),
    pub(super) database: Option<Whole>,
    pub(super) username: Option<String>,
    pub(super) password: Option<SecretString>,
    pub(super) password_file: Option<String>,
    pub(super) connect_timeout_ms: Option<Whole>,
    pub(super) command_timeout_ms: Option<Whole>,
    pub(super) retry: Option<RawRetry>,
    pub(super) breaker: Option<RawBreaker>,
    pub(super) max_in_flight: Option<Whole>,
    pub(super) linger_micros: Option<Whole>,
}

impl Common {
    /// Applies the rules. What concerns labels alone is left off.
    pub(super) fn resolve(self) -> Result<Config, ConfigError> {
        let (topology, tls) = self.whereabouts.resolve()?;
        let url = match &topology {
            TopologyConfig::Standalone(endpoint) | TopologyConfig::Member(endpoint) => Some(endpoint),
            TopologyConfig::Sentinel(_) | TopologyConfig::Cluster(_) => None,
        };
        let login = url.and_then(Endpoint::login);
        let credentials = resolve_credentials(login, self.username, self.password, self.password_file)?;
        let database = match (self.database, url.and_then(Endpoint::database)) {
            (Some(_), Some(_)) => {
                return Err(ConfigError::invalid("database", "given here and in the URL; remove one"));
            }
            (Some(number), None) => within("database", number, 0, i32::MAX as u32, "")?,
            (None, from_url) => from_url.unwrap_or(0),
        };
        if database != 0 && matches!(topology, TopologyConfig::Cluster(_)) {
            return Err(ConfigError::invalid("database", "must be 0: a cluster has no other; remove it"));
        }
        let milliseconds = |path, number: Option<Whole>, default: u64| match number {
            None => Ok(Duration::from_millis(default)),
            Some(number) => {
                within(path, number, 1, 60_000, " of milliseconds").map(|ms| Duration::from_millis(u64::from(ms)))
            }
        };
        let retry = self.retry.unwrap_or_default();
        let (connections_path, connections, default) = self.connections;
        Ok(Config {
            timing: Timing {
                connect: milliseconds("connectTimeoutMs", self.connect_timeout_ms, 250)?,
                command: milliseconds("commandTimeoutMs", self.command_timeout_ms, 500)?,
                retries: or_default("retry.retries", retry.retries, 0, 3, 1)? as u8,
            },
            retry_prices: resolve_retry_prices(retry)?,
            breaker: resolve_breaker(self.breaker.unwrap_or_default())?,
            connections: or_default(connections_path, connections, 1, 64, default)? as usize,
            linger: Duration::from_micros(u64::from(or_default("lingerMicros", self.linger_micros, 0, 1_000, 100)?)),
            max_in_flight: or_default("maxInFlight", self.max_in_flight, 1, 1 << 20, 16_384)? as usize,
            demands: Demands {
                checks: Checks::Off,
                disk: Disk::None,
                best_effort: true,
                fence: false,
                replicated: false,
            },
            replication: None,
            key_prefix: "".into(),
            ttl_seconds: None,
            max_session_lifetime_seconds: None,
            generation: GenerationMode::Off,
            ratchet_sessions: 0,
            track_policies: false,
            topology,
            tls,
            credentials,
            database,
        })
    }
}

fn resolve_retry_prices(retry: RawRetry) -> Result<RetryPrices, ConfigError> {
    let budget = retry.budget.unwrap_or_default();
    Ok(RetryPrices {
        capacity: or_default("retry.budget.capacity", budget.capacity, 1, MAX_TOKENS, 100)?,
        cost: or_default("retry.budget.cost", budget.cost, 1, MAX_TOKENS, 5)?,
        timeout_cost: or_default("retry.budget.timeoutCost", budget.timeout_cost, 1, MAX_TOKENS, 10)?,
        refund: or_default("retry.budget.refund", budget.refund, 0, MAX_TOKENS, 1)?,
    })
}

fn resolve_breaker(breaker: RawBreaker) -> Result<BreakerLimits, ConfigError> {
    let span = |path, number, default| {
        or_default(path, number, 1, 3_600_000, default).map(|ms| Duration::from_millis(u64::from(ms)))
    };
    let limits = BreakerLimits {
        failures: or_default("breaker.failures", breaker.failures, 1, MAX_TOKENS, 5)?,
        open: span("breaker.openMs", breaker.open_ms, 1000)?,
        max_open: span("breaker.maxOpenMs", breaker.max_open_ms, 30_000)?,
    };
    if limits.open > limits.max_open {
        return Err(ConfigError::invalid("breaker.maxOpenMs", "is shorter than breaker.openMs; raise it"));
    }
    Ok(limits)
}

/// `wanted` is what the scheme of a URL says about TLS.
pub(super) fn resolve_tls(wanted: Option<bool>, tls: Option<RawTls>) -> Result<Option<Arc<ClientTls>>, ConfigError> {
    let files = match (tls, wanted) {
        (None | Some(RawTls::Switch(false)), Some(false) | None) => return Ok(None),
        (Some(RawTls::Switch(false)), Some(true)) => {
            return Err(ConfigError::invalid("tls", "is false, but the URL's scheme asks for TLS; change one"));
        }
        (Some(_), Some(false)) => {
            return Err(ConfigError::invalid(
                "tls",
                "is on, but the URL's scheme is without TLS; use rediss:// or valkeys://",
            ));
        }
        (Some(RawTls::Files(files)), _) => files,
        (Some(RawTls::Switch(true)) | None, _) => RawTlsFiles::default(),
    };
    ClientTls::open(&files).map(|tls| Some(Arc::new(tls)))
}

/// `login` is what a URL holds.
pub(super) fn resolve_credentials(
    login: Option<&Login>,
    username: Option<String>,
    password: Option<SecretString>,
    password_file: Option<String>,
) -> Result<Credentials, ConfigError> {
    if let Some(login) = login {
        let given = [
            ("username", username.is_some()),
            ("password", password.is_some()),
            ("passwordFile", password_file.is_some()),
        ];
        if let Some((path, _)) = given.into_iter().find(|(_, given)| *given) {
            return Err(ConfigError::invalid(path, "the URL holds credentials already; keep one of the two"));
        }
        return Ok(Credentials::Fixed(login.clone()));
    }
    let username = username.map(String::into_boxed_str);
    if username.as_deref() == Some("") {
        return Err(ConfigError::invalid("username", "must not be empty; leave it out for the default user"));
    }
    match (password, password_file) {
        (Some(_), Some(_)) => Err(ConfigError::invalid("passwordFile", "password is given too; keep one of the two")),
        (Some(password), None) => {
            if password.expose_secret().is_empty() {
                return Err(ConfigError::invalid("password", "must not be empty; leave it out if there is none"));
            }
            Ok(Credentials::Fixed(Login { username, password }))
        }
        (None, Some(path)) => {
            let file = PasswordFile::open(username, path.into()).map_err(|error| {
                ConfigError::new(
                    ConfigErrorCode::UnreadableFile,
                    "passwordFile",
                    format_args!(
                        "cannot be used ({}); it must be a readable file that holds the password",
                        error.kind()
                    ),
                )
            })?;
            Ok(Credentials::File(Arc::new(file)))
        }
        (None, None) if username.is_some() => {
            Err(ConfigError::invalid("username", "needs a password: add password or passwordFile"))
        }
        (None, None) => Ok(Credentials::None),
    }
}
