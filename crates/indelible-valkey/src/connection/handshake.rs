//! The opening of a connection: authenticate, name it, examine the server, pin the generation. One round trip; two
//! when the keyspace has no generation yet.

use std::sync::Arc;

use indelible_core::{Access, Failure};

use super::conversation::{Conversation, Said, push_auth};
use super::{ServerInfo, Stream};
use crate::config::GenerationMode;
use crate::credentials::Credentials;
use crate::event::{Alarm, Event};
use crate::examiner::Examiner;
use crate::fault::Fault;
use crate::generation::GenerationPin;
use crate::label_commands::generation_key;
use crate::resp::{ReplyReader, push_command};

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
    let mut conversation = Conversation::over(stream, reader);
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

impl Conversation<'_> {
    async fn introduce(&mut self, handshake: &Handshake, events: &mut Vec<Event>) -> Result<ServerInfo, Fault> {
        let login = handshake.credentials.read(events).await?;
        let mut out = Vec::new();
        if let Some(login) = &login {
            push_auth(&mut out, login);
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
}
