//! A cluster: what the nodes that the configuration names say of its slots, and which nodes are to be looked at.

use super::Finding;
use crate::cluster::{SLOTS, SlotRule, survey};
use crate::config::{Config, TopologyConfig};
use crate::endpoint::{Address, Endpoint};
use crate::fault::Fault;
use crate::keys::SessionDigest;

const NAME: &str = "cluster";
/// What to do where this look at it tells too little.
const LOOK: &str = "run `indelible doctor` with the same configuration";

/// Asks every node that the configuration names who owns which slots. The finding, and the primaries.
pub(super) async fn judge(config: &Config, seeds: &[Endpoint]) -> (Finding, Vec<Address>) {
    let (mut said, mut silent) = (Vec::new(), Vec::new());
    for (node, answer) in survey(config, seeds).await {
        match answer {
            Ok(slots) => said.push((node, slots)),
            Err(fault) => silent.push(format!("{node}: {}", words(&fault))),
        }
    }
    let Some(((first, slots), others)) = said.split_first() else {
        let hint = "is it running, is it a node of a cluster, may this user run CLUSTER SLOTS (+cluster|slots)?";
        return (Finding::fail(NAME, silent.join("; "), hint), Vec::new());
    };
    if let Some((stranger, _)) = others.iter().find(|(_, other)| !other.knows(slots)) {
        let detail = format!("{first} and {stranger} are nodes of different clusters");
        return (Finding::fail(NAME, detail, "list nodes of one cluster only"), Vec::new());
    }
    let best = said.iter().map(|(_, slots)| slots).max_by_key(|slots| slots.covered()).unwrap_or(slots);
    let primaries = best.primaries();
    if let Some(elsewhere) = primaries.iter().find(|node| !config.may_dial(node)) {
        let detail = format!("{elsewhere} is not on this machine, so TLS is required");
        return (Finding::fail(NAME, detail, "set tls, or use rediss:// endpoints"), Vec::new());
    }
    let detail = format!("{} primaries among {} nodes serve {} slots", primaries.len(), best.ids.len(), best.covered());
    let finding = if best.covered() < SLOTS {
        let hint = "give the other slots a primary (`CLUSTER ADDSLOTSRANGE`), or bring back the one that is down";
        Finding::fail(NAME, format!("{detail} of {SLOTS}"), hint)
    } else if silent.is_empty() {
        Finding::ok(NAME, detail)
    } else {
        let hint = "a store works as long as one of its endpoints answers: mend the others, or take them off the list";
        Finding::warn(NAME, format!("{detail}; {}", silent.join("; ")), hint)
    };
    (finding, primaries)
}

/// The configuration for the node that owns a session's key; where there is no cluster, the same again.
///
/// # Errors
///
/// The finding that says why that node cannot be found.
pub(super) async fn at_owner_of(config: &Config, session_id: &str) -> Result<Config, Box<Finding>> {
    let TopologyConfig::Cluster(seeds) = &config.topology else { return Ok(config.clone()) };
    let slot = SlotRule::new(&config.key_prefix).slot(&SessionDigest::of(session_id.as_bytes()));
    let answers = survey(config, seeds).await;
    let said = answers.iter().filter_map(|(_, answer)| answer.as_ref().ok());
    match said.filter_map(|slots| slots.owner_of(slot)).find(|owner| config.may_dial(owner)) {
        Some(owner) => Ok(config.at_member(owner.clone())),
        None => Err(Box::new(Finding::fail(NAME, "no node that serves the session's slot was found", LOOK))),
    }
}

/// What a fault says, without what a server said.
fn words(fault: &Fault) -> String {
    let code = fault.server_code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
    match &fault.detail {
        Some(detail) => format!("{detail}{code}"),
        None => format!("{} {}{code}", fault.failure.code(), fault.failure.reason().unwrap_or_default()),
    }
}
