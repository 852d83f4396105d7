//! The Node.js binding: conversion only. Request frames go in through [`NativeStore::submit`], reply frames come out
//! through [`NativeStore::drain`] after one wake-up; everything else happens in `indelible-valkey`.
//!
//! Every entry catches panics: one that crossed into JavaScript would end the process.

mod js_credentials;
pub mod operator;
mod outbox;
mod reply_frame;

use std::sync::{Arc, Mutex, Once, PoisonError};

#[cfg(not(feature = "loop-engine"))]
use indelible_valkey::Engine;
#[cfg(feature = "loop-engine")]
use indelible_valkey::LoopEngine as Engine;
use indelible_valkey::{Config, ConfigError, CredentialsProvider, Outcomes};
use napi::bindgen_prelude::{BufferSlice, Either, Function};
use napi_derive::napi;

use js_credentials::JsCredentials;
use outbox::Outbox;

/// Version of this addon; the TypeScript package refuses any other than its own.
#[napi(catch_unwind)]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// Whether this addon was built for tests or the bench, and can lose labels; a published one cannot.
#[napi(catch_unwind)]
pub fn test_switches() -> bool {
    cfg!(any(feature = "test-switches", feature = "loop-engine"))
}

/// Why a configuration was refused.
#[napi(object)]
pub struct NativeConfigProblem {
    /// `ERR_CONFIG_…`
    pub code: String,
    /// The key within the store's block; empty for the whole block.
    pub path: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl From<ConfigError> for NativeConfigProblem {
    fn from(error: ConfigError) -> Self {
        Self { code: error.code().as_str().to_owned(), path: error.path().to_owned(), message: error.to_string() }
    }
}

/// An open store without an API.
#[napi]
pub struct NativeStore {
    engine: Mutex<Option<Engine>>,
    outbox: Arc<Outbox>,
    credentials: Option<Arc<JsCredentials>>,
    deadline_ms: u32,
    max_in_flight: u32,
}

/// Opens a store from its configuration as JSON text, or says what is wrong with that. `wake` is called, without
/// arguments and never twice before a drain, when there is something to drain. `askCredentials` is called with a number
/// for each new connection, and answered with `NativeStore.giveCredentials`.
#[napi(catch_unwind, ts_args_type = "config: string, wake: () => void, askCredentials?: (request: number) => void")]
pub fn open_store(
    config: String,
    wake: Function<'_, (), ()>,
    ask_credentials: Option<Function<'_, u32, ()>>,
) -> napi::Result<Either<NativeStore, NativeConfigProblem>> {
    open(wake, ask_credentials, || Config::from_json(&config))
}

/// Opens the engine of a storage driver in the same way.
#[napi(catch_unwind, ts_args_type = "config: string, wake: () => void, askCredentials?: (request: number) => void")]
pub fn open_storage(
    config: String,
    wake: Function<'_, (), ()>,
    ask_credentials: Option<Function<'_, u32, ()>>,
) -> napi::Result<Either<NativeStore, NativeConfigProblem>> {
    open(wake, ask_credentials, || Config::storage_from_json(&config))
}

fn open(
    wake: Function<'_, (), ()>,
    ask_credentials: Option<Function<'_, u32, ()>>,
    read: impl FnOnce() -> Result<Config, ConfigError>,
) -> napi::Result<Either<NativeStore, NativeConfigProblem>> {
    silence_panics();
    let wake = wake.build_threadsafe_function().weak::<true>().build()?;
    let credentials = ask_credentials.map(JsCredentials::new).transpose()?.map(Arc::new);
    let opened = read().and_then(|mut config| {
        if let Some(credentials) = &credentials {
            config = config.with_credentials_provider(Arc::clone(credentials) as Arc<dyn CredentialsProvider>)?;
        }
        let outbox = Arc::new(Outbox::new(wake));
        let engine = Engine::start(&config, Arc::clone(&outbox) as Arc<dyn Outcomes>)?;
        Ok(NativeStore {
            engine: Mutex::new(Some(engine)),
            outbox,
            credentials: credentials.clone(),
            deadline_ms: u32::try_from(config.deadline().as_millis()).unwrap_or(u32::MAX),
            max_in_flight: u32::try_from(config.max_in_flight()).unwrap_or(u32::MAX),
        })
    });
    Ok(match opened {
        Ok(store) => Either::A(store),
        Err(error) => Either::B(error.into()),
    })
}

/// A caught panic is told by the error that it becomes: a library does not write to the host's streams. The hook is the
/// addon's own, since the standard library is linked into it.
fn silence_panics() {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| std::panic::set_hook(Box::new(|_| {})));
}

#[napi]
impl NativeStore {
    /// The longest an operation can take, in milliseconds.
    #[napi(getter, catch_unwind)]
    pub fn deadline_ms(&self) -> u32 {
        self.deadline_ms
    }

    /// Operations that may be under way at once.
    #[napi(getter, catch_unwind)]
    pub fn max_in_flight(&self) -> u32 {
        self.max_in_flight
    }

    /// Hands over the first `length` bytes of `frame`. `false` if the store is closed.
    #[napi(catch_unwind)]
    pub fn submit(&self, frame: &[u8], length: u32) -> bool {
        let Some(frame) = frame.get(..length as usize) else { return false };
        let engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        engine.as_ref().is_some_and(|engine| engine.submit(frame.to_vec()))
    }

    /// Copies reply frames into `buffer` and returns how many bytes were copied; 0 when there are none. When the next
    /// one does not fit, returns its length as a negative number.
    #[napi(catch_unwind)]
    pub fn drain(&self, mut buffer: BufferSlice<'_>) -> i32 {
        self.outbox.drain(&mut buffer)
    }

    /// How the store is doing, as JSON; nothing once it is closed.
    #[napi(catch_unwind)]
    pub fn health(&self) -> Option<String> {
        let engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        engine.as_ref().map(|engine| engine.health().to_string())
    }

    /// Answers a request for credentials; without a password the connection fails.
    #[napi(catch_unwind)]
    pub fn give_credentials(&self, request: u32, username: Option<String>, password: Option<String>) {
        if let Some(credentials) = &self.credentials {
            credentials.give(request, username, password);
        }
    }

    /// Takes no further frames; what is under way is still answered.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        drop(self.engine.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}
