//! Expectations of a density under a Gaussian, from graph to graph.
//!
//! The position is mean + root * normals. What is asked for is a node that depends on the mean (in place of the position)
//! and on the root (in place of the direction, row by row), whose value is the expectation: in closed form where the
//! density is a polynomial of degree two at most, times an exponential of an affine node; by Gauss-Hermite quadrature
//! where it is a function of one or two affine nodes, element by element. What is neither is left, and goes by draws:
//! a density is a sum, so each piece of it has the best rule that is right for it, and derivatives add.

mod bases;
mod forms;
mod moments;
pub mod rules;
mod split;
mod spread;
mod terms;

use std::collections::HashMap;

use super::interpret::order;
use super::{Axis, Builder, Graph, Node, Op, Vector};
use forms::Form;
use moments::Line;
pub use rules::{Facts, Piece, Refused, Takes, WAYS, Way};

/// What keeps a node from a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// An operation without closed form.
    Function(&'static str),
    /// A polynomial of too high a degree.
    Degree,
    /// More terms than are worth it.
    Terms,
    /// A derivative that jumps.
    Kink,
    /// A value that jumps.
    Jump,
    /// More affine nodes at a time than are integrated over.
    Several,
    /// Elements that are mixed after a function of each.
    Mixed,
    /// A recurrence.
    Recurrence,
    /// A matrix that is factorised, inverted or solved with.
    Matrix,
    /// Coordinates that are not Gaussian.
    Kept,
    /// Bases that could not be followed through the operations.
    Hidden,
    /// Quadrature that is not precise enough with as many nodes as there may be.
    Imprecise,
}

/// A rule of so many Gauss-Hermite nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Nodes along each affine node that is integrated over.
    pub nodes: usize,
}

/// What an expectation is taken of and how.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Coordinates of the Gaussian; the position may go on beyond them.
    pub dimension: usize,
    /// The rule of quadrature, and a smaller one that it is compared with; none where quadrature has proved too imprecise.
    pub rules: Option<[Rule; 2]>,
    /// Draws that what is left would be averaged over.
    pub draws: usize,
}

/// A stretch of the mean, or of rows of the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The first coordinate.
    pub offset: usize,
    /// How many.
    pub length: usize,
    /// Its parameter.
    pub node: Node,
}

/// The expectation of the sum of some scalars.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// What is known of it: a scalar of the mean and the root.
    pub value: Node,
    /// By how much the two rules of quadrature differ, all elements added up; none without quadrature.
    pub error: Option<Node>,
    /// The sum that is left, as a scalar of the position; none if nothing is.
    pub left: Option<Node>,
    /// For each scalar, the rules of its pieces.
    pub pieces: Vec<Vec<Piece>>,
    /// Elements that the value visits, against those of the scalars themselves.
    pub price: f64,
}

impl Expectation {
    /// Whether anything is known without draws.
    pub fn is_any(&self) -> bool {
        self.pieces.iter().flatten().any(|piece| piece.way.takes != Takes::Draws)
    }
}

/// The stretches of one vector that a scalar depends on; those of the direction as rows of the root.
pub fn stretches(graph: &Graph, scalar: Node, (of, dimension): (Vector, usize)) -> Vec<Stretch> {
    let width = if of == Vector::Position { 1 } else { dimension.max(1) };
    let each = order(graph, &[scalar]).into_iter().filter_map(|node| match graph.node(node).op {
        Op::Parameter { vector, offset } if vector == of => {
            Some(Stretch { offset: offset / width, length: graph.len_of(node) / width, node })
        }
        _ => None,
    });
    each.collect()
}

/// The expectation of the sum of `factors`, scalars of the position.
pub fn expect(builder: &mut Builder, factors: &[Node], request: Request) -> Expectation {
    let column = builder.axis("column", request.dimension);
    let zero = builder.constant(0.0);
    let mut expecting = Expecting {
        builder,
        request,
        dimension: request.dimension,
        column,
        free: HashMap::new(),
        forms: HashMap::new(),
        bases: HashMap::new(),
        spreads: HashMap::new(),
        lines: HashMap::new(),
        value: zero,
        error: None,
    };
    // In order, so that no chain of operations is followed to its depth.
    for node in order(expecting.builder.graph(), factors) {
        expecting.is_free(node);
    }
    let mut left: Option<Node> = None;
    let mut pieces = Vec::with_capacity(factors.len());
    for &factor in factors {
        let (rest, found) = expecting.factor(factor);
        left = match (left, rest) {
            (Some(all), Some(rest)) => Some(expecting.builder.add(all, rest)),
            (all, rest) => all.or(rest),
        };
        pieces.push(found);
    }
    let whole: f64 = factors.iter().map(|&factor| expecting.work(factor)).sum();
    let price = expecting.work(expecting.value) / whole.max(1.0);
    Expectation { value: expecting.value, error: expecting.error, left, pieces, price }
}

/// An expectation being taken: the builder, and what is known of its nodes.
struct Expecting<'b> {
    builder: &'b mut Builder,
    request: Request,
    dimension: usize,
    /// The axis of the root's columns.
    column: Axis,
    free: HashMap<Node, bool>,
    forms: HashMap<Node, Form>,
    bases: HashMap<Node, bases::Bases>,
    spreads: HashMap<Node, Node>,
    lines: HashMap<(usize, usize), Line>,
    value: Node,
    error: Option<Node>,
}

#[cfg(test)]
mod tests;
