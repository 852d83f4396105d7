//! Questions and answers on a connection that carries no operations: one at a time, or a few at once.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use indelible_core::{Failure, Unavailable};
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};

use super::Stream;
use crate::credentials::Login;
use crate::fault::Fault;
use crate::resp::{Element, Malformed, Reply, ReplyReader, ServerError, push_command};
use crate::tls::{describe_tls_failure, is_tls_failure};

/// Writes the command that authenticates.
pub(crate) fn push_auth(out: &mut Vec<u8>, login: &Login) {
    let password = login.password.expose_secret().as_bytes();
    match &login.username {
        Some(username) => push_command(out, &[b"AUTH", username.as_bytes(), password]),
        None => push_command(out, &[b"AUTH", password]),
    }
}

/// A status, error, integer or text, without its place in the buffer.
pub(crate) enum Said {
    Fine,
    Text(Vec<u8>),
    Nothing,
    Refused(ServerError),
}

/// A connection while it is asked.
pub(crate) struct Conversation<'a> {
    stream: &'a mut Stream,
    reader: &'a mut ReplyReader,
}

impl<'a> Conversation<'a> {
    pub(crate) fn over(stream: &'a mut Stream, reader: &'a mut ReplyReader) -> Self {
        Self { stream, reader }
    }

    pub(crate) async fn ask(&mut self, command: &[&[u8]]) -> Result<Said, Fault> {
        let mut out = Vec::new();
        push_command(&mut out, command);
        self.send(&mut out).await?;
        self.next().await
    }

    pub(crate) async fn must_succeed(&mut self) -> Result<(), Fault> {
        match self.next().await? {
            Said::Fine => Ok(()),
            Said::Refused(error) => Err(error.into()),
            Said::Text(_) | Said::Nothing => Err(Fault::protocol()),
        }
    }

    pub(crate) async fn send(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let mut io = self.stream.io();
        let sent = match io.write_all(out).await {
            Ok(()) => io.flush().await,
            Err(error) => Err(error),
        };
        // It may have held a password.
        zeroize::Zeroize::zeroize(out);
        sent.map_err(|error| broken(&error))
    }

    pub(crate) async fn next(&mut self) -> Result<Said, Fault> {
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
    pub(crate) async fn read<T>(
        &mut self,
        mut take: impl FnMut(&Reply<'_>) -> Result<T, Malformed>,
    ) -> Result<T, Fault> {
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
