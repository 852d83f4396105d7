//! Reply frames on their way to JavaScript: many outcomes, one wake-up.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indelible_valkey::{Event, Outcome, Outcomes};
use napi::Status;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

use crate::reply_frame::ReplyFrameWriter;

/// A frame beyond this length is not added to.
const FRAME_BYTES: usize = 32 * 1024;

/// Unreferenced, so that an idle open store does not keep the process alive.
type Wake = ThreadsafeFunction<(), (), (), Status, false, true>;

pub(crate) struct Outbox {
    state: Mutex<State>,
    wake: Wake,
    woken: AtomicBool,
}

#[derive(Default)]
struct State {
    frames: VecDeque<Vec<u8>>,
    /// An emptied frame, to be filled again.
    spare: Vec<u8>,
    writer: ReplyFrameWriter,
}

impl Outbox {
    pub(crate) fn new(wake: Wake) -> Self {
        Self { state: Mutex::default(), wake, woken: AtomicBool::new(false) }
    }

    /// See `NativeStore::drain`.
    pub(crate) fn drain(&self, buffer: &mut [u8]) -> i32 {
        self.woken.store(false, Ordering::Release);
        let mut state = self.lock();
        let mut filled = 0;
        while let Some(frame) = state.frames.front() {
            let Some(space) = buffer.get_mut(filled..filled + frame.len()) else { break };
            space.copy_from_slice(frame);
            filled += frame.len();
            if let Some(mut frame) = state.frames.pop_front() {
                frame.clear();
                state.spare = frame;
            }
        }
        match state.frames.front() {
            Some(frame) if filled == 0 => i32::try_from(frame.len()).map_or(i32::MIN, |length| -length),
            _ => i32::try_from(filled).unwrap_or(i32::MAX),
        }
    }

    fn add(&self, write: impl FnOnce(&mut ReplyFrameWriter, &mut Vec<u8>)) {
        let mut guard = self.lock();
        let state = &mut *guard;
        let mut frame = match state.frames.back() {
            Some(frame) if frame.len() < FRAME_BYTES => state.frames.pop_back().unwrap_or_default(),
            _ => std::mem::take(&mut state.spare),
        };
        write(&mut state.writer, &mut frame);
        state.frames.push_back(frame);
        drop(guard);
        if !self.woken.swap(true, Ordering::AcqRel) {
            // The only failure is an environment that is shutting down, where nobody is left to be told.
            let _ = self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outcomes for Outbox {
    fn settle(&self, outcomes: &mut Vec<Outcome>) {
        self.add(|writer, frame| {
            for outcome in outcomes.drain(..) {
                writer.outcome(frame, outcome);
            }
        });
    }

    fn event(&self, event: Event) {
        self.add(|writer, frame| writer.event(frame, &event));
    }
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outbox")
    }
}
