//! How an engine answers: outcomes of operations and events, to whoever submitted the frames.

use std::fmt::Debug;
use std::sync::Arc;

use indelible_core::StoreError;

use crate::event::Event;
use crate::label_sets::InternedSet;

/// How one operation ended. Every token submitted gets exactly one.
#[derive(Debug)]
pub struct Outcome {
    /// The token of the operation in its frame.
    pub token: u32,
    /// What to tell the caller.
    pub result: Result<Answer, Box<StoreError>>,
}

/// What a successful operation answers.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The union of the labels of all ids.
    Loaded(Arc<InternedSet>),
    /// The labels are in the store.
    Appended,
    /// Done, with nothing to tell.
    Done,
    /// What was asked for, as text.
    Value(Box<str>),
    /// What was asked for is not there.
    Nothing,
}

/// Takes outcomes and events; called on the engine's thread and must not block it.
pub trait Outcomes: Debug + Send + Sync {
    /// Outcomes of one pipeline, in no particular order. Takes what it holds and leaves it empty.
    fn settle(&self, outcomes: &mut Vec<Outcome>);

    /// An alarm or a change of state.
    fn event(&self, event: Event);
}
