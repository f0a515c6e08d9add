//! Recurrences: the body is planned like a graph of its own, whose leaves have their homes in memory.

use std::collections::HashMap;

use crate::graph::{Axis, Node, Op, ScanBody, ScanId};

use super::code::{Input, Offset, ScanOp, Slice, Transfer};
use super::compile::Compiler;
use super::domain;
use super::roles::Role;
use super::schedule::Schedule;

/// Emits the recurrence `id` of the scan `node`.
pub(super) fn emit(compiler: &mut Compiler, schedule: &Schedule, (node, id): (Node, ScanId)) -> ScanOp {
    let body = compiler.graph.scan(id);
    let outer = compiler.homes.clone();
    let parts = parts(compiler, schedule, node);
    let leaves = bind_leaves(compiler, body, &compiler.graph.node(node).inputs);
    let wanted: Vec<Node> =
        body.next.iter().chain(&body.outputs).map(|&root| compiler.roles.array_of(root)).collect();
    let groups = compiler.groups(&wanted);
    let values: Vec<Input> = wanted.iter().map(|&root| compiler.input(root)).collect();
    let (new, kept) = values.split_at(body.next.len());
    let (next, carried) = carry(compiler, &leaves[..new.len()], new);
    let outputs = kept.iter().enumerate().filter_map(|(k, &value)| {
        parts.get(&k).map(|&part| slice(compiler, (part, Input::Array(outer[&part])), body.axis, value))
    });
    let outputs = outputs.collect();
    let after = leaves[..new.len()].iter().enumerate().filter_map(|(k, leaf)| {
        parts.get(&(kept.len() + k)).map(|part| Transfer {
            from: leaf.to_input(),
            to: outer[part],
            length: leaf.length,
        })
    });
    let after = after.collect();
    compiler.homes = outer;
    let sequences = body.carries.len()..body.carries.len() + body.sequences.len();
    ScanOp {
        length: compiler.graph.axis_size(body.axis),
        direction: body.direction,
        before: leaves
            .iter()
            .enumerate()
            .filter(|(k, _)| !sequences.contains(k))
            .map(|(_, leaf)| Transfer { from: leaf.from, to: leaf.home, length: leaf.length })
            .collect(),
        sequences: leaves[sequences]
            .iter()
            .map(|leaf| slice(compiler, (leaf.input, leaf.from), body.axis, leaf.to_input()))
            .collect(),
        body: groups,
        outputs,
        next,
        carried,
        after,
    }
}

/// A leaf of the body: its place, and what it is filled from.
struct Leaf {
    input: Node,
    from: Input,
    home: Offset,
    length: usize,
}

impl Leaf {
    fn to_input(&self) -> Input {
        Input::Array(self.home)
    }
}

/// The results of the scan that are wanted, by their number.
fn parts(compiler: &Compiler, schedule: &Schedule, scan: Node) -> HashMap<usize, Node> {
    let number = |(&part, role): (&Node, &Role)| match (role, compiler.graph.node(part)) {
        (Role::Part, data) if data.inputs[0] == scan => match data.op {
            Op::Output(k) => Some((k as usize, part)),
            _ => None,
        },
        _ => None,
    };
    schedule.roles.iter().filter_map(number).collect()
}

fn bind_leaves(compiler: &mut Compiler, body: &ScanBody, inputs: &[Node]) -> Vec<Leaf> {
    let leaves = body.carries.iter().chain(&body.sequences).chain(&body.constants);
    let mut bound = vec![];
    for (&leaf, &input) in leaves.zip(inputs) {
        let length = compiler.graph.len_of(leaf);
        bound.push((
            leaf,
            Leaf { input, from: compiler.input(input), home: compiler.allocate(length), length },
        ));
    }
    compiler.homes.extend(bound.iter().map(|(node, leaf)| (*node, leaf.home)));
    bound.into_iter().map(|(_, leaf)| leaf).collect()
}

/// New carries go by way of staging: one carry's new value may be another's old one.
fn carry(compiler: &mut Compiler, carries: &[Leaf], new: &[Input]) -> (Vec<Transfer>, Vec<Transfer>) {
    let staged = |(leaf, &from): (&Leaf, &Input)| {
        let (staging, length) = (compiler.allocate(leaf.length), leaf.length);
        let out = Transfer { from: Input::Array(staging), to: leaf.home, length };
        (Transfer { from, to: staging, length }, out)
    };
    carries.iter().zip(new).map(staged).unzip()
}

fn slice(compiler: &Compiler, (node, array): (Node, Input), axis: Axis, slice: Input) -> Slice {
    let axes = compiler.graph.axes_of(node);
    let at = axes.iter().position(|&own| own == axis).expect("a sequence has the axis of its scan");
    Slice {
        array,
        slice,
        outer: domain::length(compiler.graph, &axes[..at]),
        inner: domain::length(compiler.graph, &axes[at + 1..]),
    }
}
