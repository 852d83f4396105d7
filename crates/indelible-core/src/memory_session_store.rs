use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::{
    Failure, Label, LabelSet, MAX_LABELS_PER_CALL, Operation, SessionId, SessionRef, SessionStore, StoreError,
};

type Sessions = HashMap<SessionId, LabelSet>;

/// Keeps label sets in this process: for a single node, for development and for tests.
///
/// Nothing is shared with other processes and nothing outlives this one. It is the plain reference of the
/// [`SessionStore`] contract.
pub struct MemorySessionStore {
    /// `None` once the store is closed.
    sessions: Mutex<Option<Sessions>>,
}

impl MemorySessionStore {
    /// An open store without sessions.
    #[must_use]
    pub fn new() -> Self {
        Self { sessions: Mutex::new(Some(Sessions::new())) }
    }

    fn with_sessions<T>(
        &self,
        operation: Operation,
        work: impl FnOnce(&mut Sessions) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let outcome = match self.sessions.lock() {
            Ok(mut sessions) => sessions.as_mut().ok_or(Failure::Closed).and_then(work),
            // A panic under the lock may have left a set half-written.
            Err(_) => Err(Failure::Internal),
        };
        outcome.map_err(|failure| StoreError::new(failure, operation))
    }
}

impl Default for MemorySessionStore {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl SessionStore for MemorySessionStore {
    fn kind(&self) -> &str {
        "memory"
    }

    async fn load_labels(&self, session: &SessionRef) -> Result<LabelSet, StoreError> {
        self.with_sessions(Operation::Load, |sessions| {
            let held = session.ids().iter().filter_map(|id| sessions.get(id));
            Ok(held.fold(LabelSet::empty(), |union, labels| union.union(labels)))
        })
    }

    async fn append_labels(&self, session: &SessionRef, labels: &[Label]) -> Result<(), StoreError> {
        self.with_sessions(Operation::Append, |sessions| {
            if labels.len() > MAX_LABELS_PER_CALL {
                return Err(Failure::InvalidArgument);
            }
            if labels.is_empty() {
                return Ok(());
            }
            let added = LabelSet::from_members(labels.iter().map(Label::as_str));
            for id in session.ids() {
                let held = sessions.entry(id.clone()).or_default();
                *held = held.union(&added);
            }
            Ok(())
        })
    }

    async fn close(&self) {
        *self.sessions.lock().unwrap_or_else(PoisonError::into_inner) = None;
        // What a panic may have left half-written is gone, so from now on the answer is `Closed`.
        self.sessions.clear_poison();
    }
}

/// Shows neither sessions nor labels.
impl fmt::Debug for MemorySessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySessionStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// The memory store never waits, so one poll has the answer and no runtime is needed.
    fn at_once<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("the memory store waited"),
        }
    }

    fn session(ids: &[&str]) -> SessionRef {
        SessionRef::new(ids.iter().map(|id| SessionId::new(*id).unwrap())).unwrap()
    }

    fn labels(texts: &[&str]) -> Vec<Label> {
        texts.iter().map(|text| Label::new(*text).unwrap()).collect()
    }

    fn failure<T>(outcome: Result<T, StoreError>) -> Option<(Failure, Operation)> {
        outcome.err().map(|error| (error.failure(), error.operation()))
    }

    #[test]
    fn load_is_the_union_and_append_goes_to_every_id() {
        let store = MemorySessionStore::new();
        at_once(store.append_labels(&session(&["a", "b"]), &labels(&["pii"]))).unwrap();
        at_once(store.append_labels(&session(&["b"]), &labels(&["finance", "pii"]))).unwrap();

        assert_eq!(at_once(store.load_labels(&session(&["a"]))).unwrap(), LabelSet::from_members(["pii"]));
        let union = at_once(store.load_labels(&session(&["a", "b", "unknown"]))).unwrap();
        assert_eq!(union, LabelSet::from_members(["finance", "pii"]));
    }

    #[test]
    fn too_many_labels_are_refused_and_nothing_is_written() {
        let store = MemorySessionStore::new();
        let many = vec![Label::new("x").unwrap(); MAX_LABELS_PER_CALL + 1];
        let outcome = at_once(store.append_labels(&session(&["a"]), &many));
        assert_eq!(failure(outcome), Some((Failure::InvalidArgument, Operation::Append)));
        assert!(at_once(store.load_labels(&session(&["a"]))).unwrap().is_empty());
    }

    #[test]
    fn closed_comes_before_every_other_answer() {
        let store = MemorySessionStore::new();
        at_once(store.close());
        at_once(store.close());
        let session = session(&["a"]);
        assert_eq!(failure(at_once(store.load_labels(&session))), Some((Failure::Closed, Operation::Load)));
        assert_eq!(failure(at_once(store.append_labels(&session, &[]))), Some((Failure::Closed, Operation::Append)));
    }

    #[test]
    fn a_poisoned_lock_is_an_internal_failure_until_closed() {
        let store = MemorySessionStore::new();
        let session = session(&["a"]);
        std::thread::scope(|scope| {
            let poisoner = scope.spawn(|| {
                let _held = store.sessions.lock().unwrap();
                std::panic::resume_unwind(Box::new("poison"));
            });
            assert!(poisoner.join().is_err());
        });

        assert_eq!(failure(at_once(store.load_labels(&session))), Some((Failure::Internal, Operation::Load)));
        assert_eq!(
            failure(at_once(store.append_labels(&session, &labels(&["pii"])))),
            Some((Failure::Internal, Operation::Append))
        );
        at_once(store.close());
        assert_eq!(failure(at_once(store.load_labels(&session))), Some((Failure::Closed, Operation::Load)));
    }

    #[test]
    fn debug_shows_neither_sessions_nor_labels() {
        let store = MemorySessionStore::new();
        at_once(store.append_labels(&session(&["secret-id"]), &labels(&["salary"]))).unwrap();
        assert_eq!(format!("{store:?}"), "MemorySessionStore { .. }");
    }
}
