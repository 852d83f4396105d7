//! The pure domain of `indelible`: what a label set is, what a session is, how a store may fail, and what every
//! store promises. Nothing here opens a socket, reads a file or knows a runtime.
//!
//! # Terminology
//!
//! * **label**: a short text that says what kind of data a session has seen, such as `pii`. See [`Label`].
//! * **label set**: the labels of a session. It only ever grows. See [`LabelSet`].
//! * **taint**: to put a label on a session.
//! * **session**: what labels stick to, named by an opaque id. One call may address several ids at once, say those
//!   of a session and of its principal; a load answers with the union, an append goes to all. See [`SessionRef`].
//! * **session store**: the record of the label sets. See [`SessionStore`].
//! * **load**, **append**: the two operations on label sets. See [`Operation`].
//! * **fail closed**: a store that cannot vouch for its answer gives a [`StoreError`], which denies; it never answers
//!   with an empty or partial set instead. An `ok` load with no labels means that nobody appended any.
//! * **storage**: session records, rate-limit counters and policies, which may expire, unlike labels. See [`storage`].
//! * **indeterminate**: said of a failed append that may have happened all the same.
//!
//! # Example
//!
//! ```
//! use indelible_core::{Label, LabelSet, MemorySessionStore, SessionId, SessionRef, SessionStore, StoreError};
//!
//! async fn taint_and_read(store: &dyn SessionStore) -> Result<LabelSet, Box<dyn std::error::Error>> {
//!     let session = SessionRef::from(SessionId::new("sess-1")?);
//!     store.append_labels(&session, &[Label::new("pii")?]).await?;
//!     Ok(store.load_labels(&session).await?)
//! }
//! # use std::{pin::pin, task::{Context, Poll, Waker}};
//! # let store = MemorySessionStore::new();
//! # let loaded = pin!(taint_and_read(&store)).poll(&mut Context::from_waker(Waker::noop()));
//! # let Poll::Ready(Ok(labels)) = loaded else { panic!("the memory store answers at once") };
//! # assert!(labels.contains("pii"));
//! ```

mod failure;
mod label;
mod label_set;
mod memory_session_store;
mod session_ref;
mod session_store;
pub mod storage;
mod store_error;

pub use failure::{
    Access, Failure, KeyspaceLost, NotDurable, NotPrimary, Timeout, Unavailable, Undecodable, UnsafeServer,
};
pub use label::{InvalidLabel, Label, MAX_LABEL_BYTES, MAX_LABELS_PER_CALL};
pub use label_set::LabelSet;
pub use memory_session_store::MemorySessionStore;
pub use session_ref::{InvalidSession, MAX_SESSION_ID_BYTES, MAX_SESSIONS_PER_CALL, SessionId, SessionRef};
pub use session_store::SessionStore;
pub use store_error::{Operation, StoreError};
