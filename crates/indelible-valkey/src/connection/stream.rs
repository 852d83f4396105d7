//! The byte stream under a connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::lane::Socket;

trait ByteStream: AsyncRead + AsyncWrite + Send + Sync {}
impl<S: AsyncRead + AsyncWrite + Send + Sync> ByteStream for S {}

/// TCP, TLS over TCP, or a Unix socket.
pub(crate) struct Stream {
    io: Pin<Box<dyn ByteStream>>,
    socket: Option<Arc<Socket>>,
    /// What is written to the socket is what the server reads.
    is_plain: bool,
}

impl Stream {
    /// A stream without a second handle.
    pub(crate) fn new(stream: impl AsyncRead + AsyncWrite + Send + Sync + 'static) -> Self {
        Self { io: Box::pin(stream), socket: None, is_plain: false }
    }

    /// Plain TCP.
    pub(crate) fn tcp(stream: TcpStream) -> io::Result<Self> {
        let (stream, socket) = with_second_handle(stream)?;
        Ok(Self { io: Box::pin(stream), socket: Some(socket), is_plain: true })
    }

    /// TLS over TCP; `socket` is the one under it.
    pub(crate) fn tls(stream: impl AsyncRead + AsyncWrite + Send + Sync + 'static, socket: Arc<Socket>) -> Self {
        Self { io: Box::pin(stream), socket: Some(socket), is_plain: false }
    }

    /// A Unix socket.
    pub(crate) fn unix(stream: UnixStream) -> io::Result<Self> {
        let stream = stream.into_std()?;
        let socket = Some(Arc::new(Socket::Unix(stream.try_clone()?)));
        Ok(Self { io: Box::pin(UnixStream::from_std(stream)?), socket, is_plain: true })
    }

    /// The second handle to the socket: tells whether there is something to read.
    pub(crate) fn socket(&self) -> Option<&Arc<Socket>> {
        self.socket.as_ref()
    }

    /// The second handle for others to write to while its owner sleeps; none under TLS.
    pub(crate) fn direct(&self) -> Option<Arc<Socket>> {
        self.socket.clone().filter(|_| self.is_plain)
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

/// A TCP stream and a second handle to its socket.
pub(super) fn with_second_handle(stream: TcpStream) -> io::Result<(TcpStream, Arc<Socket>)> {
    let stream = stream.into_std()?;
    let socket = Arc::new(Socket::Tcp(stream.try_clone()?));
    Ok((TcpStream::from_std(stream)?, socket))
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stream")
    }
}
