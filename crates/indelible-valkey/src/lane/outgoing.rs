//! What a lane has still to write, and how much its socket has taken.

use std::io;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

use crate::connection::Stream;

/// The output of one connection.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    bytes: Vec<u8>,
    /// Bytes of `bytes` that the socket has taken.
    taken: usize,
    /// Bytes that the socket has taken since the connection was opened.
    written: u64,
    needs_flush: bool,
}

impl Outgoing {
    /// Where commands are appended.
    pub(super) fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Position in the connection's output of the byte that is appended next.
    pub(super) fn position(&self) -> u64 {
        self.written + (self.bytes.len() - self.taken) as u64
    }

    /// Bytes that the socket has taken since the connection was opened.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Somebody else has written `sent` bytes to the socket, and left `rest`.
    pub(super) fn adopt(&mut self, sent: usize, rest: &[u8]) {
        self.written += sent as u64;
        self.bytes.extend_from_slice(rest);
    }

    /// Writes what the socket takes now.
    ///
    /// # Errors
    ///
    /// The connection is lost.
    pub(super) fn write(&mut self, stream: &mut Stream, cx: &mut Context<'_>) -> io::Result<()> {
        while self.taken < self.bytes.len() {
            let rest = self.bytes.get(self.taken..).unwrap_or_default();
            match stream.io().poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(written) => {
                    let count = written?;
                    self.taken += count;
                    self.written += count as u64;
                    self.needs_flush = true;
                }
                Poll::Pending => break,
            }
        }
        if self.taken == self.bytes.len() {
            self.bytes.clear();
            self.taken = 0;
        }
        if self.needs_flush
            && let Poll::Ready(flushed) = stream.io().poll_flush(cx)
        {
            flushed?;
            self.needs_flush = false;
        }
        Ok(())
    }
}
