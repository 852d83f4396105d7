//! The server's version: what works, and below which patch known flaws are open.

use super::Finding;

type Version = (u32, u32, u32);

/// The lowest Redis whose commands are those that a store sends.
const REDIS_FLOOR: Version = (7, 0, 0);

/// When the tables below were last compared with the advisories of both projects.
const TABLES_OF: &str = "October 2026";
/// For each maintained line, the first version without the flaws known then: CVE-2026-81934 (TLS, use after free
/// before anybody has logged in), the fixes of September 2026 (ACL, cluster; Redis 8), CVE-2026-23479 and -25243 (use
/// after free), CVE-2026-63639 (`RESTORE`), CVE-2025-49844 (Lua), CVE-2025-21605 (output buffers) and older ones.
const REDIS_FIXED: &[Version] = &[(7, 2, 16), (7, 4, 11), (8, 2, 10), (8, 4, 6), (8, 6, 7), (8, 8, 3), (8, 10, 2)];
/// The same for Valkey: GHSA-f4q9-j22m-xqq9 (cluster, heap overflow), GHSA-fq2f-crmw-q97r (Lua, before anybody has
/// logged in) and CVE-2026-56684 (TLS, use after free) included.
const VALKEY_FIXED: &[Version] = &[(7, 2, 15), (8, 0, 12), (8, 1, 11), (9, 0, 7), (9, 1, 3)];

/// Judges the version that `INFO` names.
pub(super) fn judge(server: &str, text: &str) -> Finding {
    let Some(version) = parse(text) else {
        let detail = format!("{server} names no version");
        return Finding::warn("version", detail, "make sure that it is a Valkey, or a Redis of 7.0 or newer");
    };
    if server == "redis" && version < REDIS_FLOOR {
        let hint = "upgrade: EXPIRE … NX and GT, which keep a label's life from being shortened, came with Redis 7.0";
        return Finding::fail("version", format!("redis {text} is too old"), hint);
    }
    let fixed = if server == "valkey" { VALKEY_FIXED } else { REDIS_FIXED };
    let line = fixed.iter().find(|known| (known.0, known.1) == (version.0, version.1));
    match line {
        Some(known) if version < *known => {
            let detail = format!("{server} {text} has flaws that are fixed since {}", join(&[*known]));
            Finding::warn("version", detail, UPGRADE)
        }
        Some(_) => Finding::ok("version", format!("{server} {text}, no known flaw (as of {TABLES_OF})")),
        None if fixed.last().is_some_and(|newest| version > *newest) => {
            Finding::ok("version", format!("{server} {text}, newer than the list of known flaws ({TABLES_OF})"))
        }
        None => {
            let detail = format!("{server} {text}: this line gets no fixes from the project; {} do", join(fixed));
            Finding::warn("version", detail, UPGRADE)
        }
    }
}

const UPGRADE: &str = "upgrade, or make sure that your distribution has ported the fixes back; the rules of \
    docs/operations.md keep scripts and everything else that a store does not need from its user";

/// The leading `major.minor.patch`; what follows (`-rc1`) is passed over.
fn parse(text: &str) -> Option<Version> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next().and_then(Result::ok).unwrap_or(0)))
}

fn join(versions: &[Version]) -> String {
    let texts: Vec<_> = versions.iter().map(|(major, minor, patch)| format!("{major}.{minor}.{patch}")).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::Status;

    #[test]
    fn each_version_is_judged_within_its_line() {
        for (server, text, status) in [
            ("redis", "6.2.23", Status::Fail),
            ("redis", "7.0.15", Status::Warn),
            ("redis", "7.2.15", Status::Warn),
            ("redis", "7.2.16", Status::Ok),
            ("redis", "7.4.10", Status::Warn),
            ("redis", "7.4.11", Status::Ok),
            ("redis", "8.0.6", Status::Warn),
            ("redis", "8.2.9", Status::Warn),
            ("redis", "8.4.6", Status::Ok),
            ("redis", "8.6.6", Status::Warn),
            ("redis", "8.8.2", Status::Warn),
            ("redis", "8.10.1", Status::Warn),
            ("redis", "8.10.2", Status::Ok),
            ("redis", "9.0.0-rc1", Status::Ok),
            ("redis", "", Status::Warn),
            ("valkey", "7.2.14", Status::Warn),
            ("valkey", "7.2.15", Status::Ok),
            ("valkey", "8.0.11", Status::Warn),
            ("valkey", "8.1.10", Status::Warn),
            ("valkey", "8.1.11", Status::Ok),
            ("valkey", "9.0.7", Status::Ok),
            ("valkey", "9.1.2", Status::Warn),
            ("valkey", "9.1.3", Status::Ok),
            ("valkey", "255.255.255", Status::Ok),
        ] {
            let finding = judge(server, text);
            assert_eq!(finding.status, status, "{server} {text}: {finding:?}");
            assert_eq!(finding.hint.is_none(), status == Status::Ok);
        }
    }
}
