//! Opens the byte stream to an endpoint. Names are resolved on every call, so a moved server is found.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use indelible_core::{Failure, NotPrimary, Unavailable};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio_rustls::TlsConnector;

use super::Stream;
use super::stream::with_second_handle;
use super::suspects::{Suspects, Trial};
use crate::endpoint::{Address, Endpoint};
use crate::event::Event;
use crate::fault::Fault;
use crate::sentinel::Primary;
use crate::tls::{ClientTls, describe_tls_failure};

/// Where and how to connect.
#[derive(Debug, Clone)]
pub(crate) struct Dialer {
    target: Target,
    tls: Option<Arc<ClientTls>>,
    suspects: Suspects,
}

#[derive(Debug, Clone)]
enum Target {
    Fixed(Endpoint),
    /// Whatever the sentinels name, asked anew for every connection.
    Primary(Arc<Primary>),
}

impl Dialer {
    pub(crate) fn new(endpoint: Endpoint, tls: Option<Arc<ClientTls>>) -> Self {
        Self { target: Target::Fixed(endpoint), tls, suspects: Suspects::default() }
    }

    /// Connects to the primary that sentinels name.
    pub(crate) fn to_primary(primary: Arc<Primary>, tls: Option<Arc<ClientTls>>) -> Self {
        Self { target: Target::Primary(primary), tls, suspects: Suspects::default() }
    }

    /// Where it leads to, if that does not have to be found out first.
    pub(crate) fn address(&self) -> Option<&Address> {
        match &self.target {
            Target::Fixed(endpoint) => Some(endpoint.address()),
            Target::Primary(_) => None,
        }
    }

    /// The trial passes once the server has answered.
    pub(crate) async fn dial(&self, events: &mut Vec<Event>) -> Result<(Stream, Trial), Fault> {
        match &self.target {
            Target::Fixed(endpoint) => self.dial_address(endpoint.address(), events).await,
            Target::Primary(primary) => {
                let address = primary.find().await?;
                let named = Endpoint::at(address);
                named.require_tls_unless_local(self.tls.is_some()).map_err(|_| {
                    Fault::new(Failure::NotPrimary(NotPrimary::Topology))
                        .with_detail("the sentinels name a server on another machine, and TLS is off: set tls")
                })?;
                let dialled = self.dial_address(named.address(), events).await?;
                // Others may have found a newer primary while this one was being dialled.
                if primary.is_current(named.address()) {
                    return Ok(dialled);
                }
                Err(Fault::new(Failure::Unavailable(Unavailable::ConnectionLost)))
            }
        }
    }

    /// The fault of a new connection as it concerns whoever named the server.
    pub(crate) fn blame(&self, fault: Fault) -> Fault {
        match (&self.target, fault.failure) {
            (Target::Primary(primary), Failure::NotPrimary(NotPrimary::ReadOnly)) => {
                primary.disown();
                Fault { failure: Failure::NotPrimary(NotPrimary::Topology), ..fault }
                    .with_detail("the server that the sentinels name is a replica")
            }
            _ => fault,
        }
    }

    async fn dial_address(&self, address: &Address, events: &mut Vec<Event>) -> Result<(Stream, Trial), Fault> {
        match address {
            Address::Unix(path) => {
                let stream = UnixStream::connect(path).await.map_err(|error| connect_fault(&error))?;
                let stream = Stream::unix(stream).map_err(|error| connect_fault(&error))?;
                Ok((stream, Trial::without_choice()))
            }
            Address::Tcp { host, port } => self.dial_tcp(host, *port, events).await,
        }
    }

    async fn dial_tcp(&self, host: &str, port: u16, events: &mut Vec<Event>) -> Result<(Stream, Trial), Fault> {
        let mut last = Fault::new(Failure::Unavailable(Unavailable::Dns));
        let mut addresses = self.resolve(host, port).await?;
        self.suspects.sort(&mut addresses);
        for address in addresses {
            let trial = self.suspects.trial(address);
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(|error| connect_fault(&error))?;
                    return Ok((self.secure(stream, host, events).await?, trial));
                }
                Err(error) => last = connect_fault(&error),
            }
        }
        Err(last)
    }

    /// The addresses of a host; none when there is none that may be dialled.
    pub(crate) async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Fault> {
        let addresses: Vec<SocketAddr> = match host.parse::<IpAddr>() {
            Ok(ip) => vec![SocketAddr::new(ip, port)],
            Err(_) => lookup_host((host, port))
                .await
                .map_err(|_| Fault::new(Failure::Unavailable(Unavailable::Dns)))?
                // `localhost` may be dialled without TLS, so it must be what its name says.
                .filter(|address| self.tls.is_some() || address.ip().is_loopback())
                .collect(),
        };
        Ok(addresses)
    }

    /// Puts TLS on a connection to `host`, if TLS is on.
    pub(crate) async fn secure(&self, stream: TcpStream, host: &str, events: &mut Vec<Event>) -> Result<Stream, Fault> {
        let Some(tls) = &self.tls else { return Stream::tcp(stream).map_err(|error| connect_fault(&error)) };
        let fault = |detail: &'static str| Fault::new(Failure::Unavailable(Unavailable::Tls)).with_detail(detail);
        let name = tls.server_name(host).ok_or_else(|| fault("the host is no name that a certificate can carry"))?;
        let (stream, socket) = with_second_handle(stream).map_err(|error| connect_fault(&error))?;
        let secured = TlsConnector::from(tls.client_config(events)).connect(name, stream).await;
        secured.map(|stream| Stream::tls(stream, socket)).map_err(|error| fault(describe_tls_failure(&error)))
    }
}

fn connect_fault(error: &io::Error) -> Fault {
    Fault::new(Failure::Unavailable(match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => {
            Unavailable::ConnectionLost
        }
        _ => Unavailable::Refused,
    }))
}
