//! One connection for an operator's questions, one at a time, over redis-rs.

use std::fmt;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, RedisError, Value};
use tokio::task::JoinHandle;

use super::STEP_TIMEOUT;
use crate::connection::Stream;
use crate::resp::ServerError;

/// A connection that is driven until it is dropped.
pub(super) struct Link {
    connection: MultiplexedConnection,
    driver: JoinHandle<()>,
    /// Why no further question makes sense: a server that was silent once is not waited for again and again.
    gone: Option<Refusal>,
}

impl Link {
    /// Takes over a stream. Sends nothing: authenticating is a step of its own.
    pub(super) async fn over(stream: Stream) -> Result<Self, Refusal> {
        let info = RedisConnectionInfo::default().set_skip_set_lib_name();
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(STEP_TIMEOUT));
        let (connection, driver) =
            MultiplexedConnection::new_with_config(&info, stream.into_io(), config).await.map_err(Refusal::from)?;
        Ok(Self { connection, driver: tokio::spawn(driver), gone: None })
    }

    /// Sends one command and waits for its reply.
    pub(super) async fn ask(&mut self, command: &[&[u8]]) -> Result<Value, Refusal> {
        if let Some(gone) = &self.gone {
            return Err(gone.clone());
        }
        let mut packed = redis::Cmd::new();
        packed.arg(command);
        let answer = packed.query_async(&mut self.connection).await.map_err(Refusal::from);
        if let Err(refusal @ (Refusal::Silent | Refusal::Lost | Refusal::Malformed)) = &answer {
            self.gone = Some(refusal.clone());
        }
        answer
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // With its driver goes the socket: what was queued in an open MULTI is never executed.
        self.driver.abort();
    }
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The server answered with an error of this code word.
    Server(Box<str>),
    /// No answer within [`STEP_TIMEOUT`].
    Silent,
    /// The connection ended.
    Lost,
    /// An answer that this command does not have.
    Malformed,
}

impl Refusal {
    /// The code word of the server's error, or nothing.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Server(code) => code,
            Self::Silent | Self::Lost | Self::Malformed => "",
        }
    }

    pub(super) fn is_permission(&self) -> bool {
        self.code() == "NOPERM"
    }

    /// What an operator can do about it.
    pub(super) fn hint(&self) -> &'static str {
        match self.code() {
            "NOAUTH" | "WRONGPASS" => "check the user and the password",
            "NOPERM" => "give the user the rules of docs/operations.md",
            "READONLY" | "MASTERDOWN" => "connect to the primary, not to a replica",
            "NOREPLICAS" => "bring back the replicas that min-replicas-to-write asks for",
            "MISCONF" => "the server cannot write to its disk: free space or mend its permissions",
            "OOM" => "the server is full: raise maxmemory",
            "LOADING" => "wait until the server has read its data",
            "MOVED" | "ASK" | "CROSSSLOT" | "CLUSTERDOWN" => {
                "the server is a node of a cluster: write topology: cluster, and endpoints instead of endpoint"
            }
            _ => match self {
                Self::Silent => "look at the server's load, and at what stands between it and this machine",
                Self::Lost => "look into the server's log for why it ended the connection",
                Self::Server(_) | Self::Malformed => "is this a Valkey, or a Redis of 7.0 or newer?",
            },
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(code) if code.is_empty() => f.write_str("the server answered an error"),
            Self::Server(code) => write!(f, "the server answered {code}"),
            Self::Silent => write!(f, "the server did not answer within {} s", STEP_TIMEOUT.as_secs()),
            Self::Lost => f.write_str("the server ended the connection"),
            Self::Malformed => f.write_str("the server gave an answer that this command does not have"),
        }
    }
}

impl From<RedisError> for Refusal {
    fn from(error: RedisError) -> Self {
        match error.code() {
            // The sentence says what an aborted transaction was aborted for; of it all only a code word is kept.
            Some(code) => {
                let line = format!("{code} {}", error.detail().unwrap_or_default());
                Self::Server(ServerError::parse(line.as_bytes()).code)
            }
            None if error.is_timeout() => Self::Silent,
            None if error.is_io_error() => Self::Lost,
            None => Self::Malformed,
        }
    }
}
