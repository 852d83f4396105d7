//! What the answers of several sentinels come to.

use std::borrow::Cow;

use indelible_core::{Failure, NotPrimary};

use super::link::Answer;
use crate::endpoint::Address;
use crate::fault::Fault;

/// What the sentinels say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// More than half of all name this primary.
    Named(Address),
    /// No primary has that many votes, and why.
    Unknown(Cow<'static, str>),
}

/// Votes that decide among so many sentinels: more than half of those that are configured, not of those that answer. A
/// minority that was cut off together with an old primary would otherwise be believed about it.
pub(super) fn majority(configured: usize) -> usize {
    configured / 2 + 1
}

/// The address that has enough votes; `None` while none has.
pub(super) fn elected(answers: &[Answer], configured: usize) -> Option<&Address> {
    let votes = |address: &Address| answers.iter().filter(|answer| answer.names(address)).count();
    answers.iter().filter_map(Answer::address).find(|address| votes(address) >= majority(configured))
}

impl Verdict {
    /// Judges the answers of all of `configured` sentinels; one that is missing was silent.
    pub(crate) fn of(answers: &[Answer], configured: usize) -> Self {
        if let Some(address) = elected(answers, configured) {
            return Self::Named(address.clone());
        }
        let count = |what: fn(&Answer) -> bool| answers.iter().filter(|answer| what(answer)).count();
        let named = count(|answer| answer.address().is_some());
        let unknown = count(|answer| *answer == Answer::Unknown);
        let refused = count(|answer| *answer == Answer::Refused);
        let needed = majority(configured);
        Self::Unknown(if unknown >= needed {
            "the sentinels know no service of that name".into()
        } else if refused >= needed {
            "the sentinels refuse our credentials, or the question".into()
        } else if named + unknown + refused == 0 {
            "no sentinel answers".into()
        } else {
            let silent = configured - named - unknown - refused;
            format!(
                "{needed} of {configured} sentinels must name the same primary: {named} name one, {unknown} know no such \
                 service, {refused} refuse, {silent} are silent"
            )
            .into()
        })
    }

    /// The primary.
    ///
    /// # Errors
    ///
    /// [`NotPrimary::Topology`]: it is not known.
    pub(super) fn into_address(self) -> Result<Address, Fault> {
        match self {
            Self::Named(address) => Ok(address),
            Self::Unknown(why) => Err(Fault::new(Failure::NotPrimary(NotPrimary::Topology)).with_detail(why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(port: u16) -> Answer {
        Answer::Named(Address::of_node("127.0.0.1", port).unwrap())
    }

    fn named(answers: &[Answer], configured: usize) -> Option<u16> {
        match Verdict::of(answers, configured) {
            Verdict::Named(Address::Tcp { port, .. }) => Some(port),
            Verdict::Named(Address::Unix(_)) | Verdict::Unknown(_) => None,
        }
    }

    #[test]
    fn more_than_half_of_all_must_name_the_same() {
        assert_eq!(named(&[at(1)], 1), Some(1));
        assert_eq!(named(&[at(1), at(1)], 2), Some(1));
        assert_eq!(named(&[at(1), Answer::Silent], 2), None);
        assert_eq!(named(&[at(2), at(1), at(1)], 3), Some(1));
        assert_eq!(named(&[at(1), at(1)], 3), Some(1));
        // All that answer agree, but they are a minority: perhaps one that was cut off with an old primary.
        assert_eq!(named(&[at(1), Answer::Silent, Answer::Silent], 3), None);
        assert_eq!(named(&[at(1), at(1), at(2), at(2)], 4), None);
        assert_eq!(named(&[at(1), at(1), at(2), at(2), at(2)], 5), Some(2));
        assert_eq!(named(&[], 3), None);
    }

    #[test]
    fn why_there_is_none_is_told() {
        let why = |answers: &[Answer]| match Verdict::of(answers, 3) {
            Verdict::Unknown(why) => why.into_owned(),
            Verdict::Named(address) => panic!("{address}"),
        };
        assert_eq!(why(&[]), "no sentinel answers");
        assert_eq!(why(&[Answer::Unknown, Answer::Unknown]), "the sentinels know no service of that name");
        assert!(why(&[Answer::Refused, Answer::Refused, at(1)]).contains("refuse our credentials"));
        assert!(why(&[at(1), at(2), Answer::Silent]).contains("2 name one"));
    }
}
