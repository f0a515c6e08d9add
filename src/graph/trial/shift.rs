//! Tables of degree two at most in a sum that a trial moves: normal errors, above all. Their change is slope times shift plus
//! half the curvature times its square, so that over rows it is a product with a matrix, and the squares of a matrix of
//! data are summed once: no table is computed again for each element.

use std::collections::HashMap;

use super::super::autodiff::gradient;
use super::super::interpret::order;
use super::super::{Axis, Binary, Node, Op, Unary};
use super::Trial;

/// The degree up to which a change is had from two derivatives.
const DEGREE: usize = 2;

impl Trial<'_> {
    /// The change of the sum of a table's elements, where the input moves a single sum on the way to it, of which each of
    /// the table's elements is a polynomial of degree two at most.
    pub(super) fn polynomial_change(&mut self, table: Node) -> Option<Node> {
        let nodes = order(self.builder.graph(), &[table]);
        let moved = *nodes.iter().rev().find(|node| self.shifts.contains_key(node))?;
        let [_] = self.branches(moved).as_slice() else { return None };
        if self.degree(&nodes, moved)? > DEGREE {
            return None;
        }
        let shift = self.shifts[&moved];
        let total = self.builder.sum_all(table);
        let slope = gradient(self.builder, total, &[moved])[0];
        let slopes = self.builder.sum_all(slope);
        // Elements do not meet on the way, so that the Hessian is a diagonal.
        let curvature = gradient(self.builder, slopes, &[moved])[0];
        let axes = self.builder.axes_of(moved).to_vec();
        let (factor, rest) = self.hoisted(shift, &axes);
        let linear = self.builder.contract(slope, rest, &axes);
        let linear = self.builder.mul(linear, factor);
        let squares = [rest, factor].map(|part| self.builder.square(part));
        let quadratic = self.builder.contract(curvature, squares[0], &axes);
        let quadratic = self.builder.mul(quadratic, squares[1]);
        let quadratic = self.builder.times(quadratic, 0.5);
        Some(self.builder.add(linear, quadratic))
    }

    /// The degree of the last of `nodes`, which are in order, as a polynomial in `moved`, element by element; none if it is
    /// none, or depends on the input otherwise too.
    fn degree(&self, nodes: &[Node], moved: Node) -> Option<usize> {
        let mut degrees: HashMap<Node, Option<usize>> = HashMap::new();
        for &node in nodes {
            let degree = match self.known.contains_key(&node) {
                _ if node == moved => Some(1),
                false => Some(0),
                true => self.degree_of(node, &degrees),
            };
            degrees.insert(node, degree);
        }
        degrees[nodes.last()?]
    }

    fn degree_of(&self, node: Node, degrees: &HashMap<Node, Option<usize>>) -> Option<usize> {
        let data = self.builder.graph().node(node);
        let of = |k: usize| degrees[&data.inputs[k]];
        match data.op {
            Op::Unary(Unary::Neg) | Op::Expand(_) => of(0),
            Op::Unary(Unary::Square) => Some(2 * of(0)?),
            Op::Binary(Binary::Add | Binary::Sub) => Some(of(0)?.max(of(1)?)),
            Op::Binary(Binary::Mul) => Some(of(0)? + of(1)?),
            Op::Binary(Binary::Div) if of(1)? == 0 => of(0),
            _ => None,
        }
    }

    /// A product as a factor that does not vary along `axes`, and the rest.
    fn hoisted(&mut self, product: Node, axes: &[Axis]) -> (Node, Node) {
        let data = self.builder.graph().node(product);
        if data.op == Op::Binary(Binary::Mul) {
            let [x, y] = [data.inputs[0], data.inputs[1]];
            let is_free = |node: Node| !self.builder.axes_of(node).iter().any(|axis| axes.contains(axis));
            if is_free(x) {
                return (x, y);
            }
            if is_free(y) {
                return (y, x);
            }
        }
        (self.builder.constant(1.0), product)
    }
}
