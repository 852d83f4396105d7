//! Where a cluster sends an operation on: what its errors `MOVED`, `ASK` and `TRYAGAIN` say.

use super::SLOTS;
use crate::endpoint::Address;

/// A redirection, as the error line gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Redirect {
    /// The slot belongs to another node for good: `MOVED <slot> <host>:<port>`.
    Moved(Target),
    /// The slot is on its way to another node and this key may be there: `ASK <slot> <host>:<port>`.
    Ask(Target),
    /// The keys of one transaction are split between two nodes for the moment: `TRYAGAIN …`.
    TryAgain,
}

/// The node that a redirection names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) slot: u16,
    /// `None` is the host of the node that answered.
    pub(crate) host: Option<Box<str>>,
    pub(crate) port: u16,
}

impl Target {
    /// Its address; `None` where it cannot be one. `answered` is the host of the node that named it.
    pub(crate) fn address(&self, answered: &str) -> Option<Address> {
        Address::of_node(self.host.as_deref().unwrap_or(answered), self.port)
    }
}

impl Redirect {
    /// Reads the line of an error reply; `None` where it is no redirection, or names no node that could be found.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let code = words.next()?;
        if code == "TRYAGAIN" {
            return Some(Self::TryAgain);
        }
        let kind: fn(Target) -> Self = match code {
            "MOVED" => Self::Moved,
            "ASK" => Self::Ask,
            _ => return None,
        };
        let slot = words.next()?.parse().ok().filter(|slot| usize::from(*slot) < SLOTS)?;
        let (host, port) = words.next()?.rsplit_once(':')?;
        let port = port.parse().ok().filter(|port| *port > 0)?;
        let host = match host {
            // It has a name that the server does not know: there is nothing to dial.
            "?" => return None,
            "" => None,
            host => Some(host.into()),
        };
        Some(kind(Target { slot, host, port }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(slot: u16, host: Option<&str>, port: u16) -> Target {
        Target { slot, host: host.map(Into::into), port }
    }

    #[test]
    fn every_form_is_read() {
        for (line, redirect) in [
            ("MOVED 3999 127.0.0.1:6381", Redirect::Moved(target(3999, Some("127.0.0.1"), 6381))),
            ("ASK 0 node.example:7000", Redirect::Ask(target(0, Some("node.example"), 7000))),
            ("MOVED 16383 ::1:6381", Redirect::Moved(target(16_383, Some("::1"), 6381))),
            ("MOVED 1 :6381", Redirect::Moved(target(1, None, 6381))),
            ("TRYAGAIN Multiple keys request during rehashing of slot", Redirect::TryAgain),
        ] {
            assert_eq!(Redirect::parse(line), Some(redirect), "{line}");
        }
    }

    #[test]
    fn what_names_no_node_is_no_redirection() {
        for line in [
            "MOVED",
            "MOVED 1",
            "MOVED x h:1",
            "MOVED 16384 h:1",
            "MOVED 1 h",
            "MOVED 1 h:0",
            "ASK 1 ?:6381",
            "ERR 1 h:1",
        ] {
            assert_eq!(Redirect::parse(line), None, "{line}");
        }
    }
}
