//! What `CLUSTER SLOTS` answers, read strictly: an answer with one part that is not understood is no answer. The reader
//! of redis-rs is not used, because it passes over such parts and takes the first replica for a primary without a name.

use std::collections::BTreeSet;

use redis::Value;

use super::SLOTS;
use crate::endpoint::Address;

/// Slots that one primary owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SlotRange {
    pub(crate) first: u16,
    pub(crate) last: u16,
    /// Where its primary listens; `None` where the node that answered does not know its name.
    pub(crate) primary: Option<Address>,
}

/// The slots of a cluster as one of its nodes sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SlotRanges {
    pub(crate) ranges: Vec<SlotRange>,
    /// Ids of all nodes that serve slots, replicas included: clusters that have none in common are not the same.
    pub(crate) ids: BTreeSet<Box<str>>,
}

/// The answer does not have the shape that the command has.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotSlots;

impl SlotRanges {
    /// Reads an answer of the node at `asked`, whose host stands for every one that is left out.
    pub(crate) fn parse(answer: &Value, asked: &str) -> Result<Self, NotSlots> {
        let mut ids = BTreeSet::new();
        let mut ranges = Vec::new();
        for entry in array(answer)? {
            let [first, last, primary, replicas @ ..] = array(entry)? else { return Err(NotSlots) };
            let (first, last) = (slot(first)?, slot(last)?);
            if first > last {
                return Err(NotSlots);
            }
            let primary = node(primary, asked, &mut ids)?;
            for replica in replicas {
                node(replica, asked, &mut ids)?;
            }
            ranges.push(SlotRange { first, last, primary });
        }
        ranges.sort_by_key(|range| range.first);
        let overlap = ranges.windows(2).any(|pair| matches!(pair, [one, next] if one.last >= next.first));
        if overlap { Err(NotSlots) } else { Ok(Self { ranges, ids }) }
    }

    /// Whether both are of the same cluster.
    pub(crate) fn knows(&self, other: &Self) -> bool {
        !self.ids.is_disjoint(&other.ids)
    }

    /// Every primary that has a name, once, by the first of its slots.
    pub(crate) fn primaries(&self) -> Vec<Address> {
        let mut primaries = Vec::new();
        for primary in self.ranges.iter().filter_map(|range| range.primary.as_ref()) {
            if !primaries.contains(primary) {
                primaries.push(primary.clone());
            }
        }
        primaries
    }

    /// The primary of a slot, if it has one with a name.
    pub(crate) fn owner_of(&self, slot: u16) -> Option<&Address> {
        self.ranges.iter().find(|range| (range.first..=range.last).contains(&slot))?.primary.as_ref()
    }

    /// Slots that somebody owns.
    pub(crate) fn covered(&self) -> usize {
        self.ranges.iter().map(|range| usize::from(range.last - range.first) + 1).sum()
    }
}

fn array(value: &Value) -> Result<&[Value], NotSlots> {
    match value {
        Value::Array(items) => Ok(items),
        _ => Err(NotSlots),
    }
}

fn slot(value: &Value) -> Result<u16, NotSlots> {
    match value {
        Value::Int(slot) => u16::try_from(*slot).ok().filter(|slot| usize::from(*slot) < SLOTS).ok_or(NotSlots),
        _ => Err(NotSlots),
    }
}

/// Reads `[host, port, id, …]`.
fn node(value: &Value, asked: &str, ids: &mut BTreeSet<Box<str>>) -> Result<Option<Address>, NotSlots> {
    let [host, Value::Int(port), Value::BulkString(id), ..] = array(value)? else { return Err(NotSlots) };
    ids.insert(text(id)?.into());
    let host = match host {
        Value::Nil => asked,
        Value::BulkString(host) => match text(host)? {
            "" => asked,
            // It has a name that this node does not know.
            "?" => return Ok(None),
            host => host,
        },
        _ => return Err(NotSlots),
    };
    let port = u16::try_from(*port).map_err(|_| NotSlots)?;
    Address::of_node(host, port).map(Some).ok_or(NotSlots)
}

fn text(bytes: &[u8]) -> Result<&str, NotSlots> {
    std::str::from_utf8(bytes).map_err(|_| NotSlots)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(host: Value, port: i64, id: &str) -> Value {
        Value::Array(vec![host, Value::Int(port), bulk(id), Value::Array(vec![])])
    }

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    fn range(first: i64, last: i64, nodes: Vec<Value>) -> Value {
        Value::Array([vec![Value::Int(first), Value::Int(last)], nodes].concat())
    }

    fn parse(ranges: Vec<Value>) -> Result<SlotRanges, NotSlots> {
        SlotRanges::parse(&Value::Array(ranges), "asked.example")
    }

    #[test]
    fn primaries_own_slots_and_replicas_only_have_ids() {
        let answer = parse(vec![
            range(8192, 16_383, vec![node(bulk("b.example"), 2, "b")]),
            range(0, 8191, vec![node(bulk("10.0.0.1"), 1, "a"), node(bulk("10.0.0.2"), 3, "c")]),
        ])
        .unwrap();
        assert_eq!(answer.covered(), 16_384);
        assert_eq!(answer.ranges[0].primary, Address::of_node("10.0.0.1", 1));
        assert_eq!(answer.ranges[1].primary, Address::of_node("b.example", 2));
        assert_eq!(answer.ids.iter().map(|id| &**id).collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn a_host_that_is_left_out_is_the_one_that_was_asked() {
        for host in [Value::Nil, bulk("")] {
            let answer = parse(vec![range(0, 0, vec![node(host, 7, "a")])]).unwrap();
            assert_eq!(answer.ranges[0].primary, Address::of_node("asked.example", 7));
        }
    }

    #[test]
    fn a_primary_without_a_name_is_not_replaced_by_its_replica() {
        let answer = parse(vec![range(0, 9, vec![node(bulk("?"), 7, "a"), node(bulk("r.example"), 8, "b")])]).unwrap();
        assert_eq!(answer.ranges[0].primary, None);
    }

    #[test]
    fn anything_else_is_no_answer() {
        let good = || node(bulk("h"), 1, "a");
        for ranges in [
            vec![Value::Nil],
            vec![range(0, 1, vec![])],
            vec![range(1, 0, vec![good()])],
            vec![range(0, 16_384, vec![good()])],
            vec![range(-1, 4, vec![good()])],
            vec![range(0, 5, vec![good()]), range(5, 9, vec![good()])],
            vec![range(0, 5, vec![good(), Value::Nil])],
            vec![range(0, 5, vec![node(bulk("a b"), 1, "a")])],
            vec![range(0, 5, vec![node(bulk("h"), 0, "a")])],
            vec![range(0, 5, vec![node(bulk("h"), 65_536, "a")])],
            vec![range(0, 5, vec![Value::Array(vec![bulk("h"), Value::Int(1)])])],
        ] {
            assert_eq!(parse(ranges.clone()), Err(NotSlots), "{ranges:?}");
        }
        assert_eq!(SlotRanges::parse(&Value::Okay, "h"), Err(NotSlots));
    }
}
