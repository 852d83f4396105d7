use std::future::Future;
use std::sync::Arc;

use indelible_core::storage::{AgentId, SessionId, SessionRecord, SessionStore};
use tokio::task::JoinSet;

use super::{agent_id, assert_not_found, session_id, valid};

/// Checks every rule that a [`SessionStore`] of records keeps; panics with the rule that is broken.
///
/// `open` gives a store each time, fresh or over the same keyspace: every rule uses sessions of its own. Runs on a
/// Tokio runtime; one with several threads lets saves really meet.
pub async fn session_record_contract<Open, Opening, Store>(open: Open)
where
    Open: Fn() -> Opening,
    Opening: Future<Output = Store>,
    Store: SessionStore + 'static,
{
    an_unknown_session_is_not_found(&open().await).await;
    a_record_is_kept_to_the_bit(&open().await).await;
    a_save_replaces_the_record_of_its_session_only(&open().await).await;
    a_deleted_record_is_gone(&open().await).await;
    concurrent_saves_never_mix(Arc::new(open().await)).await;
    debug_shows_no_record(&open().await).await;
}

async fn an_unknown_session_is_not_found(store: &impl SessionStore) {
    assert_not_found(&store.load(&session_id()).await, "an unknown session is not found");
}

async fn a_record_is_kept_to_the_bit(store: &impl SessionStore) {
    let agents = [[0; 16], [0xff; 16], *b"\r\n\0 \"\\\xc3\x28$5\r\n*1\r\n"].map(AgentId::from_bytes);
    for agent_id in agents {
        for started_at_ns in [0, 1, (1 << 53) + 1, i64::MAX as u64 + 1, u64::MAX] {
            let record = SessionRecord { session_id: session_id(), agent_id, started_at_ns };
            valid(store.save(record).await);
            assert_eq!(valid(store.load(&record.session_id).await), record, "a record is kept to the bit");
        }
    }
    for session_id in [[0; 16], [0xff; 16]].map(SessionId::from_bytes) {
        let record = SessionRecord { session_id, agent_id: agent_id(), started_at_ns: 7 };
        valid(store.save(record).await);
        assert_eq!(valid(store.load(&session_id).await), record, "every id is an id");
    }
}

async fn a_save_replaces_the_record_of_its_session_only(store: &impl SessionStore) {
    let [first, other] = [record(1), record(2)];
    valid(store.save(first).await);
    valid(store.save(other).await);
    let second = SessionRecord { agent_id: agent_id(), started_at_ns: 3, ..first };
    valid(store.save(second).await);
    assert_eq!(valid(store.load(&first.session_id).await), second, "a save replaces the record");
    assert_eq!(valid(store.load(&other.session_id).await), other, "another session keeps its own");
}

async fn a_deleted_record_is_gone(store: &impl SessionStore) {
    let (record, other) = (record(1), record(2));
    valid(store.save(record).await);
    valid(store.save(other).await);
    valid(store.delete(&record.session_id).await);
    assert_not_found(&store.load(&record.session_id).await, "a deleted record is not found");
    valid(store.delete(&record.session_id).await);
    valid(store.save(record).await);
    assert_eq!(valid(store.load(&record.session_id).await), record, "a deleted session can be saved again");
    assert_eq!(valid(store.load(&other.session_id).await), other, "deleting one leaves the others");
}

async fn concurrent_saves_never_mix(store: Arc<impl SessionStore + 'static>) {
    let session_id = session_id();
    let mut writers = JoinSet::new();
    for writer in 0..8_u8 {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            let agent_id = AgentId::from_bytes([writer; 16]);
            for _ in 0..16 {
                valid(store.save(SessionRecord { session_id, agent_id, started_at_ns: writer.into() }).await);
                let SessionRecord { agent_id, started_at_ns, .. } = valid(store.load(&session_id).await);
                let [first, ..] = *agent_id.as_bytes();
                assert_eq!(u64::from(first), started_at_ns, "a load sees one whole save");
            }
        });
    }
    while let Some(writer) = writers.join_next().await {
        valid(writer);
    }
}

async fn debug_shows_no_record(store: &impl SessionStore) {
    let record = record(1_234_567_890_123);
    valid(store.save(record).await);
    let shown = format!("{store:?}");
    for hidden in [record.session_id.to_hex(), record.agent_id.to_hex(), "1234567890123".into()] {
        assert!(!shown.contains(&hidden), "Debug shows no record");
    }
}

fn record(started_at_ns: u64) -> SessionRecord {
    SessionRecord { session_id: session_id(), agent_id: agent_id(), started_at_ns }
}
