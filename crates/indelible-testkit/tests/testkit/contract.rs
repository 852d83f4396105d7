//! The memory store keeps the contract, and the contract tells stores that do not.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each step of the broken store looks at the defects of that step only"
)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use indelible_core::{Failure, Label, LabelSet, MemorySessionStore, Operation, SessionRef, SessionStore, StoreError};
use indelible_testkit::session_store_contract;
use tokio::task::JoinError;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_memory_store_keeps_the_contract() {
    session_store_contract(|| async { MemorySessionStore::new() }).await;
}

/// What a broken store does wrong.
#[derive(Clone, Copy, Debug)]
enum Defect {
    ForgetsEarlierLabels,
    LoadsTheFirstIdOnly,
    AppendsToTheFirstIdOnly,
    FoldsCase,
    TrimsLabels,
    CutsLabels,
    FoldsSessionsIntoOne,
    AcceptsTooManyLabels,
    AnswersEmptyWhenClosed,
    AcceptsNothingWhenClosed,
    LosesEveryHundredthAppend,
    ShowsItsLabels,
}

/// A memory store with one defect.
struct Broken {
    store: MemorySessionStore,
    defect: Defect,
    appends: AtomicUsize,
    shown: Mutex<Vec<String>>,
}

impl std::fmt::Debug for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Broken({:?})", self.shown.lock().unwrap())
    }
}

impl Broken {
    fn new(defect: Defect) -> Self {
        Self { store: MemorySessionStore::new(), defect, appends: AtomicUsize::new(0), shown: Mutex::default() }
    }

    fn first(session: &SessionRef) -> SessionRef {
        session.ids()[0].clone().into()
    }

    fn folded() -> SessionRef {
        indelible_core::SessionId::new("everyone").unwrap().into()
    }

    fn spoil(&self, text: &str) -> String {
        match self.defect {
            Defect::FoldsCase => text.to_lowercase(),
            Defect::TrimsLabels if !text.trim().is_empty() => text.trim().to_owned(),
            Defect::CutsLabels => text.chars().take(100).collect(),
            _ => text.to_owned(),
        }
    }
}

#[async_trait]
impl SessionStore for Broken {
    fn kind(&self) -> &str {
        "broken"
    }

    async fn load_labels(&self, session: &SessionRef) -> Result<LabelSet, StoreError> {
        match self.defect {
            Defect::LoadsTheFirstIdOnly => self.store.load_labels(&Self::first(session)).await,
            Defect::FoldsSessionsIntoOne => self.store.load_labels(&Self::folded()).await,
            Defect::ForgetsEarlierLabels => {
                let labels = self.store.load_labels(session).await?;
                Ok(LabelSet::from_members(labels.iter().take(1)))
            }
            Defect::AnswersEmptyWhenClosed => self.store.load_labels(session).await.or_else(|_| Ok(LabelSet::empty())),
            _ => self.store.load_labels(session).await,
        }
    }

    async fn append_labels(&self, session: &SessionRef, labels: &[Label]) -> Result<(), StoreError> {
        let number = self.appends.fetch_add(1, Ordering::Relaxed);
        let labels: Vec<Label> = labels.iter().map(|label| Label::new(self.spoil(label.as_str())).unwrap()).collect();
        match self.defect {
            Defect::AppendsToTheFirstIdOnly => self.store.append_labels(&Self::first(session), &labels).await,
            Defect::FoldsSessionsIntoOne => self.store.append_labels(&Self::folded(), &labels).await,
            Defect::AcceptsTooManyLabels => {
                for part in labels.chunks(100) {
                    self.store.append_labels(session, part).await?;
                }
                Ok(())
            }
            Defect::AcceptsNothingWhenClosed if labels.is_empty() => Ok(()),
            Defect::LosesEveryHundredthAppend if number % 100 == 99 => Ok(()),
            Defect::ShowsItsLabels => {
                self.shown.lock().unwrap().extend(labels.iter().map(|label| label.as_str().to_owned()));
                self.store.append_labels(session, &labels).await
            }
            _ => self.store.append_labels(session, &labels).await,
        }
    }

    async fn close(&self) {
        self.store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_tells_every_defect() {
    use Defect::*;
    for (defect, rule) in [
        (ForgetsEarlierLabels, "a later append keeps the earlier labels"),
        (LoadsTheFirstIdOnly, "a load is the union of all ids"),
        (AppendsToTheFirstIdOnly, "an append goes to the other ids"),
        (FoldsCase, "a label is kept byte for byte"),
        (TrimsLabels, "a label is kept byte for byte"),
        (CutsLabels, "a label is kept byte for byte"),
        (FoldsSessionsIntoOne, "another session has none of them"),
        (AcceptsTooManyLabels, "the operation fails, and says how"),
        (AnswersEmptyWhenClosed, "the operation fails, and says how"),
        (AcceptsNothingWhenClosed, "the operation fails, and says how"),
        (LosesEveryHundredthAppend, "a load that starts after an append was answered has its label"),
        (ShowsItsLabels, "Debug shows no label"),
    ] {
        let run = tokio::spawn(session_store_contract(move || async move { Broken::new(defect) })).await;
        let message = panic_message(run.expect_err(&format!("{defect:?} goes unnoticed")));
        assert!(message.contains(rule), "{defect:?}: {message}");
    }
}

#[tokio::test]
async fn a_store_that_fails_is_told_with_its_error() {
    #[derive(Debug)]
    struct Failing;

    #[async_trait]
    impl SessionStore for Failing {
        fn kind(&self) -> &str {
            "failing"
        }

        async fn load_labels(&self, _: &SessionRef) -> Result<LabelSet, StoreError> {
            Err(StoreError::new(Failure::Overloaded, Operation::Load))
        }

        async fn append_labels(&self, _: &SessionRef, _: &[Label]) -> Result<(), StoreError> {
            Ok(())
        }

        async fn close(&self) {}
    }

    let run = tokio::spawn(session_store_contract(|| async { Failing })).await;
    let message = panic_message(run.unwrap_err());
    assert!(message.starts_with("must work: load failed: ERR_STORE_OVERLOADED"), "{message}");
}

/// A panic carries a `&str` when its message is a literal, else a `String`.
fn panic_message(error: JoinError) -> String {
    match error.into_panic().downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}
