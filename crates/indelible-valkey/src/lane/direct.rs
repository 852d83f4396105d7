//! Writing to a lane from the caller's own thread: while nothing is under way, the way over the driver's thread would
//! only cost a wake-up. One caller alone pays nothing for the design that carries many.

use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use socket2::SockRef;

use crate::pipeline::Pipeline;
use crate::store_core::StoreCore;

/// A second handle to the socket of a connection, not blocking.
#[derive(Debug)]
pub(crate) enum Socket {
    /// TCP, with or without TLS on it.
    Tcp(TcpStream),
    /// A Unix socket.
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Socket {
    /// Writes what the socket takes now; an error is left for the driver to find. Not for a socket under TLS, whose
    /// records only its owner can make.
    pub(super) fn write(&self, bytes: &[u8]) -> usize {
        let written: io::Result<usize> = match self {
            Self::Tcp(stream) => (&mut &*stream).write(bytes),
            #[cfg(unix)]
            Self::Unix(stream) => (&mut &*stream).write(bytes),
        };
        written.unwrap_or(0)
    }

    /// Whether a read would find something now: bytes, the end or an error.
    pub(crate) fn is_readable(&self) -> bool {
        let mut byte = [MaybeUninit::uninit()];
        let peeked = match self {
            Self::Tcp(stream) => SockRef::from(stream).peek(&mut byte),
            #[cfg(unix)]
            Self::Unix(stream) => SockRef::from(stream).peek(&mut byte),
        };
        !matches!(peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

/// A pipeline that was written past the driver, for it to read the replies of.
#[derive(Debug)]
pub(super) struct DirectlyWritten {
    pub(super) pipeline: Pipeline,
    pub(super) store: Arc<StoreCore>,
    /// Bytes that the socket has taken.
    pub(super) sent: usize,
    /// Bytes that it has not: the driver writes them.
    pub(super) rest: Vec<u8>,
}
