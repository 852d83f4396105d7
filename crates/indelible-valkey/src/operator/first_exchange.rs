//! What answers at the other end: found out with one `PING`, to which every answer of the protocol is as good.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::STEP_TIMEOUT;
use crate::connection::Stream;
use crate::resp::push_command;

/// The longest first line looked at: the sentence of any error reply fits.
const FIRST_LINE_BYTES: usize = 512;
/// The record type of a TLS alert, and the major version that follows it.
const TLS_ALERT: [u8; 2] = [0x15, 0x03];

/// The first thing that the other end said.
#[derive(Debug)]
pub(super) enum FirstAnswer {
    /// A reply of the protocol: its first line.
    Reply(Vec<u8>),
    /// A TLS alert, in the clear.
    TlsAlert,
    /// Something of another protocol.
    Foreign,
    /// The connection ended; the error, unless it was closed in order.
    Closed(Option<io::Error>),
    /// Nothing within the time of a step.
    Silence,
}

/// Sends `PING` and reads the first line of what comes back.
pub(super) async fn exchange(stream: &mut Stream) -> FirstAnswer {
    match timeout(STEP_TIMEOUT, first_line(stream)).await {
        Err(_) => FirstAnswer::Silence,
        Ok(Err(error)) => FirstAnswer::Closed(Some(error)),
        Ok(Ok(line)) if line.is_empty() => FirstAnswer::Closed(None),
        Ok(Ok(line)) if line.starts_with(&TLS_ALERT) => FirstAnswer::TlsAlert,
        Ok(Ok(line)) if line.starts_with(b"+") || line.starts_with(b"-") => FirstAnswer::Reply(line),
        Ok(Ok(_)) => FirstAnswer::Foreign,
    }
}

async fn first_line(stream: &mut Stream) -> io::Result<Vec<u8>> {
    let mut command = Vec::new();
    push_command(&mut command, &[b"PING"]);
    let mut io = stream.io();
    // A server that refuses the connection may have closed it already and said why: read in any case.
    let sent = match io.write_all(&command).await {
        Ok(()) => io.flush().await,
        Err(error) => Err(error),
    };
    let mut line = Vec::new();
    while line.len() < FIRST_LINE_BYTES && !line.ends_with(b"\r\n") && !line.starts_with(&TLS_ALERT) {
        let mut byte = [0];
        if io.read(&mut byte).await? == 0 {
            break;
        }
        line.extend_from_slice(&byte);
    }
    if line.is_empty() { sent.map(|()| line) } else { Ok(line) }
}

/// Whether the port answers the protocol without TLS.
pub(super) async fn answers_in_the_clear(address: SocketAddr) -> bool {
    match timeout(STEP_TIMEOUT, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => matches!(exchange(&mut Stream::new(stream)).await, FirstAnswer::Reply(_)),
        _ => false,
    }
}

/// Whether the port answers a TLS handshake: no certificate is trusted here, and to be shown one is the answer.
pub(super) async fn answers_tls(address: SocketAddr) -> bool {
    let Ok(builder) =
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions()
    else {
        return false;
    };
    let config = builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    let handshake = async {
        let stream = TcpStream::connect(address).await?;
        TlsConnector::from(Arc::new(config)).connect(ServerName::IpAddress(address.ip().into()), stream).await
    };
    match timeout(STEP_TIMEOUT, handshake).await {
        Err(_) => false,
        Ok(Ok(_)) => true,
        Ok(Err(error)) => matches!(
            error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()),
            Some(
                rustls::Error::InvalidCertificate(_)
                    | rustls::Error::AlertReceived(_)
                    | rustls::Error::PeerIncompatible(_)
            )
        ),
    }
}
