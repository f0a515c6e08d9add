//! Pullbacks of the operations that are not element-wise, and how contributions reach the axes of an input.
//!
//! Each rule is given the adjoint of a node, which has exactly the node's axes, and builds the contributions to its
//! inputs out of the same operations, so that derivatives of derivatives need nothing more.

mod linear;
mod scan;

use super::autodiff::Adjoints;
use super::{Axis, Binary, Builder, Node, NodeData, Op};

/// Adds what a node passes on to its active inputs. `given` holds an adjoint for each array that the node yields.
pub(super) fn pull(
    builder: &mut Builder,
    node: Node,
    given: &[Option<Node>],
    active: &[bool],
    adjoints: &mut Adjoints,
) {
    let data = builder.graph().node(node).clone();
    if let Op::Scan(id) = data.op {
        let wanted: Vec<bool> = data.inputs.iter().map(|input| active[input.0 as usize]).collect();
        let contributions = scan::pull(builder, node, id, given, &wanted);
        for (&input, contribution) in data.inputs.iter().zip(contributions) {
            if let Some(contribution) = contribution {
                adjoints.add(builder, input, 0, contribution);
            }
        }
        return;
    }
    let Some(g) = given.first().copied().flatten() else { return };
    if let Op::Output(k) = data.op {
        return adjoints.add(builder, data.inputs[0], k as usize, g);
    }
    for (position, &input) in data.inputs.iter().enumerate() {
        if !active[input.0 as usize] {
            continue;
        }
        let rule = Rule { node, data: &data, g, position };
        if let Some(contribution) = rule.contribution(builder) {
            let axes = builder.axes_of(input).to_vec();
            let fitted = fit(builder, contribution, &axes);
            adjoints.add(builder, input, 0, fitted);
        }
    }
}

/// Sums over the axes that `x` has beyond `axes`, and repeats along those that it lacks.
pub(super) fn fit(builder: &mut Builder, x: Node, axes: &[Axis]) -> Node {
    let beyond: Vec<Axis> = builder.axes_of(x).iter().copied().filter(|axis| !axes.contains(axis)).collect();
    let summed = builder.sum(x, &beyond);
    builder.expand(summed, axes)
}

/// A node, its adjoint, and the input whose contribution is asked for.
struct Rule<'a> {
    node: Node,
    data: &'a NodeData,
    g: Node,
    position: usize,
}

