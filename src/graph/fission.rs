//! What need not be inside of a recurrence leaves its body: what depends on no carry is computed before it, and what no
//! carry depends on after it, for all positions at once. Only what makes the carries stays.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::interpret::order;
use super::{Axis, Builder, Node, Op, ScanBody, ScanId};

/// A node of more elements than these stays: they fill the lanes as it is, and arrays of all positions are large.
const SMALL: usize = 16;

impl Builder {
    /// Ends a scan like [`Builder::end_scan`], with a body that is cut down to what makes its carries. Returns the
    /// results: stacked outputs, then final carries.
    pub(super) fn end_scan_cut(
        &mut self,
        scan: ScanId,
        body: ScanBody,
        initial: &[Node],
        sequences: &[Node],
        constants: &[Node],
    ) -> Vec<Node> {
        let plan = Plan::new(self, &body);
        let axis = body.axis;
        let sequences = sequences.iter().map(|&sequence| self.expand(sequence, &[axis]));
        let inputs = sequences.chain(constants.iter().copied());
        let leaves = body.sequences.iter().chain(&body.constants).copied();
        let lifted = leaves.zip(inputs).collect();
        let mut cut = Cut { b: self, scan, body, lifted, last: HashMap::new() };
        plan.before.iter().for_each(|&node| cut.lift(node));
        cut.run(&plan, initial);
        plan.after.iter().for_each(|&node| cut.lift(node));
        cut.results(&plan, initial)
    }
}

/// Which nodes of a body go where.
struct Plan {
    /// Computed before the recurrence, inputs first.
    before: Vec<Node>,
    /// Made in its body, carries included.
    stays: HashSet<Node>,
    /// Computed after it, inputs first.
    after: Vec<Node>,
    /// For each carry, what is added to it at each position, if it is a sum that can be taken afterwards.
    sums: Vec<Option<Node>>,
}

impl Plan {
    fn new(b: &Builder, body: &ScanBody) -> Self {
        let graph = b.graph();
        let given: HashSet<Node> = body.sequences.iter().chain(&body.constants).copied().collect();
        let (mut own, mut free) = (given.clone(), given);
        own.extend(&body.carries);
        let mut nodes = order(graph, &[body.next.as_slice(), &body.outputs].concat());
        nodes.retain(|node| {
            let inputs = &graph.node(*node).inputs;
            let is_new = inputs.iter().any(|input| own.contains(input)) && own.insert(*node);
            let unbound = |input: &Node| free.contains(input) || !own.contains(input);
            if is_new && is_liftable(b, &own, *node) && inputs.iter().all(unbound) {
                free.insert(*node);
            }
            is_new
        });
        let sums: Vec<Option<Node>> = (0..body.carries.len()).map(|k| addend(b, &own, body, k)).collect();
        let is_summed =
            |next: &Node| body.next.iter().zip(&sums).any(|(own, sum)| own == next && sum.is_some());
        let heavy = nodes.iter().filter(|&&node| !is_liftable(b, &own, node));
        let mut open: Vec<Node> =
            body.next.iter().filter(|next| !is_summed(next)).chain(heavy).copied().collect();
        let carries = body.carries.iter().zip(&sums).filter(|(_, sum)| sum.is_none());
        let mut stays: HashSet<Node> = carries.map(|(&carry, _)| carry).collect();
        while let Some(node) = open.pop() {
            if own.contains(&node) && !free.contains(&node) && stays.insert(node) {
                open.extend(&graph.node(node).inputs);
            }
        }
        let (before, others): (Vec<Node>, Vec<Node>) =
            nodes.into_iter().partition(|node| free.contains(node));
        let after = others.into_iter().filter(|node| !stays.contains(node) && !is_summed(node)).collect();
        Self { before, stays, after, sums }
    }

    /// The carries that stay.
    fn carries(&self) -> impl Iterator<Item = usize> {
        (0..self.sums.len()).filter(|&k| self.sums[k].is_none())
    }
}

/// Whether a node of a body may be computed for all positions at once: neither it nor what it reads is large.
fn is_liftable(b: &Builder, own: &HashSet<Node>, node: Node) -> bool {
    let data = b.graph().node(node);
    let recurs = matches!(data.op, Op::Scan(_) | Op::Output(_) | Op::Leaf { .. });
    let inputs = data.inputs.iter().filter(|input| own.contains(input));
    !recurs && inputs.chain([&node]).all(|&node| b.graph().len_of(node) <= SMALL)
}

/// What is added to the k-th carry at each position, if it is a sum that nothing reads on the way.
fn addend(b: &Builder, own: &HashSet<Node>, body: &ScanBody, k: usize) -> Option<Node> {
    let (carry, next) = (body.carries[k], body.next[k]);
    if !b.only_accumulates(body, carry, next) || !is_liftable(b, own, next) {
        return None;
    }
    b.graph().node(next).inputs.iter().copied().find(|&input| input != carry)
}

/// A recurrence being cut.
struct Cut<'b> {
    b: &'b mut Builder,
    scan: ScanId,
    body: ScanBody,
    /// A node's values at all positions, or its value if that is the same at all.
    lifted: HashMap<Node, Node>,
    /// Final carries, by the carry.
    last: HashMap<Node, Node>,
}

