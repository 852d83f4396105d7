//! The generation of a keyspace, seen from outside: judged by `doctor`, created or replaced by `init`.

use redis::Value;

use super::Finding;
use super::approach::approach;
use super::link::{Link, Refusal};
use crate::config::{Config, GenerationMode, TopologyConfig};
use crate::credentials::Login;
use crate::generation::Generation;
use crate::label_commands::generation_key;

const NAME: &str = "generation";

/// What stands at the generation's key.
enum Found {
    Nothing,
    Generation(Generation),
    /// A value, or a type, that is no generation of this layout.
    Other,
}

/// Reads it as every pipeline of a store does; PERSIST has nothing to change.
async fn read(link: &mut Link, key: &str) -> Result<Found, Refusal> {
    match link.ask(&[b"GETEX", key.as_bytes(), b"PERSIST"]).await {
        Ok(Value::Nil) => Ok(Found::Nothing),
        Ok(Value::BulkString(bytes)) => Ok(Generation::parse(&bytes).map_or(Found::Other, Found::Generation)),
        Ok(_) => Err(Refusal::Malformed),
        Err(refusal) if refusal.code() == "WRONGTYPE" => Ok(Found::Other),
        Err(refusal) => Err(refusal),
    }
}

/// Judges the generation that is there.
pub(super) async fn judge(link: &mut Link, config: &Config) -> Finding {
    if config.generation == GenerationMode::Off {
        let hint = "leave `generation: off` to fleets whose access rules forbid the key: a lost keyspace looks empty";
        return Finding::warn(NAME, "off, as configured", hint);
    }
    let key = generation_key(&config.key_prefix);
    match read(link, &key).await {
        Ok(Found::Nothing) if config.generation == GenerationMode::Require => {
            let hint =
                "new keyspace: run `indelible init`; one that was in use: restore it, or `indelible init --accept`";
            Finding::fail(NAME, format!("{key} does not exist"), hint)
        }
        Ok(Found::Nothing) => {
            let hint = "run `indelible init` and set `generation: require`, so that a lost keyspace is never taken for a \
                new one";
            Finding::warn(NAME, format!("{key} does not exist; the first node that connects creates it"), hint)
        }
        Ok(found) => judge_found(&found, &key, config),
        Err(refusal) => Finding::fail(NAME, format!("{key}: {refusal}"), refusal.hint()),
    }
}

fn judge_found(found: &Found, key: &str, config: &Config) -> Finding {
    let Found::Generation(generation) = found else {
        let hint = "another program writes here, or a newer version: check keyPrefix; to replace it: `indelible init \
            --accept`";
        return Finding::fail(NAME, format!("{key} holds something that is no generation of this layout"), hint);
    };
    let detail = describe(generation);
    if generation.ttl_seconds() == config.ttl_seconds {
        return Finding::ok(NAME, detail);
    }
    let ours = ttl_words(config.ttl_seconds);
    let hint = "give every node the same ttlSeconds";
    Finding::warn(NAME, format!("{detail}, but here {ours} is configured"), hint)
}

fn describe(generation: &Generation) -> String {
    let accepted = if generation.is_accepted() { ", accepted after a loss" } else { "" };
    let id: String = generation.id().chars().take(8).collect();
    format!("id {id}…, made with {}{accepted}", ttl_words(generation.ttl_seconds()))
}

fn ttl_words(ttl_seconds: Option<u32>) -> String {
    ttl_seconds.map_or_else(|| "no ttlSeconds".to_owned(), |ttl| format!("ttlSeconds {ttl}"))
}

/// Creates the generation of a keyspace that has none. One that is there is judged and left alone, unless `accept`
/// says that what the keyspace held may be lost: then it is replaced, and running nodes follow.
///
/// Findings are those of the way to the server if that is barred, else one: `generation`.
pub async fn initialise(config: &Config, account: Option<&Login>, accept: bool) -> Vec<Finding> {
    if let TopologyConfig::Cluster(_) = config.topology {
        let hint = "nothing to do: a cluster works without, docs/topologies.md says what that means";
        return vec![Finding::fail(NAME, "a cluster has none: no key is every node's", hint)];
    }
    let mut steps = Vec::new();
    let Ok(mut link) = approach(config, account, &mut steps).await else {
        return steps.pop().into_iter().collect();
    };
    if config.generation == GenerationMode::Off {
        let hint = "set `generation` to observe or require first";
        return vec![Finding::fail(NAME, "the configuration says `generation: off`", hint)];
    }
    let finding = write(&mut link, config, accept).await.unwrap_or_else(|refusal| {
        let hint = match refusal.code() {
            "NOPERM" => "run this as a user that may SET the key: --admin-username, --admin-password-file",
            _ => refusal.hint(),
        };
        Finding::fail(NAME, refusal.to_string(), hint)
    });
    vec![finding]
}

async fn write(link: &mut Link, config: &Config, accept: bool) -> Result<Finding, Refusal> {
    let key = generation_key(&config.key_prefix);
    let Ok(new) = Generation::random(config.ttl_seconds) else {
        return Ok(Finding::fail(NAME, "this machine has no source of random numbers", "try again"));
    };
    let found = read(link, &key).await?;
    if !accept {
        if !matches!(found, Found::Nothing) {
            let finding = judge_found(&found, &key, config);
            return Ok(Finding { detail: format!("left as it was: {}", finding.detail), ..finding });
        }
        // NX: another operator or node may have been faster, and theirs is as good.
        link.ask(&[b"SET", key.as_bytes(), new.encode().as_bytes(), b"NX"]).await?;
        return Ok(confirm(read(link, &key).await?, &new, "created"));
    }
    let new = new.into_accepted();
    link.ask(&[b"SET", key.as_bytes(), new.encode().as_bytes()]).await?;
    Ok(confirm(read(link, &key).await?, &new, "accepted a new keyspace"))
}

/// What was written must be what is read.
fn confirm(found: Found, written: &Generation, done: &str) -> Finding {
    match found {
        Found::Generation(generation) if generation == *written => {
            Finding::ok(NAME, format!("{done}: {}", describe(&generation)))
        }
        Found::Generation(generation) => {
            Finding::ok(NAME, format!("created by another in the meantime: {}", describe(&generation)))
        }
        Found::Nothing | Found::Other => Finding::fail(
            NAME,
            "what was written is not there",
            "something removes or replaces the key: look for it with MONITOR",
        ),
    }
}
