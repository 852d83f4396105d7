//! All sentinels of a service, asked together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use super::link::{Answer, Link};
use super::verdict::{Verdict, elected};
use crate::config::SentinelConfig;
use crate::outcome::Outcomes;

/// The sentinels of one service.
#[derive(Debug)]
pub(crate) struct Panel {
    links: Vec<Arc<Link>>,
    /// How many answered when all were last asked.
    answering: AtomicUsize,
}

impl Panel {
    /// Dials nothing.
    pub(crate) fn new(sentinels: &Arc<SentinelConfig>, events: &Arc<dyn Outcomes>) -> Self {
        let link = |endpoint| Arc::new(Link::new(Arc::clone(sentinels), endpoint, Arc::clone(events)));
        Self { links: sentinels.endpoints.iter().map(link).collect(), answering: AtomicUsize::new(0) }
    }

    pub(super) fn links(&self) -> &[Arc<Link>] {
        &self.links
    }

    /// How many there are, and how many of them answered last.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.links.len(), self.answering.load(Ordering::Relaxed))
    }

    /// Asks all of them at once and does not wait for more answers than decide.
    pub(super) async fn decide(&self, within: Duration) -> Verdict {
        let mut asked = self.ask(within);
        let mut answers = Vec::with_capacity(self.links.len());
        while let Some(answer) = asked.join_next().await {
            answers.extend(answer);
            if elected(&answers, self.links.len()).is_some() {
                break;
            }
        }
        // The others are asked to the end: a question that is cut off costs a connection.
        asked.detach_all();
        Verdict::of(&answers, self.links.len())
    }

    /// Asks all of them and waits for every answer.
    pub(crate) async fn survey(&self, within: Duration) -> Verdict {
        let answers: Vec<Answer> = self.ask(within).join_all().await;
        let answering = answers.iter().filter(|answer| **answer != Answer::Silent).count();
        self.answering.store(answering, Ordering::Relaxed);
        Verdict::of(&answers, self.links.len())
    }

    /// Asks one after the other, for whoever wants to know what each says.
    pub(crate) async fn question_each(&self, within: Duration) -> Vec<(String, Answer)> {
        let mut answers = Vec::with_capacity(self.links.len());
        for link in &self.links {
            let address = link.address().map(ToString::to_string).unwrap_or_default();
            answers.push((address, link.ask(within).await));
        }
        answers
    }

    fn ask(&self, within: Duration) -> JoinSet<Answer> {
        let mut asked = JoinSet::new();
        for link in &self.links {
            let link = Arc::clone(link);
            asked.spawn(async move { link.ask(within).await });
        }
        asked
    }
}
