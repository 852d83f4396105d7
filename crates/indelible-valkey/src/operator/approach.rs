//! The way to a server, step by step: name, connection, TLS, protocol, credentials, database. Each step adds its own
//! finding; the first that fails is the last.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Instant;

use secrecy::ExposeSecret;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::first_exchange::{FirstAnswer, answers_in_the_clear, answers_tls, exchange};
use super::link::{Link, Refusal};
use super::{Finding, STEP_TIMEOUT, sentinels};
use crate::config::{Config, TopologyConfig};
use crate::connection::{Dialer, Stream};
use crate::credentials::Login;
use crate::endpoint::{Address, Endpoint};
use crate::resp::ServerError;
use crate::tls::describe_tls_failure;

/// A check that failed; it is in the findings already.
#[derive(Debug)]
pub(super) struct Stopped;

/// Opens a connection as a store would, as `account` if one is given.
pub(super) async fn approach(
    config: &Config,
    account: Option<&Login>,
    findings: &mut Vec<Finding>,
) -> Result<Link, Stopped> {
    let started = Instant::now();
    let mut steps = Steps { config, findings };
    let stream = steps.dial().await?;
    let mut link = Link::over(stream).await.or_else(|refusal| steps.stop("protocol", &refusal, refusal.hint()))?;
    steps.authenticate(&mut link, account).await?;
    steps.select_database(&mut link).await?;
    steps.judge_time(started);
    Ok(link)
}

struct Steps<'a> {
    config: &'a Config,
    findings: &'a mut Vec<Finding>,
}

