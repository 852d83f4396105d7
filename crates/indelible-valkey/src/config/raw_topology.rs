//! The arrangement of the servers as it is written.

use std::fmt;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Unexpected, Visitor};

use super::raw::{RawTls, TlsSchema};

/// The arrangement of the servers.
#[derive(Debug, Default)]
pub(crate) enum RawTopology {
    /// `standalone`: one server, at `endpoint`.
    #[default]
    Standalone,
    /// `cluster`: a Valkey or Redis Cluster, some of whose nodes are `endpoints`.
    Cluster,
    /// A mapping of `sentinel`: a primary that sentinels name.
    Sentinel(Box<RawSentinel>),
}

/// The mapping that `topology` can be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RawTopologyMapping {
    /// The sentinels that name the primary.
    sentinel: RawSentinel,
}

/// Sentinels and how to reach them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RawSentinel {
    /// Name under which the sentinels know the primary (`sentinel monitor NAME …`).
    pub(crate) service: String,
    /// Where the sentinels listen, 1 to 32 of them: every one, since more than half of them must agree. In the forms of
    /// the store's `endpoint`, without database, credentials and Unix sockets; port 26379 unless another is written.
    pub(crate) endpoints: Vec<String>,
    /// User to authenticate to the sentinels as; needs a password. Default: the default user.
    pub(crate) username: Option<String>,
    /// Password for the sentinels, which is not that of the servers. Alternatively `passwordFile`.
    #[schemars(with = "Option<String>")]
    pub(crate) password: Option<SecretString>,
    /// File that holds that password; read anew for every connection to a sentinel.
    pub(crate) password_file: Option<String>,
    /// TLS to the sentinels, which is not that to the servers: `true` for the system's roots, or the files to use.
    /// Implied by `rediss://` and `valkeys://`.
    #[schemars(with = "Option<TlsSchema>")]
    pub(crate) tls: Option<RawTls>,
}

/// The schema of [`RawTopology`].
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) enum TopologySchema {
    Word(TopologyWord),
    Mapping(Box<RawTopologyMapping>),
}

/// The words that the topology can be.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) enum TopologyWord {
    Standalone,
    Cluster,
}

impl<'de> Deserialize<'de> for RawTopology {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TopologyVisitor;

        impl<'de> Visitor<'de> for TopologyVisitor {
            type Value = RawTopology;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("standalone, cluster or a mapping of sentinel")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<RawTopology, E> {
                match text {
                    "standalone" => Ok(RawTopology::Standalone),
                    "cluster" => Ok(RawTopology::Cluster),
                    _ => Err(E::invalid_value(Unexpected::Str(""), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawTopology, A::Error> {
                let RawTopologyMapping { sentinel } = RawTopologyMapping::deserialize(MapAccessDeserializer::new(map))?;
                Ok(RawTopology::Sentinel(Box::new(sentinel)))
            }
        }

        deserializer.deserialize_any(TopologyVisitor)
    }
}
