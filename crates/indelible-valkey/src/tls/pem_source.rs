//! Where PEM text comes from, and what is taken from it.

use std::fmt;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

use crate::config::{ConfigError, ConfigErrorCode};

/// A file, or the text itself.
pub(super) enum PemSource {
    File { path: &'static str, file: PathBuf },
    Text(Zeroizing<Vec<u8>>),
}

impl PemSource {
    /// What a key of the configuration says: text that holds a PEM block is the text, anything else names a file.
    pub(super) fn new(path: &'static str, given: &str) -> Self {
        if given.contains("-----BEGIN ") {
            Self::Text(Zeroizing::new(given.as_bytes().to_vec()))
        } else {
            Self::File { path, file: given.into() }
        }
    }

    pub(super) fn read(&self) -> Result<Vec<u8>, ConfigError> {
        match self {
            Self::Text(text) => Ok(text.to_vec()),
            Self::File { path, file } => std::fs::read(file).map_err(|error| unreadable(path, &error)),
        }
    }

    /// The same for a private key, which nobody else may be able to read.
    pub(super) fn read_secret(&self) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
        if let Self::File { path, file } = self {
            require_private(path, file)?;
        }
        self.read().map(Zeroizing::new)
    }
}

/// Shows where it comes from and never what it holds.
impl fmt::Debug for PemSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, .. } => write!(f, "PemSource(file of {path})"),
            Self::Text(_) => f.write_str("PemSource(text)"),
        }
    }
}

fn unreadable(path: &str, error: &std::io::Error) -> ConfigError {
    ConfigError::new(
        ConfigErrorCode::UnreadableFile,
        path,
        format_args!("names a file that cannot be read ({}); check the path and its permissions", error.kind()),
    )
}

#[cfg(unix)]
fn require_private(path: &str, file: &Path) -> Result<(), ConfigError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(file).map_err(|error| unreadable(path, &error))?.permissions().mode();
    if mode & 0o004 == 0 {
        return Ok(());
    }
    Err(ConfigError::invalid(path, "names a private key that everybody may read; chmod it to 600"))
}

#[cfg(not(unix))]
fn require_private(_: &str, _: &Path) -> Result<(), ConfigError> {
    Ok(())
}

/// The certificates of a PEM text; one without any is an error, because trusting nobody by mistake looks like an
/// outage.
pub(super) fn certificates(path: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|_| ConfigError::invalid(path, "holds a certificate that is not well-formed PEM"))?;
    if certificates.is_empty() {
        return Err(ConfigError::invalid(path, "holds no certificate; it must be PEM with at least one"));
    }
    Ok(certificates)
}

pub(super) fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, ConfigError> {
    PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| ConfigError::invalid("tls.key", "holds no private key; it must be unencrypted PEM with one"))
}

/// Our own certificate must be valid now: the server would only say that the handshake failed.
pub(super) fn require_current(chain: &[CertificateDer<'_>]) -> Result<(), ConfigError> {
    let Some(own) = chain.first() else { return Ok(()) };
    let (_, certificate) = X509Certificate::from_der(own)
        .map_err(|_| ConfigError::invalid("tls.cert", "holds a certificate that cannot be read"))?;
    if certificate.validity().is_valid() {
        return Ok(());
    }
    Err(ConfigError::invalid("tls.cert", "holds a certificate that is not valid now; renew it"))
}
