//! How a batch finds a lane, and how it is tried again.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;

use indelible_core::Failure;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::batch::{Batch, Origin};
use crate::fault::Fault;
use crate::frame::Frame;
use crate::lane::Errand;
use crate::store_core::StoreCore;
use crate::switches::{Stage, panic_point};

/// Takes frames until the store is closed and everything has been answered.
pub(crate) async fn run(store: Arc<StoreCore>, mut frames: UnboundedReceiver<Frame>) {
    while let Some(frame) = frames.recv().await {
        let batch = Arc::new(Batch::of(frame, Origin::Caller));
        store.expect(batch.slots().len());
        if catch_unwind(AssertUnwindSafe(|| dispatch(&store, &batch))).is_err() {
            store.conclude_batch(&batch, &Fault::new(Failure::Internal));
        }
    }
    store.settled().await;
    store.lanes().close();
}

fn dispatch(store: &Arc<StoreCore>, batch: &Arc<Batch>) {
    panic_point(Stage::Dispatch, batch.requests().flat_map(|(_, request)| request.ids()));
    if let Some(batch) = store.admit(batch) {
        start(store, batch);
    }
}

/// Sends a batch on its way: over an open lane at once, else in the background.
pub(crate) fn start(store: &Arc<StoreCore>, batch: Arc<Batch>) {
    let errand = Errand { deadline: store.deadline_of(&batch), batch, store: Arc::clone(store) };
    if let Err(errand) = store.lanes().submit_now(errand) {
        spawn_attempt(errand, std::future::ready(()));
    }
}

/// Tries a batch again after a pause.
pub(crate) fn retry(store: &Arc<StoreCore>, batch: Arc<Batch>) {
    let errand = Errand { deadline: store.deadline_of(&batch), batch, store: Arc::clone(store) };
    spawn_attempt(errand, tokio::time::sleep(store.timing().retry_pause()));
}

fn spawn_attempt(errand: Errand, pause: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(async move {
        let (store, batch) = (Arc::clone(&errand.store), Arc::clone(&errand.batch));
        let attempt = async {
            pause.await;
            let lanes = Arc::clone(&errand.store);
            lanes.lanes().submit(errand).await
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
