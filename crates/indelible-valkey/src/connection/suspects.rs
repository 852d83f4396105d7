//! Which of a name's addresses to try first.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The addresses that were tried last without success, the latest at the end.
///
/// One that is silent swallows the time of a whole attempt. Were it always the first, none of the others would ever be
/// reached; so the next attempt begins with another one.
#[derive(Debug, Clone, Default)]
pub(super) struct Suspects(Arc<Mutex<Vec<SocketAddr>>>);

impl Suspects {
    /// Orders the addresses of a name: those that nothing speaks against, then those that were tried longest ago.
    pub(super) fn sort(&self, addresses: &mut [SocketAddr]) {
        let mut suspects = self.lock();
        suspects.retain(|suspect| addresses.contains(suspect)); // a name that moves on and on must not fill the memory
        addresses.sort_by_key(|address| suspects.iter().position(|suspect| suspect == address));
    }

    /// Begins to try an address.
    pub(super) fn trial(&self, address: SocketAddr) -> Trial {
        Trial(Some((self.clone(), address)))
    }

    fn acquit(&self, address: SocketAddr) {
        self.lock().retain(|suspect| *suspect != address);
    }

    fn suspect(&self, address: SocketAddr) {
        let mut suspects = self.lock();
        suspects.retain(|suspect| *suspect != address);
        suspects.push(address);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<SocketAddr>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An address that is being tried. To drop it, as whoever gives up on a connection does, speaks against the address.
#[derive(Debug)]
#[must_use = "an address that is not said to have passed is suspected"]
pub(crate) struct Trial(Option<(Suspects, SocketAddr)>);

impl Trial {
    /// For what has no addresses to choose from.
    pub(super) fn without_choice() -> Self {
        Self(None)
    }

    /// There is a server that answers.
    pub(crate) fn passed(mut self) {
        if let Some((suspects, address)) = self.0.take() {
            suspects.acquit(address);
        }
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if let Some((suspects, address)) = self.0.take() {
            suspects.suspect(address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(hosts: &[u8]) -> Vec<SocketAddr> {
        hosts.iter().map(|host| SocketAddr::from(([127, 0, 0, *host], 6379))).collect()
    }

    fn sorted(suspects: &Suspects, hosts: &[u8]) -> Vec<SocketAddr> {
        let mut list = addresses(hosts);
        suspects.sort(&mut list);
        list
    }

    #[test]
    fn every_address_gets_its_turn_while_none_answers() {
        let suspects = Suspects::default();
        let mut tried = Vec::new();
        for _ in 0..6 {
            let first = sorted(&suspects, &[1, 2, 3])[0];
            drop(suspects.trial(first));
            tried.push(first);
        }
        assert_eq!(tried, addresses(&[1, 2, 3, 1, 2, 3]));
    }

    #[test]
    fn the_one_that_answered_comes_first_and_the_order_of_the_others_stays() {
        let suspects = Suspects::default();
        drop(suspects.trial(addresses(&[1])[0]));
        suspects.trial(addresses(&[3])[0]).passed();
        assert_eq!(sorted(&suspects, &[1, 2, 3]), addresses(&[2, 3, 1]));
        suspects.trial(addresses(&[1])[0]).passed();
        assert_eq!(sorted(&suspects, &[1, 2, 3]), addresses(&[1, 2, 3]));
    }

    #[test]
    fn addresses_that_the_name_no_longer_has_are_forgotten() {
        let suspects = Suspects::default();
        for host in 1..=250 {
            let list = addresses(&[host, 251]);
            suspects.sort(&mut list.clone());
            drop(suspects.trial(list[0]));
        }
        assert_eq!(*suspects.lock(), addresses(&[250]));
    }
}
