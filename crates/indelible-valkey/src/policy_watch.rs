//! Tells of policies that another node has changed: one RESP3 connection on which the server reports every write under
//! `aa:policy:` (`CLIENT TRACKING ON BCAST PREFIX`). While it stands, policies may be kept in memory; once it is lost,
//! nothing that is kept can be trusted.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion, PushInfo, PushKind, RedisConnectionInfo, Value};
use secrecy::ExposeSecret;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::connection::Dialer;
use crate::credentials::Credentials;
use crate::event::{Event, Policies};
use crate::outcome::Outcomes;

const PREFIX: &str = "aa:policy:";
/// How often the connection is tried: a server that is silent on a dead line looks like one with nothing to tell.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Mean pause before the next connection.
const PAUSE: Duration = Duration::from_millis(500);

/// Follows the policies of one backend.
#[derive(Debug)]
pub(crate) struct PolicyWatch {
    pub(crate) dialer: Dialer,
    pub(crate) credentials: Credentials,
    pub(crate) connect_timeout: Duration,
    pub(crate) command_timeout: Duration,
    pub(crate) outcomes: Arc<dyn Outcomes>,
}

impl PolicyWatch {
    /// Follows until the engine ends; a lost connection is told and replaced.
    pub(crate) async fn run(self) {
        loop {
            if let Some((connection, pushes)) = timeout(self.connect_timeout, self.connect()).await.ok().flatten() {
                self.tell(Policies::Tracking);
                self.follow(connection, pushes).await;
                self.tell(Policies::Lost);
            }
            tokio::time::sleep(PAUSE.mul_f64(0.5 + fastrand::f64())).await;
        }
    }

    async fn connect(&self) -> Option<(Followed, UnboundedReceiver<PushInfo>)> {
        let mut events = Vec::new();
        let (stream, trial) = self.dialer.dial(&mut events).await.ok()?;
        let mut info = RedisConnectionInfo::default().set_skip_set_lib_name().set_protocol(ProtocolVersion::RESP3);
        if let Some(login) = self.credentials.read(&mut events).await.ok()? {
            if let Some(username) = &login.username {
                info = info.set_username(&**username);
            }
            info = info.set_password(login.password.expose_secret());
        }
        let (sender, pushes) = unbounded_channel();
        let config =
            AsyncConnectionConfig::new().set_push_sender(sender).set_response_timeout(Some(self.command_timeout));
        let (connection, driver) =
            MultiplexedConnection::new_with_config(&info, stream.into_io(), config).await.ok()?;
        let mut followed = Followed { connection, driver: tokio::spawn(driver) };
        if !followed.ask(&["CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", PREFIX]).await {
            return None;
        }
        trial.passed();
        Some((followed, pushes))
    }

    /// Reports invalidations until the connection is lost.
    async fn follow(&self, mut connection: Followed, mut pushes: UnboundedReceiver<PushInfo>) {
        loop {
            match timeout(HEARTBEAT, pushes.recv()).await {
                Ok(Some(PushInfo { kind: PushKind::Invalidate, data })) => match agents(&data) {
                    Some(agents) => self.tell(Policies::Invalidated { agents }),
                    // The server has dropped everything: FLUSHALL, or too many keys to name.
                    None => return,
                },
                Ok(Some(PushInfo { kind: PushKind::Disconnection, .. }) | None) => return,
                Ok(Some(_)) => {}
                Err(_) => {
                    if !connection.ask(&["GET", "aa:policy:"]).await {
                        return;
                    }
                }
            }
        }
    }

    fn tell(&self, policies: Policies) {
        self.outcomes.event(Event::Policies(policies));
    }
}

/// The connection with its driver, which ends with it.
struct Followed {
    connection: MultiplexedConnection,
    driver: tokio::task::JoinHandle<()>,
}

impl Followed {
    /// Whether the server answered without an error.
    async fn ask(&mut self, command: &[&str]) -> bool {
        let mut packed = redis::Cmd::new();
        packed.arg(command);
        packed.query_async::<Value>(&mut self.connection).await.is_ok()
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// The agents whose policies have changed; `None` when all may have.
fn agents(data: &[Value]) -> Option<Vec<Box<str>>> {
    let Some(Value::Array(keys)) = data.first() else { return None };
    keys.iter()
        .map(|key| match key {
            Value::BulkString(key) => Some(std::str::from_utf8(key).ok()?.strip_prefix(PREFIX)?.into()),
            _ => None,
        })
        .collect()
}
