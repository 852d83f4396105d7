//! The nodes of one cluster as a store knows them: the map of their slots and the lanes to each.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use deadpool::managed::BuildError;
use indelible_core::{Failure, NotPrimary};

use super::hash_slot::SlotRule;
use super::redirect::Target;
use super::rounds::Rounds;
use super::scout::Scout;
use super::slot_map::{MAX_NODES, Member, SlotMap};
use super::slot_ranges::SlotRanges;
use crate::config::Config;
use crate::endpoint::{Address, Endpoint};
use crate::event::{Event, State};
use crate::fault::Fault;
use crate::lanes::Lanes;
use crate::node_plan::NodePlan;
use crate::outcome::Outcomes;

/// A cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(super) rule: SlotRule,
    pub(super) scout: Scout,
    pub(super) rounds: Rounds,
    /// The nodes that the configuration names.
    pub(super) seeds: Vec<Member>,
    /// What batches go over while nothing is known of the cluster: no node, only the breaker of the way in.
    pub(super) entry: Arc<Lanes>,
    plan: NodePlan,
    outcomes: Arc<dyn Outcomes>,
    map: RwLock<Option<Arc<SlotMap>>>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Ids of the cluster's nodes, when they were last told.
    ids: BTreeSet<Box<str>>,
    /// A node that knows better than others: one that a redirection led to.
    hint: Option<Address>,
}

impl Cluster {
    /// The cluster that `seeds` belong to. Dials nothing.
    ///
    /// # Errors
    ///
    /// A pool of lanes cannot be built.
    pub(crate) fn new(
        config: &Config,
        seeds: &[Endpoint],
        plan: NodePlan,
        outcomes: Arc<dyn Outcomes>,
    ) -> Result<Self, BuildError> {
        let member = |seed: &Endpoint| {
            let lanes = Arc::new(plan.member(seed.address().clone())?);
            Ok(Member { address: seed.address().clone(), lanes })
        };
        let seeds: Vec<Member> = seeds.iter().map(member).collect::<Result<_, _>>()?;
        let way_in = seeds.first().map_or_else(|| Address::Unix("".into()), |seed| seed.address.clone());
        Ok(Self {
            rule: SlotRule::new(&config.key_prefix),
            scout: Scout::new(config, Arc::clone(&outcomes)),
            rounds: Rounds::new(),
            entry: Arc::new(plan.member(way_in)?),
            seeds,
            plan,
            outcomes,
            map: RwLock::default(),
            known: Mutex::default(),
        })
    }

    /// What is known of the slots; `None` before anything is.
    pub(super) fn map(&self) -> Option<Arc<SlotMap>> {
        self.map.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes what a node of the cluster said for true.
    ///
    /// # Errors
    ///
    /// It is another cluster than the one that is known, or has a node that must not be dialled.
    pub(super) fn learn(&self, slots: SlotRanges) -> Result<(), Fault> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.ids.is_empty() && known.ids.is_disjoint(&slots.ids) {
            return Err(another_cluster());
        }
        let before = self.map();
        let primaries = slots.primaries();
        let members = primaries.iter().map(|primary| self.member(primary, before.as_deref()));
        let members: Vec<Member> = members.collect::<Result<_, _>>()?;
        if members.is_empty() {
            let detail = "no primary has a name that could be dialled; look at cluster-preferred-endpoint-type";
            return Err(Fault::new(Failure::NotPrimary(NotPrimary::Topology)).with_detail(detail));
        }
        let map = SlotMap::new(members);
        for range in &slots.ranges {
            let place = range.primary.as_ref().and_then(|primary| map.place_of(primary));
            if let Some(place) = place {
                (range.first..=range.last).for_each(|slot| map.assign(slot, place));
            }
        }
        known.ids = slots.ids;
        let changed = before.is_none_or(|before| {
            before.members().len() != map.members().len()
                || map.members().iter().any(|member| before.place_of(&member.address).is_none())
        });
        let primaries = map.members().len();
        self.replace(map);
        drop(known);
        if changed {
            self.outcomes.event(Event::State(State::ClusterChanged { primaries }));
        }
        Ok(())
    }

    /// Mends the map by a redirection for good.
    pub(super) fn mend(&self, target: &Target, answered: &Lanes) -> Result<(), Fault> {
        let (map, place) = self.find(target, answered)?;
        map.assign(target.slot, place);
        if let Some(member) = map.members().get(place) {
            self.known.lock().unwrap_or_else(PoisonError::into_inner).hint = Some(member.address.clone());
        }
        self.rounds.want();
        Ok(())
    }

    /// The lanes to the node that a redirection names.
    pub(super) fn lanes_to(&self, target: &Target, answered: &Lanes) -> Result<Arc<Lanes>, Fault> {
        let (map, place) = self.find(target, answered)?;
        map.members().get(place).map(|member| Arc::clone(&member.lanes)).ok_or_else(unresolved)
    }

    /// The node that knows best, once.
    pub(super) fn take_hint(&self) -> Option<Address> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).hint.take()
    }

    /// Finds the node that a redirection names, or takes it in.
    fn find(&self, target: &Target, answered: &Lanes) -> Result<(Arc<SlotMap>, usize), Fault> {
        // Under the lock that learning takes: a node taken in must not get lost to a map that is made meanwhile.
        let _known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let map = self.map().ok_or_else(unresolved)?;
        let host = map.members().iter().find(|member| std::ptr::eq(&*member.lanes, answered));
        let host = host.map_or("", |member| member.address.host());
        let address = target.address(host).ok_or_else(unresolved)?;
        if let Some(place) = map.place_of(&address) {
            return Ok((map, place));
        }
        if map.members().len() >= MAX_NODES {
            return Err(unresolved());
        }
        let map = map.with_member(self.member(&address, None)?);
        let place = map.members().len() - 1;
        Ok((self.replace(map), place))
    }

    fn member(&self, address: &Address, before: Option<&SlotMap>) -> Result<Member, Fault> {
        let known = before.into_iter().flat_map(SlotMap::members).chain(&self.seeds);
        if let Some(member) = known.into_iter().find(|member| member.address == *address) {
            return Ok(member.clone());
        }
        if Endpoint::at(address.clone()).require_tls_unless_local(self.plan.has_tls()).is_err() {
            let detail = "a node of the cluster is not on this machine, so TLS is required: set tls";
            return Err(Fault::new(Failure::NotPrimary(NotPrimary::Topology)).with_detail(detail));
        }
        let lanes = self.plan.member(address.clone()).map_err(|_| Fault::new(Failure::Internal))?;
        Ok(Member { address: address.clone(), lanes: Arc::new(lanes) })
    }

    fn replace(&self, map: SlotMap) -> Arc<SlotMap> {
        let map = Arc::new(map);
        *self.map.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&map));
        map
    }
}

/// A redirection that leads nowhere.
pub(super) fn unresolved() -> Fault {
    Fault::new(Failure::NotPrimary(NotPrimary::Redirect))
}

pub(super) fn another_cluster() -> Fault {
    let detail = "nodes of different clusters are named: their slots have no node in common";
    Fault::new(Failure::NotPrimary(NotPrimary::Topology)).with_detail(detail)
}
