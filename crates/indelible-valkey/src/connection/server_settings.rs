//! What `CONFIG GET` says about a server: settings that are not in `INFO`.

use crate::resp::push_command;

/// The settings that the promise may rest on; each `None` where it was not asked for or is not permitted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ServerSettings {
    pub(crate) appendfsync: Option<Box<str>>,
    /// Replicas without which the server refuses writes; 0 is any number.
    pub(crate) min_replicas_to_write: Option<u32>,
    /// Seconds for which a replica that has not been heard of still counts; 0 turns the rule above off.
    pub(crate) min_replicas_max_lag: Option<u32>,
}

impl ServerSettings {
    /// The settings that are of interest: the disk's, the fence's, or both.
    pub(crate) fn names(disk: bool, fence: bool) -> impl Iterator<Item = &'static str> {
        let disk = disk.then_some("appendfsync");
        let fence = fence.then_some(["min-replicas-to-write", "min-replicas-max-lag"]);
        disk.into_iter().chain(fence.into_iter().flatten())
    }

    /// Writes the question.
    pub(crate) fn ask<'a>(names: impl Iterator<Item = &'a str>, out: &mut Vec<u8>) {
        let command: Vec<&[u8]> = ["CONFIG", "GET"].into_iter().chain(names).map(str::as_bytes).collect();
        push_command(out, &command);
    }

    /// Notes one pair of the answer; others are passed over.
    pub(crate) fn note(&mut self, name: &[u8], value: &[u8]) {
        let text = String::from_utf8_lossy(value);
        match name {
            b"appendfsync" => self.appendfsync = Some(text.into()),
            b"min-replicas-to-write" => self.min_replicas_to_write = text.parse().ok(),
            b"min-replicas-max-lag" => self.min_replicas_max_lag = text.parse().ok(),
            _ => {}
        }
    }

    /// Whether a primary that its replicas have lost sight of stops answering within two seconds; `None` where it is
    /// not known.
    pub(crate) fn is_fenced(&self) -> Option<bool> {
        Some(self.min_replicas_to_write? >= 1 && self.min_replicas_max_lag? == 1)
    }
}
