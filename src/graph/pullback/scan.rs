//! The pullback of a recurrence is a recurrence the other way.
//!
//! The forward scan is made to stack, among its outputs, the carries as they were before each step (see
//! `Builder::save_carries`), so no second run is needed: at each position the pullback evaluates a copy of the body
//! on the saved carries and pulls adjoints through it. Its carries are the adjoints of the carries and the sums over positions of the adjoints of
//! the constants; its outputs are the adjoints of the sequences. What of this does not make the adjoints of the carries
//! leaves the recurrence (see `fission`). Being a scan, it can be differentiated again.

use std::collections::HashMap;

use crate::graph::autodiff::pull_back;
use crate::graph::{Builder, Node, ScanBody, ScanId};

/// Adjoints of the inputs of a scan that are `wanted`; `given` are those of its outputs and final carries.
pub(super) fn pull(
    builder: &mut Builder,
    scan: Node,
    id: ScanId,
    given: &[Option<Node>],
    wanted: &[bool],
) -> Vec<Option<Node>> {
    let forward = builder.graph().scan(id).clone();
    let inputs = builder.graph().node(scan).inputs.clone();
    let mut backward = Backward::new(builder, &forward);
    let (sequences, rest) = backward.bind(builder, scan, id, &inputs, given);
    let counts = (forward.carries.len(), forward.sequences.len());
    let sequence_wanted = &wanted[counts.0..counts.0 + counts.1];
    let constant_wanted = &wanted[counts.0 + counts.1..];
    backward.body(builder, &rest, sequence_wanted, constant_wanted);
    backward.finish(builder, &inputs, &sequences, given)
}

/// A backward scan being made.
struct Backward<'a> {
    forward: &'a ScanBody,
    scan: ScanId,
    body: ScanBody,
    /// From leaves of the forward body to those of this one.
    leaves: HashMap<Node, Node>,
    /// Sequences and constants whose adjoints are made, by position.
    sequences: Vec<usize>,
    constants: Vec<usize>,
    /// What the leaves of constants stand for.
    bound: Vec<Node>,
    slots: u32,
}

impl<'a> Backward<'a> {
    fn new(builder: &mut Builder, forward: &'a ScanBody) -> Self {
        let direction = forward.direction.reversed();
        let scan = builder.begin_scan(forward.axis, direction);
        let body = builder.graph().scan(scan).clone();
        let (leaves, sequences, constants) = (HashMap::new(), vec![], vec![]);
        Self { forward, scan, body, leaves, sequences, constants, bound: vec![], slots: 0 }
    }

    /// A leaf with the axes of a node.
    fn leaf(&mut self, builder: &mut Builder, like: Node) -> Node {
        self.slots += 1;
        let axes = builder.axes_of(like).to_vec();
        builder.leaf(self.scan, self.slots - 1, &axes)
    }

    /// A leaf for a slice of a sequence, with the axes of a node.
    fn slice(&mut self, builder: &mut Builder, like: Node) -> Node {
        let leaf = self.leaf(builder, like);
        self.body.sequences.push(leaf);
        leaf
    }

    /// A leaf for a carry whose value no derivative depends on: it only receives an adjoint.
    fn unread(&mut self, builder: &mut Builder, carry: Node) -> Node {
        let leaf = self.leaf(builder, carry);
        self.body.constants.push(leaf);
        let zeros = builder.zeros_like(carry);
        self.bound.push(zeros);
        leaf
    }

