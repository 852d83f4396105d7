use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use tempfile::TempDir;

/// A certificate and its private key, as PEM files.
#[derive(Clone, Debug)]
pub struct TlsIdentity {
    /// The certificate.
    pub cert: PathBuf,
    /// Its private key, PKCS #8.
    pub key: PathBuf,
}

/// Certificates made for one test, good and bad, in a folder that goes with the value.
#[derive(Debug)]
pub struct TlsMaterial {
    /// The authority that vouches for everything below that does not say otherwise.
    pub ca: PathBuf,
    /// An authority that nobody here trusts.
    pub other_ca: PathBuf,
    /// A file where a CA is expected and that holds no certificate.
    pub empty_ca: PathBuf,
    /// A server at `localhost`, `127.0.0.1` and `::1`.
    pub server: TlsIdentity,
    /// The same server, with a certificate that ended in 2002.
    pub expired_server: TlsIdentity,
    /// A server at `elsewhere.invalid`.
    pub wrong_name_server: TlsIdentity,
    /// The same server, vouched for by [`other_ca`](Self::other_ca).
    pub other_ca_server: TlsIdentity,
    /// A client.
    pub client: TlsIdentity,
    /// A client whose certificate ended in 2002.
    pub expired_client: TlsIdentity,
    /// A client vouched for by [`other_ca`](Self::other_ca).
    pub other_ca_client: TlsIdentity,
    dir: TempDir,
}

impl TlsMaterial {
    /// Makes new keys and certificates.
    ///
    /// # Errors
    ///
    /// What writing the files fails with.
    pub fn generate() -> io::Result<Self> {
        let dir = tempfile::Builder::new().prefix("indelible-tls-").tempdir()?;
        let forge = Forge { dir: dir.path() };
        let (ca, issuer) = forge.authority("ca")?;
        let (other_ca, other_issuer) = forge.authority("other-ca")?;
        let empty_ca = forge.write("empty-ca.pem", "no certificate in here\n")?;
        Ok(Self {
            ca,
            other_ca,
            empty_ca,
            server: forge.identity("server", Role::Server(HERE), Validity::Current, &issuer)?,
            expired_server: forge.identity("expired-server", Role::Server(HERE), Validity::Expired, &issuer)?,
            wrong_name_server: forge.identity(
                "wrong-name-server",
                Role::Server(ELSEWHERE),
                Validity::Current,
                &issuer,
            )?,
            other_ca_server: forge.identity("other-ca-server", Role::Server(HERE), Validity::Current, &other_issuer)?,
            client: forge.identity("client", Role::Client, Validity::Current, &issuer)?,
            expired_client: forge.identity("expired-client", Role::Client, Validity::Expired, &issuer)?,
            other_ca_client: forge.identity("other-ca-client", Role::Client, Validity::Current, &other_issuer)?,
            dir,
        })
    }

    /// The folder of the files, removed when the value is dropped.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }
}

const HERE: &[&str] = &["localhost", "127.0.0.1", "::1"];
const ELSEWHERE: &[&str] = &["elsewhere.invalid"];

#[derive(Clone, Copy)]
enum Role {
    Server(&'static [&'static str]),
    Client,
}

#[derive(Clone, Copy)]
enum Validity {
    Current,
    Expired,
}

struct Forge<'a> {
    dir: &'a Path,
}

impl Forge<'_> {
    fn authority(&self, name: &str) -> io::Result<(PathBuf, Issuer<'static, KeyPair>)> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, format!("indelible test {name}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let cert = params.self_signed(&key).map_err(io::Error::other)?;
        let path = self.write(&format!("{name}.pem"), &cert.pem())?;
        Ok((path, Issuer::new(params, key)))
    }

    fn identity(
        &self,
        name: &str,
        role: Role,
        validity: Validity,
        issuer: &Issuer<'_, KeyPair>,
    ) -> io::Result<TlsIdentity> {
        let (names, usage) = match role {
            Role::Server(names) => (names, ExtendedKeyUsagePurpose::ServerAuth),
            Role::Client => (&[][..], ExtendedKeyUsagePurpose::ClientAuth),
        };
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        params.distinguished_name.push(DnType::CommonName, format!("indelible test {name}"));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        match validity {
            Validity::Current => {} // rcgen's own bounds: 1975 to 4096
            Validity::Expired => {
                params.not_before = date_time_ymd(2001, 1, 1);
                params.not_after = date_time_ymd(2002, 1, 1);
            }
        }
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let cert = params.signed_by(&key, issuer).map_err(io::Error::other)?;
        Ok(TlsIdentity {
            cert: self.write(&format!("{name}.pem"), &cert.pem())?,
            key: self.write_secret(&format!("{name}.key"), &key.serialize_pem())?,
        })
    }

    /// Writes a file that nobody else may read, as every private key should be.
    fn write_secret(&self, file: &str, text: &str) -> io::Result<PathBuf> {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let path = self.dir.join(file);
        let mut file = fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&path)?;
        file.write_all(text.as_bytes())?;
        Ok(path)
    }

    fn write(&self, file: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.dir.join(file);
        fs::write(&path, text)?;
        Ok(path)
    }
}
