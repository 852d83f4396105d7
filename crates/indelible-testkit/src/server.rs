use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::resp_client::{Reply, RespClient};
use crate::server_binary::{NotUpReason, ServerBinary, ServerError, ServerKind};
use crate::server_options::ServerOptions;
use crate::server_process::ServerProcess;
use crate::tls_front::TlsFront;
use crate::tls_material::{TlsIdentity, TlsMaterial};

const START_LIMIT: Duration = Duration::from_secs(10);

/// A real server on a free loopback port with a folder of its own; both go when it is dropped.
#[derive(Debug)]
pub struct TestServer {
    // Dropped in this order: the process ends before its folder goes.
    process: Option<ServerProcess>,
    dir: TempDir,
    binary: ServerBinary,
    args: Vec<OsString>,
    /// In plain text; open beside TLS too, so that a test can look inside.
    plain_port: u16,
    tls_port: Option<u16>,
    /// Set where TLS is not the server's own.
    front: Option<TlsFront>,
}

impl TestServer {
    /// Starts a server in plain text, without persistence and without password.
    ///
    /// # Errors
    ///
    /// [`ServerError`] when there is none, or it does not come up.
    pub fn start() -> Result<Self, ServerError> {
        Self::options().start()
    }

    /// Starts a server with TLS as `material.server`, without demanding client certificates.
    ///
    /// # Errors
    ///
    /// [`ServerError`] when there is none, or it does not come up.
    pub fn tls(material: &TlsMaterial) -> Result<Self, ServerError> {
        Self::options().tls(&material.server).start()
    }

    /// Starts a server in another way.
    pub fn options() -> ServerOptions {
        ServerOptions::default()
    }

    pub(crate) fn launch(binary: &ServerBinary, options: &ServerOptions) -> Result<Self, ServerError> {
        let Some(identity) = &options.tls else {
            return Self::launch_plain(binary, &options.args);
        };
        let mut server = Self::prepare(binary)?;
        let tls_port = free_port()?;
        server.tls_port = Some(tls_port);
        server.args.extend(own_tls(tls_port, identity, options.client_ca.as_deref()));
        server.args.extend(options.args.iter().cloned());
        if server.restart().is_ok() {
            return Ok(server);
        }
        // Not every build has TLS (the wheel's has not), and no server says so before it is tried.
        let mut server = Self::launch_plain(binary, &options.args)?;
        let front = TlsFront::start(server.plain_address(), identity, options.client_ca.as_deref())?;
        server.tls_port = Some(front.address().port());
        server.front = Some(front);
        Ok(server)
    }

    fn launch_plain(binary: &ServerBinary, args: &[OsString]) -> Result<Self, ServerError> {
        let mut server = Self::prepare(binary)?;
        server.args.extend(args.iter().cloned());
        server.restart()?;
        Ok(server)
    }

    fn prepare(binary: &ServerBinary) -> Result<Self, ServerError> {
        let dir = tempfile::Builder::new().prefix("indelible-server-").tempdir()?;
        let plain_port = free_port()?;
        let mut args: Vec<OsString> = ["--bind", "127.0.0.1", "--daemonize", "no"].map(OsString::from).into();
        args.extend(["--save", "", "--appendonly", "no", "--port"].map(OsString::from));
        args.extend([plain_port.to_string().into(), "--dir".into(), dir.path().into()]);
        Ok(Self { process: None, dir, binary: binary.clone(), args, plain_port, tls_port: None, front: None })
    }

    /// A sentinel that is not started yet: its configuration file, which it keeps writing to, is still to be written.
    pub(crate) fn prepare_sentinel(binary: &ServerBinary) -> Result<(Self, PathBuf), ServerError> {
        let mut server = Self::prepare(binary)?;
        let file = server.dir().join("sentinel.conf");
        server.args = vec![file.clone().into(), "--sentinel".into()];
        Ok((server, file))
    }

