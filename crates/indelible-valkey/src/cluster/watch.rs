//! Keeps the map true: reads it when a redirection or a fault asks for it, and from time to time anyway.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indelible_core::{Failure, NotPrimary, Unavailable};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::nodes::{Cluster, another_cluster};
use super::slot_map::Member;
use super::slot_ranges::SlotRanges;
use crate::fault::Fault;

/// Mean time between two rounds while all is well.
const PERIOD: Duration = Duration::from_secs(30);
/// The same while a node is in trouble: a replica may be promoted in its place any moment.
const PERIOD_IN_TROUBLE: Duration = Duration::from_millis(500);
/// Spread of both, so that a fleet does not ask in step.
const JITTER: f64 = 0.2;
/// Least time between two rounds, however many redirections ask for one: each has mended its own slot.
const GAP: Duration = Duration::from_millis(100);
/// How long one node may be silent before another is asked as well.
const HEDGE: Duration = Duration::from_millis(100);

/// Reads the map whenever it is due; never ends.
pub(crate) async fn run(cluster: Arc<Cluster>) {
    // Nothing is dialled before somebody needs it.
    cluster.rounds.wanted().await;
    loop {
        let round = if cluster.map().is_some() { cluster.look_again().await } else { cluster.look_around().await };
        cluster.rounds.end(round);
        if cluster.map().is_none() {
            // The connect gates bound how often this dials.
            cluster.rounds.wanted().await;
            continue;
        }
        sleep(GAP).await;
        let period = if cluster.is_in_trouble() { PERIOD_IN_TROUBLE } else { PERIOD };
        // It ends by a call or by time: both are a reason to look.
        let _ = timeout(period.mul_f64(1.0 - JITTER + 2.0 * JITTER * fastrand::f64()), cluster.rounds.wanted()).await;
    }
}

impl Cluster {
    /// The first round: every seed is asked and all that answer must know each other, so that one seed of another
    /// cluster is found out before anything is read from either.
    async fn look_around(&self) -> Result<(), Fault> {
        let mut asking = JoinSet::new();
        let mut fault = Fault::new(Failure::Unavailable(Unavailable::Refused));
        for seed in &self.seeds {
            self.spawn_question(seed.clone(), &mut asking);
        }
        let mut best: Option<SlotRanges> = None;
        while let Some(answer) = asking.join_next().await {
            match answer.unwrap_or_else(|_| Err(Fault::new(Failure::Internal))) {
                Ok(slots) => {
                    if best.as_ref().is_some_and(|best| !best.knows(&slots)) {
                        return Err(another_cluster());
                    }
                    if best.as_ref().is_none_or(|best| best.covered() < slots.covered()) {
                        best = Some(slots);
                    }
                }
                // A server that is no node of a cluster does not become one by not being asked.
                Err(foreign) if foreign.failure == Failure::NotPrimary(NotPrimary::Topology) => return Err(foreign),
                Err(other) => fault = other,
            }
        }
        best.map_or(Err(fault), |slots| self.learn(slots))
    }

    /// A later round: one node after the other, until one answers; the next is asked without waiting for one that is
    /// slow.
    async fn look_again(&self) -> Result<(), Fault> {
        let mut candidates = self.candidates().into_iter();
        let mut asking = JoinSet::new();
        let mut fault = Fault::new(Failure::Unavailable(Unavailable::Refused));
        loop {
            match candidates.next() {
                Some(candidate) => self.spawn_question(candidate, &mut asking),
                None if asking.is_empty() => return Err(fault),
                None => {}
            }
            while let Ok(Some(answer)) = timeout(HEDGE, asking.join_next()).await {
                let learnt = answer.unwrap_or_else(|_| Err(Fault::new(Failure::Internal)));
                match learnt.and_then(|slots| self.learn(slots)) {
                    Ok(()) => return Ok(()),
                    Err(other) => fault = other,
                }
                if candidates.len() > 0 {
                    break;
                }
            }
        }
    }

    fn spawn_question(&self, node: Member, asking: &mut JoinSet<Result<SlotRanges, Fault>>) {
        let scout = self.scout.clone();
        asking.spawn(async move {
            let gate = &node.lanes.node().gate;
            gate.enter(Instant::now())?;
            let answer = scout.ask(&node.address).await;
            // That it can be asked does not make it one that lanes may be opened to again and again.
            if let Err(fault) = &answer {
                gate.leave(Some(fault));
            }
            answer
        });
    }

    /// Every node that may be asked: the one that a redirection led to, the known ones in random order, the seeds.
    fn candidates(&self) -> Vec<Member> {
        let mut nodes: Vec<Member> = self.map().map_or_else(Vec::new, |map| map.members().to_vec());
        fastrand::shuffle(&mut nodes);
        if let Some(hint) = self.take_hint()
            && let Some(place) = nodes.iter().position(|node| node.address == hint)
        {
            nodes.swap(0, place);
        }
        let seeds = self.seeds.iter().filter(|seed| !nodes.iter().any(|node| node.address == seed.address));
        let seeds: Vec<Member> = seeds.cloned().collect();
        nodes.extend(seeds);
        nodes
    }

    fn is_in_trouble(&self) -> bool {
        self.map().is_some_and(|map| map.members().iter().any(|member| !member.lanes.node().breaker.is_closed()))
    }
}
