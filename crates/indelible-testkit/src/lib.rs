//! What the Rust tests of `indelible` stand on. Never published.
//!
//! * [`TestServer`]: a real Redis or Valkey server on a free loopback port, found by the same ladder as in the
//!   TypeScript tests, gone when dropped.
//! * [`ReplicaSet`]: a primary and replicas that are in step with it.
//! * [`SentinelGroup`]: the same with sentinels that watch it.
//! * [`TestCluster`]: a cluster of such servers, whose slots can be moved and whose primaries can fail over.
//! * [`TlsMaterial`]: certificates made at run time, good ones and bad ones, and [`TlsFront`]: TLS before a server
//!   that was built without it.
//! * [`FaultProxy`]: a TCP proxy that can stall, delay, cut, reset and refuse.
//! * [`RespClient`] and [`Monitor`]: what is really in the server, and what was really sent to it.
//! * [`session_store_contract`]: the rules that every label store keeps; [`session_record_contract`],
//!   [`rate_limit_counter_contract`] and [`policy_store_contract`]: those of the storage drivers.

mod background;
mod cluster;
mod contract;
mod fault_proxy;
mod monitor;
mod replica_set;
mod resp_client;
mod sentinel_group;
mod server;
mod server_binary;
mod server_options;
mod server_process;
mod storage_contract;
mod tls_front;
mod tls_material;

pub use cluster::{CLUSTER_SLOTS, TestCluster};
pub use contract::session_store_contract;
pub use fault_proxy::{Direction, Fault, FaultProxy, Traffic};
pub use monitor::{Monitor, MonitorLine};
pub use replica_set::{FENCE, ReplicaSet, info_field, replica_of, until, until_in_step, until_replicas_answer};
pub use resp_client::{Reply, RespClient};
pub use sentinel_group::{SentinelGroup, SentinelGroupOptions};
pub use server::TestServer;
pub use server_binary::{NotUpReason, ServerBinary, ServerError, ServerKind};
pub use server_options::ServerOptions;
pub use storage_contract::{policy_store_contract, rate_limit_counter_contract, session_record_contract};
pub use tls_front::TlsFront;
pub use tls_material::{TlsIdentity, TlsMaterial};
