//! From what is written to what it means: every rule of the configuration, each with its own error.

use std::sync::Arc;
use std::time::Duration;

use super::raw::{RawBreaker, RawDurability, RawRatchet, RawRetry};
use super::{Checks, ConfigError, ConfigErrorCode, Disk, GenerationMode, RawConfig, RawTls, RawTlsFiles, Whole};
use crate::breaker::BreakerLimits;
use crate::checks::Demands;
use crate::credentials::{Credentials, CredentialsProvider, Login, PasswordFile};
use crate::endpoint::Endpoint;
use crate::retry_budget::RetryPrices;
use crate::switches::{Mechanism, is_off};
use crate::timing::Timing;
use crate::tls::ClientTls;

const DEFAULT_PREFIX: &str = "taint:v1";
/// Redis takes no longer expiry from us: the documented bound of the originals.
const MAX_TTL_SECONDS: u32 = 1 << 31;
const MAX_TOKENS: u32 = 1_000_000;

/// A checked configuration.
#[derive(Debug)]
pub struct Config {
    pub(crate) endpoint: Endpoint,
    pub(crate) tls: Option<Arc<ClientTls>>,
    pub(crate) credentials: Credentials,
    pub(crate) database: u32,
    pub(crate) key_prefix: Box<str>,
    pub(crate) ttl_seconds: Option<u32>,
    pub(crate) max_session_lifetime_seconds: Option<u32>,
    pub(crate) timing: Timing,
    pub(crate) connections: usize,
    pub(crate) max_in_flight: usize,
    pub(crate) generation: GenerationMode,
    pub(crate) retry_prices: RetryPrices,
    pub(crate) breaker: BreakerLimits,
    pub(crate) demands: Demands,
    pub(crate) ratchet_sessions: usize,
}

impl Config {
    /// Reads and checks a configuration given as JSON text, and the files that it names. Dials nothing.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] naming the key, what is wrong with it and what to do; never a value.
    pub fn from_json(text: &str) -> Result<Self, ConfigError> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let raw: RawConfig = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let path = error.path().to_string();
            let path = if path == "." { String::new() } else { path };
            let message = error.inner().to_string();
            let code = if message.starts_with("unknown field") {
                ConfigErrorCode::UnknownKey
            } else {
                ConfigErrorCode::Invalid
            };
            ConfigError::new(code, path, without_values(&message))
        })?;
        Self::resolve(raw)
    }

    fn resolve(raw: RawConfig) -> Result<Self, ConfigError> {
        let endpoint = Endpoint::parse(&raw.endpoint)?;
        let tls = resolve_tls(&endpoint, raw.tls)?;
        endpoint.require_tls_unless_local(tls.is_some())?;
        let credentials = resolve_credentials(&endpoint, raw.username, raw.password, raw.password_file)?;
        let database = match (raw.database, endpoint.database()) {
            (Some(_), Some(_)) => {
                return Err(ConfigError::invalid("database", "given here and in the URL; remove one"));
            }
            (Some(number), None) => within("database", number, 0, i32::MAX as u32, "")?,
            (None, from_url) => from_url.unwrap_or(0),
        };
        let key_prefix = raw.key_prefix.unwrap_or_else(|| DEFAULT_PREFIX.into());
        if key_prefix.is_empty() {
            return Err(ConfigError::invalid("keyPrefix", "must not be empty; leave it out for taint:v1"));
        }
        let seconds = |path, number: Option<Whole>| {
            number.map(|number| within(path, number, least_ttl(), MAX_TTL_SECONDS, " of seconds")).transpose()
        };
        let milliseconds = |path, number: Option<Whole>, default: u64| match number {
            None => Ok(Duration::from_millis(default)),
            Some(number) => {
                within(path, number, 1, 60_000, " of milliseconds").map(|ms| Duration::from_millis(u64::from(ms)))
            }
        };
        let retry = raw.retry.unwrap_or_default();
        let demands = resolve_demands(raw.checks, raw.durability);
        let ttl_seconds = seconds("ttlSeconds", raw.ttl_seconds)?;
        let max_session_lifetime_seconds = seconds("maxSessionLifetimeSeconds", raw.max_session_lifetime_seconds)?;
        if let (Some(ttl), Some(lifetime), Checks::Enforce) =
            (ttl_seconds, max_session_lifetime_seconds, demands.checks)
            && ttl < lifetime
        {
            return Err(ConfigError::invalid(
                "ttlSeconds",
                "is shorter than maxSessionLifetimeSeconds, so labels would expire under a live session; raise it",
            ));
        }
        Ok(Self {
            ttl_seconds,
            max_session_lifetime_seconds,
            timing: Timing {
                connect: milliseconds("connectTimeoutMs", raw.connect_timeout_ms, 250)?,
                command: milliseconds("commandTimeoutMs", raw.command_timeout_ms, 500)?,
                retries: or_default("retry.retries", retry.retries, 0, 3, 1)? as u8,
            },
            retry_prices: resolve_retry_prices(retry)?,
            breaker: resolve_breaker(raw.breaker.unwrap_or_default())?,
            demands,
            ratchet_sessions: resolve_ratchet(raw.ratchet.unwrap_or_default())?,
            connections: or_default("connections", raw.connections, 1, 64, 2)? as usize,
            max_in_flight: or_default("maxInFlight", raw.max_in_flight, 1, 1 << 20, 16_384)? as usize,
            generation: raw.generation.unwrap_or_default(),
            key_prefix: key_prefix.into(),
            endpoint,
            tls,
            credentials,
            database,
        })
    }

    /// Takes the credentials of each connection from the host program.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorCode::Invalid`] when the configuration holds credentials as well.
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

