//! Tables along an axis that are one of two smaller tables, by a condition: `if t == 1 then start else A[z[t-1]]`.
//!
//! A chain of 10,000 steps has 10,000 tables of steps, of which all but the first are the same one.

use std::collections::HashMap;

use crate::graph::{Axis, Builder, Node, Op, Unary};

/// The log weights of the steps of a chain.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// A table for each element, or one for all.
    Table(Node),
    /// One of two tables that are the same for all elements.
    Switch {
        /// Along the chain.
        when: Node,
        /// Where it is not 0.
        yes: Node,
        /// Where it is 0.
        no: Node,
    },
}

impl Step {
    /// The shortest form of a table along an axis.
    pub(super) fn new(builder: &mut Builder, table: Node, along: Axis) -> Self {
        if !builder.axes_of(table).contains(&along) {
            return Self::Table(table);
        }
        let conditions = conditions(builder, table, along);
        match conditions.as_slice() {
            [] => without(builder, table, along, None).map_or(Self::Table(table), Self::Table),
            [when] => {
                let yes = without(builder, table, along, Some((*when, true)));
                let no = without(builder, table, along, Some((*when, false)));
                match (yes, no) {
                    (Some(yes), Some(no)) => Self::Switch { when: *when, yes, no },
                    _ => Self::Table(table),
                }
            }
            _ => Self::Table(table),
        }
    }

    /// What it reads.
    pub(super) fn nodes(&self) -> Vec<Node> {
        match *self {
            Self::Table(table) => vec![table],
            Self::Switch { when, yes, no } => vec![when, yes, no],
        }
    }
}

/// The condition, without negation.
fn positive(builder: &Builder, condition: Node) -> (Node, bool) {
    let data = builder.graph().node(condition);
    match data.op {
        Op::Unary(Unary::Not) => {
            let (inner, sign) = positive(builder, data.inputs[0]);
            (inner, !sign)
        }
        _ => (condition, true),
    }
}

/// The conditions that vary along the axis alone and choose between parts of a table.
fn conditions(builder: &Builder, table: Node, along: Axis) -> Vec<Node> {
    let graph = builder.graph();
    let (mut found, mut seen, mut left) = (Vec::new(), std::collections::HashSet::new(), vec![table]);
    while let Some(node) = left.pop() {
        if !graph.axes_of(node).contains(&along) || !seen.insert(node) {
            continue;
        }
        let data = graph.node(node);
        if data.op == Op::Select && graph.axes_of(data.inputs[0]) == [along] {
            let (condition, _) = positive(builder, data.inputs[0]);
            if !found.contains(&condition) {
                found.push(condition);
            }
            left.extend(&data.inputs[1..]);
        } else {
            left.extend(&data.inputs);
        }
    }
    found
}

/// A node as it is where a condition holds (or not), if then it no longer varies along the axis.
fn without(builder: &mut Builder, node: Node, along: Axis, given: Option<(Node, bool)>) -> Option<Node> {
    Without { builder, along, given, known: HashMap::new() }.node(node)
}

struct Without<'b> {
    builder: &'b mut Builder,
    along: Axis,
    given: Option<(Node, bool)>,
    known: HashMap<Node, Option<Node>>,
}

impl Without<'_> {
    fn node(&mut self, node: Node) -> Option<Node> {
        if !self.builder.axes_of(node).contains(&self.along) {
            return Some(node);
        }
        if let Some(known) = self.known.get(&node) {
            return *known;
        }
        let made = self.remade(node);
        self.known.insert(node, made);
        made
    }

    fn remade(&mut self, node: Node) -> Option<Node> {
        let data = self.builder.graph().node(node).clone();
        if data.op == Op::Select
            && let Some((given, holds)) = self.given
        {
            let (condition, sign) = positive(self.builder, data.inputs[0]);
            if condition == given {
                let taken = self.node(data.inputs[if holds == sign { 1 } else { 2 }])?;
                let axes: Vec<Axis> = data.axes.iter().copied().filter(|&axis| axis != self.along).collect();
                return Some(self.builder.expand(taken, &axes));
            }
        }
        let rest =
            |axes: &[Axis]| axes.iter().copied().filter(|&axis| axis != self.along).collect::<Vec<_>>();
        if let Op::Expand(axes) = &data.op {
            let axes = rest(axes);
            let inner = self.node(data.inputs[0])?;
            return Some(self.builder.expand(inner, &axes));
        }
        let inputs: Vec<Node> =
            data.inputs.iter().map(|&input| self.node(input)).collect::<Option<Vec<Node>>>()?;
        if inputs.is_empty() {
            return None;
        }
        let builder = &mut *self.builder;
        Some(match &data.op {
            Op::Unary(op) => builder.unary(*op, inputs[0]),
            Op::Binary(op) => builder.binary(*op, inputs[0], inputs[1]),
            Op::Ternary(op) => builder.ternary(*op, [inputs[0], inputs[1], inputs[2]]),
            Op::Select => builder.select(inputs[0], inputs[1], inputs[2]),
            Op::Rename(pairs) if pairs.iter().all(|(from, to)| *from != self.along && *to != self.along) => {
                builder.rename(inputs[0], pairs)
            }
            Op::Gather(gone) => {
                let at: Vec<(Axis, Node)> = gone.iter().copied().zip(inputs[1..].iter().copied()).collect();
                builder.gather(inputs[0], &at)
            }
            Op::Sum(axes) => builder.sum(inputs[0], axes),
            Op::LogSumExp(axes) if axes.iter().all(|axis| builder.axes_of(inputs[0]).contains(axis)) => {
                builder.log_sum_exp(inputs[0], axes)
            }
            _ => return None,
        })
    }
}
