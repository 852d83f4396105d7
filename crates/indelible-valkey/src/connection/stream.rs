//! The byte stream under a connection.

use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::lane::DirectSocket;

trait ByteStream: AsyncRead + AsyncWrite + Send + Sync {}
impl<S: AsyncRead + AsyncWrite + Send + Sync> ByteStream for S {}

/// TCP, TLS over TCP, or a Unix socket.
pub(crate) struct Stream {
    io: Pin<Box<dyn ByteStream>>,
    direct: Option<DirectSocket>,
}

impl Stream {
    /// A stream that only its owner can write to.
    pub(crate) fn new(stream: impl AsyncRead + AsyncWrite + Send + Sync + 'static) -> Self {
        Self { io: Box::pin(stream), direct: None }
    }

    /// Plain TCP; a second handle to the socket lets others write while its owner sleeps.
    pub(crate) fn tcp(stream: TcpStream) -> std::io::Result<Self> {
        let stream = stream.into_std()?;
        let direct = Some(DirectSocket::Tcp(stream.try_clone()?));
        Ok(Self { io: Box::pin(TcpStream::from_std(stream)?), direct })
    }

    /// A Unix socket, likewise.
    pub(crate) fn unix(stream: UnixStream) -> std::io::Result<Self> {
        let stream = stream.into_std()?;
        let direct = Some(DirectSocket::Unix(stream.try_clone()?));
        Ok(Self { io: Box::pin(UnixStream::from_std(stream)?), direct })
    }

    /// The second handle, once.
    pub(crate) fn take_direct(&mut self) -> Option<DirectSocket> {
        self.direct.take()
    }

    /// The stream as the I/O traits take it.
    pub(crate) fn io(&mut self) -> Pin<&mut (impl AsyncRead + AsyncWrite + ?Sized + use<>)> {
        self.io.as_mut()
    }

    /// The stream for whoever wants to own it.
    pub(crate) fn into_io(self) -> impl AsyncRead + AsyncWrite + Send + Unpin + 'static {
        self.io
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stream")
    }
}
