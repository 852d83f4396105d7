//! Whether the user may run each command that a store of this configuration sends.
//!
//! Each is tried where it changes nothing: reads and `EXPIRE … 1 GT` on a key that does not exist, `GETEX … PERSIST`
//! on the generation, which has no expiry, and `SADD` and `SET` only queued in a MULTI on a connection that is then
//! closed. The server looks at permissions before anything else, so any other refusal still grants them.
//! With an administrator's connection `ACL DRYRUN` is asked instead and nothing is tried at all.

use redis::Value;

use super::approach::approach;
use super::link::{Link, Refusal};
use super::{Finding, trial_key};
use crate::config::{Checks, Config, GenerationMode, TopologyConfig};
use crate::label_commands::generation_key;

/// A command that a store sends.
struct Need {
    name: &'static str,
    command: Vec<String>,
    /// It can only be tried inside a transaction that is never executed.
    writes: bool,
    /// A store works without it.
    optional: bool,
}

impl Need {
    fn new(name: &'static str, command: &[&str]) -> Self {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        Self { name, command, writes: false, optional: false }
    }

    fn writing(self) -> Self {
        Self { writes: true, ..self }
    }

    fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    fn words(&self) -> Vec<&[u8]> {
        self.command.iter().map(String::as_bytes).collect()
    }

    fn judge(&self, answer: Result<(), Refusal>) -> Finding {
        let command = self.command.first().map_or("", String::as_str);
        match answer {
            Ok(()) => Finding::ok(self.name, format!("{command} is allowed")),
            Err(refusal) if refusal.is_permission() && self.optional => {
                let hint = "a store works without it and sees less; the rules of docs/operations.md include it";
                Finding::warn(self.name, format!("the user may not run {command}"), hint)
            }
            Err(refusal) if refusal.is_permission() => {
                let keys = self.command.get(1).map_or(String::new(), |key| format!(" on {key}"));
                let hint = "give the user the rules of docs/operations.md, keys included";
                Finding::fail(self.name, format!("the user may not run {command}{keys}"), hint)
            }
            // The key on which it is tried is another node's.
            Err(refusal) if matches!(refusal.code(), "MOVED" | "ASK") => {
                Finding::ok(self.name, format!("{command} is allowed"))
            }
            Err(refusal) if refusal.code() == "READONLY" => {
                Finding::ok(self.name, format!("{command} is allowed, on a primary"))
            }
            Err(Refusal::Server(code)) if &*code == "ERR" => {
                Finding::fail(self.name, format!("the server does not know {command}"), Refusal::Malformed.hint())
            }
            Err(refusal @ Refusal::Server(_)) => {
                let detail = format!("{command} is allowed, but {refusal}");
                Finding::fail(self.name, detail, refusal.hint())
            }
            Err(refusal) => Finding::fail(self.name, format!("{command}: {refusal}"), refusal.hint()),
        }
    }
}

fn needs(config: &Config) -> Vec<Need> {
    let (key, generation) = (trial_key(&config.key_prefix), generation_key(&config.key_prefix));
    let mut needs = vec![
        Need::new("permission.info", &["INFO"]).optional(),
        Need::new("permission.client", &["CLIENT", "SETNAME", "indelible"]).optional(),
        Need::new("permission.smembers", &["SMEMBERS", &key]),
    ];
    if config.ttl_seconds.is_some() || config.generation == GenerationMode::Off {
        needs.push(Need::new("permission.expire", &["EXPIRE", &key, "1", "GT"]));
    }
    if config.generation != GenerationMode::Off {
        needs.push(Need::new("permission.getex", &["GETEX", &generation, "PERSIST"]));
    }
    if config.demands.needs_config() {
        let command: Vec<&str> = ["CONFIG", "GET"].into_iter().chain(config.demands.settings()).collect();
        let need = Need::new("permission.config", &command);
        // Under `checks: enforce` a store that cannot read it refuses the server.
        needs.push(if config.demands.checks == Checks::Enforce { need } else { need.optional() });
    }
    if let TopologyConfig::Member(_) = config.topology {
        needs.push(Need::new("permission.cluster", &["CLUSTER", "SLOTS"]));
        needs.push(Need::new("permission.asking", &["ASKING"]));
    }
    if config.replication.is_some() {
        // Nothing was written on this connection, so it answers at once.
        needs.push(Need::new("permission.wait", &["WAIT", "0", "1"]));
    }
    // EXEC comes before MULTI: without one it is refused for that, and nothing is executed.
    needs.push(Need::new("permission.exec", &["EXEC"]));
    needs.push(Need::new("permission.multi", &["MULTI"]));
    needs.push(Need::new("permission.sadd", &["SADD", &key, "doctor"]).writing());
    if config.replication.is_some() {
        let sync = format!("{{{key}}}:sync");
        needs.push(Need::new("permission.sync", &["SET", &sync, "1", "PX", "1000"]).writing());
    }
    if config.generation == GenerationMode::Observe {
        needs.push(Need::new("permission.set", &["SET", &generation, "doctor", "NX"]).writing());
    }
    needs
}

/// Tries every needed command on a connection of its own, which is closed afterwards.
pub(super) async fn try_each(config: &Config, findings: &mut Vec<Finding>) {
    let mut steps = Vec::new();
    let Ok(mut link) = approach(config, None, &mut steps).await else {
        // The first connection came about, so a second that does not is a finding of its own.
        findings.extend(steps.pop());
        return;
    };
    let mut queueing = false;
    for need in needs(config) {
        if need.writes && !queueing {
            let hint = "allow MULTI first, then look again";
            findings.push(Finding::fail(need.name, "not tried: outside a transaction it would write", hint));
            continue;
        }
        let answer = link.ask(&need.words()).await;
        let answer = match need.name {
            "permission.multi" => {
                queueing = answer.is_ok();
                answer.map(drop)
            }
            "permission.exec" => answer.map(drop).or_else(|refusal| match refusal.code() {
                "ERR" => Ok(()),
                _ => Err(refusal),
            }),
            // GETEX of a key that is no string has run: the generation's own check tells.
            "permission.getex" if matches!(&answer, Err(refusal) if refusal.code() == "WRONGTYPE") => Ok(()),
            _ => answer.map(drop),
        };
        findings.push(need.judge(answer));
    }
}

/// Asks the server, as `admin`, whether `user` may run each needed command.
pub(super) async fn ask_for_each(admin: &mut Link, user: &str, config: &Config, findings: &mut Vec<Finding>) {
    for need in needs(config) {
        let mut question: Vec<&[u8]> = vec![b"ACL", b"DRYRUN", user.as_bytes()];
        question.extend(need.words());
        let answer = match admin.ask(&question).await {
            Ok(Value::Okay) => Ok(()),
            // The refusal comes as a text, in words that differ between servers.
            Ok(Value::BulkString(_) | Value::SimpleString(_)) => Err(Refusal::Server("NOPERM".into())),
            Ok(_) => Err(Refusal::Malformed),
            Err(refusal) => {
                let hint = "the administrator needs +acl|dryrun, and the user must exist; or look without --admin-…";
                findings.push(Finding::fail("permission.dryrun", format!("ACL DRYRUN: {refusal}"), hint));
                return;
            }
        };
        findings.push(need.judge(answer));
    }
}
