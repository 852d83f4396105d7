//! The byte stream under a connection.

use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};

trait ByteStream: AsyncRead + AsyncWrite + Send + Sync {}
impl<S: AsyncRead + AsyncWrite + Send + Sync> ByteStream for S {}

/// TCP, TLS over TCP, or a Unix socket.
pub(crate) struct Stream(Pin<Box<dyn ByteStream>>);

impl Stream {
    pub(crate) fn new(stream: impl AsyncRead + AsyncWrite + Send + Sync + 'static) -> Self {
        Self(Box::pin(stream))
    }

    /// The stream as the I/O traits take it.
    pub(crate) fn io(&mut self) -> Pin<&mut (impl AsyncRead + AsyncWrite + ?Sized + use<>)> {
        self.0.as_mut()
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stream")
    }
}
