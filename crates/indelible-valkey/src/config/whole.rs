use std::fmt;

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
