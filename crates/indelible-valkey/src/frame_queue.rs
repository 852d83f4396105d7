//! Frames on their way from callers to the engine's thread.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::frame::Frame;
use crate::linger::Linger;

/// Some 24 operations. More than that keeps a caller busy who writes it: it goes on with the next answers at once,
/// instead of going to sleep and being woken for them.
const SMALL_BYTES: usize = 768;

/// A queue of frames whose reader need not be woken while its thread [lingers](Linger): to wake a thread costs its
/// caller a system call.
#[derive(Debug, Default)]
pub(crate) struct FrameQueue {
    linger: Arc<Linger>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<Frame>,
    closed: bool,
    reader: Option<Waker>,
    /// The reader's thread looks around, and will look here when it has done.
    is_lingering: bool,
}

impl FrameQueue {
    pub(crate) fn new(linger: Arc<Linger>) -> Self {
        Self { linger, state: Mutex::default() }
    }

    /// Adds a small frame if its reader's thread looks around; returns it if not.
    pub(crate) fn offer(&self, frame: Frame) -> Result<(), Frame> {
        if frame.len() > SMALL_BYTES {
            return Err(frame);
        }
        let mut state = self.lock();
        if state.closed || !state.is_lingering {
            return Err(frame);
        }
        state.frames.push_back(frame);
        self.linger.frame_handed_over();
        Ok(())
    }

    /// Adds a frame; `false` once the queue is closed.
    pub(crate) fn push(&self, frame: Frame) -> bool {
        let mut state = self.lock();
        if state.closed {
            return false;
        }
        state.frames.push_back(frame);
        if state.is_lingering {
            self.linger.frame_handed_over();
        } else {
            wake(state);
        }
        true
    }

    /// The next frame; none once the queue is closed and empty.
    pub(crate) async fn next(&self) -> Option<Frame> {
        poll_fn(|cx| {
            let mut state = self.lock();
            if let Some(frame) = state.frames.pop_front() {
                return Poll::Ready(Some(frame));
            }
            if state.closed {
                return Poll::Ready(None);
            }
            state.reader = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// Takes no further frames.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        wake(state);
    }

    /// Lets the reader's thread, which calls this before it sleeps, look around first.
    pub(crate) fn wait(&self, awaits_replies: bool) {
        let mut state = self.lock();
        if state.frames.is_empty() && !state.closed {
            state.is_lingering = true;
            drop(state);
            self.linger.wait(awaits_replies);
            state = self.lock();
            state.is_lingering = false;
        }
        if !state.frames.is_empty() {
            wake(state);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change under this lock is a single step, so a panic elsewhere cannot have left it half-done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(mut state: MutexGuard<'_, State>) {
    let reader = state.reader.take();
    drop(state);
    if let Some(reader) = reader {
        reader.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake};
    use std::time::Duration;
    use std::{pin::pin, thread};

    use super::*;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A reader that waits for the next frame of `queue`, and how often it has been woken.
    fn waiting_reader(queue: &FrameQueue) -> Arc<Wakes> {
        let wakes = Arc::new(Wakes::default());
        let waker = Arc::clone(&wakes).into();
        assert!(pin!(queue.next()).poll(&mut Context::from_waker(&waker)).is_pending());
        wakes
    }

    fn frame() -> Frame {
        Frame::new(Vec::new())
    }

    #[test]
    fn a_reader_that_sleeps_is_woken_by_the_first_frame_alone() {
        let queue = FrameQueue::default();
        let wakes = waiting_reader(&queue);
        assert!(queue.push(frame()) && queue.push(frame()));
        assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn while_its_thread_looks_around_it_is_woken_by_that_thread() {
        let queue = FrameQueue::new(Arc::new(Linger::new(Duration::from_secs(60))));
        let wakes = waiting_reader(&queue);
        thread::scope(|threads| {
            let lingering = threads.spawn(|| queue.wait(false));
            while !queue.lock().is_lingering {
                thread::yield_now();
            }
            assert!(queue.push(frame()));
            // It ends the look-around, and nothing is missed.
            assert!(lingering.join().is_ok());
        });
        assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn only_small_frames_are_offered_and_only_to_a_thread_that_looks_around() {
        let queue = FrameQueue::new(Arc::new(Linger::new(Duration::from_secs(60))));
        let _wakes = waiting_reader(&queue);
        assert!(queue.offer(frame()).is_err());
        thread::scope(|threads| {
            let lingering = threads.spawn(|| queue.wait(false));
            while !queue.lock().is_lingering {
                thread::yield_now();
            }
            assert!(queue.offer(Frame::new(vec![0; SMALL_BYTES + 1])).is_err());
            assert!(queue.offer(frame()).is_ok());
            assert!(lingering.join().is_ok());
        });
        assert_eq!(queue.lock().frames.len(), 1);
        queue.close();
        assert!(queue.offer(frame()).is_err());
    }

    #[test]
    fn a_frame_that_waits_is_not_slept_over() {
        let queue = FrameQueue::new(Arc::new(Linger::new(Duration::from_secs(60))));
        let wakes = waiting_reader(&queue);
        assert!(queue.push(frame()));
        queue.wait(false);
        assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_closed_queue_gives_what_it_has_and_takes_nothing() {
        let queue = FrameQueue::default();
        assert!(queue.push(frame()));
        queue.close();
        assert!(!queue.push(frame()));
        let next = || {
            let waker = Waker::noop();
            pin!(queue.next()).poll(&mut Context::from_waker(waker))
        };
        assert!(matches!(next(), Poll::Ready(Some(_))));
        assert!(matches!(next(), Poll::Ready(None)));
    }
}
