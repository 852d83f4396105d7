//! Writing to a lane from the caller's own thread: while nothing is under way, the way over the driver's thread would
//! only cost a wake-up. One caller alone pays nothing for the design that carries many.

use std::io::{self, Write};
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use crate::pipeline::Pipeline;
use crate::store_core::StoreCore;

/// The same socket as the driver's, not blocking. There is none under TLS, whose records the driver has to make.
#[derive(Debug)]
pub(crate) enum DirectSocket {
    /// TCP.
    Tcp(TcpStream),
    /// A Unix socket.
    #[cfg(unix)]
    Unix(UnixStream),
}

impl DirectSocket {
    /// Writes what the socket takes now; an error is left for the driver to find.
    pub(super) fn write(&mut self, bytes: &[u8]) -> usize {
        let written: io::Result<usize> = match self {
            Self::Tcp(stream) => stream.write(bytes),
            #[cfg(unix)]
            Self::Unix(stream) => stream.write(bytes),
        };
        written.unwrap_or(0)
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
