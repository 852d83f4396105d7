//! What is sent, as the server saw it.

use indelible_core::storage::{
    AgentId, EnforcementMode, PolicyDocument, PolicyStore, RateLimitCounter, SessionId, SessionRecord, SessionStore,
};
use indelible_testkit::Monitor;

use crate::backend::{default_backend, server};

#[tokio::test]
async fn every_operation_sends_its_commands_and_no_others() {
    let Some(server) = server() else { return };
    let backend = default_backend(&server);
    let (sessions, counter, policies) = (backend.sessions(), backend.rate_limiter(), backend.policies());
    let (session_id, agent_id) = (SessionId::from_bytes([1; 16]), AgentId::from_bytes(*b"0123456789abcdef"));
    let policy =
        PolicyDocument { version: 1, name: "n".into(), rules: vec![], enforcement_mode: EnforcementMode::Observe };
    counter.current("warm").await.unwrap();

    let monitor = Monitor::start(server.address()).unwrap();
    sessions.save(SessionRecord { session_id, agent_id, started_at_ns: 7 }).await.unwrap();
    sessions.load(&session_id).await.unwrap();
    sessions.delete(&session_id).await.unwrap();
    counter.increment("k", 2, 60).await.unwrap();
    counter.current("k").await.unwrap();
    counter.reset("k").await.unwrap();
    policies.cache_policy(&agent_id, &policy, 300).await.unwrap();
    policies.get_policy(&agent_id).await.unwrap();
    policies.invalidate(&agent_id).await.unwrap();
    let lines: Vec<String> = monitor.finish().unwrap().iter().map(indelible_testkit::MonitorLine::text).collect();

    let (session, agent) = (session_id.to_hex(), agent_id.to_hex());
    assert_eq!(
        lines,
        [
            "MULTI",
            &format!("HSET aa:session:{session} agent_id 0123456789abcdef started_at_ns 7"),
            &format!("EXPIRE aa:session:{session} 3600"),
            "EXEC",
            &format!("HMGET aa:session:{session} agent_id started_at_ns"),
            &format!("DEL aa:session:{session}"),
            "MULTI",
            "INCRBY aa:ratelimit:k 2",
            "EXPIRE aa:ratelimit:k 60 NX",
            "PTTL aa:ratelimit:k",
            "EXEC",
            "GET aa:ratelimit:k",
            "DEL aa:ratelimit:k",
            &format!("SET aa:policy:{agent} {} EX 300", policy.to_json().unwrap()),
            &format!("GET aa:policy:{agent}"),
            &format!("DEL aa:policy:{agent}"),
        ]
    );
}
