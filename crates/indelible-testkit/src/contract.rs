use std::future::Future;
use std::sync::Arc;

use indelible_core::{
    Failure, Label, LabelSet, MAX_LABEL_BYTES, MAX_LABELS_PER_CALL, MAX_SESSION_ID_BYTES, MAX_SESSIONS_PER_CALL,
    Operation, SessionId, SessionRef, SessionStore, StoreError,
};
use tokio::task::JoinSet;

/// Labels that a store might be tempted to trim, fold, split, normalise or escape.
const DELICATE: &[&str] = &[
    "pii",
    "PII",
    "x y",
    " pii",
    "pii ",
    "a\nb",
    "a\r\nb",
    "a,b",
    "ünï",
    "u\u{308}nï",
    "\0",
    "\u{10000}",
    "\u{ffff}",
    "*",
];

/// Checks every rule that a [`SessionStore`] keeps; panics with the rule and the difference when one is broken.
///
/// `open` gives an open store each time, fresh or over the same keyspace: every rule uses sessions of its own. Runs on
/// a Tokio runtime; one with several threads lets appends really meet.
pub async fn session_store_contract<Open, Opening, Store>(open: Open)
where
    Open: Fn() -> Opening,
    Opening: Future<Output = Store>,
    Store: SessionStore + 'static,
{
    has_a_kind(&open().await);
    an_unknown_session_has_no_labels(&open().await).await;
    appended_labels_are_loaded_and_only_ever_grow(&open().await).await;
    a_load_is_the_union_and_an_append_goes_to_every_id(&open().await).await;
    ids_given_twice_count_once(&open().await).await;
    labels_are_kept_byte_for_byte(&open().await).await;
    session_ids_are_compared_byte_for_byte(&open().await).await;
    labels_come_sorted_by_their_bytes(&open().await).await;
    appending_nothing_changes_nothing(&open().await).await;
    the_largest_call_is_served(&open().await).await;
    too_many_labels_are_refused_and_nothing_is_written(&open().await).await;
    concurrent_appends_lose_nothing(Arc::new(open().await)).await;
    a_closed_store_answers_closed(&open().await).await;
    debug_shows_neither_sessions_nor_labels(&open().await).await;
}

fn has_a_kind(store: &impl SessionStore) {
    assert!(!store.kind().is_empty(), "a store has a kind");
}

async fn an_unknown_session_has_no_labels(store: &impl SessionStore) {
    assert_eq!(load(store, &unique()).await, [""; 0], "an unknown session has no labels");
    let many = SessionRef::new([unique_id(), unique_id()]);
    assert_eq!(load(store, &valid(many)).await, [""; 0], "nor have several");
}

async fn appended_labels_are_loaded_and_only_ever_grow(store: &impl SessionStore) {
    let session = unique();
    append(store, &session, &["pii"]).await;
    assert_eq!(load(store, &session).await, ["pii"], "an appended label is loaded");
    append(store, &session, &["finance", "finance"]).await;
    assert_eq!(load(store, &session).await, ["finance", "pii"], "a later append keeps the earlier labels");
    append(store, &session, &["pii"]).await;
    assert_eq!(load(store, &session).await, ["finance", "pii"], "appending again is no change");
    assert_eq!(load(store, &unique()).await, [""; 0], "another session has none of them");
}

async fn a_load_is_the_union_and_an_append_goes_to_every_id(store: &impl SessionStore) {
    let (a, b) = (unique_id(), unique_id());
    let both = valid(SessionRef::new([a.clone(), b.clone()]));
    let (a, b) = (SessionRef::from(a), SessionRef::from(b));
    append(store, &a, &["of-a", "of-both"]).await;
    append(store, &b, &["of-b", "of-both"]).await;
    assert_eq!(load(store, &both).await, ["of-a", "of-b", "of-both"], "a load is the union of all ids");
    append(store, &both, &["new"]).await;
    assert_eq!(load(store, &a).await, ["new", "of-a", "of-both"], "an append goes to the first id");
    assert_eq!(load(store, &b).await, ["new", "of-b", "of-both"], "an append goes to the other ids");
    let with_unknown = valid(SessionRef::new(a.ids().iter().cloned().chain([unique_id()])));
    assert_eq!(load(store, &with_unknown).await, ["new", "of-a", "of-both"], "an unknown id adds nothing");
}

async fn ids_given_twice_count_once(store: &impl SessionStore) {
    let id = unique_id();
    let twice = valid(SessionRef::new([id.clone(), id.clone()]));
    append(store, &twice, &["pii"]).await;
    assert_eq!(load(store, &twice).await, ["pii"], "an id given twice is one session");
    assert_eq!(load(store, &id.into()).await, ["pii"], "an id given twice is the one given once");
}

async fn labels_are_kept_byte_for_byte(store: &impl SessionStore) {
    let longest = "ü".repeat(MAX_LABEL_BYTES / 2);
    for label in DELICATE.iter().copied().chain([longest.as_str()]) {
        let session = unique();
        append(store, &session, &[label]).await;
        assert_eq!(load(store, &session).await, [label], "a label is kept byte for byte");
    }
}

