//! Test switches: turn one safety mechanism off, or make one stage panic, so that a test can show what it stops. They
//! exist only under the cargo feature `test-switches`; without it every question here is answered `false` at compile time.

/// A mechanism that a test can turn off by naming it in `INDELIBLE_TEST_SWITCHES` (comma-separated).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mechanism {
    /// `decoding`: error, nil and non-UTF-8 replies to a load are failures (lines 1, 2 and 25 of `docs/soundness.md`).
    Decoding,
    /// `results`: every result of a transaction is checked (line 3).
    Results,
    /// `proof`: a pipeline ends in a write that changes nothing (line 5).
    Proof,
    /// `generation`: a missing or changed generation is a failure (lines 9 and 17).
    Generation,
    /// `fence`: a server without the fence is refused where a replica may take over (line 6).
    Fence,
    /// `topology`: connections to a primary that was replaced are dropped (line 6).
    Topology,
    /// `wait`: appends are confirmed by replicas (line 7).
    Wait,
    /// `checks`: the server's settings are examined (lines 8 and 10).
    Checks,
    /// `expiry`: a session whose refresh keeps failing is failed (line 13).
    Expiry,
    /// `ratchet`: a server that has lost labels is found out (lines 8, 10 and 14).
    Ratchet,
    /// `ttl-bounds`: a TTL that would delete the key is refused (line 12).
    TtlBounds,
    /// `doubt`: a connection that answered out of shape is given up (line 15).
    Doubt,
    /// `deadline`: replies must arrive in time (line 1).
    Deadline,
}

/// A stage that panics when an id of the operation begins with `panic:<stage>:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// A frame is handed over, on the caller's thread.
    Submit,
    /// A frame becomes a batch.
    Dispatch,
    /// A batch becomes a pipeline.
    Write,
    /// A reply is read.
    Accept,
    /// A pipeline is judged.
    Finish,
}

#[cfg(not(feature = "test-switches"))]
mod absent {
    use super::{Mechanism, Stage};

    pub(crate) const fn is_off(_: Mechanism) -> bool {
        false
    }

    pub(crate) fn panic_point<'a>(_: Stage, _: impl Iterator<Item = &'a [u8]>) {}
}

#[cfg(not(feature = "test-switches"))]
pub(crate) use absent::{is_off, panic_point};

#[cfg(feature = "test-switches")]
mod present {
    use std::sync::OnceLock;

    use super::{Mechanism, Stage};

    static OFF: OnceLock<String> = OnceLock::new();

    pub(crate) fn is_off(mechanism: Mechanism) -> bool {
        let name = match mechanism {
            Mechanism::Decoding => "decoding",
            Mechanism::Results => "results",
            Mechanism::Proof => "proof",
            Mechanism::Generation => "generation",
            Mechanism::Fence => "fence",
            Mechanism::Topology => "topology",
            Mechanism::Wait => "wait",
            Mechanism::Checks => "checks",
            Mechanism::Expiry => "expiry",
            Mechanism::Ratchet => "ratchet",
            Mechanism::TtlBounds => "ttl-bounds",
            Mechanism::Doubt => "doubt",
            Mechanism::Deadline => "deadline",
        };
        let off = OFF.get_or_init(|| std::env::var("INDELIBLE_TEST_SWITCHES").unwrap_or_default());
        off.split(',').any(|word| word == name)
    }

    #[expect(clippy::panic, reason = "that is what it is for")]
    pub(crate) fn panic_point<'a>(stage: Stage, mut ids: impl Iterator<Item = &'a [u8]>) {
        let marker: &[u8] = match stage {
            Stage::Submit => b"panic:submit:",
            Stage::Dispatch => b"panic:dispatch:",
            Stage::Write => b"panic:write:",
            Stage::Accept => b"panic:accept:",
            Stage::Finish => b"panic:finish:",
        };
        if ids.any(|id| id.starts_with(marker)) {
            panic!("test switch");
        }
    }
}

#[cfg(feature = "test-switches")]
pub(crate) use present::{is_off, panic_point};
