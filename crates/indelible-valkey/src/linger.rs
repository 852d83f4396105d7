//! Waiting a moment before going to sleep.
//!
//! Waking a sleeping thread costs more than all that this engine does for an operation (`docs/design/linger.md`). What
//! it waits for, replies of a server nearby and frames of a busy caller, often comes within microseconds; so before it
//! sleeps it looks around for a moment, leaving the core to whoever wants it, and learns when that is in vain.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crate::lane::Socket;

/// The most waits that are left out after one in vain.
const MAX_LEFT_OUT: u32 = 255;

/// What the thread of one engine looks around for.
#[derive(Debug, Default)]
pub(crate) struct Linger {
    /// The longest moment; none at all turns it off.
    patience: Duration,
    /// A frame has been handed over.
    handed_over: AtomicBool,
    sockets: Mutex<Vec<Weak<Socket>>>,
    for_replies: Luck,
    for_frames: Luck,
}

impl Linger {
    /// Looks around for `patience` at the most.
    pub(crate) fn new(patience: Duration) -> Self {
        Self { patience, ..Self::default() }
    }

    /// Replies may arrive on this socket, for as long as somebody else holds it.
    pub(crate) fn watch(&self, socket: Weak<Socket>) {
        self.sockets().push(socket);
    }

    /// A frame has been handed over.
    pub(crate) fn frame_handed_over(&self) {
        self.handed_over.store(true, Ordering::Release);
    }

    /// Returns when there may be something to do, or after a moment. `awaits_replies` tells what is waited for.
    pub(crate) fn wait(&self, awaits_replies: bool) {
        let luck = if awaits_replies { &self.for_replies } else { &self.for_frames };
        if self.patience.is_zero() || !luck.is_worth_a_try() {
            return;
        }
        let mut sockets = self.sockets();
        sockets.retain(|socket| socket.strong_count() > 0);
        let start = Instant::now();
        let has_come = loop {
            if self.handed_over.swap(false, Ordering::Acquire) || sockets.iter().any(is_readable) {
                break true;
            }
            if start.elapsed() >= self.patience {
                break false;
            }
            thread::yield_now();
        };
        luck.note(has_come);
    }

    fn sockets(&self) -> MutexGuard<'_, Vec<Weak<Socket>>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_readable(socket: &Weak<Socket>) -> bool {
    socket.upgrade().is_some_and(|socket| socket.is_readable())
}

/// Whether waiting for one kind of thing has been of use of late.
#[derive(Debug, Default)]
struct Luck {
    /// Waits to leave out, and how many were left out the last time.
    left_out: AtomicU32,
    penalty: AtomicU32,
}

impl Luck {
    fn is_worth_a_try(&self) -> bool {
        self.left_out.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err()
    }

    fn note(&self, has_come: bool) {
        let penalty = if has_come { 0 } else { (self.penalty.load(Ordering::Relaxed) * 2 + 1).min(MAX_LEFT_OUT) };
        self.penalty.store(penalty, Ordering::Relaxed);
        self.left_out.store(penalty, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_vain_is_tried_less_and_less_and_what_helps_every_time() {
        let luck = Luck::default();
        let mut tries = 0;
        for _ in 0..10_000 {
            if luck.is_worth_a_try() {
                tries += 1;
                luck.note(false);
            }
        }
        assert!((40..60).contains(&tries), "{tries} tries");
        while !luck.is_worth_a_try() {}
        luck.note(true);
        assert!((0..100).all(|_| luck.is_worth_a_try()));
    }

    #[test]
    fn a_frame_that_is_handed_over_ends_the_wait() {
        let linger = Linger::new(Duration::from_micros(50));
        linger.frame_handed_over();
        linger.wait(true);
        assert!(!linger.handed_over.load(Ordering::Relaxed));
        assert_eq!(linger.for_replies.penalty.load(Ordering::Relaxed), 0);
        linger.wait(true);
        assert_eq!(linger.for_replies.penalty.load(Ordering::Relaxed), 1, "nothing came");
        assert!(linger.for_frames.is_worth_a_try(), "each kind has its own luck");
    }

    #[test]
    fn without_patience_nothing_is_looked_at() {
        let linger = Linger::new(Duration::ZERO);
        linger.frame_handed_over();
        linger.wait(true);
        assert!(linger.handed_over.load(Ordering::Relaxed));
    }
}
