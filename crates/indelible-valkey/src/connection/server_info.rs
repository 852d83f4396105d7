//! What `INFO` says about a server.

/// The fields of `INFO` that decide whether a server may carry operations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ServerInfo {
    /// `valkey` or `redis`.
    pub(crate) server: &'static str,
    pub(crate) version: Box<str>,
    pub(crate) is_primary: bool,
    pub(crate) is_loading: bool,
}

impl ServerInfo {
    /// Reads the text of `INFO`; lines that are not understood are passed over.
    pub(crate) fn parse(text: &str) -> Self {
        let field =
            |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim_end));
        let valkey = field("valkey_version");
        Self {
            server: if valkey.is_some() { "valkey" } else { "redis" },
            version: valkey.or_else(|| field("redis_version")).unwrap_or_default().into(),
            is_primary: field("role") == Some("master"),
            is_loading: field("loading") == Some("1"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_servers_are_told_apart() {
        let redis = ServerInfo::parse("# Server\r\nredis_version:7.0.15\r\nrole:master\r\nloading:0\r\n");
        assert_eq!((redis.server, &*redis.version, redis.is_primary), ("redis", "7.0.15", true));
        let valkey = ServerInfo::parse("redis_version:7.2.4\r\nvalkey_version:9.1.2\r\nrole:slave\r\nloading:1\r\n");
        assert_eq!((valkey.server, &*valkey.version), ("valkey", "9.1.2"));
        assert!(!valkey.is_primary && valkey.is_loading);
    }
}
