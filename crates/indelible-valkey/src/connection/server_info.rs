//! What `INFO` says about a server.

use std::time::Duration;

/// The fields of `INFO` that decide whether a server may carry operations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ServerInfo {
    /// `false` where `INFO` was not permitted: everything else is then empty.
    pub(crate) is_known: bool,
    /// `valkey` or `redis`.
    pub(crate) server: &'static str,
    pub(crate) version: Box<str>,
    /// Changes with every start of the server.
    pub(crate) run_id: Box<str>,
    pub(crate) is_primary: bool,
    pub(crate) is_loading: bool,
    pub(crate) maxmemory_policy: Box<str>,
    pub(crate) evicted_keys: u64,
    pub(crate) aof_enabled: bool,
    /// The server's wall clock, since the Unix epoch.
    pub(crate) server_time: Option<Duration>,
}

impl ServerInfo {
    /// What is known where `INFO` is not permitted.
    pub(crate) fn unknown() -> Self {
        Self { server: "unknown", ..Self::default() }
    }

    /// Reads the text of `INFO`; lines that are not understood are passed over.
    pub(crate) fn parse(text: &str) -> Self {
        let field =
            |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim_end));
        let text_field = |name: &str| field(name).unwrap_or_default().into();
        let valkey = field("valkey_version");
        Self {
            is_known: true,
            server: if valkey.is_some() { "valkey" } else { "redis" },
            version: valkey.map_or_else(|| text_field("redis_version"), Into::into),
            run_id: text_field("run_id"),
            is_primary: field("role") == Some("master"),
            is_loading: field("loading") == Some("1"),
            maxmemory_policy: text_field("maxmemory_policy"),
            evicted_keys: field("evicted_keys").and_then(|count| count.parse().ok()).unwrap_or(0),
            aof_enabled: field("aof_enabled") == Some("1"),
            server_time: field("server_time_usec").and_then(|time| time.parse().ok()).map(Duration::from_micros),
        }
    }

    /// The number before the first dot; 0 when there is none.
    pub(crate) fn major_version(&self) -> u32 {
        self.version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0)
    }

    /// The role as `health()` names it.
    pub(crate) fn role(&self) -> &'static str {
        match (self.is_known, self.is_primary) {
            (false, _) => "unknown",
            (true, true) => "primary",
            (true, false) => "replica",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_servers_are_told_apart() {
        let redis = ServerInfo::parse("# Server\r\nredis_version:7.0.15\r\nrole:master\r\nloading:0\r\n");
        assert_eq!((redis.server, &*redis.version, redis.role()), ("redis", "7.0.15", "primary"));
        assert_eq!(redis.major_version(), 7);
        let valkey = ServerInfo::parse("redis_version:7.2.4\r\nvalkey_version:9.1.2\r\nrole:slave\r\nloading:1\r\n");
        assert_eq!((valkey.server, &*valkey.version), ("valkey", "9.1.2"));
        assert!(!valkey.is_primary && valkey.is_loading);
    }
}
