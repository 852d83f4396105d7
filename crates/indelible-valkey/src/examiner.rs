//! Asks a server about itself and judges the answer: on a new connection and, while it lives, every half minute.

use std::sync::Arc;
use std::time::Duration;

use indelible_core::{Access, Failure, NotPrimary, Unavailable};

use crate::checks::Demands;
use crate::connection::{ServerInfo, ServerSettings};
use crate::event::{Alarm, Event, State};
use crate::fault::Fault;
use crate::node::Node;
use crate::outcome::Outcomes;
use crate::resp::{Element, Malformed, Reply, ServerError, push_command};

/// Mean time between two examinations of a connection.
const PERIOD: Duration = Duration::from_secs(30);
/// Spread of that time, so that a fleet does not ask in step.
const JITTER: f64 = 0.2;

/// Examines the server behind the lanes of one store.
#[derive(Debug)]
pub(crate) struct Examiner {
    demands: Demands,
    node: Arc<Node>,
    events: Arc<dyn Outcomes>,
}

/// One examination under way.
#[derive(Debug, Default)]
pub(crate) struct Examination {
    info: Option<ServerInfo>,
    settings: ServerSettings,
    replies: usize,
}

impl Examiner {
    pub(crate) fn new(demands: Demands, node: Arc<Node>, events: Arc<dyn Outcomes>) -> Self {
        Self { demands, node, events }
    }

    /// Writes the questions.
    pub(crate) fn ask(&self, out: &mut Vec<u8>) -> Examination {
        push_command(out, &[b"INFO"]);
        if self.demands.needs_config() {
            ServerSettings::ask(self.demands.settings(), out);
        }
        Examination::default()
    }

    /// Takes the next reply; `true` when it was the last.
    pub(crate) fn accept(
        &self,
        examination: &mut Examination,
        reply: &Reply<'_>,
    ) -> Result<Result<bool, Fault>, Malformed> {
        match (&examination.info, reply) {
            (None, Reply::Scalar(Element::Bulk(text))) => {
                examination.info = Some(ServerInfo::parse(&String::from_utf8_lossy(text)));
            }
            (None, Reply::Scalar(Element::Error(line))) => {
                let error = ServerError::parse(line);
                // Without INFO every pipeline still proves the role for itself.
                if error.failure != Failure::Access(Access::Permission) {
                    return Ok(Err(error.into()));
                }
                examination.info = Some(ServerInfo::unknown());
            }
            (Some(_), Reply::Array(pairs)) => {
                let mut name = None;
                for element in pairs.iter() {
                    let Element::Bulk(text) = element else { return Err(Malformed) };
                    match name.take() {
                        None => name = Some(text),
                        Some(name) => examination.settings.note(name, text),
                    }
                }
            }
            (Some(_), Reply::Scalar(Element::Error(_))) => {}
            _ => return Err(Malformed),
        }
        examination.replies += 1;
        Ok(Ok(examination.replies == if self.demands.needs_config() { 2 } else { 1 }))
    }

    /// Judges a complete examination.
    ///
    /// # Errors
    ///
    /// The fault for which the connection must not be used.
    pub(crate) fn judge(&self, examination: Examination) -> Result<ServerInfo, Fault> {
        let info = examination.info.ok_or_else(Fault::protocol)?;
        if info.is_loading {
            return Err(Fault::new(Failure::Unavailable(Unavailable::Loading)));
        }
        if info.is_known && !info.is_primary {
            return Err(Fault::new(Failure::NotPrimary(NotPrimary::ReadOnly)));
        }
        let evicted_before = self.node.evicted_before(&info);
        let findings = self.demands.examine(&info, evicted_before, &examination.settings);
        let refusal = self.demands.refusal(&findings);
        let change = self.node.examined(info.clone(), findings);
        for finding in change.new_findings {
            let alarm = Alarm::UnsafeServer { reason: finding.reason, detail: finding.detail };
            self.events.event(Event::Alarm(alarm));
        }
        if change.replaced {
            self.node.retire_lanes();
            self.events.event(Event::State(State::ServerReplaced));
        }
        refusal.map_or(Ok(info), Err)
    }

    /// Time until the next examination.
    pub(crate) fn pause(&self) -> Duration {
        PERIOD.mul_f64(1.0 - JITTER + 2.0 * JITTER * fastrand::f64())
    }
}