    /// Makes the leaves that read; returns the sequences they read and the seeds (node of the forward body, leaf).
    fn bind(
        &mut self,
        builder: &mut Builder,
        scan: Node,
        id: ScanId,
        inputs: &[Node],
        given: &[Option<Node>],
    ) -> (Vec<Node>, Vec<(Node, Node)>) {
        let forward = self.forward;
        let mut read = vec![];
        for (j, &carry) in forward.carries.iter().enumerate() {
            let leaf = match builder.saved_carry(scan, id, j) {
                Some(saved) => {
                    read.push(saved);
                    self.slice(builder, carry)
                }
                None => self.unread(builder, carry),
            };
            self.leaves.insert(carry, leaf);
        }
        let rest = &inputs[forward.carries.len()..];
        for (&sequence, &input) in forward.sequences.iter().zip(rest) {
            read.push(input);
            let leaf = self.slice(builder, sequence);
            self.leaves.insert(sequence, leaf);
        }
        for &constant in &forward.constants {
            let leaf = self.leaf(builder, constant);
            self.body.constants.push(leaf);
            self.leaves.insert(constant, leaf);
        }
        self.bound.extend(&rest[forward.sequences.len()..]);
        let mut seeds = vec![];
        for (&output, adjoint) in forward.outputs.iter().zip(given) {
            if let Some(adjoint) = *adjoint {
                read.push(adjoint);
                seeds.push((output, self.slice(builder, output)));
            }
        }
        (read, seeds)
    }

    /// Pulls the seeds and the carries' adjoints through a copy of the forward body.
    fn body(
        &mut self,
        builder: &mut Builder,
        seeds: &[(Node, Node)],
        sequences: &[bool],
        constants: &[bool],
    ) {
        let forward = self.forward;
        let mut seeds = seeds.to_vec();
        for &next in &forward.next {
            let leaf = self.leaf(builder, next);
            self.body.carries.push(leaf);
            seeds.push((next, leaf));
        }
        let copied: Vec<Node> = seeds.iter().map(|(node, _)| *node).collect();
        let copied = builder.substitute(&copied, &self.leaves);
        let seeds: Vec<_> = copied.into_iter().zip(seeds).map(|(copy, (_, leaf))| (copy, leaf)).collect();
        let chosen = |wanted: &[bool]| (0..wanted.len()).filter(|&k| wanted[k]).collect::<Vec<_>>();
        (self.sequences, self.constants) = (chosen(sequences), chosen(constants));
        let sequence_leaves = self.sequences.iter().map(|&k| forward.sequences[k]);
        let constant_leaves = self.constants.iter().map(|&k| forward.constants[k]);
        let sources = forward.carries.iter().copied().chain(sequence_leaves).chain(constant_leaves);
        let sources: Vec<Node> = sources.map(|leaf| self.leaves[&leaf]).collect();
        let adjoints = pull_back(builder, &seeds, &sources);
        let filled = sources.iter().zip(adjoints);
        let mut filled: Vec<Node> =
            filled.map(|(&source, adjoint)| adjoint.unwrap_or_else(|| builder.zeros_like(source))).collect();
        let contributions = filled.split_off(forward.carries.len() + self.sequences.len());
        self.body.outputs = filled.split_off(forward.carries.len());
        self.body.next = filled;
        for contribution in contributions {
            let sum = self.leaf(builder, contribution);
            self.body.carries.push(sum);
            self.body.next.push(builder.add(sum, contribution));
        }
    }

    /// Closes the scan, and names its results after the forward scan's inputs.
    fn finish(
        self,
        builder: &mut Builder,
        inputs: &[Node],
        sequences: &[Node],
        given: &[Option<Node>],
    ) -> Vec<Option<Node>> {
        let (carries, read) = (self.forward.carries.len(), self.forward.sequences.len());
        let outputs = self.sequences.len();
        let final_adjoints =
            (0..carries).map(|j| given.get(self.forward.outputs.len() + j).copied().flatten());
        let mut initial = vec![];
        for (adjoint, &input) in final_adjoints.zip(inputs) {
            initial.push(adjoint.unwrap_or_else(|| builder.zeros_like(input)));
        }
        for &k in &self.constants {
            initial.push(builder.zeros_like(inputs[carries + read + k]));
        }
        let results = builder.end_scan_cut(self.scan, self.body, &initial, sequences, &self.bound);
        let mut adjoints = vec![None; inputs.len()];
        for (j, adjoint) in adjoints.iter_mut().take(carries).enumerate() {
            *adjoint = Some(results[outputs + j]);
        }
        for (k, &sequence) in self.sequences.iter().enumerate() {
            adjoints[carries + sequence] = Some(results[k]);
        }
        for (k, &constant) in self.constants.iter().enumerate() {
            adjoints[carries + read + constant] = Some(results[outputs + carries + k]);
        }
        adjoints
    }
}
