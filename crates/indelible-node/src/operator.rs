//! The operator's questions (`indelible doctor`, `init`, `labels`): each runs on a thread of libuv's pool, so that the
//! event loop is never held up, and answers with data.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use indelible_valkey::operator::{self, Finding, block_on};
use indelible_valkey::{Config, ConfigError, Login};
use napi::bindgen_prelude::{AsyncTask, Either, ToNapiValue, TypeName};
use napi::{Env, Task};
use napi_derive::napi;

/// What one check found. No text in it holds a secret.
#[napi(object, object_from_js = false)]
pub struct NativeFinding {
    /// Name of the check.
    pub name: String,
    /// How it ended.
    #[napi(ts_type = "'ok' | 'warn' | 'fail'")]
    pub status: String,
    /// What was found.
    pub detail: String,
    /// What to do about it; absent when the status is `ok`.
    pub hint: Option<String>,
}

impl From<Finding> for NativeFinding {
    fn from(finding: Finding) -> Self {
        let Finding { name, status, detail, hint } = finding;
        Self { name: name.to_owned(), status: status.as_str().to_owned(), detail, hint }
    }
}

impl From<ConfigError> for NativeFinding {
    fn from(error: ConfigError) -> Self {
        Finding::from(&error).into()
    }
}

/// Credentials that are not those of the configuration.
#[napi(object, object_to_js = false)]
pub struct NativeAccount {
    /// The user; the default user if absent.
    pub username: Option<String>,
    /// Its password.
    pub password: String,
}

impl From<NativeAccount> for Login {
    fn from(NativeAccount { username, password }: NativeAccount) -> Self {
        Self { username: username.map(String::into_boxed_str), password: password.into() }
    }
}

/// What stands under a session's key.
#[napi(object, object_from_js = false)]
pub struct NativeLookUp {
    /// The key: prefix and digest, not the session id.
    pub key: String,
    /// The labels, ordered by their UTF-8 bytes.
    pub labels: Vec<String>,
    /// A replica answered: it may lack labels that the primary has.
    pub from_replica: bool,
}

/// Examines a server as the stores of this configuration (JSON text) will meet it. Changes nothing there.
#[napi(catch_unwind, ts_return_type = "Promise<NativeFinding[]>")]
pub fn examine(config: String, admin: Option<NativeAccount>) -> AsyncTask<Question<Vec<NativeFinding>>> {
    let admin = admin.map(Login::from);
    Question::ask(move || match Config::from_json(&config) {
        Ok(config) => Ok(native(block_on(operator::examine(&config, admin.as_ref()))?)),
        Err(error) => Ok(vec![error.into()]),
    })
}

/// Creates the generation of a keyspace that has none; with `accept` replaces the one that is there.
#[napi(catch_unwind, ts_return_type = "Promise<NativeFinding[]>")]
pub fn initialise(
    config: String,
    accept: bool,
    account: Option<NativeAccount>,
) -> AsyncTask<Question<Vec<NativeFinding>>> {
    let account = account.map(Login::from);
    Question::ask(move || match Config::from_json(&config) {
        Ok(config) => Ok(native(block_on(operator::initialise(&config, account.as_ref(), accept))?)),
        Err(error) => Ok(vec![error.into()]),
    })
}

/// Reads the labels of a session and changes nothing; a finding says why they could not be read.
#[napi(catch_unwind, ts_return_type = "Promise<NativeLookUp | NativeFinding>")]
pub fn look_up(
    config: String,
    session: String,
    account: Option<NativeAccount>,
) -> AsyncTask<Question<Either<NativeLookUp, NativeFinding>>> {
    let account = account.map(Login::from);
    Question::ask(move || {
        let config = match Config::from_json(&config) {
            Ok(config) => config,
            Err(error) => return Ok(Either::B(error.into())),
        };
        Ok(match block_on(operator::look_up(&config, account.as_ref(), &session))? {
            Ok(operator::LookUp { key, labels, from_replica }) => Either::A(NativeLookUp { key, labels, from_replica }),
            Err(finding) => Either::B((*finding).into()),
        })
    })
}

fn native(findings: Vec<Finding>) -> Vec<NativeFinding> {
    findings.into_iter().map(NativeFinding::from).collect()
}

type Work<T> = Box<dyn FnOnce() -> io::Result<T> + Send>;

/// Work for the pool and its answer.
pub struct Question<T> {
    work: Option<Work<T>>,
}

impl<T: ToNapiValue + TypeName + Send + 'static> Question<T> {
    fn ask(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> AsyncTask<Self> {
        AsyncTask::new(Self { work: Some(Box::new(work)) })
    }
}

impl<T: ToNapiValue + TypeName + Send + 'static> Task for Question<T> {
    type Output = T;
    type JsValue = T;

    fn compute(&mut self) -> napi::Result<T> {
        let work = self.work.take().ok_or_else(|| napi::Error::from_reason("asked twice"))?;
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(answer) => answer.map_err(|error| napi::Error::from_reason(error.to_string())),
            Err(_) => Err(napi::Error::from_reason("a bug: the native side panicked")),
        }
    }

    fn resolve(&mut self, _: Env, output: T) -> napi::Result<T> {
        Ok(output)
    }
}
