//! How a cluster is doing: every primary by itself, and what they come to.

use serde_json::{Value, json};

use super::nodes::Cluster;

impl Cluster {
    /// The cluster's part of `health()`: the fields of a single node, for all of them together, and `nodes`, with
    /// `endpoint` and `slots` of each.
    pub(crate) fn health(&self) -> Value {
        let Some(map) = self.map() else {
            return with(self.entry.node().health(), [("nodes", json!([]))]);
        };
        let nodes: Vec<Value> = (map.members().iter().enumerate())
            .map(|(place, member)| {
                let own = [("endpoint", json!(member.address.to_string())), ("slots", json!(map.count_of(place)))];
                with(member.lanes.node().health(), own)
            })
            .collect();
        let checks: Vec<Value> = nodes.iter().flat_map(findings_of).collect();
        json!({
            "state": worst(&nodes, "state", &["disconnected", "connected", "idle"]),
            "breaker": worst(&nodes, "breaker", &["open", "half-open", "closed"]),
            "role": common(&nodes, "role"),
            "server": common(&nodes, "server"),
            "version": common(&nodes, "version"),
            "checks": checks,
            "nodes": nodes,
        })
    }

    /// Closes every lane.
    pub(crate) fn close(&self) {
        let members = self.map().map_or_else(Vec::new, |map| map.members().to_vec());
        members.iter().chain(&self.seeds).for_each(|member| member.lanes.close());
    }
}

/// What was found at one node, with its address.
fn findings_of(node: &Value) -> Vec<Value> {
    let findings = node["checks"].as_array().into_iter().flatten();
    findings.map(|finding| with(finding.clone(), [("endpoint", node["endpoint"].clone())])).collect()
}

fn with<const N: usize>(mut object: Value, fields: [(&str, Value); N]) -> Value {
    if let Value::Object(object) = &mut object {
        object.extend(fields.map(|(name, value)| (name.to_owned(), value)));
    }
    object
}

/// The first of `order` that any node is in.
fn worst(nodes: &[Value], field: &str, order: &[&str]) -> Value {
    order.iter().find(|name| nodes.iter().any(|node| node[field] == **name)).map_or(Value::Null, |name| json!(name))
}

/// What all nodes that say anything say; nothing where they differ.
fn common(nodes: &[Value], field: &str) -> Value {
    let mut said = nodes.iter().map(|node| &node[field]).filter(|value| !value.is_null() && *value != "unknown");
    match said.next() {
        None => nodes.first().map_or(Value::Null, |node| node[field].clone()),
        Some(first) if said.all(|value| value == first) => first.clone(),
        Some(_) => Value::Null,
    }
}
