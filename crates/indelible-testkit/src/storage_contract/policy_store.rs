use std::future::Future;
use std::time::Instant;

use indelible_core::storage::{
    AgentId, DEFAULT_POLICY_CACHE_TTL_SECS, EnforcementMode, MAX_POLICY_BYTES, MAX_TTL_SECS, PolicyCache,
    PolicyDecision, PolicyDocument, PolicyRule,
};

use super::{agent_id, assert_gone_after_one_second, assert_not_found, assert_refused, valid};

/// Checks every rule that a [`PolicyStore`](indelible_core::storage::PolicyStore) that can be filled keeps; panics
/// with the rule that is broken.
///
/// `open` gives a store each time, fresh or over the same keyspace: every rule uses agents of its own. Runs on a Tokio
/// runtime, for about a second.
pub async fn policy_store_contract<Open, Opening, Store>(open: Open)
where
    Open: Fn() -> Opening,
    Opening: Future<Output = Store>,
    Store: PolicyCache + 'static,
{
    an_unknown_policy_is_not_found(&open().await).await;
    a_policy_is_kept_as_it_is(&open().await).await;
    a_later_policy_replaces_the_earlier_of_its_agent_only(&open().await).await;
    an_invalidated_policy_is_gone(&open().await).await;
    a_life_outside_its_range_is_refused(&open().await).await;
    a_policy_beyond_the_greatest_length_is_refused(&open().await).await;
    a_policy_lives_as_long_as_it_was_told_at_last(&open().await).await;
    debug_shows_no_policy(&open().await).await;
}

async fn an_unknown_policy_is_not_found(store: &impl PolicyCache) {
    assert_not_found(&store.get_policy(&agent_id()).await, "an unknown policy is not found");
}

async fn a_policy_is_kept_as_it_is(store: &impl PolicyCache) {
    let decisions = [PolicyDecision::Allow, PolicyDecision::Deny, PolicyDecision::RequireApproval];
    let patterns = ["tool_call/*", "", "a\"b\\c\n\0", "ünï/\u{10000}"];
    let rules = patterns.iter().flat_map(|pattern| decisions.map(|decision| rule(pattern, decision))).collect();
    let full = PolicyDocument { version: u32::MAX, name: "ü\r\n".into(), rules, ..policy("") };
    for enforcement_mode in [EnforcementMode::Enforce, EnforcementMode::Observe, EnforcementMode::Disabled] {
        for policy in
            [PolicyDocument { enforcement_mode, ..full.clone() }, PolicyDocument { enforcement_mode, ..policy("") }]
        {
            let agent = agent_id();
            cache(store, &agent, &policy).await;
            assert_eq!(valid(store.get_policy(&agent).await), policy, "a policy is kept as it is");
        }
    }
}

async fn a_later_policy_replaces_the_earlier_of_its_agent_only(store: &impl PolicyCache) {
    let (agent, other) = (agent_id(), agent_id());
    cache(store, &agent, &policy("first")).await;
    cache(store, &other, &policy("of another")).await;
    cache(store, &agent, &policy("second")).await;
    assert_eq!(valid(store.get_policy(&agent).await).name, "second", "a later policy replaces the earlier");
    assert_eq!(valid(store.get_policy(&other).await).name, "of another", "another agent keeps its own");
}

async fn an_invalidated_policy_is_gone(store: &impl PolicyCache) {
    let (agent, other) = (agent_id(), agent_id());
    cache(store, &agent, &policy("p")).await;
    cache(store, &other, &policy("of another")).await;
    valid(store.invalidate(&agent).await);
    assert_not_found(&store.get_policy(&agent).await, "an invalidated policy is not found");
    valid(store.invalidate(&agent).await);
    assert_eq!(valid(store.get_policy(&other).await).name, "of another", "invalidating one leaves the others");
    cache(store, &agent, &policy("anew")).await;
    assert_eq!(valid(store.get_policy(&agent).await).name, "anew", "an invalidated policy can be cached again");
}

async fn a_life_outside_its_range_is_refused(store: &impl PolicyCache) {
    let agent = agent_id();
    for ttl_secs in [0, MAX_TTL_SECS + 1, u64::MAX] {
        let outcome = store.cache_policy(&agent, &policy("p"), ttl_secs).await;
        assert_refused(&outcome, "a life outside its range is refused");
    }
    assert_not_found(&store.get_policy(&agent).await, "a refused policy is not kept");
    valid(store.cache_policy(&agent, &policy("p"), MAX_TTL_SECS).await);
    assert_eq!(valid(store.get_policy(&agent).await).name, "p", "the longest life is taken");
}

async fn a_policy_beyond_the_greatest_length_is_refused(store: &impl PolicyCache) {
    let agent = agent_id();
    let room = MAX_POLICY_BYTES - valid(policy("").to_json()).len();
    let outcome = store.cache_policy(&agent, &policy(&"n".repeat(room + 1)), DEFAULT_POLICY_CACHE_TTL_SECS).await;
    assert_refused(&outcome, "a policy beyond the greatest length is refused");
    assert_not_found(&store.get_policy(&agent).await, "a refused policy is not kept");
    let greatest = policy(&"n".repeat(room));
    cache(store, &agent, &greatest).await;
    assert_eq!(valid(store.get_policy(&agent).await), greatest, "the longest policy is taken");
}

async fn a_policy_lives_as_long_as_it_was_told_at_last(store: &impl PolicyCache) {
    let agent = agent_id();
    cache(store, &agent, &policy("long")).await;
    let began = Instant::now();
    valid(store.cache_policy(&agent, &policy("short"), 1).await);
    let is_gone = || async { store.get_policy(&agent).await.is_err() };
    assert_gone_after_one_second(began, is_gone, "a policy lives as long as it was told at last").await;
    assert_not_found(&store.get_policy(&agent).await, "an expired policy is not found");
}

async fn debug_shows_no_policy(store: &impl PolicyCache) {
    cache(store, &agent_id(), &policy("a-telling-name")).await;
    assert!(!format!("{store:?}").contains("a-telling-name"), "Debug shows no policy");
}

async fn cache(store: &impl PolicyCache, agent: &AgentId, policy: &PolicyDocument) {
    valid(store.cache_policy(agent, policy, DEFAULT_POLICY_CACHE_TTL_SECS).await);
}

fn policy(name: &str) -> PolicyDocument {
    PolicyDocument { version: 1, name: name.into(), rules: vec![], enforcement_mode: EnforcementMode::Enforce }
}

fn rule(action_pattern: &str, decision: PolicyDecision) -> PolicyRule {
    PolicyRule { action_pattern: action_pattern.into(), decision }
}
