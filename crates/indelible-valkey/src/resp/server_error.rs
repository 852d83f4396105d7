//! What an error reply means. Only its code word is read: the sentences differ between servers and versions.

use indelible_core::{Access, Failure, NotDurable, NotPrimary, Unavailable, Undecodable};

use crate::cluster::Redirect;

/// A classified error reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerError {
    /// What it means to a caller.
    pub(crate) failure: Failure,
    /// The code word, for `serverCode`; never the sentence, which may hold values.
    pub(crate) code: Box<str>,
    /// Where a cluster sends the operation on.
    pub(crate) redirect: Option<Box<Redirect>>,
}

impl ServerError {
    /// Classifies the line of an error reply (without the leading `-`).
    pub(crate) fn parse(line: &[u8]) -> Self {
        let text = String::from_utf8_lossy(line);
        // An aborted transaction names the refusal that aborted it: that is the error worth reporting.
        let inner =
            text.strip_prefix("EXECABORT").and_then(|rest| rest.split_once("because of: ")).map(|(_, inner)| inner);
        let said = inner.unwrap_or(&text);
        let code = code_word(said);
        let failure = match code {
            "ERR" if text.contains("max number of clients") => Failure::Unavailable(Unavailable::ConnectionLost),
            "LOADING" => Failure::Unavailable(Unavailable::Loading),
            "CLUSTERDOWN" => Failure::Unavailable(Unavailable::ClusterDown),
            // `UNBLOCKED` ends a WAIT on a server that has become a replica meanwhile.
            "READONLY" | "MASTERDOWN" | "UNBLOCKED" => Failure::NotPrimary(NotPrimary::ReadOnly),
            "NOREPLICAS" => Failure::NotPrimary(NotPrimary::NoReplicas),
            "MOVED" | "ASK" | "TRYAGAIN" => Failure::NotPrimary(NotPrimary::Redirect),
            "MISCONF" => Failure::NotDurable(NotDurable::Misconf),
            "OOM" => Failure::OutOfMemory,
            "NOAUTH" | "WRONGPASS" | "DENIED" => Failure::Access(Access::Auth),
            "NOPERM" => Failure::Access(Access::Permission),
            "WRONGTYPE" => Failure::Undecodable(Undecodable::Value),
            _ => Failure::Undecodable(Undecodable::Protocol),
        };
        let redirect = (failure == Failure::NotPrimary(NotPrimary::Redirect)).then(|| Redirect::parse(said)).flatten();
        Self { failure, code: code.into(), redirect: redirect.map(Box::new) }
    }

    /// The one to report of two errors of the same operation: the one that says most about what to do next.
    pub(crate) fn more_telling(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }

    fn rank(&self) -> u8 {
        match self.failure {
            Failure::NotPrimary(_) | Failure::Unavailable(_) => 5,
            Failure::Access(_) => 4,
            Failure::OutOfMemory | Failure::NotDurable(_) => 3,
            Failure::Undecodable(Undecodable::Value) => 2,
            // `EXECABORT` alone, and whatever this driver does not know, say least.
            _ if &*self.code == "EXECABORT" => 0,
            _ => 1,
        }
    }
}

fn code_word(text: &str) -> &str {
    let word = text.split([' ', '\r', '\n']).next().unwrap_or_default();
    let plausible = word.len() <= 32 && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if plausible { word } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_both_servers_mean_the_same() {
        for (line, failure) in [
            ("NOPERM this user has no permissions to run the 'smembers' command", Failure::Access(Access::Permission)),
            ("NOPERM User u has no permissions to run the 'smembers' command", Failure::Access(Access::Permission)),
            ("READONLY You can't write against a read only replica.", Failure::NotPrimary(NotPrimary::ReadOnly)),
            (
                "EXECABORT Transaction discarded because of: READONLY You can't write against a read only replica.",
                Failure::NotPrimary(NotPrimary::ReadOnly),
            ),
            ("MISCONF Valkey is configured to save RDB snapshots", Failure::NotDurable(NotDurable::Misconf)),
            ("OOM command not allowed when used memory > 'maxmemory'.", Failure::OutOfMemory),
            ("ERR max number of clients reached", Failure::Unavailable(Unavailable::ConnectionLost)),
            (
                "EXECABORT Transaction discarded because of previous errors.",
                Failure::Undecodable(Undecodable::Protocol),
            ),
            ("ERR something new", Failure::Undecodable(Undecodable::Protocol)),
            ("", Failure::Undecodable(Undecodable::Protocol)),
        ] {
            assert_eq!(ServerError::parse(line.as_bytes()).failure, failure, "{line}");
        }
    }

    #[test]
    fn a_value_in_the_place_of_the_code_is_dropped() {
        assert_eq!(&*ServerError::parse(b"hunter2 is wrong").code, "");
    }

    #[test]
    fn the_inner_error_is_worth_more_than_the_abort() {
        let abort = ServerError::parse(b"EXECABORT Transaction discarded because of previous errors.");
        let oom = ServerError::parse(b"OOM command not allowed");
        assert_eq!(abort.clone().more_telling(oom.clone()).failure, Failure::OutOfMemory);
        assert_eq!(oom.more_telling(abort).failure, Failure::OutOfMemory);
    }
}
