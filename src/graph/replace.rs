//! Nodes with others in place of some that they depend on.

use std::collections::HashMap;

use super::interpret::order;
use super::{Axis, Builder, Graph, Node};

/// Whether a node depends on one of others.
pub fn depends(graph: &Graph, node: Node, on: &[Node]) -> bool {
    order(graph, &[node]).iter().any(|needed| on.contains(needed))
}

/// The nodes `roots` as they are with each second node of `pairs` in place of the first, which may have fewer axes: what
/// depends on it then varies over the new axes too.
///
/// # Panics
/// If a recurrence depends on what is replaced.
pub fn replace(b: &mut Builder, roots: &[Node], pairs: &[(Node, Node)]) -> Vec<Node> {
    let mut new: HashMap<Node, Node> = pairs.iter().copied().collect();
    let mut more: Vec<Axis> = Vec::new();
    for (from, to) in pairs {
        more.extend(b.axes_of(*to).iter().filter(|axis| !b.axes_of(*from).contains(axis)));
    }
    more.sort();
    more.dedup();
    for node in order(b.graph(), roots) {
        if new.contains_key(&node) {
            continue;
        }
        let data = b.graph().node(node).clone();
        if data.inputs.iter().any(|input| new.get(input).is_some_and(|changed| changed != input)) {
            let inputs: Vec<Node> =
                data.inputs.iter().map(|input| new.get(input).copied().unwrap_or(*input)).collect();
            // What has become the same everywhere still has the axes that a sum may take whole.
            let changed = b.apply(&data.op, &inputs, &more);
            let changed = b.expand(changed, &data.axes);
            new.insert(node, changed);
        }
    }
    roots.iter().map(|root| new.get(root).copied().unwrap_or(*root)).collect()
}
