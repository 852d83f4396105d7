//! The memory drivers keep the storage contracts, and the contracts tell drivers that do not.

use std::sync::Mutex;

use async_trait::async_trait;
use indelible_core::storage::{
    AgentId, MAX_TOTAL, MemoryPolicyStore, MemoryRateLimitCounter, MemorySessionStore, PolicyCache, PolicyDocument,
    PolicyStore, RateLimitCounter, Result, SessionId, SessionRecord, SessionStore, StorageError,
};
use indelible_testkit::{policy_store_contract, rate_limit_counter_contract, session_record_contract};
use tokio::task::JoinError;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_memory_drivers_keep_the_contracts() {
    session_record_contract(|| async { MemorySessionStore::default() }).await;
    rate_limit_counter_contract(|| async { MemoryRateLimitCounter::default() }).await;
    policy_store_contract(|| async { MemoryPolicyStore::default() }).await;
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum RecordDefect {
    MakesUpRecords,
    LosesTheHighBit,
    KeepsTheFirst,
    KeepsTheDeleted,
    RefusesToDeleteTwice,
    ShowsRecords,
}

#[derive(Default)]
struct BrokenRecords {
    store: MemorySessionStore,
    defect: Option<RecordDefect>,
    shown: Mutex<String>,
}

impl BrokenRecords {
    fn is(&self, defect: RecordDefect) -> bool {
        self.defect == Some(defect)
    }
}

impl std::fmt::Debug for BrokenRecords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown.lock().unwrap())
    }
}

#[async_trait]
impl SessionStore for BrokenRecords {
    async fn save(&self, mut session: SessionRecord) -> Result<()> {
        if self.is(RecordDefect::LosesTheHighBit) {
            session.started_at_ns &= i64::MAX as u64;
        }
        if self.is(RecordDefect::ShowsRecords) {
            self.shown.lock().unwrap().push_str(&session.agent_id.to_hex());
        }
        if self.is(RecordDefect::KeepsTheFirst) && self.store.load(&session.session_id).await.is_ok() {
            return Ok(());
        }
        self.store.save(session).await
    }

    async fn load(&self, session_id: &SessionId) -> Result<SessionRecord> {
        let made_up =
            SessionRecord { session_id: *session_id, agent_id: AgentId::from_bytes([0; 16]), started_at_ns: 0 };
        match self.store.load(session_id).await {
            Err(StorageError::NotFound(_)) if self.is(RecordDefect::MakesUpRecords) => Ok(made_up),
            outcome => outcome,
        }
    }

