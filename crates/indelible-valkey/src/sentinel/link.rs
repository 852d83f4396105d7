//! The connection to one sentinel, kept between questions.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::config::SentinelConfig;
use crate::connection::{Conversation, Dialer, Stream, push_auth};
use crate::endpoint::{Address, Endpoint};
use crate::event::Event;
use crate::fault::Fault;
use crate::outcome::Outcomes;
use crate::resp::{Element, Malformed, Reply, ReplyReader, push_command};

/// What a sentinel says of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Its primary is there.
    Named(Address),
    /// It knows no such service.
    Unknown,
    /// It refused the credentials or the question.
    Refused,
    /// It could not be reached, or did not answer in time or in the protocol.
    Silent,
}

impl Answer {
    /// The primary that it names.
    pub(crate) fn address(&self) -> Option<&Address> {
        match self {
            Self::Named(address) => Some(address),
            Self::Unknown | Self::Refused | Self::Silent => None,
        }
    }

    pub(super) fn names(&self, address: &Address) -> bool {
        self.address() == Some(address)
    }
}

/// The way to one sentinel.
#[derive(Debug)]
pub(super) struct Link {
    sentinels: Arc<SentinelConfig>,
    dialer: Dialer,
    events: Arc<dyn Outcomes>,
    /// Taken out while it is asked: a question that is given up leaves no half-read answer behind.
    open: Mutex<Option<Connection>>,
}

/// An authenticated connection to a sentinel.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Stream,
    reader: ReplyReader,
}

impl Connection {
    pub(super) fn converse(&mut self) -> Conversation<'_> {
        Conversation::over(&mut self.stream, &mut self.reader)
    }
}

impl Link {
    pub(super) fn new(sentinels: Arc<SentinelConfig>, endpoint: &Endpoint, events: Arc<dyn Outcomes>) -> Self {
        let dialer = Dialer::new(endpoint.clone(), sentinels.tls.clone());
        Self { sentinels, dialer, events, open: Mutex::default() }
    }

    /// Where it listens.
    pub(super) fn address(&self) -> Option<&Address> {
        self.dialer.address()
    }

    pub(super) fn service(&self) -> &str {
        &self.sentinels.service
    }

    /// Opens a connection; the name of the sentinel is resolved anew.
    pub(super) async fn connect(&self) -> Result<Connection, Fault> {
        let mut events = Vec::new();
        let connected = self.connect_telling(&mut events).await;
        events.into_iter().for_each(|event| self.events.event(event));
        connected
    }

    async fn connect_telling(&self, events: &mut Vec<Event>) -> Result<Connection, Fault> {
        let (stream, trial) = self.dialer.dial(events).await?;
        trial.passed();
        let mut connection = Connection { stream, reader: ReplyReader::new() };
        if let Some(login) = self.sentinels.credentials.read(events).await? {
            let mut out = Vec::new();
            push_auth(&mut out, &login);
            let mut conversation = connection.converse();
            conversation.send(&mut out).await?;
            conversation.must_succeed().await?;
        }
        Ok(connection)
    }

    /// Asks where the primary is.
    pub(super) async fn ask(&self, within: Duration) -> Answer {
        timeout(within, self.ask_twice()).await.unwrap_or(Answer::Silent)
    }

    /// Over the connection that is open, or over a new one if there is none or it has been lost since.
    async fn ask_twice(&self) -> Answer {
        let mut open = self.open.lock().await;
        if let Some(connection) = open.take()
            && let Ok(answer) = self.ask_over(connection, &mut open).await
        {
            return answer;
        }
        match self.connect().await {
            Ok(connection) => self.ask_over(connection, &mut open).await.unwrap_or_else(|fault| of_fault(&fault)),
            Err(fault) => of_fault(&fault),
        }
    }

    async fn ask_over(&self, mut connection: Connection, keep: &mut Option<Connection>) -> Result<Answer, Fault> {
        let mut out = Vec::new();
        push_command(&mut out, &[b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", self.service().as_bytes()]);
        let mut conversation = connection.converse();
        conversation.send(&mut out).await?;
        let answer = conversation.read(read_address).await?;
        *keep = Some(connection);
        Ok(answer)
    }
}

fn read_address(reply: &Reply<'_>) -> Result<Answer, Malformed> {
    match reply {
        Reply::NilArray | Reply::Scalar(Element::Nil) => Ok(Answer::Unknown),
        Reply::Scalar(Element::Error(_)) => Ok(Answer::Refused),
        Reply::Array(parts) => {
            let mut parts = parts.iter();
            match (parts.next(), parts.next(), parts.next()) {
                (Some(Element::Bulk(host)), Some(Element::Bulk(port)), None) => {
                    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| Malformed);
                    let port = text(port)?.parse().map_err(|_| Malformed)?;
                    Address::of_node(text(host)?, port).map(Answer::Named).ok_or(Malformed)
                }
                _ => Err(Malformed),
            }
        }
        Reply::Scalar(_) | Reply::TooLarge => Err(Malformed),
    }
}

fn of_fault(fault: &Fault) -> Answer {
    if fault.server_code.is_some() { Answer::Refused } else { Answer::Silent }
}
