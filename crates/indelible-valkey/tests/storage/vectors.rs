//! Keys and values to the byte, in both directions: what is written is what the originals read, and what they write is
//! read.

use indelible_core::storage::{
    AgentId, MAX_POLICY_BYTES, PolicyDocument, PolicyStore, RateLimitCounter, SessionId, SessionRecord, SessionStore,
};
use indelible_testkit::{Reply, TestServer};
use serde_json::Value;

use crate::backend::{command, default_backend, integer, is_not_found, is_undecodable, server};

fn vectors(part: &str) -> Value {
    let vectors: Value = serde_json::from_str(include_str!("../../../../__test__/vectors/storage.json")).unwrap();
    vectors[part].clone()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

fn session_record(session: &Value) -> SessionRecord {
    let record = &session["record"];
    SessionRecord {
        session_id: SessionId::from_hex(text(record, "sessionId")).unwrap(),
        agent_id: AgentId::from_hex(text(record, "agentId")).unwrap(),
        started_at_ns: text(record, "startedAtNs").parse().unwrap(),
    }
}

/// The fields of a hash of the vectors, name and value by turns.
fn fields(hash: &Value) -> Vec<Vec<u8>> {
    let mut fields = Vec::new();
    for (name, value) in hash.as_object().unwrap() {
        fields.push(name.as_bytes().to_vec());
        fields.push(match value {
            Value::String(text) => text.as_bytes().to_vec(),
            bytes => const_hex::decode(text(bytes, "bytesHex")).unwrap(),
        });
    }
    fields
}

fn store_hash(server: &TestServer, key: &str, hash: &Value) {
    let mut command: Vec<Vec<u8>> = vec![b"HSET".to_vec(), key.as_bytes().to_vec()];
    command.extend(fields(hash));
    // A hash without fields is no key at all, and no command.
    if command.len() > 2 {
        let reply = server.client().unwrap().command(&command).unwrap();
        assert!(matches!(reply, Reply::Integer(1..)), "{reply:?}");
    }
}

#[tokio::test]
async fn a_session_is_written_to_the_byte() {
    let Some(server) = server() else { return };
    let session = vectors("session");
    default_backend(&server).sessions().save(session_record(&session)).await.unwrap();
    let key = text(&session, "key");
    let Reply::Array(stored) = command(&server, &["HGETALL", key]) else { panic!("a hash") };
    let mut expected = fields(&session["hash"]);
    let mut found: Vec<Vec<u8>> =
        stored.into_iter().map(|item| if let Reply::Bulk(bytes) = item { bytes } else { panic!("bytes") }).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    let ttl = session["ttlSeconds"].as_i64().unwrap();
    assert!((ttl - 1..=ttl).contains(&integer(&server, &["TTL", key])));
}

#[tokio::test]
async fn a_session_of_the_originals_is_read() {
    let Some(server) = server() else { return };
    let session = vectors("session");
    store_hash(&server, text(&session, "key"), &session["hash"]);
    let record = session_record(&session);
    let sessions = default_backend(&server).sessions();
    assert_eq!(sessions.load(&record.session_id).await.unwrap(), record);
    // The originals add no field, but one that somebody added is none of our business.
    command(&server, &["HSET", text(&session, "key"), "tenant", "t"]);
    assert_eq!(sessions.load(&record.session_id).await.unwrap(), record);
    assert_eq!(integer(&server, &["TTL", text(&session, "key")]), -1, "a load changes no life");
}

#[tokio::test]
async fn half_a_session_is_not_decodable_and_none_is_not_found() {
    let Some(server) = server() else { return };
    let session = vectors("session");
    let sessions = default_backend(&server).sessions();
    let id = session_record(&session).session_id;
    for case in session["unreadable"].as_array().unwrap() {
        command(&server, &["DEL", text(&session, "key")]);
        store_hash(&server, text(&session, "key"), &case["hash"]);
        let outcome = sessions.load(&id).await;
        match text(case, "outcome") {
            "not-found" => assert!(is_not_found(&outcome), "{case}: {outcome:?}"),
            "undecodable" => assert!(is_undecodable(&outcome), "{case}: {outcome:?}"),
            other => panic!("the vectors have a new outcome, {other}"),
        }
    }
    command(&server, &["DEL", text(&session, "key")]);
    command(&server, &["SET", text(&session, "key"), "text"]);
    assert!(is_undecodable(&sessions.load(&id).await), "another type is no record");
}

#[tokio::test]
async fn counters_are_written_and_read_to_the_byte() {
    let Some(server) = server() else { return };
    let limits = vectors("rateLimit");
    let counter = default_backend(&server).rate_limiter();
    for case in limits["keys"].as_array().unwrap() {
        let (key, redis_key) = (text(case, "key"), text(case, "redisKey"));
        assert_eq!(counter.increment(key, 7, 60).await.unwrap(), 7);
        assert_eq!(command(&server, &["GET", redis_key]), Reply::Bulk(b"7".into()));
        assert!((59..=60).contains(&integer(&server, &["TTL", redis_key])));
        command(&server, &["SET", redis_key, "41", "EX", "100"]);
        assert_eq!(counter.current(key).await.unwrap(), 41);
        assert_eq!(counter.increment(key, 1, 60).await.unwrap(), 42);
        assert!((99..=100).contains(&integer(&server, &["TTL", redis_key])), "the window of the originals stays");
        counter.reset(key).await.unwrap();
        assert_eq!(integer(&server, &["EXISTS", redis_key]), 0);
    }
}

#[tokio::test]
async fn the_sequence_of_the_vectors() {
    let Some(server) = server() else { return };
    let counter = default_backend(&server).rate_limiter();
    let number = |step: &Value, name: &str| text(step, name).parse::<u64>().unwrap();
    for step in vectors("rateLimit")["sequence"].as_array().unwrap() {
        match text(step, "op") {
            "current" => assert_eq!(counter.current("k").await.unwrap(), number(step, "expect"), "{step}"),
            "reset" => counter.reset("k").await.unwrap(),
            "increment" => {
                let window_secs = step["windowSecs"].as_u64().unwrap();
                let total = counter.increment("k", number(step, "amount"), window_secs).await.unwrap();
                assert_eq!(total, number(step, "expect"), "{step}");
            }
            other => panic!("the vectors have a new step, {other}"),
        }
        if let Some(near) = step["ttlStaysNear"].as_i64() {
            assert!((near - 1..=near).contains(&integer(&server, &["TTL", "aa:ratelimit:k"])), "{step}");
        }
    }
}

#[tokio::test]
async fn what_is_no_counter_is_not_decodable() {
    let Some(server) = server() else { return };
    let counter = default_backend(&server).rate_limiter();
    for value in vectors("rateLimit")["unreadable"].as_array().unwrap() {
        command(&server, &["SET", "aa:ratelimit:k", value.as_str().unwrap()]);
        assert!(is_undecodable(&counter.current("k").await), "{value} is no total");
        assert!(is_undecodable(&counter.increment("k", 1, 60).await), "{value} is nothing to add to");
    }
    command(&server, &["DEL", "aa:ratelimit:k"]);
    command(&server, &["RPUSH", "aa:ratelimit:k", "1"]);
    assert!(is_undecodable(&counter.current("k").await), "another type is no total");
    assert!(is_undecodable(&counter.increment("k", 1, 60).await), "another type is nothing to add to");
    assert_eq!(integer(&server, &["LLEN", "aa:ratelimit:k"]), 1, "and stays as it is");
}

#[tokio::test]
async fn a_policy_is_written_to_the_byte() {
    let Some(server) = server() else { return };
    let policy = vectors("policy");
    let (agent, key) = (AgentId::from_hex(text(&policy, "agentId")).unwrap(), text(&policy, "key"));
    let document = PolicyDocument::from_json(text(&policy, "json")).unwrap();
    let ttl = indelible_valkey::storage::DEFAULT_POLICY_CACHE_TTL_SECS;
    assert_eq!(Some(ttl), policy["defaultTtlSeconds"].as_u64());
    default_backend(&server).policies().cache_policy(&agent, &document, ttl).await.unwrap();
    assert_eq!(command(&server, &["GET", key]), Reply::Bulk(text(&policy, "json").into()));
    assert!((299..=300).contains(&integer(&server, &["TTL", key])));
}

#[tokio::test]
async fn policies_of_the_originals_are_read_and_others_are_not_decodable() {
    let Some(server) = server() else { return };
    let policy = vectors("policy");
    let (agent, key) = (AgentId::from_hex(text(&policy, "agentId")).unwrap(), text(&policy, "key"));
    let policies = default_backend(&server).policies();
    let readable = policy["readable"].as_array().unwrap().iter().chain([&policy["json"]]);
    for json in readable.map(|json| json.as_str().unwrap()) {
        command(&server, &["SET", key, json]);
        assert_eq!(policies.get_policy(&agent).await.unwrap(), PolicyDocument::from_json(json).unwrap());
    }
    for json in policy["unreadable"].as_array().unwrap().iter().map(|json| json.as_str().unwrap()) {
        command(&server, &["SET", key, json]);
        let outcome = policies.get_policy(&agent).await;
        assert!(is_undecodable(&outcome), "{json}: {outcome:?}");
    }
    server.client().unwrap().command(&[&b"SET"[..], key.as_bytes(), b"\"\xff\""]).unwrap();
    assert!(is_undecodable(&policies.get_policy(&agent).await), "what is not UTF-8 is no policy");
    command(&server, &["DEL", key]);
    command(&server, &["SADD", key, "text"]);
    assert!(is_undecodable(&policies.get_policy(&agent).await), "another type is no policy");
}

#[tokio::test]
async fn what_is_longer_than_a_policy_may_be_is_not_decodable() {
    let Some(server) = server() else { return };
    let policy = vectors("policy");
    let (agent, key) = (AgentId::from_hex(text(&policy, "agentId")).unwrap(), text(&policy, "key"));
    let policies = default_backend(&server).policies();
    let padded = |length: usize| {
        let json = text(&policy, "json");
        [json, &" ".repeat(length - json.len())].concat()
    };
    for (length, readable) in [(MAX_POLICY_BYTES, true), (MAX_POLICY_BYTES + 1, false), (5 << 20, false)] {
        command(&server, &["SET", key, &padded(length)]);
        let outcome = policies.get_policy(&agent).await;
        assert_eq!(outcome.is_ok(), readable, "{length} bytes: {outcome:?}");
        assert_eq!(is_undecodable(&outcome), !readable, "{length} bytes: {outcome:?}");
    }
}