    /// `redis://` or, with TLS, `rediss://` and the address.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls_port.is_some() { "rediss" } else { "redis" };
        format!("{scheme}://{}", self.address())
    }

    /// The port that [`url`](Self::url) names.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.tls_port.unwrap_or(self.plain_port)
    }

    /// The address that [`url`](Self::url) names.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port()).into()
    }

    /// Where the server answers in plain text; the same as [`address`](Self::address) without TLS.
    #[must_use]
    pub fn plain_address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.plain_port).into()
    }

    /// Which software it is.
    #[must_use]
    pub fn kind(&self) -> ServerKind {
        self.binary.kind
    }

    /// Its version as it reports it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.binary.version
    }

    /// Its working folder, removed when the server is dropped.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The id of its process; `None` while it is stopped.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(ServerProcess::id)
    }

    /// The value that a command-line argument has.
    pub(crate) fn argument(&self, name: &str) -> Option<String> {
        let place = self.args.iter().position(|arg| arg == name)?;
        self.args.get(place + 1).map(|value| value.to_string_lossy().into_owned())
    }

    /// A client for looking inside, in plain text.
    ///
    /// # Errors
    ///
    /// What connecting fails with.
    pub fn client(&self) -> io::Result<RespClient> {
        RespClient::connect(self.plain_address())
    }

    /// Stops the server if it runs, then starts it on the same ports over the same folder and waits until it answers.
    ///
    /// # Errors
    ///
    /// [`ServerError`] when it does not come up.
    pub fn restart(&mut self) -> Result<(), ServerError> {
        self.stop()?;
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        let logged = log.metadata()?.len();
        let mut process = ServerProcess::spawn(&self.binary.path, &self.args, self.dir(), log)?;
        if let Some(reason) = self.wait_for_answer(&mut process, logged)? {
            drop(process);
            return Err(ServerError::NotUp { path: self.binary.path.clone(), reason, log: self.end_of_log()? });
        }
        self.process = Some(process);
        Ok(())
    }

    /// Ends the server as an operator would (SIGTERM) and waits until it is gone. Does nothing when it is stopped.
    ///
    /// # Errors
    ///
    /// What the operating system fails with.
    pub fn stop(&mut self) -> io::Result<()> {
        self.process.take().map_or(Ok(()), ServerProcess::terminate)
    }

    /// Ends the server as a crash would (SIGKILL) and waits until it is gone.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Suspends the process: connections stay open and nothing is answered.
    ///
    /// # Errors
    ///
    /// What the operating system fails with, or that the server is stopped.
    pub fn freeze(&self) -> io::Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets a frozen process run on.
    ///
    /// # Errors
    ///
    /// What the operating system fails with, or that the server is stopped.
    pub fn thaw(&self) -> io::Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        let process = self.process.as_ref().ok_or_else(|| io::Error::other("the test server is stopped"))?;
        process.signal(signal)
    }

    fn log(&self) -> PathBuf {
        self.dir().join("server.log")
    }

    /// Whether the log says so after its first `logged` bytes.
    fn is_ready(&self, logged: u64) -> io::Result<bool> {
        let log = fs::read(self.log())?;
        let new = usize::try_from(logged).ok().and_then(|logged| log.get(logged..)).unwrap_or_default();
        Ok(READY.iter().any(|ready| new.windows(ready.len()).any(|text| text == *ready)))
    }

    fn end_of_log(&self) -> io::Result<String> {
        let log = fs::read_to_string(self.log())?;
        let lines: Vec<&str> = log.trim_end().lines().collect();
        Ok(lines.get(lines.len().saturating_sub(5)..).unwrap_or_default().join("\n"))
    }

    /// Waits until PING is answered with anything but LOADING (a refusal is an answer: the server may want a
    /// password), and says why not if it never is. An answer before our server has written to its log, which held
    /// `logged` bytes, that it is ready is another's: ours is about to find out that the port is taken.
    fn wait_for_answer(&self, process: &mut ServerProcess, logged: u64) -> io::Result<Option<NotUpReason>> {
        let limit = Instant::now() + START_LIMIT;
        while Instant::now() < limit {
            if process.has_ended()? {
                return Ok(Some(NotUpReason::Ended));
            }
            match self.client().and_then(|mut client| client.command(&["PING"])) {
                Ok(Reply::Error(refusal)) if refusal.starts_with("LOADING") => {}
                Ok(_) if self.is_ready(logged)? => return Ok(None),
                Ok(_) | Err(_) => {}
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(Some(NotUpReason::Silent))
    }
}

/// What a server, or a sentinel, logs once its port is its own and before it answers for the first time.
const READY: [&[u8]; 2] = [b"Ready to accept connections", b"Sentinel ID is"];

/// Arguments that make a server speak TLS itself.
fn own_tls(port: u16, identity: &TlsIdentity, client_ca: Option<&Path>) -> Vec<OsString> {
    let mut args: Vec<OsString> = vec!["--tls-port".into(), port.to_string().into()];
    args.extend(["--tls-cert-file".into(), identity.cert.clone().into()]);
    args.extend(["--tls-key-file".into(), identity.key.clone().into(), "--tls-auth-clients".into()]);
    match client_ca {
        Some(ca) => args.extend(["yes".into(), "--tls-ca-cert-file".into(), ca.into()]),
        None => args.push("no".into()),
    }
    args
}

fn free_port() -> io::Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr().map(|address| address.port())
}
