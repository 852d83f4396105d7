//! Whether the default user may run what an append-only file holds: servers of many versions replay the file as that
//! user, and silently drop the transactions that it may not run (`docs/operations.md`, "The default user").

use redis::Value;

use super::Finding;
use super::link::{Link, Refusal};
use super::trial_key;
use crate::config::Config;
use crate::label_commands::generation_key;

const NAME: &str = "default-user";
const HINT: &str = "give it back its rights and keep it switched off: `user default off resetpass ~* &* +@all`, see docs/operations.md";

/// Judges the default user of a server with an append-only file, asked of `admin`.
pub(super) async fn judge(admin: &mut Link, config: &Config) -> Finding {
    for command in replayed(config) {
        let mut question: Vec<&[u8]> = vec![b"ACL", b"DRYRUN", b"default"];
        question.extend(command.iter().map(String::as_bytes));
        match admin.ask(&question).await {
            Ok(Value::Okay) => {}
            // The refusal comes as a text, in words that differ between servers.
            Ok(Value::BulkString(_) | Value::SimpleString(_)) => {
                let name = command.first().map_or("", String::as_str);
                let detail = format!(
                    "the default user may not run {name}: a restart may drop every label from the append-only file"
                );
                return Finding::fail(NAME, detail, HINT);
            }
            Ok(_) => return unknown(&Refusal::Malformed),
            Err(refusal) => return unknown(&refusal),
        }
    }
    Finding::ok(NAME, "the default user may run what the append-only file holds")
}

/// Without an administrator nobody can tell.
pub(super) fn unasked() -> Finding {
    let hint = "look with --admin-username: a default user without rights may lose every label at a restart";
    Finding::warn(NAME, "append-only file; what the default user may do can only be asked by an administrator", hint)
}

/// The store connects as the default user, whose permissions have been tried.
pub(super) fn own() -> Finding {
    Finding::ok(NAME, "the default user is the one that the store connects as")
}

/// There is no file to replay.
pub(super) fn without_file() -> Finding {
    Finding::ok(NAME, "no append-only file that would be replayed as the default user")
}

fn unknown(refusal: &Refusal) -> Finding {
    Finding::warn(NAME, format!("ACL DRYRUN: {refusal}"), "the administrator needs +acl|dryrun")
}

/// The commands of appends and of `indelible init` as the file holds them: a life becomes a point in time.
fn replayed(config: &Config) -> Vec<Vec<String>> {
    let (key, generation) = (trial_key(&config.key_prefix), generation_key(&config.key_prefix));
    let commands: [&[&str]; 6] = [
        &["MULTI"],
        &["SADD", &key, "doctor"],
        &["PEXPIREAT", &key, "1"],
        &["EXEC"],
        &["SET", &generation, "doctor"],
        &["DEL", &key],
    ];
    commands.map(|words| words.iter().map(|word| (*word).to_owned()).collect()).into()
}
