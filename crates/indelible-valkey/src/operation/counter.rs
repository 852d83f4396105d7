//! Fixed-window counters: `INCRBY`, `EXPIRE … NX` and `PTTL` in one transaction, `GET`, `DEL`
//! (`docs/compatibility.md`, section 2).

use super::transaction::Verdict;
use super::{Stored, required, undecodable};
use crate::frame::Request;
use crate::outcome::Answer;
use crate::resp::{Element, Malformed, ServerError, push_command};

fn key(request: &Request<'_>) -> Vec<u8> {
    [b"aa:ratelimit:", required(request.ids().next())].concat()
}

/// An increment in flight.
#[derive(Debug)]
pub(crate) struct Increment {
    verdict: Verdict,
    amount: i64,
    counted: Option<Counted>,
}

#[derive(Debug, Clone, Copy)]
enum Counted {
    Total {
        total: i64,
        window_left_ms: i64,
    },
    /// The counter cannot grow further: nothing was written, and it reads as full.
    Saturated {
        window_left_ms: i64,
    },
    /// The counter holds something that is no number.
    NoNumber,
}

impl Increment {
    pub(super) fn write(request: &Request<'_>, out: &mut Vec<u8>) -> Self {
        let key = key(request);
        let mut arguments = request.arguments();
        let (amount, window) = (required(arguments.next()), required(arguments.next()));
        push_command(out, &[b"INCRBY", &key, amount]);
        // NX: armed once, by the increment that creates the counter or by the first that finds it without a life.
        push_command(out, &[b"EXPIRE", &key, window, b"NX"]);
        push_command(out, &[b"PTTL", &key]);
        let amount = std::str::from_utf8(amount).ok().and_then(|text| text.parse().ok()).unwrap_or(i64::MAX);
        Self { verdict: Verdict::default(), amount, counted: None }
    }

    pub(super) fn queued(&self) -> usize {
        3
    }

    pub(super) fn accept_results<'a>(
        &mut self,
        results: &mut impl Iterator<Item = Element<'a>>,
    ) -> Result<(), Malformed> {
        let (count, expire, left) = (results.next(), results.next(), results.next());
        let (Some(Element::Integer(0 | 1)), Some(Element::Integer(window_left_ms))) = (expire, left) else {
            return Err(Malformed);
        };
        self.counted = Some(match count {
            Some(Element::Integer(total)) => {
                self.verdict.note_written();
                Counted::Total { total, window_left_ms }
            }
            Some(Element::Error(line)) if says_overflow(line) => Counted::Saturated { window_left_ms },
            Some(Element::Error(line)) => {
                let error = ServerError::parse(line);
                // `ERR value is not an integer or out of range`: foreign text, as WRONGTYPE is a foreign type.
                if &*error.code == "ERR" {
                    Counted::NoNumber
                } else {
                    self.verdict.note(error);
                    return Ok(());
                }
            }
            _ => return Err(Malformed),
        });
        Ok(())
    }

    pub(super) fn finish(self) -> Stored {
        let Self { verdict, amount, counted } = self;
        if let Some(fault) = verdict.into_fault() {
            return Err(fault);
        }
        match counted {
            // Less than was just added: it held a negative number.
            Some(Counted::Total { total, .. }) if total < amount => undecodable(),
            Some(Counted::Total { total, window_left_ms }) => {
                Ok(Answer::Value(format!("{total} {window_left_ms}").into()))
            }
            Some(Counted::Saturated { window_left_ms }) => {
                Ok(Answer::Value(format!("{} {window_left_ms}", i64::MAX).into()))
            }
            Some(Counted::NoNumber) | None => undecodable(),
        }
    }
}

/// The one sentence that is read: the code word alone does not tell an overflow from a text.
fn says_overflow(line: &[u8]) -> bool {
    line.windows(b"overflow".len()).any(|window| window == b"overflow")
}

pub(super) fn write_current(request: &Request<'_>, out: &mut Vec<u8>) {
    push_command(out, &[b"GET", &key(request)]);
}

pub(super) fn write_reset(request: &Request<'_>, out: &mut Vec<u8>) {
    push_command(out, &[b"DEL", &key(request)]);
}

/// Reads a counter; absent is 0, and anything but a decimal number is no counter.
pub(super) fn read(value: Option<&[u8]>) -> Stored {
    let Some(value) = value else { return Ok(Answer::Value("0".into())) };
    let digits = std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    match digits.and_then(|text| text.parse::<i64>().ok()) {
        Some(count) => Ok(Answer::Value(count.to_string().into())),
        None => undecodable(),
    }
}
