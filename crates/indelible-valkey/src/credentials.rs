//! Who we are to the server. Asked anew for every connection, so that what has been rotated is found.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use indelible_core::{Access, Failure};
use secrecy::SecretString;

use crate::event::{Alarm, Event};
use crate::fault::Fault;

/// A password, with the user it belongs to unless that is the default user.
#[derive(Debug, Clone)]
pub struct Login {
    /// `None` is the default user.
    pub username: Option<Box<str>>,
    /// Never printed.
    pub password: SecretString,
}

/// Gives the credentials of each new connection. The time it takes counts towards the connect time-out.
#[async_trait]
pub trait CredentialsProvider: fmt::Debug + Send + Sync {
    /// The credentials now; `None` when there are none to be had, which fails the connection.
    async fn credentials(&self) -> Option<Login>;
}

/// Where the credentials come from.
#[derive(Debug, Clone)]
pub(crate) enum Credentials {
    /// The server asks for none.
    None,
    /// Given in the configuration.
    Fixed(Login),
    /// The password stands in a file.
    File(Arc<PasswordFile>),
    /// Asked of the host program.
    Provider(Arc<dyn CredentialsProvider>),
}

impl Credentials {
    /// The credentials for one new connection.
    pub(crate) async fn read(&self, events: &mut Vec<Event>) -> Result<Option<Login>, Fault> {
        match self {
            Self::None => Ok(None),
            Self::Fixed(login) => Ok(Some(login.clone())),
            Self::File(file) => Ok(Some(file.read(events))),
            Self::Provider(provider) => match provider.credentials().await {
                Some(login) => Ok(Some(login)),
                None => {
                    let detail = "the credentials function gave none";
                    events.push(Event::Alarm(Alarm::CredentialsRejected { detail }));
                    Err(Fault::new(Failure::Access(Access::Auth)).with_detail(detail))
                }
            },
        }
    }
}

/// A file that holds a password; a trailing newline is not part of it.
#[derive(Debug)]
pub(crate) struct PasswordFile {
    username: Option<Box<str>>,
    path: PathBuf,
    /// What it held when it could last be read.
    last: Mutex<SecretString>,
}

impl PasswordFile {
    pub(crate) fn open(username: Option<Box<str>>, path: PathBuf) -> std::io::Result<Self> {
        let last = Mutex::new(read_password(&path)?);
        Ok(Self { username, path, last })
    }

    fn read(&self, events: &mut Vec<Event>) -> Login {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match read_password(&self.path) {
            Ok(password) => *last = password,
            // Half-way through a rotation: the old one may still be good.
            Err(_) => {
                let detail = "the password file cannot be read; the last password stays in use";
                events.push(Event::Alarm(Alarm::CredentialsRejected { detail }));
            }
        }
        Login { username: self.username.clone(), password: last.clone() }
    }
}

/// The password in a file, without the newline that editors leave at the end.
fn read_password(path: &Path) -> std::io::Result<SecretString> {
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(path)?);
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "the file is empty"));
    }
    Ok(SecretString::from(password))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn folder() -> PathBuf {
        let folder = std::env::temp_dir().join(format!("indelible-credentials-{}", fastrand::u64(..)));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn only_the_last_newline_is_dropped() {
        let folder = folder();
        let path = folder.join("password");
        for (text, password) in [("pw", "pw"), ("pw\n", "pw"), ("pw\r\n", "pw"), (" p w \n\n", " p w \n")] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read_password(&path).unwrap().expose_secret(), password);
        }
        std::fs::write(&path, "\n").unwrap();
        assert!(read_password(&path).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_rotated_file_is_found_and_a_broken_one_keeps_the_last_password() {
        let folder = folder();
        let path = folder.join("password");
        std::fs::write(&path, "one").unwrap();
        let file = PasswordFile::open(None, path.clone()).unwrap();
        let mut events = Vec::new();
        std::fs::write(&path, "two").unwrap();
        assert_eq!(file.read(&mut events).password.expose_secret(), "two");
        assert!(events.is_empty());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(file.read(&mut events).password.expose_secret(), "two");
        assert_eq!(events.len(), 1);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
