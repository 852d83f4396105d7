//! Policy documents against the vectors that the TypeScript side and the originals share.

use indelible_core::storage::{EnforcementMode, PolicyDecision, PolicyDocument};
use serde_json::Value;

fn policy_vectors() -> Value {
    let vectors: Value = serde_json::from_str(include_str!("../../../../__test__/vectors/storage.json")).unwrap();
    vectors["policy"].clone()
}

fn texts<'a>(vectors: &'a Value, name: &str) -> Vec<&'a str> {
    let texts: Vec<&str> = vectors[name].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    assert!(!texts.is_empty());
    texts
}

#[test]
fn the_stored_text_is_read_and_written_to_the_byte() {
    let vectors = policy_vectors();
    let text = vectors["json"].as_str().unwrap();
    let document = PolicyDocument::from_json(text).unwrap();
    assert_eq!((document.version, document.name.as_str()), (3, "default"));
    let rules: Vec<_> = document.rules.iter().map(|rule| (rule.action_pattern.as_str(), rule.decision)).collect();
    assert_eq!(
        rules,
        [
            ("tool_call/*", PolicyDecision::Allow),
            ("network/*", PolicyDecision::RequireApproval),
            ("fs/write", PolicyDecision::Deny),
        ]
    );
    assert_eq!(document.to_json().unwrap(), text);
}

#[test]
fn what_others_may_have_written_is_read() {
    let vectors = policy_vectors();
    let modes: Vec<EnforcementMode> = texts(&vectors, "readable")
        .iter()
        .map(|text| PolicyDocument::from_json(text).unwrap().enforcement_mode)
        .collect();
    assert_eq!(modes, [EnforcementMode::Enforce, EnforcementMode::Observe]);
}

#[test]
fn what_is_no_document_is_refused() {
    for text in texts(&policy_vectors(), "unreadable") {
        assert!(PolicyDocument::from_json(text).is_err(), "{text}");
    }
}
