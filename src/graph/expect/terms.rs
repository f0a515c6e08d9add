//! Terms: products whose expectation under a Gaussian is known, and their algebra.

use super::{Expecting, Obstacle};
use crate::graph::{Axis, Binary, Node, Unary};

/// The most terms that a node is taken apart into.
const MOST_TERMS: usize = 24;
/// The highest degree of the polynomial part.
const DEGREE: usize = 2;

/// coefficient x factors x exp(exponent) x function, summed over the bound axes; all broadcast by axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    /// Free of the position.
    pub coefficient: Node,
    /// Affine in the position, two at most.
    pub factors: Vec<Node>,
    /// Affine in the position.
    pub exponent: Option<Node>,
    /// An element-wise function of one or two affine nodes.
    pub function: Option<Node>,
    /// Axes that no other part of the density knows by this name.
    pub bound: Vec<Axis>,
}

impl Term {
    /// A term without anything but a coefficient.
    pub fn free(coefficient: Node) -> Self {
        Term { coefficient, factors: vec![], exponent: None, function: None, bound: vec![] }
    }

    /// The same term with each of its nodes replaced.
    fn map(&self, change: &mut dyn FnMut(Node) -> Node) -> Self {
        Term {
            coefficient: change(self.coefficient),
            factors: self.factors.iter().map(|&factor| change(factor)).collect(),
            exponent: self.exponent.map(&mut *change),
            function: self.function.map(&mut *change),
            bound: self.bound.clone(),
        }
    }

    fn nodes(&self) -> impl Iterator<Item = Node> {
        let parts = self.factors.iter().copied().chain(self.exponent).chain(self.function);
        std::iter::once(self.coefficient).chain(parts).collect::<Vec<_>>().into_iter()
    }

    /// Whether nothing but a power of an exponential is in it.
    fn is_exponential(&self) -> bool {
        self.factors.is_empty() && self.function.is_none() && self.bound.is_empty()
    }
}

pub(super) type Terms = Result<Vec<Term>, Obstacle>;

