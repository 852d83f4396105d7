//! The examination of a server: whether its settings carry the promise (`docs/soundness.md`, lines 6, 8, 10 and 17). Done on
//! every new connection and from time to time afterwards.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use indelible_core::{Failure, UnsafeServer};

use crate::config::{Checks, Disk};
use crate::connection::{ServerInfo, ServerSettings};
use crate::fault::Fault;
use crate::switches::{Mechanism, is_off};

/// A server whose clock is off by more than this is worth an alarm: expiry is its wall clock's.
const MAX_CLOCK_DRIFT: Duration = Duration::from_secs(5);
/// Oldest Redis with `EXPIRE … GT` and `GETEX`.
const OLDEST_REDIS: u32 = 7;

/// Something about a server that does not carry the promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The reason in errors and alarms; `clock` is in alarms only.
    pub(crate) reason: &'static str,
    /// What refuses the server under `checks: enforce`; `None` where it is only worth an alarm.
    pub(crate) refuses: Option<UnsafeServer>,
    /// What was found and what to change.
    pub(crate) detail: Box<str>,
}

/// What is demanded of a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demands {
    pub(crate) checks: Checks,
    pub(crate) disk: Disk,
    /// `durability: bestEffort` is written out: no alarm about what a crash may lose.
    pub(crate) best_effort: bool,
    /// A replica may be promoted while the old primary still answers: it must stop by itself when no replica follows.
    pub(crate) fence: bool,
    /// Replicas confirm every append.
    pub(crate) replicated: bool,
}

impl Demands {
    /// Whether `CONFIG GET` has to be asked: these settings are not in `INFO`.
    pub(crate) fn needs_config(&self) -> bool {
        self.checks != Checks::Off && (self.disk == Disk::Always || self.fence)
    }

    /// The names of those settings.
    pub(crate) fn settings(&self) -> impl Iterator<Item = &'static str> {
        ServerSettings::names(self.disk == Disk::Always, self.fence)
    }

    /// Examines what a server says. `evicted_before` is what it said last time, `settings` what `CONFIG GET` answered.
    pub(crate) fn examine(
        &self,
        info: &ServerInfo,
        evicted_before: Option<u64>,
        settings: &ServerSettings,
    ) -> Vec<Finding> {
        if self.checks == Checks::Off || is_off(Mechanism::Checks) {
            return Vec::new();
        }
        let mut findings = Vec::new();
        let mut find = |reason: UnsafeServer, detail: String| {
            let name = Failure::UnsafeServer(reason).reason().unwrap_or_default();
            findings.push(Finding { reason: name, refuses: Some(reason), detail: detail.into() });
        };
        if !info.is_known {
            find(UnsafeServer::Acl, "INFO is not permitted, so nothing can be checked; grant +info to the user".into());
            return findings;
        }
        if info.server == "redis" && info.major_version() < OLDEST_REDIS {
            find(UnsafeServer::Version, format!("Redis {} is too old; use 7.0 or newer, or Valkey", info.version));
        }
        if &*info.maxmemory_policy != "noeviction" {
            let detail = "maxmemory-policy may evict label sets; set it to noeviction";
            find(UnsafeServer::Eviction, detail.into());
        } else if evicted_before.is_some_and(|before| info.evicted_keys > before) {
            find(UnsafeServer::Eviction, "keys have been evicted; find out who changes maxmemory-policy".into());
        }
        if self.disk == Disk::Always {
            match (info.aof_enabled, settings.appendfsync.as_deref()) {
                (true, Some("always")) => {}
                (true, None) => find(
                    UnsafeServer::Acl,
                    "CONFIG GET appendfsync is not permitted, so durability cannot be checked; grant +config|get"
                        .into(),
                ),
                _ => find(
                    UnsafeServer::Durability,
                    "durability.disk is always: set appendonly yes and appendfsync always".into(),
                ),
            }
        }
        if self.fence && !is_off(Mechanism::Fence) {
            self.examine_fence(settings, &mut findings);
        }
        // Where replicas confirm, a sync once a second matters only if all of them lose their power together.
        let told = self.best_effort || (self.replicated && info.aof_enabled);
        if self.disk == Disk::None && !told {
            let detail = if self.replicated {
                "appendonly is no: a primary that is started again before a replica takes over comes back empty, and its \
                 replicas empty themselves after it; set appendonly yes"
            } else if info.aof_enabled {
                "a crash of the server may lose about a second of labels, none with appendfsync always and \
                 durability.disk always; write durability: bestEffort to accept that"
            } else {
                "appendonly is no: a crash of the server loses every label since the last snapshot; set appendonly \
                 yes, or write durability: bestEffort to accept that"
            };
            findings.push(Finding { reason: "durability", refuses: None, detail: detail.into() });
        }
        if info.server_time.and_then(drift_from_now).is_some_and(|drift| drift > MAX_CLOCK_DRIFT) {
            // Without the figure: a drifting clock is one finding, not a new one each time.
            let detail = "the server's clock is off by more than 5 s; expiry depends on it: keep it in step";
            findings.push(Finding { reason: "clock", refuses: None, detail: detail.into() });
        }
        findings
    }

    /// Without the fence an old primary that was cut off or frozen goes on answering loads after a failover, and each
    /// of its answers passes the proof. `durability: bestEffort` accepts that: then it is only told.
    fn examine_fence(&self, settings: &ServerSettings, findings: &mut Vec<Finding>) {
        let (reason, detail) = match settings.is_fenced() {
            Some(true) => return,
            Some(false) => (
                UnsafeServer::Fence,
                "a primary that was replaced may go on answering: set min-replicas-to-write 1 (or more) and \
                 min-replicas-max-lag 1 on every server",
            ),
            None => (
                UnsafeServer::Acl,
                "CONFIG GET min-replicas-to-write is not permitted, so the fence cannot be checked; grant +config|get",
            ),
        };
        let name = Failure::UnsafeServer(reason).reason().unwrap_or_default();
        let refuses = (!self.best_effort).then_some(reason);
        findings.push(Finding { reason: name, refuses, detail: detail.into() });
    }

    /// The fault of the first finding that refuses the server, under `checks: enforce`.
    pub(crate) fn refusal(&self, findings: &[Finding]) -> Option<Fault> {
        if self.checks != Checks::Enforce {
            return None;
        }
        let (finding, reason) = findings.iter().find_map(|finding| Some((finding, finding.refuses?)))?;
        Some(Fault::new(Failure::UnsafeServer(reason)).with_detail(finding.detail.to_string()))
    }
}

