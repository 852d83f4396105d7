//! From what is written to what it means: every rule of the configuration, each with its own error.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{ConfigError, ConfigErrorCode, GenerationMode, RawConfig, RawTls, RawTlsFiles, Whole};
use crate::credentials::{Credentials, Login, read_password_file};
use crate::endpoint::Endpoint;
use crate::timing::Timing;
use crate::tls::ClientTls;

const DEFAULT_PREFIX: &str = "taint:v1";
/// Redis takes no longer expiry from us: the documented bound of the originals.
const MAX_TTL_SECONDS: u32 = 1 << 31;

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
            number.map(|number| within(path, number, 1, MAX_TTL_SECONDS, " of seconds")).transpose()
        };
        let milliseconds = |path, number: Option<Whole>, default: u64| match number {
            None => Ok(Duration::from_millis(default)),
            Some(number) => {
                within(path, number, 1, 60_000, " of milliseconds").map(|ms| Duration::from_millis(u64::from(ms)))
            }
        };
        let retries = raw.retry.and_then(|retry| retry.retries);
        Ok(Self {
            ttl_seconds: seconds("ttlSeconds", raw.ttl_seconds)?,
            max_session_lifetime_seconds: seconds("maxSessionLifetimeSeconds", raw.max_session_lifetime_seconds)?,
            timing: Timing {
                connect: milliseconds("connectTimeoutMs", raw.connect_timeout_ms, 250)?,
                command: milliseconds("commandTimeoutMs", raw.command_timeout_ms, 500)?,
                retries: retries.map_or(Ok(1), |number| within("retry.retries", number, 0, 3, ""))? as u8,
            },
            connections: raw.connections.map_or(Ok(2), |number| within("connections", number, 1, 64, ""))? as usize,
            max_in_flight: raw
                .max_in_flight
                .map_or(Ok(16_384), |number| within("maxInFlight", number, 1, 1 << 20, ""))?
                as usize,
            generation: raw.generation.unwrap_or_default(),
            key_prefix: key_prefix.into(),
            endpoint,
            tls,
            credentials,
            database,
        })
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
    ClientTls::from_files(&files).map(|tls| Some(Arc::new(tls)))
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
            read_password_file(Path::new(&path)).map_err(|error| {
                ConfigError::new(
                    ConfigErrorCode::UnreadableFile,
                    "passwordFile",
                    format_args!(
                        "cannot be used ({}); it must be a readable file that holds the password",
                        error.kind()
                    ),
                )
            })?;
            Ok(Credentials::File { username, path: path.into() })
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
