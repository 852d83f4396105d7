//! The examination: every check in its order, until one that the rest stands on fails.

use super::approach::approach;
use super::link::Link;
use super::permissions::{ask_for_each, try_each};
use super::server_facts::ServerFacts;
use super::{Finding, cluster, default_user, generation, latency, replication};
use crate::checks::Demands;
use crate::config::{Checks, Config, TopologyConfig};
use crate::connection::{ServerInfo, ServerSettings};
use crate::credentials::Login;

/// Examines a server as the stores of this configuration will meet it. Changes nothing there.
///
/// With `admin`, permissions are asked for instead of tried, and what only an administrator may read is read.
/// The findings are in the order of the checks, which `docs/cli.md` lists.
pub async fn examine(config: &Config, admin: Option<&Login>) -> Vec<Finding> {
    let mut findings = vec![Finding::ok("config", format!("accepted; keys begin with {}:", config.key_prefix))];
    let TopologyConfig::Cluster(seeds) = &config.topology else {
        examine_node(config, admin, &mut findings).await;
        return findings;
    };
    let (finding, primaries) = cluster::judge(config, seeds).await;
    findings.push(finding);
    for primary in primaries {
        let mut own = Vec::new();
        examine_node(&config.at_member(primary.clone()), admin, &mut own).await;
        findings.extend(own.into_iter().map(|finding| finding.of_node(&primary)));
    }
    findings
}

/// The checks of one server, until one that the rest stands on fails.
async fn examine_node(config: &Config, admin: Option<&Login>, findings: &mut Vec<Finding>) {
    let Ok(mut link) = approach(config, None, findings).await else { return };
    let mut admin_link = match admin {
        None => None,
        Some(account) => match connect_admin(config, account).await {
            Ok(link) => Some(link),
            Err(finding) => {
                findings.push(finding);
                return;
            }
        },
    };
    match &mut admin_link {
        Some(admin) => ask_for_each(admin, &user(config).await, config, findings).await,
        None => try_each(config, findings).await,
    }
    examine_server(&mut link, admin_link.as_mut(), config, findings).await;
    if !is_member(config) {
        findings.push(generation::judge(&mut link, config).await);
    }
    findings.push(latency::judge(&mut link, config).await);
}

/// Whether it is a node of a cluster, which has no generation.
fn is_member(config: &Config) -> bool {
    matches!(config.topology, TopologyConfig::Member(_))
}

/// A connection as the administrator; the way there is known to be open, so only the credentials can be wrong.
async fn connect_admin(config: &Config, account: &Login) -> Result<Link, Finding> {
    let mut steps = Vec::new();
    approach(config, Some(account), &mut steps).await.map_err(|_| {
        let (detail, hint) = steps.pop().map_or_else(Default::default, |step| (step.detail, step.hint));
        let hint = hint.unwrap_or_else(|| "check --admin-username and its password".to_owned());
        Finding::fail("admin", detail, hint)
    })
}

/// The user that stores connect as.
async fn user(config: &Config) -> String {
    let login = config.credentials.read(&mut Vec::new()).await.ok().flatten();
    login.and_then(|login| login.username).map_or_else(|| "default".to_owned(), String::from)
}

/// What `INFO` tells. Without it these checks are left out: that it is not permitted has been found already.
async fn examine_server(link: &mut Link, mut admin: Option<&mut Link>, config: &Config, findings: &mut Vec<Finding>) {
    let link = admin.as_deref_mut().unwrap_or(link);
    match ServerFacts::of(link).await {
        Ok(facts) => {
            let settings = replication::settings(link).await;
            let fsync = settings.as_ref().map(|settings| settings.appendfsync.as_deref().unwrap_or("no"));
            findings.extend([
                facts.version(),
                facts.role(is_member(config)),
                facts.eviction(),
                facts.persistence(fsync),
                facts.clock(),
            ]);
            findings.push(match (facts.has_append_only_file(), admin) {
                (false, _) => default_user::without_file(),
                (true, Some(admin)) => default_user::judge(admin, config).await,
                (true, None) if user(config).await == "default" => default_user::own(),
                (true, None) => default_user::unasked(),
            });
            findings.extend(replication::replicas(config, &facts));
            findings.extend(replication::fence(config, &settings));
            findings.extend(refusal(config, &facts.as_store_sees_it(), &settings.unwrap_or_default()));
        }
        Err(refused) if refused.is_permission() => {
            findings.extend(refusal(config, &ServerInfo::unknown(), &ServerSettings::default()))
        }
        Err(refused) => findings.push(Finding::fail("info", refused.to_string(), refused.hint())),
    }
}

/// Why a store would refuse this server, judged by the store's own rules; nothing under `checks: warn` and `off`.
fn refusal(config: &Config, info: &ServerInfo, settings: &ServerSettings) -> Option<Finding> {
    let Demands { checks, .. } = config.demands;
    let refused = config.demands.refusal(&config.demands.examine(info, None, settings));
    match refused {
        Some(fault) => {
            let detail = fault.detail.unwrap_or("the server's settings do not carry the promise".into());
            let hint = "change it on the server; until then every operation answers ERR_STORE_UNSAFE_SERVER";
            Some(Finding::fail("checks", format!("`checks: enforce` refuses this server: {detail}"), hint))
        }
        None if checks == Checks::Enforce => Some(Finding::ok("checks", "`checks: enforce` accepts this server")),
        None => None,
    }
}
