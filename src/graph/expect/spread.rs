//! How affine nodes vary: with position = mean + root * normals, an affine node is itself at the mean plus its spread
//! times the normals. The spread is the node's linear part applied to the columns of the root, along one more axis.

use super::Expecting;
use super::forms::Form;
use crate::graph::{Axis, Binary, Node, Op, Vector};

/// Added to variances before a root is taken: the slope of the root is then a number at 0 too.
const LEAST: f64 = 1e-300;

impl Expecting<'_> {
    /// The spread of an affine node: its axes, or fewer where it does not vary along them, and that of the columns.
    pub(super) fn spread(&mut self, affine: Node) -> Node {
        let affine = self.affine(affine).unwrap_or(affine);
        if let Some(&known) = self.spreads.get(&affine) {
            return known;
        }
        let found = self.find_spread(affine);
        self.spreads.insert(affine, found);
        found
    }

    fn find_spread(&mut self, node: Node) -> Node {
        if self.is_free(node) {
            return self.builder.constant(0.0);
        }
        let data = self.builder.graph().node(node).clone();
        if let Op::Parameter { offset, .. } = data.op {
            return self.rows_of_root(node, offset);
        }
        let each: Vec<(Node, bool)> = data
            .inputs
            .iter()
            .map(|&input| {
                let free = self.is_free(input);
                (if free { input } else { self.spread(input) }, free)
            })
            .collect();
        let gone = self.taken_whole(&data.op);
        // In a sum of spreads what is free has none; elsewhere it multiplies, or says where to read.
        let adds = matches!(data.op, Op::Stack(_) | Op::Binary(Binary::Add | Binary::Sub));
        let chooses = data.op == Op::Select;
        let zero = self.builder.constant(0.0);
        let inputs: Vec<Node> = each
            .into_iter()
            .enumerate()
            .map(|(k, (node, free))| match free {
                true if adds || (chooses && k > 0) => zero,
                true => node,
                false => {
                    let own = self.builder.axes_of(data.inputs[k]).to_vec();
                    let whole: Vec<Axis> = own.into_iter().filter(|axis| gone.contains(axis)).collect();
                    self.builder.expand(node, &whole)
                }
            })
            .collect();
        let column = self.column;
        self.builder.apply(&data.op, &inputs, &[column])
    }

    /// Axes that an operation needs its input to have, though its values be the same along them.
    fn taken_whole(&self, op: &Op) -> Vec<Axis> {
        match op {
            Op::Contract(axes) => axes.clone(),
            Op::CumulativeSum(axis, _) => vec![*axis],
            Op::SolveTriangular { row, column, .. } => vec![*row, *column],
            // Values are added up along whatever is not an axis of the result.
            Op::Scatter { .. } => (0..self.builder.graph().axes.len() as u32).map(Axis).collect(),
            _ => vec![],
        }
    }

    /// The rows of the root that a stretch of the position is made with.
    fn rows_of_root(&mut self, stretch: Node, offset: usize) -> Node {
        let mut axes = self.builder.axes_of(stretch).to_vec();
        axes.push(self.column);
        axes.sort();
        self.builder.parameter(Vector::Direction, offset * self.dimension, &axes)
    }

    /// The covariance of two affine nodes, element by element.
    pub(super) fn covariance(&mut self, x: Node, y: Node) -> Node {
        let (x, y) = (self.spread(x), self.spread(y));
        self.builder.contract(x, y, &[self.column])
    }

    /// The variance of an affine node, never quite 0.
    pub(super) fn variance(&mut self, affine: Node) -> Node {
        let variance = self.covariance(affine, affine);
        self.builder.plus(variance, LEAST)
    }

    /// The affine node that a node is, if it is one.
    pub(super) fn affine(&mut self, node: Node) -> Option<Node> {
        match self.form(node) {
            Form::Affine(affine) => Some(affine),
            _ => None,
        }
    }
}