fn drift_from_now(server: Duration) -> Option<Duration> {
    let ours = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(ours.abs_diff(server))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> ServerInfo {
        ServerInfo::parse(
            "redis_version:7.0.15\r\nrole:master\r\nmaxmemory_policy:noeviction\r\nevicted_keys:0\r\naof_enabled:1\r\n",
        )
    }

    fn fsync(appendfsync: Option<&str>) -> ServerSettings {
        ServerSettings { appendfsync: appendfsync.map(Into::into), ..ServerSettings::default() }
    }

    fn reasons(
        demands: Demands,
        info: &ServerInfo,
        before: Option<u64>,
        appendfsync: Option<&str>,
    ) -> Vec<&'static str> {
        demands.examine(info, before, &fsync(appendfsync)).iter().map(|finding| finding.reason).collect()
    }

    const WARN: Demands =
        Demands { checks: Checks::Warn, disk: Disk::None, best_effort: true, fence: false, replicated: false };

    #[test]
    fn a_good_server_has_no_findings() {
        assert!(reasons(WARN, &good(), None, None).is_empty());
        let always = Demands { disk: Disk::Always, ..WARN };
        assert!(reasons(always, &good(), Some(0), Some("always")).is_empty());
    }

    #[test]
    fn each_flaw_is_found() {
        let evicting = ServerInfo { maxmemory_policy: "volatile-lru".into(), ..good() };
        assert_eq!(reasons(WARN, &evicting, None, None), ["eviction"]);
        let evicted = ServerInfo { evicted_keys: 3, ..good() };
        assert_eq!(reasons(WARN, &evicted, Some(2), None), ["eviction"]);
        assert!(reasons(WARN, &evicted, Some(3), None).is_empty());
        let old = ServerInfo { version: "6.2.14".into(), ..good() };
        assert_eq!(reasons(WARN, &old, None, None), ["version"]);
        let always = Demands { disk: Disk::Always, ..WARN };
        assert_eq!(reasons(always, &good(), None, Some("everysec")), ["durability"]);
        assert_eq!(reasons(always, &good(), None, None), ["acl"]);
        let no_aof = ServerInfo { aof_enabled: false, ..good() };
        assert_eq!(reasons(always, &no_aof, None, Some("always")), ["durability"]);
        assert_eq!(reasons(WARN, &ServerInfo::unknown(), None, None), ["acl"]);
        let wrong_clock = ServerInfo { server_time: Some(Duration::from_secs(1)), ..good() };
        assert_eq!(reasons(WARN, &wrong_clock, None, None), ["clock"]);
    }

    #[test]
    fn what_a_crash_may_lose_is_told_unless_it_is_accepted() {
        let silent = Demands { best_effort: false, ..WARN };
        let findings = silent.examine(&good(), None, &fsync(None));
        assert_eq!(findings.iter().map(|finding| finding.reason).collect::<Vec<_>>(), ["durability"]);
        assert_eq!(Demands { checks: Checks::Enforce, ..silent }.refusal(&findings), None);
        let without_aof = ServerInfo { aof_enabled: false, ..good() };
        assert_ne!(silent.examine(&without_aof, None, &fsync(None)), findings);
        let replicated = Demands { replicated: true, ..silent };
        assert!(replicated.examine(&good(), None, &fsync(None)).is_empty());
        assert_eq!(reasons(replicated, &without_aof, None, None), ["durability"]);
    }

    #[test]
    fn only_enforce_refuses_and_never_for_the_clock() {
        let evicting = ServerInfo { maxmemory_policy: "allkeys-lru".into(), ..good() };
        let enforce = Demands { checks: Checks::Enforce, ..WARN };
        let findings = enforce.examine(&evicting, None, &fsync(None));
        assert_eq!(enforce.refusal(&findings).unwrap().failure, Failure::UnsafeServer(UnsafeServer::Eviction));
        assert_eq!(WARN.refusal(&findings), None);
        let wrong_clock = ServerInfo { server_time: Some(Duration::from_secs(1)), ..good() };
        assert_eq!(enforce.refusal(&enforce.examine(&wrong_clock, None, &fsync(None))), None);
        let off = Demands { checks: Checks::Off, ..WARN };
        assert!(off.examine(&evicting, None, &fsync(None)).is_empty());
    }

    #[test]
    fn where_a_replica_may_take_over_the_fence_is_demanded_unless_that_is_accepted() {
        let demanded = Demands { checks: Checks::Enforce, best_effort: false, fence: true, ..WARN };
        assert_eq!(demanded.settings().collect::<Vec<_>>(), ["min-replicas-to-write", "min-replicas-max-lag"]);
        let fenced = |replicas, lag| ServerSettings {
            min_replicas_to_write: Some(replicas),
            min_replicas_max_lag: Some(lag),
            ..ServerSettings::default()
        };
        let judge = |demands: Demands, settings| {
            let findings = demands.examine(&good(), None, &settings);
            let told = findings.iter().any(|finding| matches!(finding.reason, "fence" | "acl"));
            (told, demands.refusal(&findings).map(|fault| fault.failure))
        };
        for sound in [fenced(1, 1), fenced(2, 1)] {
            assert_eq!(judge(demanded, sound), (false, None));
        }
        // A lag of 0 turns the whole rule off; the server's own default is 10 s.
        for unsound in [fenced(0, 1), fenced(1, 0), fenced(1, 10), fenced(0, 10)] {
            assert_eq!(judge(demanded, unsound.clone()), (true, Some(Failure::UnsafeServer(UnsafeServer::Fence))));
            assert_eq!(judge(Demands { best_effort: true, ..demanded }, unsound.clone()), (true, None));
            assert_eq!(judge(Demands { checks: Checks::Warn, ..demanded }, unsound.clone()), (true, None));
            assert_eq!(judge(Demands { checks: Checks::Off, ..demanded }, unsound), (false, None));
        }
        let unknown = ServerSettings::default();
        assert_eq!(judge(demanded, unknown), (true, Some(Failure::UnsafeServer(UnsafeServer::Acl))));
    }
}
