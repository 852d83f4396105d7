use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::server::TestServer;
use crate::server_binary::{ServerBinary, ServerError};
use crate::tls_material::TlsIdentity;

/// The variable that turns a skipped test into a failed one.
const REQUIRE: &str = "REQUIRE_VALKEY_TESTS";

/// How often a start is tried when somebody else takes the free port before the server has it.
const START_ATTEMPTS: usize = 5;

/// How a [`TestServer`] is to be started.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ServerOptions {
    pub(crate) args: Vec<OsString>,
    pub(crate) tls: Option<TlsIdentity>,
    pub(crate) client_ca: Option<PathBuf>,
}

impl ServerOptions {
    /// Adds command-line arguments after ours, such as `["--appendonly", "yes"]`; the last one of a name wins.
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Serves TLS as `identity`: by the server itself, or by a [`TlsFront`](crate::TlsFront) where it was built without TLS.
    pub fn tls(mut self, identity: &TlsIdentity) -> Self {
        self.tls = Some(identity.clone());
        self
    }

    /// Demands, with TLS, a client certificate that `ca` vouches for.
    pub fn demand_client_certificate(mut self, ca: &Path) -> Self {
        self.client_ca = Some(ca.to_owned());
        self
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Errors
    ///
    /// [`ServerError`] when there is none, or it does not come up.
    pub fn start(self) -> Result<TestServer, ServerError> {
        let binary = ServerBinary::find()?;
        let mut attempt = 1;
        loop {
            match TestServer::launch(&binary, &self) {
                Err(ServerError::NotUp { log, .. })
                    if attempt < START_ATTEMPTS && log.contains("Address already in use") =>
                {
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// Starts the server, or says loudly that the test is skipped because there is none: `None`. With
    /// `REQUIRE_VALKEY_TESTS=1` the lack of a server is an error instead.
    ///
    /// # Errors
    ///
    /// [`ServerError`] when it does not come up, or there is none and there must be one.
    pub fn start_or_skip(self) -> Result<Option<TestServer>, ServerError> {
        match self.start() {
            Err(ServerError::NotFound(tried)) if env::var_os(REQUIRE).is_none_or(|value| value != "1") => {
                // Not `eprintln!`, which the test runner keeps to itself when a test passes.
                let notice = format!("\nSKIPPED, {REQUIRE}=1 makes this a failure: {tried}\n");
                io::stderr().write_all(notice.as_bytes())?;
                Ok(None)
            }
            outcome => outcome.map(Some),
        }
    }
}
