//! Durability as it is written.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::{Disk, Whole};

/// What a write must have survived, as written.
#[derive(Debug)]
pub(crate) enum RawDurability {
    /// `bestEffort`: whatever the server gives.
    BestEffort,
    /// A mapping of demands.
    Demands(RawDurabilityDemands),
}

/// What a write must have survived.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RawDurabilityDemands {
    /// Replicas that must have an append before it is acknowledged. At least 1 with Sentinel and in a cluster, unless
    /// `bestEffort` is written. Default: 0.
    #[schemars(with = "Option<u32>", range(min = 0, max = 8))]
    pub(crate) replicas: Option<Whole>,
    /// Milliseconds to wait for those replicas. `commandTimeoutMs` must be at least 100 more. Default: 300.
    #[schemars(with = "Option<u32>", range(min = 1, max = 59_900))]
    pub(crate) timeout_ms: Option<Whole>,
    /// `always` checks that the server syncs every write to its disk; `none` does not ask. Default: `none`.
    pub(crate) disk: Option<Disk>,
}

/// The schema of [`RawDurability`].
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) enum DurabilitySchema {
    BestEffort(BestEffort),
    Demands(RawDurabilityDemands),
}

/// The one word that durability can be.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) enum BestEffort {
    BestEffort,
}

impl<'de> Deserialize<'de> for RawDurability {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DurabilityVisitor;

        impl<'de> Visitor<'de> for DurabilityVisitor {
            type Value = RawDurability;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bestEffort or a mapping of replicas, timeoutMs and disk")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<RawDurability, E> {
                if text == "bestEffort" {
                    return Ok(RawDurability::BestEffort);
                }
                Err(E::invalid_value(serde::de::Unexpected::Str(""), &self))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawDurability, A::Error> {
                RawDurabilityDemands::deserialize(MapAccessDeserializer::new(map)).map(RawDurability::Demands)
            }
        }

        deserializer.deserialize_any(DurabilityVisitor)
    }
}
