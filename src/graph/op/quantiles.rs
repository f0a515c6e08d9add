//! Derivatives of quantiles z = F^-1(u; a), which are implicit: dz/du = 1 / f, and dz/da = -(dF/da) / f, an operation of
//! its own (Figurnov, Mohamed and Mnih 2018). Its derivative by z follows from the density, -dlog f/da - (dz/da) dlog f/dz;
//! that by a parameter, which only second derivatives ask for, is a central difference of fourth order.

use crate::graph::{Binary, Builder, Node, Ternary, Unary};

/// Width of the differences, in units of the scale on which a slope varies.
const STEP: f64 = 1.0 / 128.0;

/// (8 (f(x + h) - f(x - h)) - (f(x + 2 h) - f(x - 2 h))) / (12 h)
fn difference(b: &mut Builder, x: Node, h: Node, f: impl Fn(&mut Builder, Node) -> Node) -> Node {
    let at = |b: &mut Builder, times: f64| {
        let step = b.times(h, times);
        let moved = b.add(x, step);
        f(b, moved)
    };
    let [near, opposite, far, across] = [1.0, -1.0, 2.0, -2.0].map(|times| at(b, times));
    let (near, far) = (b.sub(near, opposite), b.sub(far, across));
    let near = b.times(near, 8.0);
    let (sum, width) = (b.sub(near, far), b.times(h, 12.0));
    b.div(sum, width)
}

/// The scale on which a slope varies with a shape a: a where it is small, its root where it is large.
fn shape_step(b: &mut Builder, a: Node) -> Node {
    let root = b.sqrt(a);
    let width = b.plus(root, 1.0);
    let scale = b.div(a, width);
    b.times(scale, STEP)
}

/// -dlog f/da - slope dlog f/dz
fn slope_by_value(b: &mut Builder, slope: Node, by_parameter: Node, by_value: Node) -> Node {
    let product = b.mul(slope, by_value);
    let sum = b.add(by_parameter, product);
    b.neg(sum)
}

fn digamma(b: &mut Builder, x: Node) -> Node {
    b.unary(Unary::Polygamma(0), x)
}

/// 1 / density = exp(e^z + lgamma(a) - a z), z the log of the quantile.
pub(super) fn gamma_by_probability(b: &mut Builder, _: Node, a: Node, z: Node) -> Node {
    let (x, norm, power) = (b.exp(z), b.lgamma(a), b.mul(a, z));
    let sum = b.add(x, norm);
    let exponent = b.sub(sum, power);
    b.exp(exponent)
}

pub(super) fn gamma_by_shape(b: &mut Builder, _: Node, a: Node, z: Node) -> Node {
    b.binary(Binary::LogGammaSlope, z, a)
}

/// log f = a z - e^z - lgamma(a)
pub(super) fn gamma_slope_by_value(b: &mut Builder, z: Node, a: Node, slope: Node) -> Node {
    let (psi, x) = (digamma(b, a), b.exp(z));
    let (by_shape, by_value) = (b.sub(z, psi), b.sub(a, x));
    slope_by_value(b, slope, by_shape, by_value)
}

pub(super) fn gamma_slope_by_shape(b: &mut Builder, z: Node, a: Node, _: Node) -> Node {
    let step = shape_step(b, a);
    difference(b, a, step, |b, a| b.binary(Binary::LogGammaSlope, z, a))
}

/// (nu + 1) / 2
fn half_next(b: &mut Builder, nu: Node) -> Node {
    let next = b.plus(nu, 1.0);
    b.times(next, 0.5)
}

/// t^2 / nu
fn ratio(b: &mut Builder, t: Node, nu: Node) -> Node {
    let square = b.square(t);
    b.div(square, nu)
}

/// 1 / f = B(nu / 2, 1 / 2) sqrt(nu) (1 + t^2 / nu)^((nu + 1) / 2)
pub(super) fn student_by_probability(b: &mut Builder, _: Node, nu: Node, t: Node) -> Node {
    let (half, next) = (b.times(nu, 0.5), half_next(b, nu));
    let (low, high) = (b.lgamma(half), b.lgamma(next));
    let norm = b.sub(low, high);
    let width = b.times(nu, std::f64::consts::PI);
    let width = b.log(width);
    let width = b.times(width, 0.5);
    let ratio = ratio(b, t, nu);
    let log = b.log1p(ratio);
    let power = b.mul(next, log);
    let (sum, constant) = (b.add(norm, width), power);
    let exponent = b.add(sum, constant);
    b.exp(exponent)
}

pub(super) fn student_by_freedom(b: &mut Builder, _: Node, nu: Node, t: Node) -> Node {
    b.binary(Binary::StudentSlope, t, nu)
}

