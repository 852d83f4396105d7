//! The opening of a connection: authenticate, name it, examine the server, pin the generation. One round trip; two
//! when the keyspace has no generation yet.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::Poll;

use indelible_core::{Access, Failure, Unavailable};
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};

use super::{ServerInfo, Stream};
use crate::config::GenerationMode;
use crate::credentials::Credentials;
use crate::event::{Alarm, Event};
use crate::examiner::Examiner;
use crate::fault::Fault;
use crate::generation::GenerationPin;
use crate::label_commands::generation_key;
use crate::resp::{Element, Malformed, Reply, ReplyReader, ServerError, push_command};
use crate::tls::{describe_tls_failure, is_tls_failure};

/// What every new connection is asked and told.
#[derive(Debug)]
pub(crate) struct Handshake {
    pub(crate) credentials: Credentials,
    pub(crate) database: u32,
    pub(crate) key_prefix: Box<str>,
    pub(crate) generation: Arc<GenerationPin>,
    pub(crate) examiner: Arc<Examiner>,
}

/// Examines a new connection. What it learnt, or why the connection must not be used.
pub(crate) async fn greet(
    stream: &mut Stream,
    reader: &mut ReplyReader,
    handshake: &Handshake,
    events: &mut Vec<Event>,
) -> Result<ServerInfo, Fault> {
    let mut conversation = Conversation { stream, reader };
    let info = conversation.introduce(handshake, events).await?;
    if handshake.generation.mode().is_on() {
        conversation.pin_generation(handshake, events).await?;
    }
    Ok(info)
}

/// A server without a password answers `ERR` to one: that is about access, not about the protocol.
fn refused_login(fault: Fault) -> Fault {
    match (fault.failure, fault.server_code.as_deref()) {
        (Failure::Undecodable(_), Some("ERR")) => Fault { failure: Failure::Access(Access::Auth), ..fault },
        _ => fault,
    }
}

/// A status, error, integer or text, without its place in the buffer.
enum Said {
    Fine,
    Text(Vec<u8>),
    Nothing,
    Refused(ServerError),
}

struct Conversation<'a> {
    stream: &'a mut Stream,
    reader: &'a mut ReplyReader,
}