impl Rule<'_> {
    fn input(&self, k: usize) -> Node {
        self.data.inputs[k]
    }

    /// None where the derivative is 0. The axes may still differ from the input's.
    fn contribution(&self, b: &mut Builder) -> Option<Node> {
        let (g, x) = (self.g, self.input(0));
        Some(match &self.data.op {
            Op::Unary(op) => {
                let slope = op.slope(b, x, self.node)?;
                b.mul(g, slope)
            }
            Op::Binary(op) => self.binary(b, *op)?,
            Op::Ternary(op) => {
                let inputs = [self.input(0), self.input(1), self.input(2)];
                let slope = op.row().partials[self.position](b, inputs, self.node);
                b.mul(g, slope)
            }
            Op::Select => self.select(b)?,
            Op::Sum(_) | Op::Expand(_) => g,
            Op::Max(over) => self.max(b, over),
            Op::LogSumExp(_) => self.log_sum_exp(b),
            Op::Contract(_) => b.mul(g, self.input(1 - self.position)),
            Op::Rename(pairs) => {
                let back: Vec<_> = pairs.iter().map(|&(from, to)| (to, from)).collect();
                b.rename(g, &back)
            }
            Op::Gather(gone) => self.gather(b, gone)?,
            Op::Scatter { targets, .. } => self.scatter(b, targets)?,
            Op::Stack(axis) => {
                let position = b.constant(self.position as f64);
                b.gather(g, &[(*axis, position)])
            }
            Op::CumulativeSum(axis, direction) => b.cumulative_sum(g, *axis, direction.reversed()),
            Op::Cholesky { row, column } => linear::cholesky(b, self.node, g, (*row, *column)),
            Op::SolveTriangular { row, column, direction } => {
                let solved = linear::Solved { l: x, x: self.node, g, row: *row, column: *column };
                if self.position == 0 {
                    solved.to_matrix(b, *direction)
                } else {
                    solved.to_right(b, *direction)
                }
            }
            Op::Inverse { row, column } => linear::inverse(b, self.node, g, (*row, *column)),
            Op::LogAbsDet { row, column } => linear::log_abs_det(b, x, g, (*row, *column)),
            Op::Constant(_) | Op::Data(_) | Op::Parameter { .. } | Op::Iota(_) | Op::Leaf { .. } => {
                return None;
            }
            Op::StopGradient | Op::Scan(_) | Op::Output(_) => return None,
        })
    }

    fn binary(&self, b: &mut Builder, op: Binary) -> Option<Node> {
        let partial = op.row().partials[self.position]?;
        let slope = partial(b, self.input(0), self.input(1), self.node);
        Some(b.mul(self.g, slope))
    }

    /// The branch not taken gets 0 whatever `g` is: a product with a mask would pass on NaN.
    fn select(&self, b: &mut Builder) -> Option<Node> {
        let zero = b.constant(0.0);
        match self.position {
            0 => None,
            1 => Some(b.select(self.input(0), self.g, zero)),
            _ => Some(b.select(self.input(0), zero, self.g)),
        }
    }

    /// The subgradient that all largest elements share equally.
    fn max(&self, b: &mut Builder, over: &[Axis]) -> Node {
        let largest = b.equal(self.input(0), self.node);
        let count = b.sum(largest, over);
        let share = b.div(self.g, count);
        b.mul(largest, share)
    }

    /// g softmax(x); all 0 where every x is -inf.
    fn log_sum_exp(&self, b: &mut Builder) -> Node {
        let empty = b.constant(f64::NEG_INFINITY);
        let zero = b.constant(0.0);
        let is_empty = b.equal(self.node, empty);
        let safe = b.select(is_empty, zero, self.node);
        let shifted = b.sub(self.input(0), safe);
        let weight = b.exp(shifted);
        b.mul(self.g, weight)
    }

    /// Positions are clamped first, as reading clamps them and adding would drop them.
    fn gather(&self, b: &mut Builder, gone: &[Axis]) -> Option<Node> {
        if self.position > 0 {
            return None;
        }
        let clamped: Vec<_> = gone
            .iter()
            .zip(&self.data.inputs[1..])
            .map(|(&axis, &positions)| (axis, clamp(b, positions, axis)))
            .collect();
        let axes = b.axes_of(self.input(0)).to_vec();
        Some(b.scatter(self.g, &clamped, &axes))
    }

    /// Reads the adjoint where values were added; what was dropped gets 0.
    fn scatter(&self, b: &mut Builder, targets: &[Axis]) -> Option<Node> {
        if self.position > 0 {
            return None;
        }
        let at: Vec<_> = targets.iter().copied().zip(self.data.inputs[1..].iter().copied()).collect();
        let mut read = b.gather(self.g, &at);
        for (axis, positions) in at {
            if !b.is_within(positions, axis) {
                let clamped = clamp(b, positions, axis);
                let rounded = b.unary(super::Unary::Round, positions);
                let inside = b.equal(rounded, clamped);
                let zero = b.constant(0.0);
                read = b.select(inside, read, zero);
            }
        }
        Some(read)
    }
}

/// Positions rounded and brought into the axis; unchanged if they are known to lie in it.
fn clamp(b: &mut Builder, positions: Node, axis: Axis) -> Node {
    if b.is_within(positions, axis) {
        return positions;
    }
    let last = b.graph().axis_size(axis).saturating_sub(1);
    let (first, last) = (b.constant(0.0), b.constant(last as f64));
    let rounded = b.unary(super::Unary::Round, positions);
    let high = b.binary(Binary::Min, rounded, last);
    b.binary(Binary::Max, high, first)
}
