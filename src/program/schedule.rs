//! When each node is computed: one loop per domain between two barriers.
//!
//! A barrier stands where an array has to be finished before it is read. Stages count the barriers before a node. A
//! node is first placed as early as possible, which tells at which stages a domain needs a loop at all; then it sinks
//! to the last loop of its domain that its readers allow, so that loops join instead of leaving arrays behind.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::graph::{Axis, Node};

use super::roles::{Access, Role, Roles};

/// The plan of a set of roots.
pub(super) struct Schedule {
    pub roles: HashMap<Node, Role>,
    pub stages: HashMap<Node, usize>,
    /// Nodes whose values outlive their group.
    pub kept: BTreeSet<Node>,
    /// All nodes, inputs first.
    pub order: Vec<Node>,
}

/// Nodes that are executed together.
pub(super) enum Batch {
    Rows { domain: Vec<Axis>, nodes: Vec<Node> },
    Whole(Node),
}

impl Batch {
    pub fn nodes(&self) -> &[Node] {
        match self {
            Self::Rows { nodes, .. } => nodes,
            Self::Whole(node) => std::slice::from_ref(node),
        }
    }
}

type Reads = HashMap<Node, Vec<(Node, Access)>>;

impl Schedule {
    /// Plans what the varying nodes `roots` need; `is_home` tells the nodes that are there already.
    pub fn new(roles_of: &Roles, roots: &[Node], is_home: impl Fn(Node) -> bool) -> Self {
        let (roles, order) = needed(roles_of, roots, &is_home);
        let reads: Reads = order.iter().map(|&node| (node, roles_of.reads(node, &roles))).collect();
        let early = earliest(&order, &reads, &roles);
        let stages = latest(&order, &reads, &roles, &early);
        let kept = kept(roots, &reads, &roles, &stages);
        Self { roles, stages, kept, order }
    }

    /// The groups in the order of execution.
    pub fn batches(&self) -> Vec<Batch> {
        let mut loops: BTreeMap<(usize, usize, &[Axis]), Vec<Node>> = BTreeMap::new();
        let mut batches: Vec<(usize, Batch)> = vec![];
        for &node in &self.order {
            match &self.roles[&node] {
                Role::Row { domain } | Role::Sink { domain } => {
                    loops.entry((self.stages[&node], domain.len(), domain)).or_default().push(node);
                }
                Role::Whole => batches.push((self.stages[&node], Batch::Whole(node))),
                Role::Home | Role::Part => {}
            }
        }
        let loops = loops.into_iter();
        batches.extend(
            loops.map(|((stage, _, domain), nodes)| (stage, Batch::Rows { domain: domain.to_vec(), nodes })),
        );
        batches.sort_by_key(|(stage, _)| *stage);
        batches.into_iter().map(|(_, batch)| batch).collect()
    }
}

/// The nodes to be computed and their roles. Roles of inputs do not depend on their readers, reads do on roles.
fn needed(
    roles_of: &Roles,
    roots: &[Node],
    is_home: &impl Fn(Node) -> bool,
) -> (HashMap<Node, Role>, Vec<Node>) {
    let bound = roots.iter().map(|root| root.0 + 1).max().unwrap_or(0);
    let all = (0..bound).map(Node).filter(|&node| roles_of.varies(node));
    let all: HashMap<Node, Role> =
        all.map(|node| (node, if is_home(node) { Role::Home } else { roles_of.role(node) })).collect();
    let mut wanted: BTreeSet<Node> = BTreeSet::new();
    let mut open: Vec<Node> = roots.to_vec();
    while let Some(node) = open.pop() {
        if wanted.insert(node) {
            open.extend(roles_of.reads(node, &all).into_iter().map(|(input, _)| input));
        }
    }
    let roles = wanted.iter().map(|&node| (node, all[&node].clone())).collect();
    (roles, wanted.into_iter().collect())
}

fn earliest(order: &[Node], reads: &Reads, roles: &HashMap<Node, Role>) -> HashMap<Node, usize> {
    let mut stages = HashMap::new();
    for node in order {
        let after = |&(input, access): &(Node, Access)| match (access, &roles[&input]) {
            (_, Role::Home) => 0,
            (Access::Rows, _) => stages[&input],
            (Access::Whole, _) => stages[&input] + 1,
        };
        let stage = reads[node].iter().map(after).max().unwrap_or(0);
        stages.insert(*node, stage);
    }
    stages
}

fn latest(
    order: &[Node],
    reads: &Reads,
    roles: &HashMap<Node, Role>,
    early: &HashMap<Node, usize>,
) -> HashMap<Node, usize> {
    let last = early.values().copied().max().unwrap_or(0);
    let mut loops: HashMap<&[Axis], BTreeSet<usize>> = HashMap::new();
    for node in order {
        if let Some(domain) = domain_of(&roles[node]) {
            loops.entry(domain).or_default().insert(early[node]);
        }
    }
    let mut bounds: HashMap<Node, usize> = order.iter().map(|&node| (node, last)).collect();
    let mut stages = HashMap::new();
    for node in order.iter().rev() {
        let bound = bounds[node];
        let stage = match domain_of(&roles[node]) {
            Some(domain) => loops[domain].range(..=bound).next_back().copied().unwrap_or(early[node]),
            None => bound,
        };
        stages.insert(*node, stage);
        for (input, access) in &reads[node] {
            let limit = match access {
                Access::Rows => stage,
                Access::Whole => stage.saturating_sub(1),
            };
            bounds.entry(*input).and_modify(|bound| *bound = limit.min(*bound));
        }
    }
    stages
}

fn domain_of(role: &Role) -> Option<&[Axis]> {
    match role {
        Role::Row { domain } | Role::Sink { domain } => Some(domain),
        Role::Home | Role::Whole | Role::Part => None,
    }
}

fn kept(
    roots: &[Node],
    reads: &Reads,
    roles: &HashMap<Node, Role>,
    stages: &HashMap<Node, usize>,
) -> BTreeSet<Node> {
    let mut kept: BTreeSet<Node> = roots.iter().copied().collect();
    kept.extend(roles.iter().filter(|(_, role)| !matches!(role, Role::Row { .. })).map(|(&node, _)| node));
    for (reader, inputs) in reads {
        let outlives =
            |(input, access): &&(Node, Access)| *access == Access::Whole || stages[input] != stages[reader];
        kept.extend(inputs.iter().filter(outlives).map(|(input, _)| *input));
    }
    kept
}
