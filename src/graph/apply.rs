//! An operation made again on other inputs.

use super::{Axis, Builder, Node, Op};

impl Builder {
    /// The operation on inputs that may have more axes than those that it was made for; `more` are the axes that may have
    /// come. What the operation takes whole, the inputs have.
    ///
    /// # Panics
    /// If the operation takes no inputs, or is a recurrence.
    pub(super) fn apply(&mut self, op: &Op, inputs: &[Node], more: &[Axis]) -> Node {
        let at = |gone: &[Axis]| -> Vec<(Axis, Node)> {
            gone.iter().copied().zip(inputs[1..].iter().copied()).collect()
        };
        match op {
            Op::Unary(op) => self.unary(*op, inputs[0]),
            Op::Binary(op) => self.binary(*op, inputs[0], inputs[1]),
            Op::Ternary(op) => self.ternary(*op, [inputs[0], inputs[1], inputs[2]]),
            Op::Select => self.select(inputs[0], inputs[1], inputs[2]),
            Op::Sum(axes) => self.sum(inputs[0], axes),
            Op::Contract(axes) => self.contract(inputs[0], inputs[1], axes),
            Op::Expand(axes) => self.expand(inputs[0], axes),
            Op::Rename(pairs) => self.rename(inputs[0], pairs),
            Op::Stack(axis) => self.stack(*axis, inputs),
            Op::StopGradient => self.stop_gradient(inputs[0]),
            Op::Max(axes) => self.max(inputs[0], axes),
            Op::LogSumExp(axes) => self.log_sum_exp(inputs[0], axes),
            Op::CumulativeSum(axis, direction) => self.cumulative_sum(inputs[0], *axis, *direction),
            Op::Cholesky { row, column } => self.cholesky(inputs[0], *row, *column),
            Op::Inverse { row, column } => self.inverse(inputs[0], *row, *column),
            Op::LogAbsDet { row, column } => self.log_abs_det(inputs[0], *row, *column),
            Op::SolveTriangular { row, column, direction } => {
                self.solve_triangular(inputs[0], inputs[1], *row, *column, *direction)
            }
            Op::Gather(gone) => self.gather(inputs[0], &at(gone)),
            Op::Scatter { targets, axes } => {
                let present = |axis: &&Axis| inputs.iter().any(|&node| self.axes_of(node).contains(axis));
                let wide: Vec<Axis> = axes.iter().chain(more.iter().filter(present)).copied().collect();
                self.scatter(inputs[0], &at(targets), &wide)
            }
            Op::Constant(_)
            | Op::Data(_)
            | Op::Parameter { .. }
            | Op::Iota(_)
            | Op::Leaf { .. }
            | Op::Scan(_)
            | Op::Output(_) => unreachable!("made of inputs, and no recurrence"),
        }
    }
}
