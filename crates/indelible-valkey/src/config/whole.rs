use std::fmt;

use super::ConfigError;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A number as written. Ranges and wholeness are checked later, where the key's unit is known, so that the error can
/// name both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Whole(pub(crate) f64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;

        impl Visitor<'_> for NumberVisitor {
            type Value = Whole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Whole, E> {
                Ok(Whole(value as f64))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Whole, E> {
                Ok(Whole(value as f64))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Whole, E> {
                Ok(Whole(value))
            }
        }

        deserializer.deserialize_any(NumberVisitor)
    }
}

/// The number, if it is a whole one from `min` to `max`; `unit` goes into the error.
pub(super) fn within(path: &str, number: Whole, min: u32, max: u32, unit: &str) -> Result<u32, ConfigError> {
    let Whole(value) = number;
    if value.fract() == 0.0 && value >= f64::from(min) && value <= f64::from(max) {
        return Ok(value as u32);
    }
    Err(ConfigError::invalid(path, format_args!("must be a whole number{unit} from {min} to {max}")))
}

/// The same with a default for a key that is not given.
pub(super) fn or_default(
    path: &str,
    number: Option<Whole>,
    min: u32,
    max: u32,
    default: u32,
) -> Result<u32, ConfigError> {
    number.map_or(Ok(default), |number| within(path, number, min, max, ""))
}
