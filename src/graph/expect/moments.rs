//! The expectation of a term under a Gaussian.
//!
//! An exponential tilts: E\[p exp(e)\] = exp(m + v / 2) E'\[p\], where m and v are the mean and variance of e, and under E'
//! each affine node's mean is moved by its covariance with e. A product of two affine nodes has their product of means
//! plus their covariance. A function h of one affine node b is integrated over b alone: given b, another affine node is
//! Gaussian, with a mean that is linear in b.

use super::terms::Term;
use super::{Expecting, Rule};
use crate::graph::{Axis, Binary, Node, Unary};
use crate::numeric::quadrature::gauss_hermite;

/// The values of a rule's nodes, and of their weights, along an axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    axis: Axis,
    node: Node,
    weight: Node,
}

impl Expecting<'_> {
    /// The expectation of a term; none if the bases of its function do not show.
    pub(super) fn expectation(&mut self, term: &Term, rule: Rule) -> Option<Node> {
        let each = self.elements(term, rule)?;
        Some(self.builder.sum(each, &term.bound))
    }

    /// By how much two rules differ, the elements' differences taken as they are and added up.
    pub(super) fn disagreement(&mut self, term: &Term, rules: [Rule; 2]) -> Option<Node> {
        let one = self.elements(term, rules[0])?;
        let other = self.elements(term, rules[1])?;
        let difference = self.builder.sub(one, other);
        let size = self.builder.unary(Unary::Abs, difference);
        let bound = self.builder.sum(size, &term.bound);
        Some(self.builder.sum_all(bound))
    }

    /// The expectation of a term before it is summed over the bound axes.
    fn elements(&mut self, term: &Term, rule: Rule) -> Option<Node> {
        let inner = match term.function {
            None => self.polynomial(term),
            Some(function) => self.integrated(term, function, rule)?,
        };
        let product = self.builder.mul(term.coefficient, inner);
        let Some(exponent) = term.exponent else { return Some(product) };
        let variance = self.covariance(exponent, exponent);
        let half = self.builder.times(variance, 0.5);
        let exponent = self.builder.add(exponent, half);
        let level = self.builder.exp(exponent);
        Some(self.builder.mul(level, product))
    }

    /// The mean of an affine node, moved by its covariance with the exponent.
    fn tilted(&mut self, affine: Node, exponent: Option<Node>) -> Node {
        let Some(exponent) = exponent else { return affine };
        let shift = self.covariance(affine, exponent);
        self.builder.add(affine, shift)
    }

    fn polynomial(&mut self, term: &Term) -> Node {
        match *term.factors.as_slice() {
            [] => self.builder.constant(1.0),
            [x] => self.tilted(x, term.exponent),
            [x, y, ..] => {
                let (means, covariance) =
                    ([self.tilted(x, term.exponent), self.tilted(y, term.exponent)], self.covariance(x, y));
                let product = self.builder.mul(means[0], means[1]);
                self.builder.add(product, covariance)
            }
        }
    }

    /// The function times the factors, by quadrature over the function's bases.
    fn integrated(&mut self, term: &Term, function: Node, rule: Rule) -> Option<Node> {
        let bases = self.bases(function).ok()?;
        match *bases.as_slice() {
            [base] => self.over_one(term, (function, base), rule),
            [first, second] => self.over_two(term, (function, [first, second]), rule),
            _ => None,
        }
    }

    fn over_one(&mut self, term: &Term, (function, base): (Node, Node), rule: Rule) -> Option<Node> {
        let line = self.line(rule, 0);
        let mean = self.tilted(base, term.exponent);
        let variance = self.variance(base);
        let deviation = self.builder.sqrt(variance);
        let away = self.builder.mul(deviation, line.node);
        let place = self.builder.add(mean, away);
        let value = self.at(function, &[(base, place)], &[])?;
        // Given the base, a factor's mean is its own plus this much for each standard deviation of the base.
        let mut slopes = Vec::new();
        let mut product = value;
        for &factor in &term.factors {
            let covariance = self.covariance(factor, base);
            let slope = self.builder.div(covariance, deviation);
            slopes.push(slope);
        }
        if let [x, y] = *term.factors.as_slice() {
            let (given_x, given_y) = (
                self.given(x, term.exponent, (slopes[0], line)),
                self.given(y, term.exponent, (slopes[1], line)),
            );
            let means = self.builder.mul(given_x, given_y);
            let covariance = self.covariance(x, y);
            let explained = self.builder.mul(slopes[0], slopes[1]);
            let rest = self.builder.sub(covariance, explained);
            let moment = self.builder.add(means, rest);
            product = self.builder.mul(value, moment);
        } else if let [x] = *term.factors.as_slice() {
            let mean = self.given(x, term.exponent, (slopes[0], line));
            product = self.builder.mul(value, mean);
        }
        Some(self.builder.contract(line.weight, product, &[line.axis]))
    }

    fn given(&mut self, affine: Node, exponent: Option<Node>, (slope, line): (Node, Line)) -> Node {
        let mean = self.tilted(affine, exponent);
        let away = self.builder.mul(slope, line.node);
        self.builder.add(mean, away)
    }

    /// Over two bases: the second one given the first.
    fn over_two(&mut self, term: &Term, (function, bases): (Node, [Node; 2]), rule: Rule) -> Option<Node> {
        let lines = [self.line(rule, 0), self.line(rule, 1)];
        let means = bases.map(|base| self.tilted(base, term.exponent));
        let variances = bases.map(|base| self.variance(base));
        let covariance = self.covariance(bases[0], bases[1]);
        let first = self.builder.sqrt(variances[0]);
        let slope = self.builder.div(covariance, first);
        let explained = self.builder.square(slope);
        let rest = self.builder.sub(variances[1], explained);
        let least = self.builder.constant(1e-300);
        let rest = self.builder.binary(Binary::Max, rest, least);
        let second = self.builder.sqrt(rest);
        let away = self.builder.mul(first, lines[0].node);
        let place = self.builder.add(means[0], away);
        let along = self.builder.mul(slope, lines[0].node);
        let across = self.builder.mul(second, lines[1].node);
        let away = self.builder.add(along, across);
        let other = self.builder.add(means[1], away);
        let value = self.at(function, &[(bases[0], place), (bases[1], other)], &[])?;
        let inner = self.builder.contract(lines[1].weight, value, &[lines[1].axis]);
        Some(self.builder.contract(lines[0].weight, inner, &[lines[0].axis]))
    }

    /// The nodes of a rule along the first or second axis that is integrated over.
    fn line(&mut self, rule: Rule, which: usize) -> Line {
        if let Some(&known) = self.lines.get(&(rule.nodes, which)) {
            return known;
        }
        let axis = self.builder.axis("node", rule.nodes);
        let (nodes, weights): (Vec<f64>, Vec<f64>) = gauss_hermite(rule.nodes).into_iter().unzip();
        let line = Line {
            axis,
            node: self.builder.data(&[axis], nodes),
            weight: self.builder.data(&[axis], weights),
        };
        self.lines.insert((rule.nodes, which), line);
        line
    }
}
