//! What an operator asks of a server, outside the data path: [`examine`] it (`indelible doctor`), give its keyspace a
//! generation ([`initialise`]), [`look_up`] the labels of one session.
//!
//! These are cold paths: they run on redis-rs over streams that our own dialer opens, one step at a time, so that each
//! step can say for itself what is wrong (`docs/design/operator.md`). Nothing here returns or shows a secret, and of a
//! server's error reply only the code word is repeated.

mod approach;
mod cluster;
mod default_user;
mod doctor;
mod finding;
mod first_exchange;
mod generation;
mod latency;
mod link;
mod look_up;
mod permissions;
mod replication;
mod sentinels;
mod server_facts;
#[cfg(test)]
mod tests;
mod version;

pub use doctor::examine;
pub use finding::{Finding, Status};
pub use generation::initialise;
pub use look_up::{LookUp, look_up};

use std::io;
use std::time::Duration;

/// Runs one of these questions to its end on the calling thread.
///
/// # Errors
///
/// When the operating system refuses a reactor.
pub fn block_on<Q: Future>(question: Q) -> io::Result<Q::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(question))
}

/// How long one step may take before it counts as silent: long enough that a slow server is told from a dead one.
const STEP_TIMEOUT: Duration = Duration::from_secs(3);

/// The key that commands are tried on: nothing ever stands there.
fn trial_key(key_prefix: &str) -> String {
    format!("{key_prefix}:doctor")
}