impl Conversation<'_> {
    async fn introduce(&mut self, handshake: &Handshake, events: &mut Vec<Event>) -> Result<ServerInfo, Fault> {
        let login = handshake.credentials.read(events).await?;
        let mut out = Vec::new();
        if let Some(login) = &login {
            let password = login.password.expose_secret().as_bytes();
            match &login.username {
                Some(username) => push_command(&mut out, &[b"AUTH", username.as_bytes(), password]),
                None => push_command(&mut out, &[b"AUTH", password]),
            }
        }
        if handshake.database != 0 {
            push_command(&mut out, &[b"SELECT", handshake.database.to_string().as_bytes()]);
        }
        push_command(&mut out, &[b"CLIENT", b"SETNAME", b"indelible"]);
        push_command(&mut out, &[b"CLIENT", b"SETINFO", b"LIB-NAME", b"indelible"]);
        push_command(&mut out, &[b"CLIENT", b"SETINFO", b"LIB-VER", env!("CARGO_PKG_VERSION").as_bytes()]);
        // A user without MULTI would run the SADD of an append outside a transaction: found out here, not there.
        push_command(&mut out, &[b"MULTI"]);
        push_command(&mut out, &[b"EXEC"]);
        let mut examination = handshake.examiner.ask(&mut out);
        self.send(&mut out).await?;

        if login.is_some() {
            self.must_succeed().await.map_err(refused_login).inspect_err(|fault| {
                if fault.failure == Failure::Access(Access::Auth) {
                    events.push(Event::Alarm(Alarm::CredentialsRejected {
                        detail: "the server refused the credentials",
                    }));
                }
            })?;
        }
        if handshake.database != 0 {
            self.must_succeed().await.map_err(|fault| match fault.failure {
                Failure::Undecodable(_) => fault.with_detail("the server has no database of the configured number"),
                _ => fault,
            })?;
        }
        // Names are a courtesy to the operator: a server or user without them is as good.
        for _ in 0..3 {
            self.next().await?;
        }
        self.must_succeed().await?;
        self.must_succeed().await?;
        while !self.read(|reply| handshake.examiner.accept(&mut examination, reply)).await?? {}
        handshake.examiner.judge(examination)
    }

    /// Pins the generation at the first connection, and creates one where that is allowed and there is none. A lost
    /// generation is no reason to refuse the connection: every pipeline finds it out for itself.
    async fn pin_generation(&mut self, handshake: &Handshake, events: &mut Vec<Event>) -> Result<(), Fault> {
        let key = generation_key(&handshake.key_prefix);
        let pin = &handshake.generation;
        if pin.is_pinned() {
            return Ok(());
        }
        let read: &[&[u8]] = &[b"GETEX", key.as_bytes(), b"PERSIST"];
        let mut value = self.ask(read).await?;
        if matches!(value, Said::Nothing) && pin.mode() == GenerationMode::Observe {
            let created = pin.create().map_err(|_| Fault::new(Failure::Internal))?;
            // Read first: at maxmemory the SET is refused although there is a generation already.
            match self.ask(&[b"SET", key.as_bytes(), created.encode().as_bytes(), b"NX"]).await? {
                Said::Refused(error) => return Err(error.into()),
                Said::Fine => events.push(Event::Alarm(Alarm::GenerationCreated)),
                // Another node was faster.
                Said::Nothing | Said::Text(_) => {}
            }
            value = self.ask(read).await?;
        }
        match value {
            Said::Text(text) => {
                if let crate::generation::Seen::Noted(alarm) = pin.observe(Some(&text)) {
                    events.push(Event::Alarm(alarm));
                }
                Ok(())
            }
            Said::Nothing => Ok(()),
            Said::Refused(error) if &*error.code == "WRONGTYPE" => Ok(()),
            Said::Refused(error) => Err(error.into()),
            Said::Fine => Err(Fault::protocol()),
        }
    }

    async fn ask(&mut self, command: &[&[u8]]) -> Result<Said, Fault> {
        let mut out = Vec::new();
        push_command(&mut out, command);
        self.send(&mut out).await?;
        self.next().await
    }

    async fn must_succeed(&mut self) -> Result<(), Fault> {
        match self.next().await? {
            Said::Fine => Ok(()),
            Said::Refused(error) => Err(error.into()),
            Said::Text(_) | Said::Nothing => Err(Fault::protocol()),
        }
    }

    async fn send(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let mut io = self.stream.io();
        let sent = match io.write_all(out).await {
            Ok(()) => io.flush().await,
            Err(error) => Err(error),
        };
        // It may have held a password.
        zeroize::Zeroize::zeroize(out);
        sent.map_err(|error| broken(&error))
    }

    async fn next(&mut self) -> Result<Said, Fault> {
        self.read(|reply| {
            Ok(match reply {
                Reply::Scalar(Element::Error(line)) => Said::Refused(ServerError::parse(line)),
                Reply::Scalar(Element::Bulk(text)) => Said::Text(text.to_vec()),
                Reply::Scalar(Element::Nil) | Reply::NilArray => Said::Nothing,
                Reply::Scalar(Element::Status(_) | Element::Integer(_)) | Reply::Array(_) => Said::Fine,
                Reply::TooLarge => return Err(Malformed),
            })
        })
        .await
    }

    /// Waits for the next reply and gives it to `take`.
    async fn read<T>(&mut self, mut take: impl FnMut(&Reply<'_>) -> Result<T, Malformed>) -> Result<T, Fault> {
        loop {
            if let Some(reply) = self.reader.next_reply().map_err(|_| Fault::protocol())? {
                let taken = take(&reply).map_err(|_| Fault::protocol());
                self.reader.consume();
                return taken;
            }
            let (stream, reader) = (&mut *self.stream, &mut *self.reader);
            let count = poll_fn(|cx| {
                let mut space = ReadBuf::new(reader.space());
                match stream.io().poll_read(cx, &mut space) {
                    Poll::Ready(Ok(())) => Poll::Ready(Ok(space.filled().len())),
                    Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                    Poll::Pending => Poll::Pending,
                }
            })
            .await
            .map_err(|error| broken(&error))?;
            if count == 0 {
                return Err(Fault::new(Failure::Unavailable(Unavailable::ConnectionLost)));
            }
            self.reader.advance(count);
        }
    }
}

/// Why a new connection broke. Under TLS 1.3 a server refuses our certificate only when we have spoken already.
fn broken(error: &io::Error) -> Fault {
    if is_tls_failure(error) {
        return Fault::new(Failure::Unavailable(Unavailable::Tls)).with_detail(describe_tls_failure(error));
    }
    Fault::new(Failure::Unavailable(Unavailable::ConnectionLost))
}
