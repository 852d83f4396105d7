//! Whether replicas and fence carry what a configuration demands of them.

use redis::FromRedisValue;

use super::Finding;
use super::link::{Link, Refusal};
use super::server_facts::ServerFacts;
use crate::config::Config;
use crate::connection::ServerSettings;

/// The settings that `INFO` does not tell.
pub(super) async fn settings(link: &mut Link) -> Result<ServerSettings, Refusal> {
    let names = ServerSettings::names(true, true).map(str::as_bytes);
    let command: Vec<&[u8]> = [&b"CONFIG"[..], b"GET"].into_iter().chain(names).collect();
    let answer = link.ask(&command).await?;
    let pairs = Vec::<(String, String)>::from_redis_value(answer).map_err(|_| Refusal::Malformed)?;
    let mut settings = ServerSettings::default();
    pairs.iter().for_each(|(name, value)| settings.note(name.as_bytes(), value.as_bytes()));
    Ok(settings)
}

/// The fence, where a replica may take over.
pub(super) fn fence(config: &Config, settings: &Result<ServerSettings, Refusal>) -> Option<Finding> {
    const NAME: &str = "fence";
    const HINT: &str = "set `min-replicas-to-write 1` (or more) and `min-replicas-max-lag 1` on every server";
    config.demands.fence.then(|| match settings.as_ref().map(ServerSettings::is_fenced) {
        Ok(Some(true)) => Finding::ok(NAME, "a primary without replicas stops answering"),
        Ok(_) if config.demands.best_effort => {
            Finding::warn(NAME, "an old primary may go on answering; `durability: bestEffort` accepts that", HINT)
        }
        Ok(_) => Finding::fail(NAME, "an old primary may go on answering after a failover", HINT),
        Err(refusal) => {
            let hint = "add +config|get to the user's rules, or look with --admin-username";
            Finding::warn(NAME, format!("min-replicas-to-write: {refusal}"), hint)
        }
    })
}

/// The replicas, where appends wait for them.
pub(super) fn replicas(config: &Config, facts: &ServerFacts) -> Option<Finding> {
    const NAME: &str = "replicas";
    let wanted = u64::from(config.replication?.replicas);
    let connected = facts.connected_replicas();
    let detail = format!("{connected} connected, and {wanted} must confirm each append");
    Some(if connected < wanted {
        Finding::fail(NAME, detail, "start more replicas, or lower durability.replicas: no append can succeed")
    } else if connected > wanted {
        let hint =
            "raise durability.replicas, or see docs/topologies.md: a failover may promote one that has not confirmed";
        Finding::warn(NAME, detail, hint)
    } else {
        Finding::ok(NAME, detail)
    })
}
