//! What `INFO` tells about a server beside its version: role, eviction, persistence, clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redis::FromRedisValue;

use super::link::{Link, Refusal};
use super::{Finding, version};
use crate::connection::ServerInfo;

/// A difference of clocks above this is told: expiry is judged by the server's clock, logs by this machine's.
const TOLERATED_DRIFT: Duration = Duration::from_secs(5);

/// The fields of one `INFO`.
pub(super) struct ServerFacts {
    text: String,
    /// When it was asked for, and when the answer was there.
    asked: SystemTime,
    answered: SystemTime,
}

impl ServerFacts {
    pub(super) async fn of(link: &mut Link) -> Result<Self, Refusal> {
        let asked = SystemTime::now();
        let answer = link.ask(&[b"INFO"]).await?;
        let text = String::from_redis_value(answer).map_err(|_| Refusal::Malformed)?;
        Ok(Self { text, asked, answered: SystemTime::now() })
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim_end))
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.field(name)?.parse().ok()
    }

    /// The same as a store reads it.
    pub(super) fn as_store_sees_it(&self) -> ServerInfo {
        ServerInfo::parse(&self.text)
    }

    pub(super) fn connected_replicas(&self) -> u64 {
        self.number("connected_slaves").unwrap_or(0)
    }

    pub(super) fn has_append_only_file(&self) -> bool {
        self.field("aof_enabled") == Some("1")
    }

    pub(super) fn is_replica(&self) -> bool {
        self.field("role") == Some("slave")
    }

    pub(super) fn version(&self) -> Finding {
        match self.field("valkey_version") {
            Some(valkey) => version::judge("valkey", valkey),
            None => version::judge("redis", self.field("redis_version").unwrap_or_default()),
        }
    }

    /// `in_cluster` says that it is known to be a node of a cluster.
    pub(super) fn role(&self, in_cluster: bool) -> Finding {
        const NAME: &str = "role";
        if self.field("loading") == Some("1") {
            return Finding::fail(
                NAME,
                "the server is still reading its data",
                Refusal::Server("LOADING".into()).hint(),
            );
        }
        if self.field("cluster_enabled") == Some("1") && !in_cluster {
            let hint = "keys of other slots are refused with MOVED: write topology: cluster, and endpoints";
            return Finding::fail(NAME, "the server is a node of a cluster", hint);
        }
        match self.field("role") {
            Some("master") => Finding::ok(NAME, format!("primary, {} connected replicas", self.connected_replicas())),
            Some("slave") => {
                let hint = "name the primary: a replica may answer without labels that were acknowledged";
                Finding::fail(NAME, "the server is a replica", hint)
            }
            _ => Finding::fail(NAME, "the server names no role that a store can use", Refusal::Malformed.hint()),
        }
    }

    pub(super) fn eviction(&self) -> Finding {
        const NAME: &str = "eviction";
        const HINT: &str = "set `maxmemory-policy noeviction`: an evicted label is lost without an error";
        let evicted = self.number("evicted_keys").unwrap_or(0);
        let lost = if evicted > 0 { format!("; {evicted} keys have been evicted") } else { String::new() };
        match (self.field("maxmemory_policy"), self.number("maxmemory")) {
            (Some("noeviction"), _) => Finding::ok(NAME, format!("maxmemory-policy is noeviction{lost}")),
            (Some(policy), Some(0)) => {
                let detail = format!("maxmemory-policy is {policy}; without a maxmemory it has no effect yet{lost}");
                Finding::warn(NAME, detail, HINT)
            }
            (Some(policy), _) => Finding::fail(NAME, format!("maxmemory-policy is {policy}{lost}"), HINT),
            (None, _) => Finding::warn(NAME, "the server does not tell its maxmemory-policy", HINT),
        }
    }

    /// `fsync` is `appendfsync`, if it could be read.
    pub(super) fn persistence(&self, fsync: Result<&str, &Refusal>) -> Finding {
        const NAME: &str = "persistence";
        const HINT: &str =
            "set `appendonly yes` and `appendfsync always`, or accept what docs/operations.md says of it";
        for (field, what) in [("aof_last_write_status", "append-only file"), ("rdb_last_bgsave_status", "snapshot")] {
            if self.field(field) == Some("err") {
                let hint = "free space or mend permissions on the server's disk: it refuses writes, or soon will";
                return Finding::fail(NAME, format!("the last write of the {what} failed"), hint);
            }
        }
        if !self.has_append_only_file() {
            let detail =
                "no append-only file: a restart loses what was written since the last snapshot, if there is one";
            return Finding::warn(NAME, detail, HINT);
        }
        match fsync {
            Ok("always") => Finding::ok(NAME, "append-only file, synced before each answer"),
            Ok("everysec") => {
                Finding::warn(NAME, "append-only file, synced once a second: a power cut loses about that much", HINT)
            }
            Ok(_) => {
                Finding::warn(NAME, "append-only file, synced when the system likes: a power cut loses that", HINT)
            }
            Err(refusal) if refusal.is_permission() => {
                let hint = "add +config|get to the user's rules, or look with --admin-username";
                Finding::warn(NAME, "append-only file; the user may not read how often it is synced", hint)
            }
            Err(refusal) => Finding::warn(NAME, format!("append-only file; appendfsync: {refusal}"), refusal.hint()),
        }
    }

    pub(super) fn clock(&self) -> Finding {
        const NAME: &str = "clock";
        let server = self.number("server_time_usec").map(|micros| UNIX_EPOCH + Duration::from_micros(micros));
        let Some(server) = server else {
            return Finding::warn(NAME, "the server does not tell its time", "compare the clocks by hand");
        };
        // Only what the two moments around the question leave no room for is a difference.
        let ahead = server.duration_since(self.answered).unwrap_or_default();
        let behind = self.asked.duration_since(server).unwrap_or_default();
        let (drift, side) = if ahead > behind { (ahead, "ahead of") } else { (behind, "behind") };
        if drift <= TOLERATED_DRIFT {
            return Finding::ok(NAME, format!("within {} ms of this machine's", drift.as_millis().max(1)));
        }
        let detail = format!("the server's clock is {} s {side} this machine's", drift.as_secs());
        Finding::warn(NAME, detail, "synchronise both (NTP): labels expire by the server's clock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::Status;

    fn facts(text: &str) -> ServerFacts {
        let now = SystemTime::now();
        ServerFacts { text: text.to_owned(), asked: now, answered: now }
    }

    fn micros(offset_s: i64) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as i64;
        format!("server_time_usec:{}\r\n", now + offset_s * 1_000_000)
    }

    #[test]
    fn a_clock_is_told_when_it_is_more_than_five_seconds_off() {
        for (offset, status) in
            [(0, Status::Ok), (4, Status::Ok), (-4, Status::Ok), (7, Status::Warn), (-7, Status::Warn)]
        {
            assert_eq!(facts(&micros(offset)).clock().status, status, "{offset} s");
        }
        assert_eq!(facts("").clock().status, Status::Warn);
    }

    #[test]
    fn eviction_counts_once_there_is_a_limit() {
        for (text, status) in [
            ("maxmemory:0\r\nmaxmemory_policy:noeviction\r\n", Status::Ok),
            ("maxmemory:100\r\nmaxmemory_policy:noeviction\r\n", Status::Ok),
            ("maxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n", Status::Warn),
            ("maxmemory:100\r\nmaxmemory_policy:volatile-ttl\r\n", Status::Fail),
            ("", Status::Warn),
        ] {
            assert_eq!(facts(text).eviction().status, status, "{text}");
        }
    }

    #[test]
    fn only_a_synced_file_is_durable() {
        let aof = "aof_enabled:1\r\naof_last_write_status:ok\r\nrdb_last_bgsave_status:ok\r\n";
        for (text, fsync, status) in [
            (aof, Ok("always"), Status::Ok),
            (aof, Ok("everysec"), Status::Warn),
            (aof, Ok("no"), Status::Warn),
            (aof, Err(Refusal::Server("NOPERM".into())), Status::Warn),
            ("aof_enabled:0\r\n", Ok("always"), Status::Warn),
            ("aof_enabled:1\r\naof_last_write_status:err\r\n", Ok("always"), Status::Fail),
            ("aof_enabled:0\r\nrdb_last_bgsave_status:err\r\n", Ok("always"), Status::Fail),
        ] {
            assert_eq!(facts(text).persistence(fsync.as_ref().copied()).status, status, "{text}");
        }
    }

    #[test]
    fn every_role_but_a_primary_fails() {
        for (text, status) in [
            ("role:master\r\nconnected_slaves:2\r\n", Status::Ok),
            ("role:slave\r\n", Status::Fail),
            ("role:master\r\nloading:1\r\n", Status::Fail),
            ("role:master\r\ncluster_enabled:1\r\n", Status::Fail),
            ("role:sentinel\r\n", Status::Fail),
        ] {
            assert_eq!(facts(text).role(false).status, status, "{text}");
        }
        assert_eq!(facts("role:master\r\ncluster_enabled:1\r\n").role(true).status, Status::Ok);
    }
}