impl Expecting<'_> {
    /// exp(affine)
    pub(super) fn exponential(&mut self, exponent: Node) -> Term {
        let one = self.builder.constant(1.0);
        Term { exponent: Some(exponent), ..Term::free(one) }
    }

    /// affine
    pub(super) fn linear_term(&mut self, affine: Node) -> Term {
        let one = self.builder.constant(1.0);
        Term { factors: vec![affine], ..Term::free(one) }
    }

    /// Each term times what is free of the position.
    pub(super) fn scaled(&mut self, terms: &[Term], factor: Node) -> Vec<Term> {
        let each = terms.iter().map(|term| {
            let term = self.apart(term, self.builder.axes_of(factor).to_vec());
            Term { coefficient: self.builder.mul(term.coefficient, factor), ..term }
        });
        each.collect()
    }

    /// Both sums of terms as one.
    pub(super) fn joined(&self, mut x: Vec<Term>, y: Vec<Term>) -> Terms {
        x.extend(y);
        if x.len() > MOST_TERMS { Err(Obstacle::Terms) } else { Ok(x) }
    }

    /// The products of all pairs.
    pub(super) fn products(&mut self, x: &[Term], y: &[Term]) -> Terms {
        if x.len() * y.len() > MOST_TERMS {
            return Err(Obstacle::Terms);
        }
        let mut found = Vec::with_capacity(x.len() * y.len());
        for one in x {
            for other in y {
                found.push(self.product(one, other)?);
            }
        }
        Ok(found)
    }

    fn product(&mut self, x: &Term, y: &Term) -> Result<Term, Obstacle> {
        let y = self.apart(y, self.all_axes(x));
        let x = self.apart(x, self.all_axes(&y));
        let factors = [x.factors, y.factors].concat();
        if factors.len() > DEGREE {
            return Err(Obstacle::Degree);
        }
        let exponent = match (x.exponent, y.exponent) {
            (Some(x), Some(y)) => Some(self.builder.add(x, y)),
            (one, other) => one.or(other),
        };
        let function = match (x.function, y.function) {
            (Some(x), Some(y)) => Some(self.builder.mul(x, y)),
            (one, other) => one.or(other),
        };
        if let Some(function) = function
            && self.bases(function)?.len() > 1
            && !factors.is_empty()
        {
            return Err(Obstacle::Several);
        }
        let coefficient = self.builder.mul(x.coefficient, y.coefficient);
        Ok(Term { coefficient, factors, exponent, function, bound: [x.bound, y.bound].concat() })
    }

    /// A single exponential to a power that is free of the position.
    pub(super) fn power(&mut self, terms: &[Term], power: Node) -> Option<Vec<Term>> {
        let [Term { coefficient, exponent: Some(exponent), .. }] = terms else { return None };
        if !terms[0].is_exponential() {
            return None;
        }
        let coefficient = self.builder.pow(*coefficient, power);
        let exponent = self.builder.mul(*exponent, power);
        Some(vec![Term { exponent: Some(exponent), ..Term::free(coefficient) }])
    }

    /// The log of a single exponential, which is affine.
    pub(super) fn logarithm(&mut self, terms: &[Term]) -> Option<Node> {
        let [Term { coefficient, exponent: Some(exponent), .. }] = terms else { return None };
        if !terms[0].is_exponential() {
            return None;
        }
        let log = self.builder.log(*coefficient);
        Some(self.builder.add(log, *exponent))
    }

    /// The size of a single exponential.
    pub(super) fn magnitude(&mut self, terms: &[Term]) -> Option<Vec<Term>> {
        let [term] = terms else { return None };
        if !term.is_exponential() {
            return None;
        }
        let coefficient = self.builder.unary(Unary::Abs, term.coefficient);
        Some(vec![Term { coefficient, ..term.clone() }])
    }

    /// Sums over axes.
    pub(super) fn bind(&mut self, terms: &[Term], axes: &[Axis]) -> Vec<Term> {
        let each = terms.iter().map(|term| {
            let mut term = self.apart(term, axes.to_vec());
            term.bound.extend(axes);
            term
        });
        each.collect()
    }

    /// The terms with their nodes read, renamed, … in the same way; `axes` are those that this speaks of.
    pub(super) fn moved(
        &mut self,
        terms: &[Term],
        axes: &[Axis],
        change: &mut dyn FnMut(&mut Self, Node) -> Node,
    ) -> Vec<Term> {
        let each = terms.iter().map(|term| {
            let term = self.apart(term, axes.to_vec());
            term.map(&mut |node| change(self, node))
        });
        each.collect()
    }

    /// Terms where a condition holds, 0 elsewhere; what is not taken does not matter, whatever it is.
    pub(super) fn masked(&mut self, terms: &[Term], condition: Node) -> Vec<Term> {
        let axes = self.builder.axes_of(condition).to_vec();
        let zero = self.builder.constant(0.0);
        self.moved(terms, &axes, &mut |this, node| this.builder.select(condition, node, zero))
    }

    /// Only one position of an axis.
    pub(super) fn at_position(&mut self, terms: &[Term], axis: Axis, position: usize) -> Vec<Term> {
        let places = self.builder.iota(axis);
        let own = self.builder.constant(position as f64);
        let here = self.builder.binary(Binary::Equal, places, own);
        self.scaled(terms, here)
    }

    fn all_axes(&self, term: &Term) -> Vec<Axis> {
        let nodes = term.nodes().flat_map(|node| self.builder.axes_of(node).to_vec());
        nodes.chain(term.bound.iter().copied()).collect()
    }

    /// The term with its bound axes called otherwise than any of `axes`.
    fn apart(&mut self, term: &Term, axes: Vec<Axis>) -> Term {
        let clashing: Vec<Axis> = term.bound.iter().copied().filter(|axis| axes.contains(axis)).collect();
        if clashing.is_empty() {
            return term.clone();
        }
        let fresh = clashing.iter().map(|&axis| {
            let info = self.builder.graph().axis(axis).clone();
            (axis, self.builder.axis(info.label, info.size))
        });
        let pairs: Vec<(Axis, Axis)> = fresh.collect();
        let mut renamed = term.map(&mut |node| self.builder.rename(node, &pairs));
        for bound in &mut renamed.bound {
            *bound = pairs.iter().find(|(from, _)| from == bound).map_or(*bound, |(_, to)| *to);
        }
        renamed
    }

    /// The term as a node.
    pub(super) fn node_of(&mut self, term: &Term) -> Node {
        let level = term.exponent.map(|exponent| self.builder.exp(exponent));
        let parts = term.factors.iter().copied().chain(level).chain(term.function);
        let parts: Vec<Node> = parts.collect();
        let product = parts.into_iter().fold(term.coefficient, |all, part| self.builder.mul(all, part));
        self.builder.sum(product, &term.bound)
    }
}
