//! The primary that the lanes of a store lead to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::panel::Panel;
use super::verdict::Verdict;
use crate::config::SentinelConfig;
use crate::endpoint::Address;
use crate::event::{Event, State};
use crate::fault::Fault;
use crate::node::Node;
use crate::outcome::Outcomes;

/// Who is the primary, as far as is known, and what happens when that changes.
#[derive(Debug)]
pub(crate) struct Primary {
    panel: Panel,
    node: Arc<Node>,
    events: Arc<dyn Outcomes>,
    connect_timeout: Duration,
    /// Where the lanes lead to; none has been dialled while this is `None`.
    current: Mutex<Option<Address>>,
    /// A connection is wanted: from now on there is something to watch.
    wanted: Notify,
    /// There is a reason to look at the lanes, and to ask again, at once.
    doubted: Notify,
}

impl Primary {
    pub(crate) fn new(
        sentinels: &Arc<SentinelConfig>,
        node: Arc<Node>,
        events: Arc<dyn Outcomes>,
        connect_timeout: Duration,
    ) -> Self {
        Self {
            panel: Panel::new(sentinels, &events),
            node,
            events,
            connect_timeout,
            current: Mutex::default(),
            wanted: Notify::new(),
            doubted: Notify::new(),
        }
    }

    /// Asks the sentinels, within half of the connect time-out: the other half is for the primary.
    ///
    /// # Errors
    ///
    /// [`NotPrimary::Topology`](indelible_core::NotPrimary::Topology) when they do not agree on one.
    pub(crate) async fn find(&self) -> Result<Address, Fault> {
        self.wanted.notify_one();
        let address = self.panel.decide(self.connect_timeout / 2).await.into_address()?;
        self.note(&address);
        Ok(address)
    }

    /// Asks all sentinels.
    pub(super) async fn survey(&self) -> Verdict {
        let verdict = self.panel.survey(self.connect_timeout).await;
        if let Verdict::Named(address) = &verdict {
            self.note(address);
        }
        verdict
    }

    /// Whether new connections lead there.
    pub(crate) fn is_current(&self, address: &Address) -> bool {
        self.lock().as_ref() == Some(address)
    }

    /// Takes an address that the sentinels agree on for the primary's. Every lane to another one is retired at once.
    fn note(&self, address: &Address) {
        let before = self.lock().replace(address.clone());
        if before.is_none_or(|before| before == *address) {
            return;
        }
        let closed = self.node.replace();
        self.tell(State::PrimaryChanged { primary: address.to_string().into() });
        closed.into_iter().for_each(|state| self.tell(state));
        self.doubted.notify_one();
    }

    /// One sentinel says that `address` is no longer the primary. That is no reason yet to believe in another, but every
    /// lane to it goes: the next one is dialled to whatever most of them name.
    pub(super) fn leave(&self, address: &Address) {
        if self.is_current(address) {
            self.node.retire_lanes();
        }
        self.doubted.notify_one();
    }

    /// The server that the sentinels name has shown itself to be a replica: what leads to it goes too.
    pub(crate) fn disown(&self) {
        self.node.retire_lanes();
        self.doubted.notify_one();
    }

    /// Waits until a connection is wanted for the first time.
    pub(super) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Waits until there is a reason not to wait longer.
    pub(super) async fn doubted(&self) {
        self.doubted.notified().await;
    }

    pub(super) fn panel(&self) -> &Panel {
        &self.panel
    }

    pub(super) fn tell(&self, state: State) {
        self.events.event(Event::State(state));
    }

    pub(super) fn events(&self) -> &Arc<dyn Outcomes> {
        &self.events
    }

    /// Its part of `health()`.
    pub(crate) fn health(&self) -> Value {
        let (configured, answering) = self.panel.counts();
        let mut health = json!({ "sentinels": configured, "answering": answering });
        if let (Some(address), Value::Object(fields)) = (&*self.lock(), &mut health) {
            fields.insert("primary".into(), address.to_string().into());
        }
        health
    }

    fn lock(&self) -> MutexGuard<'_, Option<Address>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
