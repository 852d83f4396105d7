//! Credentials that a JavaScript function gives: asked on the engine's thread, answered on the event loop.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use indelible_valkey::{CredentialsProvider, Login};
use napi::Status;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use tokio::sync::oneshot;

/// Unreferenced: asking for credentials does not keep the process alive, the operation that needs them does.
type Ask = ThreadsafeFunction<u32, (), u32, Status, false, true>;

pub(crate) struct JsCredentials {
    ask: Ask,
    requests: Mutex<Requests>,
}

#[derive(Default)]
struct Requests {
    next: u32,
    open: HashMap<u32, oneshot::Sender<Option<Login>>>,
}

impl JsCredentials {
    pub(crate) fn new(ask: Function<'_, u32, ()>) -> napi::Result<Self> {
        let ask = ask.build_threadsafe_function().weak::<true>().build()?;
        Ok(Self { ask, requests: Mutex::default() })
    }

    /// The function has answered `request`.
    pub(crate) fn give(&self, request: u32, username: Option<String>, password: Option<String>) {
        let login = password
            .filter(|password| !password.is_empty())
            .map(|password| Login { username: username.map(String::into_boxed_str), password: password.into() });
        if let Some(open) = self.lock().open.remove(&request) {
            // A connection that has timed out meanwhile no longer waits.
            let _ = open.send(login);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl CredentialsProvider for JsCredentials {
    async fn credentials(&self) -> Option<Login> {
        let (sender, receiver) = oneshot::channel();
        let request = {
            let mut requests = self.lock();
            // Those whose connection has timed out were never answered, or will be in vain.
            requests.open.retain(|_, open| !open.is_closed());
            let request = requests.next;
            requests.next = request.wrapping_add(1);
            requests.open.insert(request, sender);
            request
        };
        match self.ask.call(request, ThreadsafeFunctionCallMode::NonBlocking) {
            Status::Ok => receiver.await.ok().flatten(),
            _ => None,
        }
    }
}

impl std::fmt::Debug for JsCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JsCredentials")
    }
}
