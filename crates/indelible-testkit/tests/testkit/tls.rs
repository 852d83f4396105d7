//! Good certificates work, bad ones are refused for the reason they were made for.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use indelible_testkit::{Reply, RespClient, TestServer, TlsFront, TlsIdentity, TlsMaterial};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// Says PING over TLS as a client that trusts `ca`: the reply, or what the handshake failed with.
fn ping(address: SocketAddr, ca: &Path, client: Option<&TlsIdentity>) -> Result<Reply, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match client {
        Some(identity) => {
            let certificate = CertificateDer::from_pem_file(&identity.cert).unwrap();
            let key = PrivateKeyDer::from_pem_file(&identity.key).unwrap();
            builder.with_client_auth_cert(vec![certificate], key).unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let reply = RespClient::over(StreamOwned::new(connection, stream)).command(&["PING"]);
    reply.map_err(|error: io::Error| error.to_string())
}

fn pong() -> Result<Reply, String> {
    Ok(Reply::Simple("PONG".into()))
}

#[test]
fn a_server_speaks_tls_and_can_be_looked_into() {
    let material = TlsMaterial::generate().unwrap();
    let mut server = TestServer::tls(&material).unwrap();
    assert_eq!(server.url(), format!("rediss://127.0.0.1:{}", server.port()));
    assert_eq!(ping(server.address(), &material.ca, None), pong());
    assert_eq!(server.client().unwrap().command(&["PING"]).unwrap(), pong().unwrap());

    server.restart().unwrap();
    assert_eq!(ping(server.address(), &material.ca, None), pong());
}

#[test]
fn bad_server_certificates_are_refused_for_their_reason() {
    let material = TlsMaterial::generate().unwrap();
    let server = TestServer::start().unwrap();
    for (identity, ca, reason) in [
        (&material.server, &material.other_ca, "UnknownIssuer"),
        (&material.other_ca_server, &material.ca, "UnknownIssuer"),
        (&material.expired_server, &material.ca, "certificate expired"),
        (&material.wrong_name_server, &material.ca, "not valid for name"),
    ] {
        let front = TlsFront::start(server.address(), identity, None).unwrap();
        let error = ping(front.address(), ca, None).unwrap_err();
        assert!(error.contains(reason), "{reason}: {error}");
    }
    let front = TlsFront::start(server.address(), &material.other_ca_server, None).unwrap();
    assert_eq!(ping(front.address(), &material.other_ca, None), pong());
}

#[test]
fn client_certificates_are_demanded_and_judged() {
    let material = TlsMaterial::generate().unwrap();
    let options = TestServer::options().tls(&material.server).demand_client_certificate(&material.ca);
    let server = options.start().unwrap();
    // With the server's own TLS and with ours, whichever the server has.
    let front = TlsFront::start(server.plain_address(), &material.server, Some(&material.ca)).unwrap();
    for address in [server.address(), front.address()] {
        assert_eq!(ping(address, &material.ca, Some(&material.client)), pong());
        for refused in [None, Some(&material.expired_client), Some(&material.other_ca_client)] {
            let error = ping(address, &material.ca, refused).unwrap_err();
            assert!(error.contains("alert"), "{refused:?}: {error}");
        }
    }
}

#[test]
fn the_empty_authority_holds_no_certificate() {
    let material = TlsMaterial::generate().unwrap();
    assert_eq!(CertificateDer::pem_file_iter(&material.empty_ca).unwrap().count(), 0);
}

#[test]
fn material_goes_with_its_folder() {
    let material = TlsMaterial::generate().unwrap();
    let dir = material.dir().to_owned();
    assert!(dir.join("ca.pem").exists());
    drop(material);
    assert!(!dir.exists());
}