impl Cut<'_> {
    fn lift(&mut self, node: Node) {
        let data = self.b.graph().node(node).clone();
        let inputs: Vec<Node> = data.inputs.iter().map(|&input| self.of(input)).collect();
        let lifted = self.b.apply(&data.op, &inputs, &[self.body.axis]);
        let lifted = self.b.expand(lifted, &data.axes);
        self.lifted.insert(node, lifted);
    }

    /// What is of the graph around stands for itself.
    fn of(&self, node: Node) -> Node {
        self.lifted.get(&node).copied().unwrap_or(node)
    }

    /// The values at all positions.
    fn along(&mut self, node: Node) -> Node {
        let axes = [self.b.axes_of(node), &[self.body.axis]].concat();
        let lifted = self.of(node);
        self.b.expand(lifted, &axes)
    }

    /// Makes the recurrence of what stays; what is read of it afterwards is stacked.
    fn run(&mut self, plan: &Plan, initial: &[Node]) {
        let outputs = self.read_afterwards(plan);
        let of = |nodes: &[Node]| plan.carries().map(|k| nodes[k]).collect::<Vec<Node>>();
        let (carries, next, initial) = (of(&self.body.carries), of(&self.body.next), of(initial));
        if carries.is_empty() && outputs.is_empty() {
            return;
        }
        let leaves = self.frontier(plan, &next);
        let axis = self.body.axis;
        let (mut sequences, mut constants) = ((vec![], vec![]), (vec![], vec![]));
        for &(leaf, node) in leaves.values() {
            let list = if self.b.axes_of(node).contains(&axis) { &mut sequences } else { &mut constants };
            list.0.push(leaf);
            list.1.push(node);
        }
        let leaves = leaves.into_iter().map(|(node, (leaf, _))| (node, leaf)).collect();
        let body = ScanBody {
            carries: carries.clone(),
            sequences: sequences.0,
            constants: constants.0,
            next: self.b.substitute(&next, &leaves),
            outputs: self.b.substitute(&outputs, &leaves),
            ..self.body.clone()
        };
        let node = self.b.end_scan(self.scan, body, &initial, &sequences.1, &constants.1);
        for (k, &output) in outputs.iter().enumerate() {
            self.lifted.insert(output, self.b.output(node, k));
        }
        for (k, &carry) in carries.iter().enumerate() {
            self.last.insert(carry, self.b.output(node, outputs.len() + k));
        }
    }

    /// What stays and is read by what does not.
    fn read_afterwards(&self, plan: &Plan) -> Vec<Node> {
        let graph = self.b.graph();
        let inputs = plan.after.iter().flat_map(|&node| &graph.node(node).inputs);
        let read = inputs.chain(&self.body.outputs).chain(plan.sums.iter().flatten());
        let mut read: Vec<Node> = read.copied().filter(|node| plan.stays.contains(node)).collect();
        read.sort();
        read.dedup();
        read
    }

    /// What comes before and is read by what stays, with a leaf for it and what fills that.
    fn frontier(&mut self, plan: &Plan, next: &[Node]) -> BTreeMap<Node, (Node, Node)> {
        let graph = self.b.graph();
        let inputs = plan.stays.iter().flat_map(|&node| &graph.node(node).inputs);
        let mut read: Vec<Node> =
            inputs.chain(next).copied().filter(|node| self.lifted.contains_key(node)).collect();
        read.sort();
        read.dedup();
        let (axis, scan) = (self.body.axis, self.scan);
        let mut leaves = BTreeMap::new();
        for (node, slot) in read.into_iter().zip(self.first_free_slot()..) {
            let axes = self.b.axes_of(node).to_vec();
            let filling = self.of(node);
            let varies = self.b.axes_of(filling).contains(&axis);
            let filling = if varies { self.along(node) } else { filling };
            leaves.insert(node, (self.b.leaf(scan, slot, &axes), filling));
        }
        leaves
    }

    fn first_free_slot(&self) -> u32 {
        let leaves = [&self.body.carries, &self.body.sequences, &self.body.constants];
        let slot = |&leaf: &Node| match self.b.graph().node(leaf).op {
            Op::Leaf { slot, .. } => slot + 1,
            _ => 0,
        };
        leaves.into_iter().flatten().map(slot).max().unwrap_or(0)
    }

    fn results(&mut self, plan: &Plan, initial: &[Node]) -> Vec<Node> {
        let outputs = self.body.outputs.clone();
        let mut results: Vec<Node> = outputs.into_iter().map(|output| self.along(output)).collect();
        let carries = self.body.carries.clone();
        for ((&carry, &initial), &addend) in carries.iter().zip(initial).zip(&plan.sums) {
            results.push(match addend {
                Some(addend) => self.sum(initial, addend, carry),
                None => self.last[&carry],
            });
        }
        results
    }

    fn sum(&mut self, initial: Node, addend: Node, carry: Node) -> Node {
        let axis = self.body.axis;
        let lifted = self.of(addend);
        let sum = self.b.sum(lifted, &[axis]);
        let total = self.b.add(initial, sum);
        let axes: Vec<Axis> = self.b.axes_of(carry).to_vec();
        self.b.expand(total, &axes)
    }
}