    async fn delete(&self, session_id: &SessionId) -> Result<()> {
        if self.is(RecordDefect::RefusesToDeleteTwice) {
            self.store.load(session_id).await?;
        }
        if self.is(RecordDefect::KeepsTheDeleted) { Ok(()) } else { self.store.delete(session_id).await }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum CounterDefect {
    ReadsThenWrites,
    MovesTheWindow,
    WrapsAround,
    TrimsKeys,
    TakesAnything,
    CountsReads,
}

#[derive(Debug)]
struct BrokenCounter {
    counter: MemoryRateLimitCounter,
    defect: CounterDefect,
}

#[async_trait]
impl RateLimitCounter for BrokenCounter {
    async fn increment(&self, key: &str, amount: u64, window_secs: u64) -> Result<u64> {
        match self.defect {
            CounterDefect::ReadsThenWrites => {
                let before = self.counter.current(key).await?;
                tokio::task::yield_now().await;
                self.counter.increment(key, amount, window_secs).await.map(|total| total.min(before + amount))
            }
            CounterDefect::MovesTheWindow if window_secs == 3600 => {
                let before = self.counter.current(key).await?;
                self.counter.reset(key).await?;
                self.counter.increment(key, before + amount, window_secs).await
            }
            CounterDefect::WrapsAround => match self.counter.increment(key, amount, window_secs).await? {
                MAX_TOTAL => self.counter.reset(key).await.map(|()| 0),
                total => Ok(total),
            },
            CounterDefect::TrimsKeys => self.counter.increment(key.trim(), amount, window_secs).await,
            CounterDefect::TakesAnything => self.counter.increment(key, amount.max(1), window_secs.max(1)).await,
            CounterDefect::MovesTheWindow | CounterDefect::CountsReads => {
                self.counter.increment(key, amount, window_secs).await
            }
        }
    }

    async fn current(&self, key: &str) -> Result<u64> {
        let current = self.counter.current(key).await?;
        if self.defect == CounterDefect::CountsReads {
            self.counter.increment(key, 1, 60).await?;
        }
        Ok(current)
    }

    async fn reset(&self, key: &str) -> Result<()> {
        self.counter.reset(key).await
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum PolicyDefect {
    KeepsTheInvalidated,
    ForgetsTheMode,
    TakesAnyLife,
    LivesForEver,
    InvalidatesEverybody,
}

#[derive(Debug)]
struct BrokenPolicies {
    store: Mutex<std::sync::Arc<MemoryPolicyStore>>,
    defect: PolicyDefect,
}

impl BrokenPolicies {
    fn store(&self) -> std::sync::Arc<MemoryPolicyStore> {
        std::sync::Arc::clone(&self.store.lock().unwrap())
    }
}

#[async_trait]
impl PolicyStore for BrokenPolicies {
    async fn get_policy(&self, agent_id: &AgentId) -> Result<PolicyDocument> {
        let mut policy = self.store().get_policy(agent_id).await?;
        if self.defect == PolicyDefect::ForgetsTheMode {
            policy.enforcement_mode = Default::default();
        }
        Ok(policy)
    }

    async fn invalidate(&self, agent_id: &AgentId) -> Result<()> {
        match self.defect {
            PolicyDefect::KeepsTheInvalidated => Ok(()),
            PolicyDefect::InvalidatesEverybody => {
                *self.store.lock().unwrap() = Default::default();
                Ok(())
            }
            _ => self.store().invalidate(agent_id).await,
        }
    }
}

#[async_trait]
impl PolicyCache for BrokenPolicies {
    async fn cache_policy(&self, agent_id: &AgentId, policy: &PolicyDocument, ttl_secs: u64) -> Result<()> {
        let ttl_secs = match self.defect {
            PolicyDefect::TakesAnyLife => ttl_secs.clamp(1, 60),
            PolicyDefect::LivesForEver if ttl_secs == 1 => 60,
            _ => ttl_secs,
        };
        self.store().cache_policy(agent_id, policy, ttl_secs).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_record_contract_tells_every_defect() {
    use RecordDefect::*;
    for (defect, rule) in [
        (MakesUpRecords, "an unknown session is not found"),
        (LosesTheHighBit, "a record is kept to the bit"),
        (KeepsTheFirst, "a save replaces the record"),
        (KeepsTheDeleted, "a deleted record is not found"),
        (RefusesToDeleteTwice, "must work: not found"),
        (ShowsRecords, "Debug shows no record"),
    ] {
        let open = move || async move { BrokenRecords { defect: Some(defect), ..Default::default() } };
        assert_told(tokio::spawn(session_record_contract(open)).await, &defect, rule);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_counter_contract_tells_every_defect() {
    use CounterDefect::*;
    for (defect, rule) in [
        (ReadsThenWrites, "no two see one total"),
        (MovesTheWindow, "a later increment does not move the window's end"),
        (WrapsAround, "one that would overflow answers full"),
        (TrimsKeys, "keys that differ in a byte are two"),
        (TakesAnything, "an amount or a window outside its range is refused"),
        (CountsReads, "and reading does not create it"),
    ] {
        let open = move || async move { BrokenCounter { counter: Default::default(), defect } };
        assert_told(tokio::spawn(rate_limit_counter_contract(open)).await, &defect, rule);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_policy_contract_tells_every_defect() {
    use PolicyDefect::*;
    for (defect, rule) in [
        (KeepsTheInvalidated, "an invalidated policy is not found"),
        (ForgetsTheMode, "a policy is kept as it is"),
        (TakesAnyLife, "a life outside its range is refused"),
        (LivesForEver, "a policy lives as long as it was told at last"),
        (InvalidatesEverybody, "must work: not found"),
    ] {
        let open = move || async move { BrokenPolicies { store: Default::default(), defect } };
        assert_told(tokio::spawn(policy_store_contract(open)).await, &defect, rule);
    }
}

fn assert_told(run: std::result::Result<(), JoinError>, defect: &impl std::fmt::Debug, rule: &str) {
    let panic = run.expect_err(&format!("{defect:?} goes unnoticed")).into_panic();
    let message = match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    };
    assert!(message.contains(rule), "{defect:?}: {message}");
}
