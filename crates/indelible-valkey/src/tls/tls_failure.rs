//! What went wrong in a handshake, in words for the operator.

use std::io;

use rustls::CertificateError;

/// Whether it was TLS that failed, and not the connection beneath it.
pub(crate) fn is_tls_failure(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
}

/// Names the cause of a failed handshake; never a value of either side.
pub(crate) fn describe_tls_failure(error: &io::Error) -> &'static str {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return "the server ended the TLS handshake; does this port speak TLS?";
    };
    match error {
        rustls::Error::InvalidCertificate(reason) => describe_certificate(reason),
        rustls::Error::AlertReceived(_) => "the server refused the TLS handshake; does it want a client certificate?",
        rustls::Error::InvalidMessage(_) => "the server does not speak TLS on this port",
        rustls::Error::PeerIncompatible(_) => "the server offers no TLS version or cipher that is acceptable",
        _ => "the TLS handshake failed",
    }
}

fn describe_certificate(reason: &CertificateError) -> &'static str {
    match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "the server's certificate has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet"
        }
        CertificateError::UnknownIssuer => "the server's certificate is signed by an authority that is not trusted",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for another name"
        }
        CertificateError::Revoked => "the server's certificate has been revoked",
        _ => "the server's certificate was not accepted",
    }
}