impl Steps<'_> {
    fn pass(&mut self, name: &'static str, detail: impl Into<String>) {
        self.findings.push(Finding::ok(name, detail));
    }

    fn stop<T>(&mut self, name: &'static str, detail: impl fmt::Display, hint: &str) -> Result<T, Stopped> {
        self.findings.push(Finding::fail(name, detail.to_string(), hint));
        Err(Stopped)
    }

    async fn dial(&mut self) -> Result<Stream, Stopped> {
        let config = self.config;
        let endpoint = self.find_server().await?;
        let (stream, peer) = match endpoint.address() {
            Address::Unix(path) => (self.connect_unix(path).await?, None),
            Address::Tcp { host, port } => {
                let dialer = Dialer::new(endpoint.clone(), config.tls.clone());
                let addresses = self.resolve(&dialer, host, *port).await?;
                let (tcp, peer) = self.connect_tcp(&addresses).await?;
                (self.secure(&dialer, tcp, host, peer).await?, Some(peer))
            }
        };
        self.converse(stream, peer).await
    }

    /// The server to look at: with Sentinel the one that is the primary now.
    async fn find_server(&mut self) -> Result<Endpoint, Stopped> {
        match &self.config.topology {
            TopologyConfig::Sentinel(sentinels) => {
                let (finding, primary) = sentinels::judge(sentinels).await;
                self.findings.push(finding);
                primary.map(Endpoint::at).ok_or(Stopped)
            }
            topology => match topology.single() {
                Ok(endpoint) => Ok(endpoint.clone()),
                Err(error) => self.stop("config", error, "name one of the servers as endpoint"),
            },
        }
    }

    async fn resolve(&mut self, dialer: &Dialer, host: &str, port: u16) -> Result<Vec<SocketAddr>, Stopped> {
        match timeout(STEP_TIMEOUT, dialer.resolve(host, port)).await {
            Err(_) => {
                let detail = format!("{host}: the name servers did not answer within {} s", STEP_TIMEOUT.as_secs());
                self.stop("dns", detail, "look at this machine's name servers")
            }
            Ok(Err(_)) => {
                let hint = "check the spelling, and that this machine's name servers know the host";
                self.stop("dns", format!("{host} is a name without an address"), hint)
            }
            Ok(Ok(addresses)) if addresses.is_empty() => {
                let hint = "mend /etc/hosts, or use 127.0.0.1; any other machine needs TLS";
                self.stop("dns", format!("{host} is not an address of this machine"), hint)
            }
            Ok(Ok(addresses)) if host.parse::<IpAddr>().is_ok() => {
                self.pass("dns", format!("{host} is an address: nothing to resolve"));
                Ok(addresses)
            }
            Ok(Ok(addresses)) => {
                let list: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
                self.pass("dns", format!("{host} is {}", list.join(", ")));
                Ok(addresses)
            }
        }
    }

    async fn connect_tcp(&mut self, addresses: &[SocketAddr]) -> Result<(TcpStream, SocketAddr), Stopped> {
        let mut failures = Vec::new();
        for address in addresses {
            match timeout(STEP_TIMEOUT, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    self.pass("tcp", format!("connected to {address}"));
                    return Ok((stream, *address));
                }
                Ok(Err(error)) => failures.push(format!("{address}: {}", error.kind())),
                Err(_) => failures.push(format!("{address}: no answer within {} s", STEP_TIMEOUT.as_secs())),
            }
        }
        let hint = "is the server running, is the port right, does it listen on this address, is a firewall between?";
        self.stop("tcp", failures.join("; "), hint)
    }

    async fn connect_unix(&mut self, path: &Path) -> Result<Stream, Stopped> {
        match timeout(STEP_TIMEOUT, UnixStream::connect(path)).await {
            Ok(Ok(stream)) => {
                self.pass("socket", format!("connected to {}", path.display()));
                Ok(Stream::new(stream))
            }
            Ok(Err(error)) => {
                let hint =
                    "is the server running, is `unixsocket` this path, may this user open it (`unixsocketperm`)?";
                self.stop("socket", format!("{}: {}", path.display(), error.kind()), hint)
            }
            Err(_) => {
                let detail = format!("{}: no answer within {} s", path.display(), STEP_TIMEOUT.as_secs());
                self.stop("socket", detail, Refusal::Silent.hint())
            }
        }
    }

    async fn secure(
        &mut self,
        dialer: &Dialer,
        tcp: TcpStream,
        host: &str,
        peer: SocketAddr,
    ) -> Result<Stream, Stopped> {
        let problem = match timeout(STEP_TIMEOUT, dialer.secure(tcp, host, &mut Vec::new())).await {
            Ok(Ok(stream)) => {
                let detail = if self.config.tls.is_some() {
                    "handshake done, chain and name of the certificate verified"
                } else {
                    "off: the connection does not leave this machine"
                };
                self.pass("tls", detail);
                return Ok(stream);
            }
            Ok(Err(fault)) => fault.detail.unwrap_or("the TLS handshake failed".into()),
            Err(_) => "the TLS handshake did not end in time".into(),
        };
        if answers_in_the_clear(peer).await {
            let hint = "use the server's TLS port (`tls-port`), or on this machine an endpoint without TLS";
            return self.stop("tls", "this port speaks the protocol without TLS", hint);
        }
        self.stop("tls", &problem, tls_hint(&problem))
    }

    async fn converse(&mut self, mut stream: Stream, peer: Option<SocketAddr>) -> Result<Stream, Stopped> {
        let plain_peer = peer.filter(|_| self.config.tls.is_none());
        let over_tls = self.config.tls.is_some();
        match exchange(&mut stream).await {
            FirstAnswer::Reply(line) => self.judge_reply(&line).map(|()| stream),
            FirstAnswer::TlsAlert => self.stop_for_missing_tls(),
            // With TLS 1.3 a server refuses a client's certificate, or the lack of one, only now.
            FirstAnswer::Closed(error) if over_tls => {
                self.findings.retain(|finding| finding.name != "tls");
                let problem = error.as_ref().filter(|error| error.get_ref().is_some()).map(describe_tls_failure);
                let problem = problem.unwrap_or("the server ended the connection right after the TLS handshake");
                self.stop("tls", problem, CLIENT_CERTIFICATE)
            }
            FirstAnswer::Closed(_) | FirstAnswer::Silence
                if let Some(peer) = plain_peer
                    && answers_tls(peer).await =>
            {
                self.stop_for_missing_tls()
            }
            FirstAnswer::Closed(_) => self.stop("protocol", Refusal::Lost, Refusal::Lost.hint()),
            FirstAnswer::Silence => self.stop("protocol", Refusal::Silent, Refusal::Silent.hint()),
            FirstAnswer::Foreign => {
                let hint = "something else listens on this port; name the one of Valkey or Redis";
                self.stop("protocol", "the answer is not in the protocol of Valkey and Redis", hint)
            }
        }
    }

    fn stop_for_missing_tls<T>(&mut self) -> Result<T, Stopped> {
        self.findings.retain(|finding| finding.name != "tls");
        let hint = "use rediss:// or valkeys://, or set `tls`, or name the server's port without TLS";
        self.stop("tls", "this port speaks TLS, and the endpoint is one without", hint)
    }

    fn judge_reply(&mut self, line: &[u8]) -> Result<(), Stopped> {
        let refused = line.strip_prefix(b"-").map(|error| (ServerError::parse(error).code, error));
        match refused {
            Some((code, _)) if &*code == "DENIED" => {
                let hint = "bind the server to an address of its own and give its users passwords";
                self.stop("protocol", "the server is in protected mode: it takes local connections only", hint)
            }
            Some((_, error)) if error.starts_with(b"ERR max number of clients") => {
                let hint = "raise `maxclients`, or find out who holds the connections (CLIENT LIST)";
                self.stop("protocol", "the server has all the clients that it takes", hint)
            }
            _ => {
                self.pass("protocol", "the server answers");
                Ok(())
            }
        }
    }

    async fn authenticate(&mut self, link: &mut Link, account: Option<&Login>) -> Result<(), Stopped> {
        let login = match account {
            Some(account) => Some(account.clone()),
            None => match self.config.credentials.read(&mut Vec::new()).await {
                Ok(login) => login,
                Err(fault) => {
                    let detail = fault.detail.unwrap_or("there are no credentials to be had".into());
                    return self.stop("auth", detail, "give the credentials in the configuration");
                }
            },
        };
        let who = match &login {
            Some(Login { username: Some(username), .. }) => format!("user {username}"),
            Some(Login { username: None, .. }) => "the default user".to_owned(),
            None => "the default user, without a password".to_owned(),
        };
        if let Some(Login { username, password }) = &login {
            let password = password.expose_secret().as_bytes();
            let answer = match username {
                Some(username) => link.ask(&[b"AUTH", username.as_bytes(), password]).await,
                None => link.ask(&[b"AUTH", password]).await,
            };
            if let Err(refusal) = answer {
                return self.stop_for_credentials(&refusal, &who);
            }
        }
        // Whether the server takes us at all; that this user may not name itself is no obstacle.
        match link.ask(&[b"CLIENT", b"SETNAME", b"indelible"]).await {
            Err(refusal) if refusal.code() == "NOAUTH" => {
                let hint = "give it: --password-file, INDELIBLE_PASSWORD, or the configuration";
                self.stop("auth", "the server asks for a password, and none is configured", hint)
            }
            Err(refusal @ (Refusal::Silent | Refusal::Lost | Refusal::Malformed)) => {
                self.stop("auth", &refusal, refusal.hint())
            }
            Ok(_) | Err(Refusal::Server(_)) => {
                self.pass("auth", format!("connected as {who}"));
                Ok(())
            }
        }
    }

    fn stop_for_credentials(&mut self, refusal: &Refusal, who: &str) -> Result<(), Stopped> {
        match refusal.code() {
            "WRONGPASS" => {
                let hint =
                    "check both, and that the user is `on` in the server's ACL; servers do not say which is wrong";
                self.stop("auth", format!("the server does not know {who} by this password"), hint)
            }
            "ERR" => {
                let hint = "leave the password out, or set one on the server (`requirepass`, or an ACL)";
                self.stop("auth", "the server's default user has no password, and one is configured", hint)
            }
            _ => self.stop("auth", refusal, refusal.hint()),
        }
    }

    async fn select_database(&mut self, link: &mut Link) -> Result<(), Stopped> {
        let number = self.config.database;
        if number == 0 {
            return Ok(());
        }
        match link.ask(&[b"SELECT", number.to_string().as_bytes()]).await {
            Ok(_) => {
                self.pass("database", format!("database {number} selected"));
                Ok(())
            }
            Err(refusal) if refusal.is_permission() => {
                self.stop("database", "the user may not run SELECT", "add +select to its rules, or use database 0")
            }
            Err(refusal) if refusal.code() == "ERR" => {
                let hint = "raise `databases` on the server, or use another number; every node needs the same one";
                self.stop("database", format!("the server has no database {number}"), hint)
            }
            Err(refusal) => self.stop("database", &refusal, refusal.hint()),
        }
    }

    fn judge_time(&mut self, started: Instant) {
        let (took, allowed) = (started.elapsed(), self.config.timing.connect);
        let detail = format!("{:.1} ms from name to usable connection", took.as_secs_f64() * 1000.0);
        self.findings.push(if took <= allowed {
            Finding::ok("opening", detail)
        } else {
            let hint = format!("connectTimeoutMs is {}: a store gives up sooner; raise it", allowed.as_millis());
            Finding::warn("opening", detail, hint)
        });
    }
}

const CLIENT_CERTIFICATE: &str = "does it ask for a client certificate? set tls.cert and tls.key, signed by an \
    authority of the server's `tls-ca-cert-file`";

/// What to do about a problem that the driver describes.
fn tls_hint(problem: &str) -> &'static str {
    match problem {
        _ if problem.contains("expired") => "renew the server's certificate",
        _ if problem.contains("not valid yet") => "check the clocks of both machines",
        _ if problem.contains("authority") => "set tls.ca to the authority that signed it",
        _ if problem.contains("another name") => {
            "connect by a name that the certificate carries, or set tls.serverName to one"
        }
        _ if problem.contains("client certificate") => CLIENT_CERTIFICATE,
        _ if problem.contains("version or cipher") => "let the server offer TLS 1.2 or 1.3 (`tls-protocols`)",
        _ => "does this port speak TLS? see `tls-port` on the server, and its log",
    }
}
