use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long a server may take to obey SIGTERM before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// Kills process `$0` and removes folder `$1` once its standard input ends.
const WATCHDOG: &str = r#"read -r _; kill -9 "$0" 2>/dev/null; rm -rf -- "$1""#;

/// A running server that cannot outlive this process, however this process ends.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    child: Child,
    /// Holds a pipe that only we hold open: it ends with us, even when we are killed and no `Drop` runs.
    watchdog: Child,
}

impl ServerProcess {
    /// Runs `path` with `args` in `dir`, which goes when this process does; its output is added to `log`.
    pub(crate) fn spawn(path: &Path, args: &[OsString], dir: &Path, log: File) -> io::Result<Self> {
        let mut child = Command::new(path)
            .args(args)
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let watchdog = Command::new("/bin/sh")
            .args(["-c", WATCHDOG, &child.id().to_string()])
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0) // not reached by a Ctrl-C that ends us
            .spawn();
        match watchdog {
            Ok(watchdog) => Ok(Self { child, watchdog }),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                Err(error)
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn has_ended(&mut self) -> io::Result<bool> {
        self.child.try_wait().map(|status| status.is_some())
    }

    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        kill_process(Pid::from_child(&self.child), signal).map_err(io::Error::from)
    }

    /// Asks the server to end and waits until it has.
    pub(crate) fn terminate(mut self) -> io::Result<()> {
        if self.has_ended()? {
            return Ok(());
        }
        self.signal(Signal::TERM)?;
        self.signal(Signal::CONT)?; // a frozen process would keep the other signal for later
        let limit = Instant::now() + STOP_LIMIT;
        while !self.has_ended()? && Instant::now() < limit {
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // First the server, then its watchdog: in the other order a server could be left behind.
        for child in [&mut self.child, &mut self.watchdog] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