async fn session_ids_are_compared_byte_for_byte(store: &impl SessionStore) {
    let stem = unique_id();
    let variants: Vec<SessionRef> = DELICATE
        .iter()
        .map(|variant| SessionRef::from(valid(SessionId::new(format!("{}{variant}", stem.as_str())))))
        .collect();
    for (number, session) in variants.iter().enumerate() {
        append(store, session, &[&number.to_string()]).await;
    }
    for (number, session) in variants.iter().enumerate() {
        assert_eq!(load(store, session).await, [number.to_string()], "ids that differ in a byte are two sessions");
    }
}

async fn labels_come_sorted_by_their_bytes(store: &impl SessionStore) {
    let session = unique();
    append(store, &session, DELICATE).await;
    let mut expected = DELICATE.to_vec();
    expected.sort_unstable();
    assert_eq!(load(store, &session).await, expected, "labels come in the order of their bytes");
}

async fn appending_nothing_changes_nothing(store: &impl SessionStore) {
    let session = unique();
    append(store, &session, &[]).await;
    assert_eq!(load(store, &session).await, [""; 0], "appending nothing leaves an unknown session unknown");
    append(store, &session, &["pii"]).await;
    append(store, &session, &[]).await;
    assert_eq!(load(store, &session).await, ["pii"], "appending nothing takes nothing away");
}

async fn the_largest_call_is_served(store: &impl SessionStore) {
    let longest_id = |_| {
        let id = unique_id();
        let padding = "x".repeat(MAX_SESSION_ID_BYTES - id.as_str().len());
        valid(SessionId::new(format!("{}{padding}", id.as_str())))
    };
    let session = valid(SessionRef::new((0..MAX_SESSIONS_PER_CALL).map(longest_id)));
    let labels: Vec<String> = (0..MAX_LABELS_PER_CALL).map(|n| format!("{n:0MAX_LABEL_BYTES$}")).collect();
    let texts: Vec<&str> = labels.iter().map(String::as_str).collect();
    append(store, &session, &texts).await;
    assert_eq!(load(store, &session).await, texts, "the largest call is served in full");
}

async fn too_many_labels_are_refused_and_nothing_is_written(store: &impl SessionStore) {
    let session = unique();
    let labels: Vec<Label> = (0..=MAX_LABELS_PER_CALL).map(|n| valid(Label::new(n.to_string()))).collect();
    let outcome = store.append_labels(&session, &labels).await;
    assert_failed(&outcome, Failure::InvalidArgument, Operation::Append);
    assert_eq!(load(store, &session).await, [""; 0], "nothing of a refused append is written");
}

async fn concurrent_appends_lose_nothing(store: Arc<impl SessionStore + 'static>) {
    const WRITERS: usize = 16;
    const LABELS_EACH: usize = 16;
    let session = unique();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (store, session) = (Arc::clone(&store), session.clone());
        writers.spawn(async move {
            for n in 0..LABELS_EACH {
                let label = format!("{writer}-{n}");
                append(&*store, &session, &[&label]).await;
                let seen = load(&*store, &session).await;
                assert!(seen.contains(&label), "a load that starts after an append was answered has its label");
            }
        });
    }
    while let Some(writer) = writers.join_next().await {
        valid(writer);
    }
    let count = load(&*store, &session).await.len();
    assert_eq!(count, WRITERS * LABELS_EACH, "concurrent appends lose nothing");
}

async fn a_closed_store_answers_closed(store: &impl SessionStore) {
    let session = unique();
    store.close().await;
    store.close().await;
    assert_failed(&store.load_labels(&session).await, Failure::Closed, Operation::Load);
    let label = [valid(Label::new("pii"))];
    assert_failed(&store.append_labels(&session, &label).await, Failure::Closed, Operation::Append);
    assert_failed(&store.append_labels(&session, &[]).await, Failure::Closed, Operation::Append);
}

async fn debug_shows_neither_sessions_nor_labels(store: &impl SessionStore) {
    let id = unique_id();
    append(store, &id.clone().into(), &["a-telling-label"]).await;
    let shown = format!("{store:?}");
    assert!(!shown.contains(id.as_str()), "Debug shows no session id");
    assert!(!shown.contains("a-telling-label"), "Debug shows no label");
}

async fn load(store: &impl SessionStore, session: &SessionRef) -> Vec<String> {
    let labels: LabelSet = valid(store.load_labels(session).await);
    labels.iter().map(str::to_owned).collect()
}

async fn append(store: &impl SessionStore, session: &SessionRef, labels: &[&str]) {
    let labels: Vec<Label> = labels.iter().map(|label| valid(Label::new(*label))).collect();
    valid(store.append_labels(session, &labels).await);
}

fn assert_failed<T>(outcome: &Result<T, StoreError>, failure: Failure, operation: Operation) {
    let found = outcome.as_ref().err().map(|error| (error.failure(), error.operation(), error.indeterminate()));
    assert_eq!(found, Some((failure, operation, false)), "the operation fails, and says how");
}

fn unique_id() -> SessionId {
    valid(SessionId::new(format!("contract-{:032x}", fastrand::u128(..))))
}

fn unique() -> SessionRef {
    unique_id().into()
}

#[expect(clippy::panic, reason = "what is valid here or must work is a failed test when it does not")]
fn valid<T, E: std::fmt::Display>(outcome: Result<T, E>) -> T {
    match outcome {
        Ok(value) => value,
        Err(error) => panic!("must work: {error}"),
    }
}
