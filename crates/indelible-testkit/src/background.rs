use std::io;
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

/// A task on a thread and runtime of its own, so that a test may block and still be served. Ends when dropped.
#[derive(Debug)]
pub(crate) struct Background {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Runs `task`, made on the new runtime, until it ends or the handle is dropped.
    pub(crate) fn start<T: Future>(name: &str, task: impl FnOnce() -> T + Send + 'static) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    _ = task() => {}
                }
            });
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic over there was already reported; a second one here would abort the test run.
            let _ = thread.join();
        }
    }
}
