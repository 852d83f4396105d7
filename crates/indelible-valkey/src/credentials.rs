//! Who we are to the server. A password file is read anew for every connection, so a rotated one is found.

use std::path::{Path, PathBuf};

use indelible_core::{Access, Failure};
use secrecy::SecretString;

use crate::fault::Fault;

/// Where the credentials come from.
#[derive(Debug, Clone)]
pub(crate) enum Credentials {
    /// The server asks for none.
    None,
    /// Given in the configuration.
    Fixed(Login),
    /// The password stands in a file; a trailing newline is not part of it.
    File { username: Option<Box<str>>, path: PathBuf },
}

/// A password, with the user it belongs to unless that is the default user.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) username: Option<Box<str>>,
    pub(crate) password: SecretString,
}

impl Credentials {
    /// The credentials for one new connection.
    pub(crate) fn read(&self) -> Result<Option<Login>, Fault> {
        match self {
            Self::None => Ok(None),
            Self::Fixed(login) => Ok(Some(login.clone())),
            Self::File { username, path } => match read_password_file(path) {
                Ok(password) => Ok(Some(Login { username: username.clone(), password })),
                Err(_) => {
                    Err(Fault::new(Failure::Access(Access::Auth)).with_detail("the password file could not be read"))
                }
            },
        }
    }
}

/// The password in a file, without the newline that editors leave at the end.
pub(crate) fn read_password_file(path: &Path) -> std::io::Result<SecretString> {
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

    #[test]
    fn only_the_last_newline_is_dropped() {
        let dir = std::env::temp_dir().join(format!("indelible-credentials-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        for (text, password) in [("pw", "pw"), ("pw\n", "pw"), ("pw\r\n", "pw"), (" p w \n\n", " p w \n")] {
            let path = dir.join("password");
            std::fs::write(&path, text).unwrap();
            assert_eq!(read_password_file(&path).unwrap().expose_secret(), password);
        }
        std::fs::write(dir.join("empty"), "\n").unwrap();
        assert!(read_password_file(&dir.join("empty")).is_err());
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
