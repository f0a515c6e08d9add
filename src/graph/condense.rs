//! Sums over constant rows that can be done once, before any evaluation: the sum of a quadratic or linear function of
//! parameters is one of few moments of the data, and a function of repeated data is evaluated once for each distinct
//! row. To be applied to a density before derivatives are taken: they then have the same form.

mod affine;
mod quadratic;
mod unique;

use std::collections::HashMap;

use super::interpret::interpret;
use super::{Axis, Binary, Builder, Node, Op, Unary};

/// Fewer rows are not worth it.
const ROWS: usize = 64;

/// A scalar of the same value whose sums over constant rows are condensed. It differs by rounding only.
pub fn condense(b: &mut Builder, value: Node) -> Node {
    Condenser { b, constants: HashMap::new() }.scalar(value)
}

/// A sum being condensed: the builder, and what is known of its nodes.
struct Condenser<'b> {
    b: &'b mut Builder,
    constants: HashMap<Node, bool>,
}

/// A term of a row, with its coefficient.
#[derive(Clone, Copy)]
struct Term {
    coefficient: f64,
    node: Node,
}

impl Condenser<'_> {
    /// Goes through sums and products of scalars down to sums over rows.
    fn scalar(&mut self, node: Node) -> Node {
        let data = self.b.graph().node(node).clone();
        match data.op {
            Op::Binary(op @ (Binary::Add | Binary::Sub | Binary::Mul)) if data.axes.is_empty() => {
                let [x, y] = [data.inputs[0], data.inputs[1]].map(|input| self.scalar(input));
                self.b.binary(op, x, y)
            }
            Op::Unary(Unary::Neg) if data.axes.is_empty() => {
                let x = self.scalar(data.inputs[0]);
                self.b.neg(x)
            }
            Op::Sum(axes) if data.axes.is_empty() => self.rows(data.inputs[0], &axes).unwrap_or(node),
            Op::Contract(axes) if data.axes.is_empty() => {
                let [x, y] = [data.inputs[0], data.inputs[1]];
                let product = Row::Product(x, y);
                self.term(&product, &axes).unwrap_or(node)
            }
            _ => node,
        }
    }

    /// The sum over all axes of a row, if some term of it condenses.
    fn rows(&mut self, row: Node, axes: &[Axis]) -> Option<Node> {
        if self.length(axes) < ROWS || self.is_constant(row) {
            return None;
        }
        let mut terms = vec![];
        self.split(Term { coefficient: 1.0, node: row }, &mut terms);
        let mut sums = vec![];
        let mut rest: Vec<Term> = vec![];
        for term in terms {
            let row = self.row_of(term.node);
            match self.term(&row, axes) {
                Some(sum) => sums.push(self.b.times(sum, term.coefficient)),
                None => rest.push(term),
            }
        }
        if sums.is_empty() {
            return None;
        }
        if let Some(first) = rest.first() {
            let first = self.b.times(first.node, first.coefficient);
            let rest = rest[1..].iter().fold(first, |sum, term| {
                let term = self.b.times(term.node, term.coefficient);
                self.b.add(sum, term)
            });
            sums.push(self.b.sum(rest, axes));
        }
        sums.into_iter().reduce(|sum, term| self.b.add(sum, term))
    }

    fn row_of(&self, node: Node) -> Row {
        let data = self.b.graph().node(node);
        match data.op {
            Op::Binary(Binary::Mul) => Row::Product(data.inputs[0], data.inputs[1]),
            _ => Row::One(node),
        }
    }

    /// The terms of a row whose sum it is.
    fn split(&self, term: Term, terms: &mut Vec<Term>) {
        let data = self.b.graph().node(term.node);
        let of = |input: usize, factor: f64| Term {
            coefficient: factor * term.coefficient,
            node: data.inputs[input],
        };
        match data.op {
            Op::Binary(Binary::Add) => {
                self.split(of(0, 1.0), terms);
                self.split(of(1, 1.0), terms);
            }
            Op::Binary(Binary::Sub) => {
                self.split(of(0, 1.0), terms);
                self.split(of(1, -1.0), terms);
            }
            Op::Unary(Unary::Neg) => self.split(of(0, -1.0), terms),
            Op::Binary(Binary::Mul) => match self.b.known_constant(data.inputs[0]) {
                Some(c) => self.split(of(1, c), terms),
                None => terms.push(term),
            },
            _ => terms.push(term),
        }
    }

    /// The sum over rows of one term, if it can be had without going through them at each evaluation.
    fn term(&mut self, row: &Row, axes: &[Axis]) -> Option<Node> {
        if self.length(axes) < ROWS {
            return None;
        }
        match *row {
            Row::One(node) if self.is_constant(node) => None,
            Row::One(node) if self.is_free(node, axes) => Some(self.b.sum(node, axes)),
            Row::One(node) => quadratic::sum(self, node, axes)
                .or_else(|| affine::sum(self, node, axes))
                .or_else(|| unique::sum(self, node, axes)),
            Row::Product(x, y) => affine::weighted_sum(self, (x, y), axes)
                .or_else(|| affine::weighted_sum(self, (y, x), axes))
                .or_else(|| {
                    let product = self.b.mul(x, y);
                    unique::sum(self, product, axes)
                }),
        }
    }

    fn length(&self, axes: &[Axis]) -> usize {
        axes.iter().map(|&axis| self.b.graph().axis_size(axis)).product()
    }

    /// Whether a node has none of the axes.
    fn is_free(&self, node: Node, axes: &[Axis]) -> bool {
        self.b.axes_of(node).iter().all(|axis| !axes.contains(axis))
    }

    /// Whether a node is the same at every position.
    fn is_constant(&mut self, node: Node) -> bool {
        if let Some(&known) = self.constants.get(&node) {
            return known;
        }
        let data = self.b.graph().node(node).clone();
        let source = matches!(data.op, Op::Parameter { .. } | Op::Leaf { .. } | Op::StopGradient);
        let constant = !source && data.inputs.iter().all(|&input| self.is_constant(input));
        self.constants.insert(node, constant);
        constant
    }

    /// The values of a constant node, whose axes are among `axes`, for each row over `axes`.
    fn values(&mut self, node: Node, axes: &[Axis]) -> Vec<f64> {
        let wide = self.b.expand(node, axes);
        interpret(self.b.graph(), &[], &[], &[wide]).swap_remove(0)
    }
}

/// What is summed.
enum Row {
    One(Node),
    Product(Node, Node),
}

#[cfg(test)]
mod tests;