/// dlog f/dnu = (psi((nu + 1) / 2) - psi(nu / 2) - 1 / nu - log(1 + r) + (1 + 1 / nu) r / (1 + r)) / 2 with r = t^2 / nu, and
/// dlog f/dt = -(nu + 1) t / (nu + t^2).
pub(super) fn student_slope_by_value(b: &mut Builder, t: Node, nu: Node, slope: Node) -> Node {
    let (half, next) = (b.times(nu, 0.5), half_next(b, nu));
    let (low, high) = (digamma(b, half), digamma(b, next));
    let gap = b.sub(high, low);
    let inverse = b.reciprocal(nu);
    let gap = b.sub(gap, inverse);
    let ratio = ratio(b, t, nu);
    let log = b.log1p(ratio);
    let gap = b.sub(gap, log);
    let (whole, more) = (b.plus(ratio, 1.0), b.plus(inverse, 1.0));
    let share = b.div(ratio, whole);
    let pull = b.mul(more, share);
    let sum = b.add(gap, pull);
    let by_freedom = b.times(sum, 0.5);
    let (square, twice) = (b.square(t), b.times(next, -2.0));
    let (push, width) = (b.mul(twice, t), b.add(nu, square));
    let by_value = b.div(push, width);
    slope_by_value(b, slope, by_freedom, by_value)
}

pub(super) fn student_slope_by_freedom(b: &mut Builder, t: Node, nu: Node, _: Node) -> Node {
    let step = b.times(nu, STEP);
    difference(b, nu, step, |b, nu| b.binary(Binary::StudentSlope, t, nu))
}

/// 1 / f, by the same differences: the graph has no Bessel function to normalise f with.
pub(super) fn von_mises_by_probability(b: &mut Builder, u: Node, k: Node, _: Node) -> Node {
    let one = b.constant(1.0);
    let rest = b.sub(one, u);
    let spread = b.mul(u, rest);
    let step = b.times(spread, STEP);
    difference(b, u, step, |b, u| b.binary(Binary::VonMisesQuantile, u, k))
}

pub(super) fn von_mises_by_concentration(b: &mut Builder, _: Node, k: Node, z: Node) -> Node {
    b.binary(Binary::VonMisesSlope, z, k)
}

/// The scale of angles is 1 / (1 + sqrt(k)).
pub(super) fn von_mises_slope_by_angle(b: &mut Builder, z: Node, k: Node, _: Node) -> Node {
    let root = b.sqrt(k);
    let width = b.plus(root, 1.0);
    let scale = b.reciprocal(width);
    let step = b.times(scale, STEP);
    difference(b, z, step, |b, z| b.binary(Binary::VonMisesSlope, z, k))
}

pub(super) fn von_mises_slope_by_concentration(b: &mut Builder, z: Node, k: Node, _: Node) -> Node {
    let step = b.times(k, STEP);
    difference(b, k, step, |b, k| b.binary(Binary::VonMisesSlope, z, k))
}

/// 1 / density = B(a, b) (1 + e^-z)^a (1 + e^z)^b, z the logit of the quantile.
pub(super) fn beta_by_probability(g: &mut Builder, [_, a, b]: [Node; 3], z: Node) -> Node {
    let total = g.add(a, b);
    let [first, second, total] = [a, b, total].map(|x| g.lgamma(x));
    let norm = g.add(first, second);
    let norm = g.sub(norm, total);
    let down = g.neg(z);
    let (low, high) = (g.softplus(down), g.softplus(z));
    let (low, high) = (g.mul(a, low), g.mul(b, high));
    let power = g.add(low, high);
    let exponent = g.add(norm, power);
    g.exp(exponent)
}

pub(super) fn beta_by_first(g: &mut Builder, [_, a, b]: [Node; 3], z: Node) -> Node {
    g.ternary(Ternary::LogitBetaSlope, [z, a, b])
}

/// The mirrored beta: z(u; a, b) = -z(1 - u; b, a).
pub(super) fn beta_by_second(g: &mut Builder, [_, a, b]: [Node; 3], z: Node) -> Node {
    let mirrored = g.neg(z);
    let slope = g.ternary(Ternary::LogitBetaSlope, [mirrored, b, a]);
    g.neg(slope)
}

/// log f = a log x + b log(1 - x) - log B(a, b) in z = logit x: dlog f/da = log x - psi(a) + psi(a + b), and
/// dlog f/dz = a (1 - x) - b x.
pub(super) fn beta_slope_by_value(g: &mut Builder, [z, a, b]: [Node; 3], slope: Node) -> Node {
    let down = g.neg(z);
    let (low, total) = (g.softplus(down), g.add(a, b));
    let (psi, psi_total) = (digamma(g, a), digamma(g, total));
    let gap = g.sub(psi_total, psi);
    let by_first = g.sub(gap, low);
    let (x, rest) = (g.sigmoid(z), g.sigmoid(down));
    let (push, pull) = (g.mul(a, rest), g.mul(b, x));
    let by_value = g.sub(push, pull);
    slope_by_value(g, slope, by_first, by_value)
}

pub(super) fn beta_slope_by_first(g: &mut Builder, [z, a, b]: [Node; 3], _: Node) -> Node {
    let step = shape_step(g, a);
    difference(g, a, step, |g, a| g.ternary(Ternary::LogitBetaSlope, [z, a, b]))
}

pub(super) fn beta_slope_by_second(g: &mut Builder, [z, a, b]: [Node; 3], _: Node) -> Node {
    let step = shape_step(g, b);
    difference(g, b, step, |g, b| g.ternary(Ternary::LogitBetaSlope, [z, a, b]))
}
