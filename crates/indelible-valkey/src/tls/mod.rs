//! TLS through rustls with ring: chain and name are always verified, 1.2 is the floor, and there is no switch that
//! weakens either.

mod pem_source;
mod tls_failure;

use std::sync::{Arc, Mutex, PoisonError};

use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};

use crate::config::{ConfigError, ConfigErrorCode, RawTlsFiles};
use crate::event::{Alarm, Event};

use pem_source::PemSource;
pub(crate) use tls_failure::{describe_tls_failure, is_tls_failure};

/// What a TLS connection is opened with. Files are read anew for every connection; a pair that cannot be used leaves
/// the last good one in place.
#[derive(Debug)]
pub(crate) struct ClientTls {
    ca: Option<PemSource>,
    /// Our own certificate and its key.
    identity: Option<(PemSource, PemSource)>,
    server_name: Option<Box<str>>,
    last: Mutex<Loaded>,
}

#[derive(Debug, Clone)]
struct Loaded {
    texts: Texts,
    config: Arc<ClientConfig>,
}

/// The PEM texts that a configuration was made of: it is made anew only when they change.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Texts {
    ca: Option<Vec<u8>>,
    identity: Option<(Vec<u8>, zeroize::Zeroizing<Vec<u8>>)>,
}

impl ClientTls {
    /// Reads and checks the files.
    pub(crate) fn open(files: &RawTlsFiles) -> Result<Self, ConfigError> {
        if let Some(name) = &files.server_name {
            ServerName::try_from(name.as_str())
                .map_err(|_| ConfigError::invalid("tls.serverName", "is no host name or IP address"))?;
        }
        let source = |path, text: &Option<String>| text.as_deref().map(|text| PemSource::new(path, text));
        let identity = match (source("tls.cert", &files.cert), source("tls.key", &files.key)) {
            (None, None) => None,
            (Some(cert), Some(key)) => Some((cert, key)),
            (Some(_), None) => return Err(ConfigError::invalid("tls.key", "is missing; tls.cert needs its key")),
            (None, Some(_)) => {
                return Err(ConfigError::invalid("tls.cert", "is missing; tls.key needs its certificate"));
            }
        };
        let ca = source("tls.ca", &files.ca);
        let last = Mutex::new(load(read_texts(ca.as_ref(), identity.as_ref())?)?);
        Ok(Self { ca, identity, server_name: files.server_name.as_deref().map(Into::into), last })
    }

    /// The settings for a new connection.
    pub(crate) fn client_config(&self, events: &mut Vec<Event>) -> Arc<ClientConfig> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let renewed = read_texts(self.ca.as_ref(), self.identity.as_ref())
            .and_then(|texts| if texts == last.texts { Ok(None) } else { load(texts).map(Some) });
        match renewed {
            Ok(Some(loaded)) => *last = loaded,
            Ok(None) => {}
            Err(_) => {
                let detail = "the TLS files cannot be used; the last good ones stay in use";
                events.push(Event::Alarm(Alarm::CredentialsRejected { detail }));
            }
        }
        Arc::clone(&last.config)
    }

    /// The name that the server's certificate must carry when dialling `host`.
    pub(crate) fn server_name(&self, host: &str) -> Option<ServerName<'static>> {
        let name = self.server_name.as_deref().unwrap_or(host);
        ServerName::try_from(name.to_owned()).ok()
    }
}

fn read_texts(ca: Option<&PemSource>, identity: Option<&(PemSource, PemSource)>) -> Result<Texts, ConfigError> {
    let identity = identity.map(|(cert, key)| Ok::<_, ConfigError>((cert.read()?, key.read_secret()?)));
    Ok(Texts { ca: ca.map(PemSource::read).transpose()?, identity: identity.transpose()? })
}

fn load(texts: Texts) -> Result<Loaded, ConfigError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| ConfigError::new(ConfigErrorCode::Unavailable, "tls", error))?
        .with_root_certificates(roots(texts.ca.as_deref())?);
    let config = match &texts.identity {
        None => builder.with_no_client_auth(),
        Some((cert, key)) => {
            let chain = pem_source::certificates("tls.cert", cert)?;
            pem_source::require_current(&chain)?;
            builder.with_client_auth_cert(chain, pem_source::private_key(key)?).map_err(|_| {
                ConfigError::invalid("tls.key", "does not belong to the certificate of tls.cert; use its own key")
            })?
        }
    };
    Ok(Loaded { texts, config: Arc::new(config) })
}

fn roots(ca: Option<&[u8]>) -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    let Some(pem) = ca else {
        let system = rustls_native_certs::load_native_certs();
        let (added, _) = roots.add_parsable_certificates(system.certs);
        if added == 0 {
            return Err(ConfigError::invalid("tls.ca", "is missing, and the system trusts no authority; name a file"));
        }
        return Ok(roots);
    };
    for certificate in pem_source::certificates("tls.ca", pem)? {
        roots
            .add(certificate)
            .map_err(|_| ConfigError::invalid("tls.ca", "holds a certificate that cannot be an authority"))?;
    }
    Ok(roots)
}
