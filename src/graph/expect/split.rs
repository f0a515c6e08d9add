//! A density taken apart into pieces, each with the best way that is right for it.

use super::forms::Form;
use super::rules::{Facts, Piece, Takes, choose};
use super::terms::Term;
use super::{Expecting, Obstacle, Rule};
use crate::graph::interpret::order;
use crate::graph::{Axis, Binary, Node, Op, Unary};

/// What is done to a piece on the way up to its factor.
#[derive(Clone)]
enum Step {
    /// It is multiplied by what is free of the position.
    Scaled(Node),
    /// It is summed over axes.
    Summed(Vec<Axis>),
}

/// The way from a factor down to one of its nodes, and what was found on it.
struct Descent {
    steps: Vec<Step>,
    pieces: Vec<Piece>,
}

impl Expecting<'_> {
    /// Adds what is known of the expectation of a factor to the value. What is left of it, and the ways its pieces go,
    /// each told once.
    pub(super) fn factor(&mut self, factor: Node) -> (Option<Node>, Vec<Piece>) {
        let mut descent = Descent { steps: vec![], pieces: vec![] };
        let left = self.split(factor, &mut descent);
        let mut distinct: Vec<Piece> = Vec::new();
        for piece in descent.pieces {
            if !distinct.contains(&piece) {
                distinct.push(piece);
            }
        }
        (left, distinct)
    }

    /// What is left of a node, as a node; none if nothing is.
    fn split(&mut self, node: Node, descent: &mut Descent) -> Option<Node> {
        if let Ok(terms) = self.terms(node) {
            return self.take(node, &terms, descent);
        }
        let data = self.builder.graph().node(node).clone();
        let inputs = data.inputs.as_slice();
        match &data.op {
            Op::Unary(Unary::Neg) => {
                let minus = self.builder.constant(-1.0);
                self.scaled_inside(node, (minus, inputs[0]), descent)
            }
            Op::Binary(op @ (Binary::Add | Binary::Sub)) => {
                let sign = self.builder.constant(if *op == Binary::Sub { -1.0 } else { 1.0 });
                let one = self.split(inputs[0], descent);
                let other = self.scaled_inside(inputs[1], (sign, inputs[1]), descent);
                match (one, other) {
                    (Some(x), Some(y)) if [x, y] == inputs => Some(node),
                    (Some(x), Some(y)) => Some(self.builder.binary(*op, x, y)),
                    (x, Some(y)) => x.or_else(|| Some(self.builder.mul(sign, y))),
                    (x, None) => x,
                }
            }
            Op::Binary(Binary::Mul) if self.is_free(inputs[0]) => {
                self.scaled_inside(node, (inputs[0], inputs[1]), descent)
            }
            Op::Binary(Binary::Mul) if self.is_free(inputs[1]) => {
                self.scaled_inside(node, (inputs[1], inputs[0]), descent)
            }
            Op::Binary(Binary::Div) if self.is_free(inputs[1]) => {
                let inverse = self.builder.reciprocal(inputs[1]);
                self.scaled_inside(node, (inverse, inputs[0]), descent)
            }
            Op::Sum(axes) => {
                let left = self.inside(vec![Step::Summed(axes.clone())], inputs[0], descent)?;
                Some(if left == inputs[0] { node } else { self.builder.sum(left, axes) })
            }
            Op::Contract(axes) => match [0, 1].map(|k| self.is_free(inputs[k])) {
                [true, _] => self.contracted_inside(node, (inputs[0], inputs[1], axes), descent),
                [_, true] => self.contracted_inside(node, (inputs[1], inputs[0], axes), descent),
                _ => self.keep(node, descent),
            },
            _ => self.keep(node, descent),
        }
    }

    fn inside(&mut self, steps: Vec<Step>, node: Node, descent: &mut Descent) -> Option<Node> {
        let depth = descent.steps.len();
        descent.steps.extend(steps);
        let left = self.split(node, descent);
        descent.steps.truncate(depth);
        left
    }

    /// What is left of `node`, which is a factor times `rest`; where it is `rest` itself, what is left of that.
    fn scaled_inside(
        &mut self,
        node: Node,
        (factor, rest): (Node, Node),
        descent: &mut Descent,
    ) -> Option<Node> {
        let left = self.inside(vec![Step::Scaled(factor)], rest, descent)?;
        Some(match (left == rest, node == rest) {
            (true, _) => node,
            (false, true) => left,
            (false, false) => self.builder.mul(factor, left),
        })
    }

    fn contracted_inside(
        &mut self,
        node: Node,
        (factor, rest, axes): (Node, Node, &[Axis]),
        descent: &mut Descent,
    ) -> Option<Node> {
        let steps = vec![Step::Summed(axes.to_vec()), Step::Scaled(factor)];
        let left = self.inside(steps, rest, descent)?;
        if left == rest {
            return Some(node);
        }
        let product = self.builder.mul(factor, left);
        Some(self.builder.sum(product, axes))
    }

    /// A node that goes by draws.
    fn keep(&mut self, node: Node, descent: &mut Descent) -> Option<Node> {
        let obstacle = match self.form(node) {
            Form::Not(obstacle) => obstacle,
            _ => Obstacle::Terms,
        };
        let bases = self.bases(node).map_or_else(Err, |_| Err(obstacle));
        descent.pieces.push(choose(&Facts {
            obstacle: Some(obstacle),
            degree: 0,
            exponential: false,
            bases,
            price: 0.0,
        }));
        Some(node)
    }

    /// Takes the expectations of the terms of a node; what is left is those that go by draws.
    fn take(&mut self, node: Node, terms: &[Term], descent: &mut Descent) -> Option<Node> {
        let left: Vec<&Term> = terms.iter().filter(|term| !self.take_term(term, descent)).collect();
        if left.len() == terms.len() {
            return Some(node);
        }
        let nodes: Vec<Node> = left.into_iter().map(|term| self.node_of(term)).collect();
        nodes.into_iter().reduce(|sum, term| self.builder.add(sum, term))
    }

    /// Adds the expectation of a term to the value, if that is not left to draws.
    fn take_term(&mut self, term: &Term, descent: &mut Descent) -> bool {
        let mut whole = vec![term.clone()];
        for step in descent.steps.iter().rev() {
            whole = match step {
                Step::Scaled(factor) => self.scaled(&whole, *factor),
                Step::Summed(axes) => self.bind(&whole, axes),
            };
        }
        let Some(whole) = whole.pop() else { return true };
        let rules = self.request.rules;
        let found =
            rules.or(Some([Rule { nodes: 1 }; 2])).and_then(|rules| self.expectation(&whole, rules[0]));
        let facts = self.facts(&whole, found);
        let piece = choose(&facts);
        let takes = piece.way.takes;
        if facts.degree > 0 || facts.exponential || whole.function.is_some() {
            descent.pieces.push(piece);
        }
        let (Some(found), true) = (found, takes != Takes::Draws) else { return false };
        self.value = self.builder.add(self.value, found);
        if let (Takes::Quadrature, Some(rules)) = (takes, rules)
            && let Some(error) = self.disagreement(&whole, rules)
        {
            self.error = Some(self.error.map_or(error, |all| self.builder.add(all, error)));
        }
        true
    }

    fn facts(&mut self, term: &Term, found: Option<Node>) -> Facts {
        let obstacle = term.function.map(|function| match self.form(function) {
            Form::Not(obstacle) => obstacle,
            _ => Obstacle::Several,
        });
        let bases = match (term.function, self.request.rules) {
            (None, _) => Ok(0),
            (Some(_), None) => Err(Obstacle::Imprecise),
            (Some(_), _) if found.is_none() => Err(Obstacle::Hidden),
            (Some(function), _) => self.bases(function).map(|bases| bases.len()),
        };
        let price = found.map_or(0.0, |found| {
            let drawn = self.node_of(term);
            let per_draw = self.work(drawn).max(1.0);
            self.work(found) / (per_draw * self.request.draws as f64)
        });
        Facts { obstacle, degree: term.factors.len(), exponential: term.exponent.is_some(), bases, price }
    }

    /// Elements visited for a node by what is not the same at every position.
    pub(super) fn work(&mut self, node: Node) -> f64 {
        let all = order(self.builder.graph(), &[node]);
        let varying: Vec<Node> = all.into_iter().filter(|&node| !self.is_free(node)).collect();
        varying.into_iter().map(|node| self.builder.graph().work_of(node)).sum()
    }
}
