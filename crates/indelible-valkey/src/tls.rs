//! TLS through rustls with ring: chain and name are always verified, 1.2 is the floor, and there is no switch that
//! weakens either.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};

use crate::config::{ConfigError, ConfigErrorCode, RawTlsFiles};

/// What a TLS connection is opened with.
#[derive(Debug)]
pub(crate) struct ClientTls {
    config: Arc<ClientConfig>,
    server_name: Option<Box<str>>,
}

impl ClientTls {
    /// Reads and checks the files.
    pub(crate) fn from_files(files: &RawTlsFiles) -> Result<Self, ConfigError> {
        if let Some(name) = &files.server_name {
            ServerName::try_from(name.as_str())
                .map_err(|_| ConfigError::invalid("tls.serverName", "is no host name or IP address"))?;
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| ConfigError::new(ConfigErrorCode::Unavailable, "tls", error))?
            .with_root_certificates(roots(files.ca.as_deref())?);
        let config = match (&files.cert, &files.key) {
            (None, None) => builder.with_no_client_auth(),
            (Some(cert), Some(key)) => {
                let chain = certificates("tls.cert", cert)?;
                let key = private_key(key)?;
                builder.with_client_auth_cert(chain, key).map_err(|_| {
                    ConfigError::invalid("tls.key", "does not belong to the certificate of tls.cert; use its own key")
                })?
            }
            (Some(_), None) => return Err(ConfigError::invalid("tls.key", "is missing; tls.cert needs its key")),
            (None, Some(_)) => {
                return Err(ConfigError::invalid("tls.cert", "is missing; tls.key needs its certificate"));
            }
        };
        Ok(Self { config: Arc::new(config), server_name: files.server_name.as_deref().map(Into::into) })
    }

    pub(crate) fn client_config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }

    /// The name that the server's certificate must carry when dialling `host`.
    pub(crate) fn server_name(&self, host: &str) -> Option<ServerName<'static>> {
        let name = self.server_name.as_deref().unwrap_or(host);
        ServerName::try_from(name.to_owned()).ok()
    }
}

fn roots(ca: Option<&str>) -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = ca else {
        let system = rustls_native_certs::load_native_certs();
        let (added, _) = roots.add_parsable_certificates(system.certs);
        if added == 0 {
            return Err(ConfigError::invalid(
                "tls.ca",
                "is missing, and the system has no trusted authorities; name a file",
            ));
        }
        return Ok(roots);
    };
    for certificate in certificates("tls.ca", path)? {
        roots
            .add(certificate)
            .map_err(|_| ConfigError::invalid("tls.ca", "holds a certificate that cannot be an authority"))?;
    }
    Ok(roots)
}

/// The certificates of a PEM file; a file without any is an error, because trusting nobody by mistake looks like
/// an outage.
fn certificates(path: &str, file: &str) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let pem = read(path, file)?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|_| ConfigError::invalid(path, "holds a certificate that is not well-formed PEM"))?;
    if certificates.is_empty() {
        return Err(ConfigError::invalid(path, "holds no certificate; it must be a PEM file with at least one"));
    }
    Ok(certificates)
}

fn private_key(file: &str) -> Result<PrivateKeyDer<'static>, ConfigError> {
    let pem = zeroize::Zeroizing::new(read("tls.key", file)?);
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
        ConfigError::invalid("tls.key", "holds no private key; it must be an unencrypted PEM file with one")
    })
}

fn read(path: &str, file: &str) -> Result<Vec<u8>, ConfigError> {
    std::fs::read(Path::new(file)).map_err(|error| {
        ConfigError::new(
            ConfigErrorCode::UnreadableFile,
            path,
            format_args!("names a file that cannot be read ({}); check the path and its permissions", error.kind()),
        )
    })
}

/// What went wrong in a handshake, in words for the operator.
pub(crate) fn describe_tls_error(error: &io::Error) -> &'static str {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return "the server ended the TLS handshake; does this port speak TLS?";
    };
    match error {
        rustls::Error::InvalidCertificate(reason) => match reason {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the server's certificate has expired"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "the server's certificate is not valid yet"
            }
            CertificateError::UnknownIssuer => "the server's certificate is signed by an authority that is not trusted",
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the server's certificate is for another name"
            }
            CertificateError::Revoked => "the server's certificate has been revoked",
            _ => "the server's certificate was not accepted",
        },
        rustls::Error::AlertReceived(_) => "the server refused the TLS handshake; does it want a client certificate?",
        rustls::Error::InvalidMessage(_) => "the server does not speak TLS on this port",
        rustls::Error::PeerIncompatible(_) => "the server offers no TLS version or cipher that is acceptable",
        _ => "the TLS handshake failed",
    }
}
