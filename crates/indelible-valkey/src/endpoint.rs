//! Endpoints: what is accepted as an address. The parsed host is judged, never the text (`docs/compatibility.md`,
//! section 1).

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use crate::config::ConfigError;
use crate::credentials::Login;

/// Where a server listens unless its endpoint says otherwise.
pub(crate) const DEFAULT_PORT: u16 = 6379;
const FORMS: &str = "use redis://host:port, rediss://host:port, valkey://, valkeys://, unix:///path or host:port";

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp { host: Box<str>, port: u16 },
    Unix(PathBuf),
}

impl Address {
    /// The address that one node gives of another; `None` where it cannot be one.
    pub(crate) fn of_node(host: &str, port: u16) -> Option<Self> {
        let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let is_address = port > 0 && !host.is_empty() && is_host(host);
        is_address.then(|| Self::Tcp { host: host.to_ascii_lowercase().into(), port })
    }

    /// The host; empty for a Unix socket.
    pub(crate) fn host(&self) -> &str {
        match self {
            Self::Tcp { host, .. } => host,
            Self::Unix(_) => "",
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

fn is_host(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':'))
}

/// A parsed endpoint, with what its URL said beside the address.
#[derive(Clone)]
pub(crate) struct Endpoint {
    address: Address,
    wants_tls: Option<bool>,
    login: Option<Login>,
    database: Option<u32>,
}

impl Endpoint {
    /// Reads an endpoint; `default_port` is for one that names none.
    pub(crate) fn parse(text: &str, default_port: u16) -> Result<Self, ConfigError> {
        let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("plain://{text}")) };
        let url = url.map_err(|error| invalid(format_args!("is not a URL or host:port ({error}); {FORMS}")))?;
        if url.fragment().is_some() {
            return Err(invalid("must not have a fragment (#…): there is no way to weaken TLS"));
        }
        if url.query().is_some() {
            return Err(invalid("must not have a query (?…); set the other keys of the configuration instead"));
        }
        match url.scheme() {
            "redis" | "valkey" => Self::tcp(&url, Some(false), default_port),
            "rediss" | "valkeys" => Self::tcp(&url, Some(true), default_port),
            "unix" | "redis+unix" | "valkey+unix" => Self::unix(&url),
            "plain" if !text.contains("://") => Self::host_and_port(&url, default_port),
            _ => Err(invalid(format_args!("has a scheme that is not supported; {FORMS}"))),
        }
    }

    /// An address that a server named, not an operator.
    pub(crate) fn at(address: Address) -> Self {
        Self { address, wants_tls: None, login: None, database: None }
    }

    fn tcp(url: &Url, wants_tls: Option<bool>, default_port: u16) -> Result<Self, ConfigError> {
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| invalid(format_args!("has no host; {FORMS}")))?;
        let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        if !is_host(host) {
            return Err(invalid(
                "has a host with characters that no host name has; an international name is written xn--…",
            ));
        }
        let port = url.port().unwrap_or(default_port);
        if port == 0 {
            return Err(invalid("has port 0; name the port that the server listens on"));
        }
        Ok(Self {
            address: Address::Tcp { host: host.to_ascii_lowercase().into(), port },
            wants_tls,
            login: login(url)?,
            database: database(url.path())?,
        })
    }

    fn host_and_port(url: &Url, default_port: u16) -> Result<Self, ConfigError> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("holds credentials without a scheme; use a URL or the keys username and password"));
        }
        if !url.path().is_empty() {
            return Err(invalid("has something behind host:port; use a URL or the key database"));
        }
        Self::tcp(url, None, default_port)
    }

    fn unix(url: &Url) -> Result<Self, ConfigError> {
        if url.host_str().is_some_and(|host| !host.is_empty()) {
            return Err(invalid("names a host before the path of the socket; use unix:///path (three slashes)"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("holds credentials; use the keys username and password with a Unix socket"));
        }
        if url.path().len() < 2 {
            return Err(invalid("has no path; use unix:///path/of/the.sock"));
        }
        let path = decode(url.path())?;
        Ok(Self { address: Address::Unix(path.into()), wants_tls: Some(false), login: None, database: None })
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Whether the URL's scheme is one with TLS, without TLS, or says nothing about it.
    pub(crate) fn wants_tls(&self) -> Option<bool> {
        self.wants_tls
    }

    pub(crate) fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    pub(crate) fn database(&self) -> Option<u32> {
        self.database
    }

    /// Labels and passwords do not cross a network in the clear.
    pub(crate) fn require_tls_unless_local(&self, tls: bool) -> Result<(), ConfigError> {
        if tls || self.is_local() {
            return Ok(());
        }
        Err(invalid("is not on this machine, so TLS is required: use rediss:// or valkeys://, or set tls"))
    }

    /// Whether it is reached through a Unix socket.
    pub(crate) fn is_unix(&self) -> bool {
        matches!(self.address, Address::Unix(_))
    }

    /// Whether it is on this machine whatever a name server says.
    pub(crate) fn is_local(&self) -> bool {
        match &self.address {
            Address::Unix(_) => true,
            Address::Tcp { host, .. } => {
                &**host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
        }
    }
}

/// Shows the address and never the credentials.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("address", &self.address).field("login", &self.login.is_some()).finish()
    }
}

