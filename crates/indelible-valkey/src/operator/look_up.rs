//! The labels of one session, as they stand in the server.

use redis::{FromRedisValue, Value};

use super::approach::approach;
use super::link::Refusal;
use super::server_facts::ServerFacts;
use super::{Finding, cluster};
use crate::config::Config;
use crate::credentials::Login;
use crate::label_key;

/// What stands under a session's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookUp {
    /// The key: prefix and digest, not the session id.
    pub key: String,
    /// The labels, ordered by their UTF-8 bytes.
    pub labels: Vec<String>,
    /// A replica answered: it may lack labels that the primary has.
    pub from_replica: bool,
}

/// Reads the labels of a session and changes nothing: no expiry is refreshed, no generation created.
///
/// # Errors
///
/// The finding that says why they could not be read.
pub async fn look_up(config: &Config, account: Option<&Login>, session_id: &str) -> Result<LookUp, Box<Finding>> {
    let config = &cluster::at_owner_of(config, session_id).await?;
    let mut steps = Vec::new();
    let Ok(mut link) = approach(config, account, &mut steps).await else {
        let step = steps.pop().unwrap_or_else(|| failed(&Refusal::Lost));
        return Err(Box::new(step));
    };
    let key = label_key(&config.key_prefix, session_id);
    let answer = link.ask(&[b"SMEMBERS", key.as_bytes()]).await.map_err(|refusal| Box::new(failed(&refusal)))?;
    let mut labels = read(answer).ok_or_else(|| Box::new(undecodable("a member that is not UTF-8")))?;
    labels.sort_unstable();
    // A user without INFO cannot tell; the labels are no worse for it.
    let from_replica = ServerFacts::of(&mut link).await.is_ok_and(|facts| facts.is_replica());
    Ok(LookUp { key, labels, from_replica })
}

/// The members, every one of them as UTF-8.
fn read(answer: Value) -> Option<Vec<String>> {
    match answer {
        Value::Array(members) | Value::Set(members) => {
            members.into_iter().map(|member| String::from_redis_value(member).ok()).collect()
        }
        _ => None,
    }
}

fn failed(refusal: &Refusal) -> Finding {
    match refusal.code() {
        "WRONGTYPE" => undecodable("something that is no set"),
        _ => Finding::fail("labels", refusal.to_string(), refusal.hint()),
    }
}

fn undecodable(what: &str) -> Finding {
    let hint = "another program writes under this prefix: a store fails loads of this session until the key is mended";
    Finding::fail("labels", format!("the session's key holds {what}"), hint)
}
