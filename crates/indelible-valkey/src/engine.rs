//! The engine: one thread that drives the lanes of one store, so that a busy caller never delays a reply and a busy
//! lane never delays a caller.

use std::sync::Arc;
use std::thread;

use deadpool::managed::BuildError;

use crate::cluster::{self, Cluster};
use crate::config::{Config, ConfigError, ConfigErrorCode, TopologyConfig};
use crate::connection::Dialer;
use crate::dispatch;
use crate::event::{Alarm, Event};
use crate::frame::Frame;
use crate::frame_queue::FrameQueue;
use crate::generation::GenerationPin;
use crate::linger::Linger;
use crate::node_plan::NodePlan;
use crate::outcome::Outcomes;
use crate::policy_watch::PolicyWatch;
use crate::store_core::StoreCore;
use crate::switches::{Stage, panic_point};
use crate::topology::Topology;

/// A running store without an API: frames in, outcomes out.
///
/// Nothing is dialled before the first frame. Dropping it closes it: what is under way still gets its outcome.
#[derive(Debug)]
pub struct Engine {
    frames: Arc<FrameQueue>,
    store: Arc<StoreCore>,
}

impl Engine {
    /// Starts the engine's thread.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorCode::Unavailable`] when the operating system refuses a thread or a reactor.
    pub fn start(config: &Config, outcomes: Arc<dyn Outcomes>) -> Result<Self, ConfigError> {
        let linger = Arc::new(Linger::new(config.linger));
        let frames = Arc::new(FrameQueue::new(Arc::clone(&linger)));
        let store = Arc::new(Self::store(config, &outcomes, &linger)?);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .on_thread_park({
                // Not the store itself: lanes that it keeps know a task, and each task the runtime that keeps this.
                let (store, frames) = (Arc::downgrade(&store), Arc::clone(&frames));
                move || frames.wait(store.upgrade().is_some_and(|store| store.awaits_replies()))
            })
            .build()
            .map_err(|error| unavailable(&error.to_string()))?;
        let watch = config.track_policies.then(|| policy_watch(config, &outcomes)).transpose()?;
        thread::Builder::new()
            .name("indelible-lanes".into())
            .spawn({
                let (store, frames) = (Arc::clone(&store), Arc::clone(&frames));
                move || {
                    runtime.block_on(async {
                        if let Some(watch) = watch {
                            tokio::spawn(watch.run());
                        }
                        if let Some(watcher) = store.topology().watcher(store.timing().connect) {
                            tokio::spawn(watcher.run());
                        }
                        if let Some(cluster) = store.topology().cluster() {
                            tokio::spawn(cluster::run(Arc::clone(cluster)));
                        }
                        // A task of its own: to wake the one that is blocked on costs a system call, even here.
                        let _ = tokio::spawn(dispatch::run(store, Arc::clone(&frames))).await;
                        frames.close(); // whatever has ended it
                    });
                }
            })
            .map_err(|error| unavailable(&error.to_string()))?;
        if let Some(alarm) = ttl_alarm(config) {
            outcomes.event(Event::Alarm(alarm));
        }
        Ok(Self { frames, store })
    }

    fn store(config: &Config, outcomes: &Arc<dyn Outcomes>, linger: &Arc<Linger>) -> Result<StoreCore, ConfigError> {
        let generation = Arc::new(GenerationPin::new(config.generation, config.ttl_seconds));
        let plan = NodePlan::new(config, Arc::clone(&generation), Arc::clone(outcomes), Arc::clone(linger));
        let failed = |error: BuildError| unavailable(&error.to_string());
        let topology = match &config.topology {
            TopologyConfig::Sentinel(sentinels) => {
                Topology::Single(Arc::new(plan.lanes_to_primary(sentinels).map_err(failed)?))
            }
            TopologyConfig::Cluster(seeds) => {
                let cluster = Cluster::new(config, seeds, plan, Arc::clone(outcomes));
                Topology::Cluster(Arc::new(cluster.map_err(failed)?))
            }
            topology => Topology::Single(Arc::new(plan.lanes(topology.single()?.clone()).map_err(failed)?)),
        };
        Ok(StoreCore::new(config, generation, topology, Arc::clone(outcomes)))
    }

    /// How the store is doing, as JSON: `{ state, breaker, role, server, version, checks, generation }`.
    #[must_use]
    pub fn health(&self) -> serde_json::Value {
        self.store.health()
    }

    /// Hands over a request frame; its operations' time starts now. `false` if the engine is gone.
    pub fn submit(&self, frame: Vec<u8>) -> bool {
        let frame = Frame::new(frame);
        panic_point(Stage::Submit, frame.request_at(0).into_iter().flat_map(|request| request.ids()));
        let Err(frame) = self.frames.offer(frame) else { return true };
        match dispatch::try_directly(&self.store, frame) {
            Ok(()) => true,
            Err(frame) => self.frames.push(frame),
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.frames.close();
    }
}

fn policy_watch(config: &Config, outcomes: &Arc<dyn Outcomes>) -> Result<PolicyWatch, ConfigError> {
    Ok(PolicyWatch {
        dialer: Dialer::new(config.topology.single()?.clone(), config.tls.clone()),
        credentials: config.credentials.clone(),
        connect_timeout: config.timing.connect,
        command_timeout: config.timing.command,
        outcomes: Arc::clone(outcomes),
    })
}

fn unavailable(detail: &str) -> ConfigError {
    ConfigError::new(ConfigErrorCode::Unavailable, "", format!("the store's thread could not be started: {detail}"))
}

fn ttl_alarm(config: &Config) -> Option<Alarm> {
    let (ttl_seconds, lifetime) = (config.ttl_seconds?, config.max_session_lifetime_seconds?);
    (ttl_seconds < lifetime).then_some(Alarm::TtlUnsound { ttl_seconds, max_session_lifetime_seconds: lifetime })
}
