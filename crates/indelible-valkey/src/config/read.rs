//! Reads configuration text; what is wrong with it is told without any value, which might be a secret in the wrong place.

use serde::de::DeserializeOwned;

use super::{ConfigError, ConfigErrorCode};

/// Reads JSON text into a raw configuration.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, ConfigError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { path };
        let message = error.inner().to_string();
        let unknown = message.starts_with("unknown field");
        let code = if unknown { ConfigErrorCode::UnknownKey } else { ConfigErrorCode::Invalid };
        ConfigError::new(code, path, without_values(&message))
    })
}

/// A deserialiser's message without the value that it quotes.
fn without_values(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or_default();
    for start in ["invalid type: ", "invalid value: "] {
        if let Some((found, expected)) = message.strip_prefix(start).and_then(|rest| rest.split_once(", expected ")) {
            let kind = found.split([' ', '`']).next().unwrap_or_default();
            let kind = if found.starts_with("floating point") { "fraction" } else { kind };
            return format!("must be {}, not a value of kind {kind}", plain(expected));
        }
    }
    if let Some((_, expected)) =
        message.strip_prefix("unknown variant ").and_then(|rest| rest.split_once(", expected "))
    {
        return format!("must be {expected}");
    }
    // What the deserialiser says of anything but text where one of several words belongs.
    if message == "expected value" {
        return "must be text, one of the words that are documented for it (quote them in YAML)".to_owned();
    }
    match message.strip_prefix("missing field ") {
        Some(field) => format!("{field} is missing; add it"),
        None => message.to_owned(),
    }
}

fn plain(expected: &str) -> &str {
    match expected {
        "a string" => "text",
        "a boolean" => "true or false",
        other if other.starts_with("struct ") => "a mapping",
        other => other,
    }
}