/// A TTL of 0 would delete the key on append: a label lost without a word.
fn least_ttl() -> u32 {
    if is_off(Mechanism::TtlBounds) { 0 } else { 1 }
}

fn resolve_demands(checks: Option<Checks>, durability: Option<RawDurability>) -> Demands {
    let disk = match durability {
        None | Some(RawDurability::BestEffort) => Disk::None,
        Some(RawDurability::Demands(demands)) => demands.disk.unwrap_or_default(),
    };
    Demands { checks: checks.unwrap_or_default(), disk }
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

fn resolve_ratchet(ratchet: RawRatchet) -> Result<usize, ConfigError> {
    or_default("ratchet.maxSessions", ratchet.max_sessions, 1, 10_000_000, 100_000).map(|sessions| sessions as usize)
}

fn or_default(path: &str, number: Option<Whole>, min: u32, max: u32, default: u32) -> Result<u32, ConfigError> {
    number.map_or(Ok(default), |number| within(path, number, min, max, ""))
}

fn within(path: &str, number: Whole, min: u32, max: u32, unit: &str) -> Result<u32, ConfigError> {
    let Whole(value) = number;
    if value.fract() == 0.0 && value >= f64::from(min) && value <= f64::from(max) {
        return Ok(value as u32);
    }
    Err(ConfigError::invalid(path, format_args!("must be a whole number{unit} from {min} to {max}")))
}

fn resolve_tls(endpoint: &Endpoint, tls: Option<RawTls>) -> Result<Option<Arc<ClientTls>>, ConfigError> {
    let files = match (tls, endpoint.wants_tls()) {
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

fn resolve_credentials(
    endpoint: &Endpoint,
    username: Option<String>,
    password: Option<secrecy::SecretString>,
    password_file: Option<String>,
) -> Result<Credentials, ConfigError> {
    if let Some(login) = endpoint.login() {
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
            if secrecy::ExposeSecret::expose_secret(&password).is_empty() {
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

/// A deserialiser's message without the value that it quotes: that might be a secret in the wrong place.
fn without_values(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or_default();
    for start in ["invalid type: ", "invalid value: "] {
        if let Some((found, expected)) = message.strip_prefix(start).and_then(|rest| rest.split_once(", expected ")) {
            let kind = found.split([' ', '`']).next().unwrap_or_default();
            let kind = if found.starts_with("floating point") { "fraction" } else { kind };
            return format!("must be {}, not a value of kind {kind}", plain(expected));
        }
    }
    if let Some((_, expected)) =
        message.strip_prefix("unknown variant ").and_then(|rest| rest.split_once(", expected "))
    {
        return format!("must be {expected}");
    }
    match message.strip_prefix("missing field ") {
        Some(field) => format!("{field} is missing; add it"),
        None => message.to_owned(),
    }
}

fn plain(expected: &str) -> &str {
    match expected {
        "a string" => "text",
        "a boolean" => "true or false",
        other if other.starts_with("struct ") => "a mapping",
        other => other,
    }
}
