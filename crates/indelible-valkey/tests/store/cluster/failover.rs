//! A replica that takes over, as planned or because it must.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indelible_core::Failure;
use indelible_testkit::{ServerOptions, TestCluster};
use indelible_valkey::ValkeySessionStore;
use serde_json::json;

use super::{open, session};
use crate::calls::{append, load};

const WORKERS: usize = 12;
/// Operations of one caller that a planned failover may fail, those that the breaker refuses left out.
const MAY_FAIL: usize = 2;

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
    let over = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..WORKERS).map(|worker| tokio::spawn(work(&store, worker, &over))).collect();
    let promoting = {
        let cluster = Arc::clone(&cluster);
        tokio::task::spawn_blocking(move || {
            for replica in 3..6 {
                cluster.promote(replica).unwrap();
                cluster.settle().unwrap();
            }
        })
    };
    promoting.await.unwrap();
    over.store(true, Ordering::Relaxed);
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
    over: &Arc<AtomicBool>,
) -> impl Future<Output = Seen> + Send + use<> {
    let (store, over, own) = (Arc::clone(store), Arc::clone(over), session(&format!("failover-{worker}")));
    async move {
        let mut seen = Seen { acknowledged: Vec::new(), failed_in_a_row: Vec::new() };
        let (mut number, mut failed) = (0, Vec::new());
        while !over.load(Ordering::Relaxed) {
            let label = (number % 500).to_string();
            match append(&store, &own, &label).await {
                Ok(()) => {
                    failed.clear();
                    if !seen.acknowledged.contains(&label) {
                        seen.acknowledged.push(label);
                    }
                }
                // The breaker's are answered at once: their number says only how fast this caller asks.
                Err(error) if error.failure() == Failure::CircuitOpen => {}
                Err(error) => {
                    failed.push(format!("{error:?}"));
                    if failed.len() > seen.failed_in_a_row.len() {
                        seen.failed_in_a_row.clone_from(&failed);
                    }
                }
            }
            number += 1;
        }
        seen
    }
}
