//! Reverse mode, from graph to graph: a loop over nodes; the rules are in the operations' rows and in `pullback`.

use super::pullback::pull;
use super::{Builder, Node, Op};

/// Derivatives of a scalar by each of `inputs`, each with that input's axes.
///
/// An input that depends on another counts: derivatives are total.
pub fn gradient(builder: &mut Builder, output: Node, inputs: &[Node]) -> Vec<Node> {
    assert!(builder.axes_of(output).is_empty(), "the derivative of a scalar is taken");
    let one = builder.constant(1.0);
    let adjoints = pull_back(builder, &[(output, one)], inputs);
    let filled = inputs.iter().zip(adjoints);
    filled.map(|(&input, adjoint)| adjoint.unwrap_or_else(|| builder.zeros_like(input))).collect()
}

/// Derivatives of `gradient` . `directions` by `inputs`: the Hessian times the direction.
pub fn hessian_vector(
    builder: &mut Builder,
    gradient: &[Node],
    inputs: &[Node],
    directions: &[Node],
) -> Vec<Node> {
    let mut along = builder.constant(0.0);
    for (&slope, &direction) in gradient.iter().zip(directions) {
        let product = builder.mul(slope, direction);
        let sum = builder.sum_all(product);
        along = builder.add(along, sum);
    }
    self::gradient(builder, along, inputs)
}

/// Adjoints of `inputs`, given those of some outputs; none where no path leads.
pub(super) fn pull_back(builder: &mut Builder, seeds: &[(Node, Node)], inputs: &[Node]) -> Vec<Option<Node>> {
    let count = seeds.iter().map(|(output, _)| output.0 as usize + 1).max().unwrap_or(0);
    let active = active_nodes(builder, count, inputs);
    // Before any adjoint is kept by the number of a scan's result, since this changes those numbers.
    for node in builder.graph().nodes().take(count).filter(|node| active[node.0 as usize]) {
        if let Op::Scan(id) = builder.graph().node(node).op {
            builder.save_carries(id);
        }
    }
    let mut adjoints = Adjoints { slots: vec![vec![]; count] };
    for &(output, adjoint) in seeds {
        adjoints.add(builder, output, 0, adjoint);
    }
    for index in (0..count).rev().filter(|&index| active[index]) {
        if adjoints.slots[index].iter().any(Option::is_some) {
            let given = adjoints.slots[index].clone();
            pull(builder, Node(index as u32), &given, &active, &mut adjoints);
        }
    }
    let slot = |input: &Node| adjoints.slots.get(input.0 as usize)?.first().copied().flatten();
    inputs.iter().map(slot).collect()
}

/// Which nodes depend, differentiably, on the inputs.
fn active_nodes(builder: &Builder, count: usize, inputs: &[Node]) -> Vec<bool> {
    let mut active = vec![false; count];
    for node in builder.graph().nodes().take(count) {
        let data = builder.graph().node(node);
        let reached = data.op != Op::StopGradient && data.inputs.iter().any(|input| active[input.0 as usize]);
        active[node.0 as usize] = reached || inputs.contains(&node);
    }
    active
}

/// What has been accumulated: for each node, one adjoint for each array it yields.
pub(super) struct Adjoints {
    slots: Vec<Vec<Option<Node>>>,
}

impl Adjoints {
    /// Adds a contribution to the adjoint of the k-th array of a node; it is brought to that array's axes.
    pub(super) fn add(&mut self, builder: &mut Builder, node: Node, k: usize, contribution: Node) {
        let slots = &mut self.slots[node.0 as usize];
        if slots.len() <= k {
            slots.resize(k + 1, None);
        }
        slots[k] = Some(match slots[k] {
            Some(before) => builder.add(before, contribution),
            None => contribution,
        });
    }
}
