use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde::{Deserialize as DeriveDeserialize, Serialize};

/// Longest JSON text of a policy, in bytes: 1 MiB, some ten thousand rules. What is longer is neither read nor written,
/// so that nobody who may write to the cache makes every reader parse without end.
pub const MAX_POLICY_BYTES: usize = 1 << 20;

/// What an agent may do: an ordered list of rules. Spelled as the JSON of `docs/compatibility.md`, section 2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, DeriveDeserialize)]
pub struct PolicyDocument {
    /// Version of this document.
    pub version: u32,
    /// Name of the policy.
    pub name: String,
    /// The rules, in the order in which they are to be tried.
    #[serde(deserialize_with = "mappings")]
    pub rules: Vec<PolicyRule>,
    /// What is done with the decisions.
    #[serde(default)]
    pub enforcement_mode: EnforcementMode,
}

/// What is decided of the actions that a pattern names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, DeriveDeserialize)]
pub struct PolicyRule {
    /// The actions, such as `tool_call/*`.
    pub action_pattern: String,
    /// The decision.
    pub decision: PolicyDecision,
}

/// What a rule decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, DeriveDeserialize)]
#[serde(try_from = "String")]
pub enum PolicyDecision {
    /// The action may go ahead.
    Allow,
    /// It may not.
    Deny,
    /// Somebody has to agree first.
    RequireApproval,
}

/// What is done with the decisions of a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, DeriveDeserialize)]
#[serde(try_from = "String", rename_all = "lowercase")]
pub enum EnforcementMode {
    /// They bind.
    #[default]
    Enforce,
    /// They are recorded only.
    Observe,
    /// They are not made.
    Disabled,
}

/// A text is not a policy document. `Display` says where, and not what is there.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct InvalidPolicy(Problem);

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("the text is no policy document: wrong at line {}, column {}", .0.line(), .0.column())]
    Json(#[source] serde_json::Error),
    #[error("the text is no policy document: longer than {MAX_POLICY_BYTES} bytes")]
    TooLong,
}

impl PolicyDocument {
    /// Reads a document. Fields that it does not have are passed over, so that newer writers can be read; a missing
    /// `enforcement_mode` is `enforce`.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy`] for everything else that is not of this shape, and for more than [`MAX_POLICY_BYTES`], which
    /// are not looked into.
    pub fn from_json(text: &str) -> Result<Self, InvalidPolicy> {
        if text.len() > MAX_POLICY_BYTES {
            return Err(InvalidPolicy(Problem::TooLong));
        }
        let read = serde_json::from_str(text).map(|Mapping(document)| document);
        read.map_err(|error| InvalidPolicy(Problem::Json(error)))
    }

    /// The document as it is stored.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy`] for more than [`MAX_POLICY_BYTES`], or if the serialiser refuses, which no document has been
    /// seen to cause.
    pub fn to_json(&self) -> Result<String, InvalidPolicy> {
        let text = serde_json::to_string(self).map_err(|error| InvalidPolicy(Problem::Json(error)))?;
        if text.len() > MAX_POLICY_BYTES { Err(InvalidPolicy(Problem::TooLong)) } else { Ok(text) }
    }
}

impl TryFrom<String> for PolicyDecision {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "Allow" => Ok(Self::Allow),
            "Deny" => Ok(Self::Deny),
            "RequireApproval" => Ok(Self::RequireApproval),
            _ => Err("a decision is Allow, Deny or RequireApproval"),
        }
    }
}

impl TryFrom<String> for EnforcementMode {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "enforce" => Ok(Self::Enforce),
            "observe" => Ok(Self::Observe),
            "disabled" => Ok(Self::Disabled),
            _ => Err("an enforcement_mode is enforce, observe or disabled"),
        }
    }
}

/// A structure written as a mapping and in no other way: left to itself, the deserialiser would take a list of the
/// fields in their order as well.
struct Mapping<T>(T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Mapping<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MappingVisitor<T>(PhantomData<T>);

        impl<'de, T: DeserializeOwned> Visitor<'de> for MappingVisitor<T> {
            type Value = Mapping<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Mapping<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Mapping)
            }
        }

        deserializer.deserialize_map(MappingVisitor(PhantomData))
    }
}

fn mappings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PolicyRule>, D::Error> {
    let rules: Vec<Mapping<PolicyRule>> = Deserialize::deserialize(deserializer)?;
    Ok(rules.into_iter().map(|Mapping(rule)| rule).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_rules(rules: &str) -> Result<PolicyDocument, InvalidPolicy> {
        PolicyDocument::from_json(&format!(r#"{{"version":1,"name":"n","rules":{rules}}}"#))
    }

    #[test]
    fn reads_and_writes_every_decision_and_mode() {
        let rules = ["Allow", "Deny", "RequireApproval"]
            .map(|decision| format!(r#"{{"action_pattern":"a/*","decision":"{decision}"}}"#))
            .join(",");
        for mode in ["enforce", "observe", "disabled"] {
            let text = format!(r#"{{"version":4294967295,"name":"ü","rules":[{rules}],"enforcement_mode":"{mode}"}}"#);
            assert_eq!(PolicyDocument::from_json(&text).unwrap().to_json().unwrap(), text);
        }
        assert_eq!(with_rules("[]").unwrap().enforcement_mode, EnforcementMode::Enforce);
    }

    #[test]
    fn takes_mappings_and_words_only_where_the_deserialiser_would_take_more() {
        assert!(with_rules(r#"[{"action_pattern":"x","decision":"Allow"}]"#).is_ok());
        for rules in [
            r#"[["x","Allow"]]"#,
            r#"[{"action_pattern":"x","decision":{"Allow":null}}]"#,
            r#"[{"action_pattern":"x","decision":null}]"#,
            r#"[{"action_pattern":"x","decision":"Allow","decision":"Deny"}]"#,
            "null",
        ] {
            assert!(with_rules(rules).is_err(), "{rules}");
        }
        assert!(PolicyDocument::from_json(r#"[1,"n",[]]"#).is_err());
    }

    #[test]
    fn a_text_is_read_and_written_up_to_its_greatest_length_and_not_beyond() {
        let of_length = |length: usize| {
            let policy =
                |name| PolicyDocument { version: 1, name, rules: vec![], enforcement_mode: Default::default() };
            let frame = policy(String::new()).to_json().unwrap().len();
            policy("n".repeat(length - frame))
        };
        let greatest = of_length(MAX_POLICY_BYTES).to_json().unwrap();
        assert_eq!(greatest.len(), MAX_POLICY_BYTES);
        assert!(PolicyDocument::from_json(&greatest).is_ok());
        // A space more: the document would be the same, and is not looked for.
        let error = PolicyDocument::from_json(&format!("{greatest} ")).unwrap_err();
        assert_eq!(error.to_string(), "the text is no policy document: longer than 1048576 bytes");
        assert!(of_length(MAX_POLICY_BYTES + 1).to_json().is_err());
    }

    #[test]
    fn the_error_says_where_and_not_what() {
        let error = with_rules(r#""hunter2""#).unwrap_err();
        assert_eq!(error.to_string(), "the text is no policy document: wrong at line 1, column 41");
    }
}
