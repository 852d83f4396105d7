use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::background::Background;
use crate::tls_material::TlsIdentity;

/// TLS on a loopback port before a server that speaks plain text: for servers that were built without TLS.
#[derive(Debug)]
pub struct TlsFront {
    address: SocketAddr,
    _accepting: Background,
}

impl TlsFront {
    /// Accepts as `identity` and passes on to `upstream`. With `client_ca`, demands a client certificate that it
    /// vouches for.
    ///
    /// # Errors
    ///
    /// What reading the files or listening fails with.
    pub fn start(upstream: SocketAddr, identity: &TlsIdentity, client_ca: Option<&Path>) -> io::Result<Self> {
        let acceptor = TlsAcceptor::from(Arc::new(server_config(identity, client_ca)?));
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let accepting = Background::start("tls-front", move || accept(listener, upstream, acceptor))?;
        Ok(Self { address, _accepting: accepting })
    }

    /// Where TLS is spoken.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn accept(listener: std::net::TcpListener, upstream: SocketAddr, acceptor: TlsAcceptor) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                connections.spawn(pass_on(accepted?.0, upstream, acceptor.clone()));
            }
            Some(_ended) = connections.join_next() => {}
        }
    }
}

/// An error here is a client or server that went away or failed the handshake: the peer has seen it, and that is what
/// the test looks at.
async fn pass_on(client: TcpStream, upstream: SocketAddr, acceptor: TlsAcceptor) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut client = acceptor.accept(client).await?;
    let mut server = TcpStream::connect(upstream).await?;
    server.set_nodelay(true)?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

fn server_config(identity: &TlsIdentity, client_ca: Option<&Path>) -> io::Result<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    let builder = match client_ca {
        Some(ca) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(ca)? {
                roots.add(certificate).map_err(io::Error::other)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider)
                .build()
                .map_err(io::Error::other)?;
            builder.with_client_cert_verifier(verifier)
        }
        None => builder.with_no_client_auth(),
    };
    let key = PrivateKeyDer::from_pem_file(&identity.key).map_err(io::Error::other)?;
    builder.with_single_cert(certificates(&identity.cert)?, key).map_err(io::Error::other)
}

fn certificates(file: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_file_iter(file).and_then(Iterator::collect).map_err(io::Error::other)
}
