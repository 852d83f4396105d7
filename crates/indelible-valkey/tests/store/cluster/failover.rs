//! A replica that takes over, as planned or because it must.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indelible_core::Failure;
use indelible_testkit::{ServerOptions, TestCluster};
use indelible_valkey::ValkeySessionStore;
use serde_json::json;

use super::{open, session};
use crate::calls::{append, load};

const WORKERS: usize = 12;
/// Operations of one caller that may fail once a planned failover is over, those that the breaker refuses left out. How
/// long the old primary pauses writes before it gives way is the servers' affair.
const MAY_FAIL: usize = 2;
/// A breaker that has opened once or twice lets the next probe through well within this.
const RECOVERY_LIMIT: Duration = Duration::from_secs(20);

/// How far the test has come.
#[derive(Default)]
struct Stage {
    /// Servers are changing places.
    promoting: AtomicBool,
    /// Appends that succeeded.
    appended: AtomicUsize,
    over: AtomicBool,
}

/// What one caller saw.
struct Seen {
    acknowledged: Vec<String>,
    /// The errors of the longest row of operations that failed.
    failed_in_a_row: Vec<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn planned_failovers_under_transactions() {
    if ServerOptions::default().start_or_skip().unwrap().is_none() {
        return;
    }
    let cluster = Arc::new(TestCluster::start(3, 1).unwrap());
    let store = Arc::new(open(&cluster.endpoints(), &json!({})));
    let stage = Arc::new(Stage::default());
    let workers: Vec<_> = (0..WORKERS).map(|worker| tokio::spawn(work(&store, worker, &stage))).collect();
    let promoting = {
        let (cluster, stage) = (Arc::clone(&cluster), Arc::clone(&stage));
        tokio::task::spawn_blocking(move || {
            for replica in 3..6 {
                stage.promoting.store(true, Ordering::Relaxed);
                cluster.promote(replica).unwrap();
                cluster.settle().unwrap();
                stage.promoting.store(false, Ordering::Relaxed);
                let appended = stage.appended.load(Ordering::Relaxed);
                let limit = Instant::now() + RECOVERY_LIMIT;
                while stage.appended.load(Ordering::Relaxed) < appended + 10 * WORKERS {
                    assert!(Instant::now() < limit, "the store has not found the new primary");
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        })
    };
    promoting.await.unwrap();
    stage.over.store(true, Ordering::Relaxed);
    for (worker, ended) in workers.into_iter().enumerate() {
        let Seen { acknowledged, failed_in_a_row } = ended.await.unwrap();
        assert!(failed_in_a_row.len() <= MAY_FAIL, "{failed_in_a_row:#?}");
        let labels = load(&store, &session(&format!("failover-{worker}"))).await.unwrap();
        assert!(acknowledged.iter().all(|label| labels.contains(label)), "{acknowledged:?} in {labels:?}");
    }
}

/// Nothing but transactions: only those meet a redirection inside an aborted one.
fn work(
    store: &Arc<ValkeySessionStore>,
    worker: usize,
    stage: &Arc<Stage>,
) -> impl Future<Output = Seen> + Send + use<> {
    let (store, stage, own) = (Arc::clone(store), Arc::clone(stage), session(&format!("failover-{worker}")));
    async move {
        let mut seen = Seen { acknowledged: Vec::new(), failed_in_a_row: Vec::new() };
        let (mut number, mut failed) = (0, Vec::new());
        while !stage.over.load(Ordering::Relaxed) {
            let label = (number % 500).to_string();
            let counts = !stage.promoting.load(Ordering::Relaxed);
            match append(&store, &own, &label).await {
                Ok(()) => {
                    stage.appended.fetch_add(1, Ordering::Relaxed);
                    failed.clear();
                    if !seen.acknowledged.contains(&label) {
                        seen.acknowledged.push(label);
                    }
                }
                // The breaker's are answered at once: their number says only how fast this caller asks.
                Err(error) if error.failure() == Failure::CircuitOpen => {}
                Err(error) if counts => {
                    failed.push(format!("{error:?}"));
                    if failed.len() > seen.failed_in_a_row.len() {
                        seen.failed_in_a_row.clone_from(&failed);
                    }
                }
                Err(_) => {}
            }
            number += 1;
        }
        seen
    }
}
