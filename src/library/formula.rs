//! Formulas that several rows share, each safe at the edges of its domain in value and in derivative.

use rand_distr::Distribution;

use crate::graph::{Builder, Node, Unary};
use crate::numeric::random::Generator;

use super::spec::Over;

/// log(2 pi) / 2
pub(super) const HALF_LOG_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// (x - location) / scale
pub(super) fn standardise(b: &mut Builder, x: Node, location: Node, scale: Node) -> Node {
    let residual = b.sub(x, location);
    b.div(residual, scale)
}

/// c - x
pub(super) fn from(b: &mut Builder, c: f64, x: Node) -> Node {
    let c = b.constant(c);
    b.sub(c, x)
}

/// Sum of several terms.
pub(super) fn total(b: &mut Builder, terms: &[Node]) -> Node {
    let zero = b.constant(0.0);
    terms.iter().copied().reduce(|sum, term| b.add(sum, term)).unwrap_or(zero)
}

/// log density of a standard normal at z, less log(scale).
pub(super) fn normal_kernel(b: &mut Builder, z: Node, scale: Node) -> Node {
    let square = b.square(z);
    let exponent = b.times(square, -0.5);
    let log_scale = b.log(scale);
    let density = b.sub(exponent, log_scale);
    b.plus(density, -HALF_LOG_TWO_PI)
}

/// log(p), -inf with derivative 0 at p = 0: an impossible branch of an exact sum must not turn the gradient of the
/// possible ones into NaN.
pub fn log_probability(b: &mut Builder, p: Node) -> Node {
    let (zero, one) = (b.constant(0.0), b.constant(1.0));
    let possible = b.less(zero, p);
    let p = b.select(possible, p, one);
    let log = b.log(p);
    let never = b.constant(f64::NEG_INFINITY);
    b.select(possible, log, never)
}

/// x log(y), and 0 at x = 0 whatever y is; at y = 0 without a derivative, as `log_probability`.
pub(super) fn x_log_y(b: &mut Builder, x: Node, y: Node) -> Node {
    let (zero, one) = (b.constant(0.0), b.constant(1.0));
    let none = b.equal(x, zero);
    let y = b.select(none, one, y);
    let log = log_probability(b, y);
    let product = b.mul(x, log);
    b.select(none, zero, product)
}

/// x log(1 - y), and 0 at x = 0 whatever y is; at y = 1 without a derivative.
pub(super) fn x_log_one_minus_y(b: &mut Builder, x: Node, y: Node) -> Node {
    let (zero, one) = (b.constant(0.0), b.constant(1.0));
    let none = b.equal(x, zero);
    let possible = b.less(y, one);
    let y = b.select(possible, y, zero);
    let y = b.select(none, zero, y);
    let possible = b.less(y, one);
    let y = b.select(possible, y, zero);
    let negative = b.neg(y);
    let log = b.log1p(negative);
    let never = b.constant(f64::NEG_INFINITY);
    let log = b.select(possible, log, never);
    let product = b.mul(x, log);
    b.select(none, zero, product)
}

/// log(1 - exp(-d)) for d > 0: Mächler's two branches, each guarded from the other's arguments.
pub(super) fn log_one_minus_exp(b: &mut Builder, d: Node) -> Node {
    let log_two = b.constant(std::f64::consts::LN_2);
    let small = b.less(d, log_two);
    let near = b.select(small, d, log_two);
    let negative = b.neg(near);
    let expm1 = b.unary(Unary::Expm1, negative);
    let difference = b.neg(expm1);
    let near = b.log(difference);
    let far = b.select(small, log_two, d);
    let negative = b.neg(far);
    let tail = b.exp(negative);
    let negative = b.neg(tail);
    let far = b.log1p(negative);
    b.select(small, near, far)
}

/// log B(x, y)
pub(super) fn log_beta(b: &mut Builder, x: Node, y: Node) -> Node {
    let (lx, ly) = (b.lgamma(x), b.lgamma(y));
    let (sum, both) = (b.add(x, y), b.add(lx, ly));
    let denominator = b.lgamma(sum);
    b.sub(both, denominator)
}

/// log(x!)
pub(super) fn log_factorial(b: &mut Builder, x: Node) -> Node {
    let next = b.plus(x, 1.0);
    b.lgamma(next)
}

/// log of n choose k; -inf where k is not among 0..n.
pub(super) fn log_choose(b: &mut Builder, n: Node, k: Node) -> Node {
    let (zero, impossible) = (b.constant(0.0), b.constant(f64::NEG_INFINITY));
    let (negative, above) = (b.less(k, zero), b.less(n, k));
    let outside = b.binary(crate::graph::Binary::Or, negative, above);
    let k = b.select(outside, zero, k);
    let n = b.select(outside, zero, n);
    let rest = b.sub(n, k);
    let (all, some, others) = (log_factorial(b, n), log_factorial(b, k), log_factorial(b, rest));
    let denominator = b.add(some, others);
    let value = b.sub(all, denominator);
    b.select(outside, impossible, value)
}

/// log of the logistic function, -softplus(-x).
pub(super) fn log_sigmoid(b: &mut Builder, x: Node) -> Node {
    let negative = b.neg(x);
    let softplus = b.softplus(negative);
    b.neg(softplus)
}

/// log(x / (1 - x))
pub(super) fn logit(b: &mut Builder, x: Node) -> Node {
    let log = b.log(x);
    let negative = b.neg(x);
    let log_rest = b.log1p(negative);
    b.sub(log, log_rest)
}

/// The diagonal of a matrix, along the joint axis.
pub(super) fn diagonal(b: &mut Builder, matrix: Node, over: &Over) -> Node {
    let (row, column) = (over.axes[0], over.twins[0]);
    let here = b.iota(row);
    b.gather(matrix, &[(column, here)])
}

/// 1 on the diagonal of the matrices over the joint axis and its twin, 0 elsewhere.
pub(super) fn is_diagonal(b: &mut Builder, over: &Over) -> Node {
    let (row, column) = (b.iota(over.axes[0]), b.iota(over.twins[0]));
    b.equal(row, column)
}

/// L L', over the same two axes.
pub(super) fn times_transpose(b: &mut Builder, factor: Node, over: &Over) -> Node {
    let (row, column) = (over.axes[0], over.twins[0]);
    let size = b.graph().axis_size(row);
    let inner = b.axis("inner", size);
    let left = b.rename(factor, &[(column, inner)]);
    let right = b.rename(factor, &[(row, column), (column, inner)]);
    b.contract(left, right, &[inner])
}

/// A draw; NaN where the arguments are not such as the distribution allows.
pub(super) fn sample<D: Distribution<f64>, E>(generator: &mut Generator, distribution: Result<D, E>) -> f64 {
    distribution.map_or(f64::NAN, |distribution| distribution.sample(generator))
}

/// The same for distributions of integers.
pub(super) fn sample_count<D: Distribution<u64>, E>(
    generator: &mut Generator,
    distribution: Result<D, E>,
) -> f64 {
    distribution.map_or(f64::NAN, |distribution| distribution.sample(generator) as f64)
}

/// The lower factor of a matrix; none where it is not positive definite.
pub(super) fn factorise(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    let square = nalgebra::DMatrix::from_row_slice(n, n, matrix);
    let factor = square.cholesky()?.l();
    Some((0..n * n).map(|k| factor[(k / n, k % n)]).collect())
}
