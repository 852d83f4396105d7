//! One server as this store knows it: what it said of itself, how it is doing, and which lanes lead to it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::breaker::{Breaker, BreakerLimits};
use crate::checks::Finding;
use crate::connect_gate::ConnectGate;
use crate::connection::ServerInfo;
use crate::event::{Alarm, Event, State};
use crate::lane::Verdict;

/// A server and the state of the connections to it.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) gate: ConnectGate,
    pub(crate) breaker: Breaker,
    known: Mutex<Known>,
    open_lanes: AtomicUsize,
    /// How often another server has taken the place of this one.
    epoch: AtomicUsize,
    /// Lanes older than this number are not to be used any more.
    oldest_lane: AtomicUsize,
    next_lane: AtomicUsize,
    /// Replicas have not confirmed the last group of appends.
    unreplicated: AtomicBool,
    /// A lane has closed since the pool was last tidied.
    untidy: AtomicBool,
    /// Operations under way to it, where that is counted.
    under_way: Arc<AtomicUsize>,
}

/// Operations on their way to a node: counted until this is dropped.
#[derive(Debug)]
pub(crate) struct Passage {
    under_way: Arc<AtomicUsize>,
    operations: usize,
}

impl Drop for Passage {
    fn drop(&mut self) {
        self.under_way.fetch_sub(self.operations, Ordering::Relaxed);
    }
}

#[derive(Debug, Default)]
struct Known {
    info: Option<ServerInfo>,
    findings: Vec<Finding>,
}

/// What an examination changed.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// The server is another process than before.
    pub(crate) replaced: bool,
    /// Findings that were not there before.
    pub(crate) new_findings: Vec<Finding>,
}

impl Node {
    pub(crate) fn new(connections: usize, limits: BreakerLimits) -> Self {
        Self {
            gate: ConnectGate::new(connections),
            breaker: Breaker::new(limits),
            known: Mutex::default(),
            open_lanes: AtomicUsize::new(0),
            epoch: AtomicUsize::new(0),
            oldest_lane: AtomicUsize::new(0),
            next_lane: AtomicUsize::new(0),
            unreplicated: AtomicBool::new(false),
            untidy: AtomicBool::new(false),
            under_way: Arc::default(),
        }
    }

    /// Keys evicted when the server was last examined, if it is still the same process.
    pub(crate) fn evicted_before(&self, info: &ServerInfo) -> Option<u64> {
        let known = self.lock();
        known.info.as_ref().filter(|before| before.run_id == info.run_id).map(|before| before.evicted_keys)
    }

    /// Notes an examination.
    pub(crate) fn examined(&self, info: ServerInfo, findings: Vec<Finding>) -> Change {
        let mut known = self.lock();
        let replaced = known.info.as_ref().is_some_and(|before| {
            let told = !info.run_id.is_empty() && !before.run_id.is_empty();
            told && before.run_id != info.run_id
        });
        let new_findings = findings.iter().filter(|finding| !known.findings.contains(finding)).cloned().collect();
        known.info = Some(info);
        known.findings = findings;
        Change { replaced, new_findings }
    }

    /// Notes whether replicas confirmed appends; an alarm when they did not and did before.
    pub(crate) fn note_replication(&self, verdict: &Verdict) -> Option<Event> {
        match verdict {
            Verdict::Replicated => self.unreplicated.store(false, Ordering::Relaxed),
            Verdict::Short(acknowledged) if !self.unreplicated.swap(true, Ordering::Relaxed) => {
                return Some(Event::Alarm(Alarm::NotReplicated { acknowledged: *acknowledged }));
            }
            Verdict::Short(_) | Verdict::Refused(_) => {}
        }
        None
    }

    /// A lane has been opened; returns its number.
    pub(crate) fn lane_opened(&self) -> usize {
        self.open_lanes.fetch_add(1, Ordering::Relaxed);
        self.next_lane.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn lane_closed(&self) {
        self.open_lanes.fetch_sub(1, Ordering::Relaxed);
        self.untidy.store(true, Ordering::Relaxed);
    }

    /// Retires every lane opened so far but the one that is being opened now.
    pub(crate) fn retire_lanes(&self) {
        self.oldest_lane.store(self.next_lane.load(Ordering::Relaxed), Ordering::Relaxed);
        self.untidy.store(true, Ordering::Relaxed);
    }

    /// Another server takes the place of this one: its lanes are retired, those that are being opened too, and nothing
    /// that was held against it is held against the other. Returns the change of the breaker's state.
    pub(crate) fn replace(&self) -> Option<State> {
        self.epoch.fetch_add(1, Ordering::Relaxed);
        self.retire_lanes();
        if let Some(info) = &mut self.lock().info {
            info.run_id = "".into();
        }
        self.gate.reset();
        self.breaker.reset()
    }

    /// Which server this is, counted.
    pub(crate) fn epoch(&self) -> usize {
        self.epoch.load(Ordering::Relaxed)
    }

    /// Whether a lane is one of those that were retired.
    pub(crate) fn is_retired(&self, lane: usize) -> bool {
        lane < self.oldest_lane.load(Ordering::Relaxed)
    }

    /// Whether the pool should be rid of closed lanes; asks only once.
    pub(crate) fn take_untidy(&self) -> bool {
        self.untidy.load(Ordering::Relaxed) && self.untidy.swap(false, Ordering::Relaxed)
    }

    /// Counts operations that are on their way.
    pub(crate) fn passage(&self, operations: usize) -> Arc<Passage> {
        self.under_way.fetch_add(operations, Ordering::Relaxed);
        Arc::new(Passage { under_way: Arc::clone(&self.under_way), operations })
    }

    /// Operations on their way.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// The node's part of `health()`.
    pub(crate) fn health(&self) -> Value {
        let known = self.lock();
        let info = known.info.as_ref();
        let state = match (self.open_lanes.load(Ordering::Relaxed), info) {
            (0, None) => "idle",
            (0, Some(_)) => "disconnected",
            _ => "connected",
        };
        let role = info.map_or("unknown", ServerInfo::role);
        let findings: Vec<Value> = known
            .findings
            .iter()
            .map(|finding| json!({ "reason": finding.reason, "detail": finding.detail }))
            .collect();
        json!({
            "state": state,
            "breaker": self.breaker.phase(),
            "role": role,
            "server": info.map(|info| info.server),
            "version": info.map(|info| &info.version),
            "checks": findings,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