fn login(url: &Url) -> Result<Option<Login>, ConfigError> {
    let username = (!url.username().is_empty()).then(|| decode(url.username())).transpose()?;
    match (username, url.password()) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(invalid("names a user without a password; write user:password@ or leave both out")),
        (_, Some("")) => Err(invalid("has an empty password; leave it out if there is none")),
        (username, Some(password)) => Ok(Some(Login {
            username: username.map(String::into_boxed_str),
            password: SecretString::from(decode(password)?),
        })),
    }
}

fn database(path: &str) -> Result<Option<u32>, ConfigError> {
    match path.strip_prefix('/').unwrap_or(path) {
        "" => Ok(None),
        number if number.bytes().all(|b| b.is_ascii_digit()) => match number.parse() {
            Ok(number) if number <= i32::MAX as u32 => Ok(Some(number)),
            _ => Err(invalid("has a database number that is too large")),
        },
        _ => Err(invalid("has a path that is no database number; use redis://host:port/0")),
    }
}

/// Undoes percent-encoding; what is not UTF-8 afterwards is refused.
fn decode(text: &str) -> Result<String, ConfigError> {
    let bytes = percent_encoding::percent_decode_str(text);
    bytes.decode_utf8().map(Into::into).map_err(|_| invalid("has percent-encoding that is not UTF-8"))
}

fn invalid(message: impl fmt::Display) -> ConfigError {
    ConfigError::invalid("endpoint", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn parse(text: &str) -> Result<Endpoint, ConfigError> {
        Endpoint::parse(text, DEFAULT_PORT)
    }

    fn tcp(text: &str) -> (String, u16) {
        match parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).address {
            Address::Tcp { host, port } => (host.into(), port),
            Address::Unix(_) => panic!("{text} is no TCP endpoint"),
        }
    }

    #[test]
    fn every_local_form_is_accepted_without_tls() {
        for (text, host, port) in [
            ("localhost:6379", "localhost", 6379),
            ("LOCALHOST", "localhost", 6379),
            ("redis://127.0.0.1:6380", "127.0.0.1", 6380),
            ("valkey://localhost", "localhost", 6379),
            ("[::1]:6379", "::1", 6379),
            ("redis://[::1]:7000/3", "::1", 7000),
            ("127.0.0.2", "127.0.0.2", 6379),
        ] {
            assert_eq!(tcp(text), (host.to_owned(), port), "{text}");
            parse(text).unwrap().require_tls_unless_local(false).unwrap();
        }
        let unix = parse("unix:///run/a%20b.sock").unwrap();
        assert_eq!(unix.address, Address::Unix("/run/a b.sock".into()));
        unix.require_tls_unless_local(false).unwrap();
    }

    #[test]
    fn any_other_host_needs_tls_whatever_the_text_contains() {
        for text in [
            "example.com:6379",
            "redis://evil.example",
            "REDIS://evil.example",
            "redis://localhost.evil.example",
            "redis://localhost@evil.example",
            "redis://u:localhost@evil.example",
            "10.0.0.1",
            "redis://0.0.0.0",
        ] {
            let refused = parse(text).and_then(|endpoint| endpoint.require_tls_unless_local(false));
            assert!(refused.is_err(), "{text}");
        }
        parse("rediss://example.com").unwrap().require_tls_unless_local(true).unwrap();
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for text in [
            "",
            "redis://",
            "redis://:6379",
            "localhost:99999",
            "redis://localhost:99999",
            "redis://localhost:0",
            "redis://evil.example:6379?x=@localhost",
            "redis://evil.example#@localhost",
            "rediss://h/#insecure",
            "redis://localhost/x",
            "redis://localhost/99999999999",
            "user@localhost",
            "u:p@localhost:1",
            "localhost/1",
            "http://localhost",
            "redis://user@localhost",
            "redis://loc%61lhost",
            "unix://",
            "unix://host/path",
            "unix://u:p@/x",
            "redis://u:%ff@localhost",
            "local host",
            "redis://a b",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_international_name_is_taken_in_its_ascii_form() {
        for text in ["rediss://bücher.example", "bücher.example:6379"] {
            assert!(parse(text).unwrap_err().to_string().contains("xn--"), "{text}");
        }
        assert_eq!(tcp("rediss://xn--bcher-kva.example").0, "xn--bcher-kva.example");
    }

    #[test]
    fn credentials_are_decoded_and_never_shown() {
        let endpoint = parse("redis://us%40er:p%3Aw%2F@localhost").unwrap();
        let login = endpoint.login().unwrap();
        assert_eq!(login.username.as_deref(), Some("us@er"));
        assert_eq!(login.password.expose_secret(), "p:w/");
        assert!(!format!("{endpoint:?}").contains("p:w"));
        let default_user = parse("redis://:secret@localhost").unwrap();
        assert_eq!(default_user.login().unwrap().username, None);
        for text in ["redis://u:hunter2@evil.example#x", "redis://u:hunter2@[bad", "redis://u:hunter2@localhost:99999"]
        {
            assert!(!parse(text).unwrap_err().to_string().contains("hunter2"));
        }
    }
}
