//! How a batch finds a lane, and how it is tried again.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;

use indelible_core::Failure;

use crate::batch::{Batch, Origin, Slot, slots_of};
use crate::cluster;
use crate::fault::Fault;
use crate::frame::Frame;
use crate::frame_queue::FrameQueue;
use crate::lane::Errand;
use crate::store_core::StoreCore;
use crate::switches::{Stage, panic_point};

/// A frame beyond this, some 128 operations, is left to the engine's thread: it is more work than a wake-up.
const DIRECT_BYTES: usize = 4096;

/// Takes frames until the store is closed and everything has been answered.
pub(crate) async fn run(store: Arc<StoreCore>, frames: Arc<FrameQueue>) {
    while let Some(frame) = frames.next().await {
        let slots = slots_of(&frame, Origin::Caller);
        store.expect(slots.len());
        store.topology().route(store.joins(), Arc::new(frame), slots, |batch| {
            let batch = Arc::new(batch);
            if catch_unwind(AssertUnwindSafe(|| dispatch(&store, &batch))).is_err() {
                store.conclude_batch(&batch, &Fault::new(Failure::Internal));
            }
        });
    }
    store.settled().await;
    store.topology().close();
}

/// Writes a small frame from the caller's thread if the lane is idle; returns it if not.
pub(crate) fn try_directly(store: &Arc<StoreCore>, frame: Frame) -> Result<(), Frame> {
    if frame.len() > DIRECT_BYTES {
        return Err(frame);
    }
    let batch = Arc::new(store.topology().direct(store.joins(), frame)?);
    let operations = batch.slots().len();
    // Counted first: the answer may be there before this thread goes on.
    store.expect(operations);
    let submitted = catch_unwind(AssertUnwindSafe(|| {
        panic_point(Stage::Dispatch, batch.requests().flat_map(|(_, request)| request.ids()));
        let errand =
            Errand { deadline: store.deadline_of(&batch), batch: Arc::clone(&batch), store: Arc::clone(store) };
        batch.lanes().submit_directly(errand).is_ok()
    }));
    match submitted {
        Ok(true) => Ok(()),
        Ok(false) => {
            store.unexpect(operations);
            Err(batch.frame_again())
        }
        Err(_) => {
            store.replace_label_sets();
            store.conclude_batch(&batch, &Fault::new(Failure::Internal));
            Ok(())
        }
    }
}

fn dispatch(store: &Arc<StoreCore>, batch: &Arc<Batch>) {
    panic_point(Stage::Dispatch, batch.requests().flat_map(|(_, request)| request.ids()));
    if let Some(batch) = store.admit(batch) {
        start(store, batch);
    }
}

/// Sends operations of our own on their way; no breaker is asked.
pub(crate) fn start_all(store: &Arc<StoreCore>, frame: Frame, origin: Origin) {
    let slots = slots_of(&frame, origin);
    store.topology().route(store.joins(), Arc::new(frame), slots, |batch| start(store, Arc::new(batch)));
}

/// Sends a batch on its way: over an open lane at once, else in the background.
pub(crate) fn start(store: &Arc<StoreCore>, batch: Arc<Batch>) {
    if let Some(cluster) = store.topology().cluster().filter(|cluster| cluster.is_outside(&batch)) {
        cluster::enter(store, cluster, batch);
        return;
    }
    let lanes = Arc::clone(batch.lanes());
    let errand = Errand { deadline: store.deadline_of(&batch), batch, store: Arc::clone(store) };
    if let Err(errand) = lanes.submit_now(errand) {
        spawn_attempt(errand, std::future::ready(()));
    }
}

/// Tries operations of a batch again after a pause.
pub(crate) fn retry(store: &Arc<StoreCore>, batch: &Batch, failed: Vec<(Slot, Fault)>) {
    if let Some(cluster) = store.topology().cluster() {
        cluster::retry(store, cluster, batch, failed);
        return;
    }
    let batch = Arc::new(batch.with_slots(failed.into_iter().map(|(slot, _)| slot).collect()));
    let errand = Errand { deadline: store.deadline_of(&batch), batch, store: Arc::clone(store) };
    spawn_attempt(errand, tokio::time::sleep(store.timing().retry_pause()));
}

fn spawn_attempt(errand: Errand, pause: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(async move {
        let (store, batch) = (Arc::clone(&errand.store), Arc::clone(&errand.batch));
        let attempt = async {
            pause.await;
            let lanes = Arc::clone(errand.batch.lanes());
            lanes.submit(errand).await
        };
        match catch_panic(attempt).await {
            Some(Ok(())) => {}
            Some(Err((errand, fault))) => store.conclude_batch(&errand.batch, &fault),
            None => store.conclude_batch(&batch, &Fault::new(Failure::Internal)),
        }
    });
}

/// The output of `future`, or `None` if it panicked.
async fn catch_panic<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(AssertUnwindSafe(future));
    std::future::poll_fn(move |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Some),
        Err(_) => std::task::Poll::Ready(None),
    })
    .await
}
