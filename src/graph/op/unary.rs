//! The rows of the element-wise operations of one argument: name, meaning and derivative in one place.

use crate::graph::{Binary, Builder, Node, Unary};
use crate::numeric::special;

/// What an operation of one argument is.
#[derive(Clone, Copy, Debug)]
pub struct UnaryRow {
    /// Which operation.
    pub op: Unary,
    /// Its printed name.
    pub name: &'static str,
    /// Its value.
    pub eval: fn(f64) -> f64,
    /// Builds dy/dx from x and y; none where the derivative is 0 wherever it exists.
    pub slope: Option<fn(&mut Builder, Node, Node) -> Node>,
    /// Points at which tests compare the derivative with differences: generic, never 0 or 1.
    pub probes: &'static [f64],
}

impl Unary {
    /// The row of this operation; all polygammas share one.
    pub fn row(self) -> &'static UnaryRow {
        let wanted = match self {
            Self::Polygamma(_) => Self::Polygamma(0),
            other => other,
        };
        ROWS.iter().find(|row| row.op == wanted).expect("each operation has a row")
    }

    /// All rows.
    pub fn rows() -> &'static [UnaryRow] {
        ROWS
    }

    /// The value at a point.
    pub fn eval(self, x: f64) -> f64 {
        self.function()(x)
    }

    /// What gives the value at a point, found once for many points.
    pub fn function(self) -> impl Fn(f64) -> f64 + Copy {
        let eval = self.row().eval;
        move |x| match self {
            Self::Polygamma(order) => special::polygamma(order, x),
            _ => eval(x),
        }
    }

    /// Builds dy/dx, for y = op(x); none where it is 0 wherever it exists.
    pub fn slope(self, builder: &mut Builder, x: Node, y: Node) -> Option<Node> {
        match self {
            Self::Polygamma(order) => Some(builder.unary(Self::Polygamma(order.saturating_add(1)), x)),
            other => other.row().slope.map(|slope| slope(builder, x, y)),
        }
    }
}

const REAL: &[f64] = &[-2.3, -0.37, 0.61, 1.9];
const POSITIVE: &[f64] = &[0.13, 0.61, 1.9, 7.3];

type Eval = fn(f64) -> f64;
type Slope = fn(&mut Builder, Node, Node) -> Node;

const fn smooth(op: Unary, name: &'static str, eval: Eval, slope: Slope, probes: &'static [f64]) -> UnaryRow {
    UnaryRow { op, name, eval, slope: Some(slope), probes }
}

/// A step function.
const fn flat(op: Unary, name: &'static str, eval: Eval) -> UnaryRow {
    UnaryRow { op, name, eval, slope: None, probes: REAL }
}

static ROWS: &[UnaryRow] = &[
    smooth(Unary::Neg, "neg", |x| -x, |b, _, _| b.constant(-1.0), REAL),
    smooth(Unary::Reciprocal, "reciprocal", |x| 1.0 / x, reciprocal_slope, REAL),
    smooth(Unary::Square, "square", |x| x * x, |b, x, _| b.times(x, 2.0), REAL),
    smooth(Unary::Sqrt, "sqrt", f64::sqrt, sqrt_slope, POSITIVE),
    smooth(Unary::Exp, "exp", f64::exp, |_, _, y| y, REAL),
    smooth(Unary::Expm1, "expm1", f64::exp_m1, |b, _, y| b.plus(y, 1.0), REAL),
    smooth(Unary::Log, "log", f64::ln, |b, x, _| b.reciprocal(x), POSITIVE),
    smooth(Unary::Log1p, "log1p", f64::ln_1p, log1p_slope, &[-0.63, -0.17, 0.61, 1.9]),
    smooth(Unary::Abs, "abs", f64::abs, |b, x, _| b.unary(Unary::Sign, x), REAL),
    flat(Unary::Sign, "sign", sign),
    flat(Unary::Floor, "floor", f64::floor),
    flat(Unary::Ceil, "ceil", f64::ceil),
    flat(Unary::Round, "round", f64::round),
    smooth(Unary::Sin, "sin", f64::sin, |b, x, _| b.unary(Unary::Cos, x), REAL),
    smooth(Unary::Cos, "cos", f64::cos, cos_slope, REAL),
    smooth(Unary::Tan, "tan", f64::tan, tan_slope, REAL),
    smooth(Unary::Atan, "atan", f64::atan, atan_slope, REAL),
    smooth(Unary::Tanh, "tanh", f64::tanh, tanh_slope, REAL),
    smooth(Unary::Sigmoid, "sigmoid", special::sigmoid, sigmoid_slope, REAL),
    smooth(Unary::Softplus, "softplus", special::softplus, |b, x, _| b.sigmoid(x), REAL),
    smooth(Unary::Lgamma, "lgamma", special::lgamma, |b, x, _| b.unary(Unary::Polygamma(0), x), POSITIVE),
    smooth(
        Unary::Polygamma(0),
        "polygamma",
        special::digamma,
        |b, x, _| b.unary(Unary::Polygamma(1), x),
        POSITIVE,
    ),
    smooth(Unary::Erf, "erf", special::erf, |b, x, _| bell(b, x, 1.0), REAL),
    smooth(Unary::Erfc, "erfc", special::erfc, |b, x, _| bell(b, x, -1.0), REAL),
    smooth(
        Unary::LogNormalCdf,
        "log_normal_cdf",
        special::log_normal_cdf,
        normal_hazard,
        &[-47.0, -9.3, -0.37, 0.61, 2.7],
    ),
    smooth(
        Unary::NormalQuantile,
        "normal_quantile",
        special::normal_quantile,
        normal_quantile_slope,
        &[0.013, 0.37, 0.61, 0.93],
    ),
    flat(Unary::Not, "not", |x| f64::from(x == 0.0)),
];

/// -1, 0 or 1; NaN of NaN.
fn sign(x: f64) -> f64 {
    if x == 0.0 || x.is_nan() { x } else { x.signum() }
}

fn reciprocal_slope(b: &mut Builder, _: Node, y: Node) -> Node {
    let square = b.square(y);
    b.neg(square)
}

fn sqrt_slope(b: &mut Builder, _: Node, y: Node) -> Node {
    let reciprocal = b.reciprocal(y);
    b.times(reciprocal, 0.5)
}

fn log1p_slope(b: &mut Builder, x: Node, _: Node) -> Node {
    let shifted = b.plus(x, 1.0);
    b.reciprocal(shifted)
}

fn cos_slope(b: &mut Builder, x: Node, _: Node) -> Node {
    let sine = b.unary(Unary::Sin, x);
    b.neg(sine)
}

fn tan_slope(b: &mut Builder, _: Node, y: Node) -> Node {
    let square = b.square(y);
    b.plus(square, 1.0)
}

fn atan_slope(b: &mut Builder, x: Node, _: Node) -> Node {
    let square = b.square(x);
    let denominator = b.plus(square, 1.0);
    b.reciprocal(denominator)
}

fn tanh_slope(b: &mut Builder, _: Node, y: Node) -> Node {
    let one = b.constant(1.0);
    let square = b.square(y);
    b.sub(one, square)
}

fn sigmoid_slope(b: &mut Builder, _: Node, y: Node) -> Node {
    let one = b.constant(1.0);
    let complement = b.sub(one, y);
    b.mul(y, complement)
}

/// sign 2 / sqrt(pi) exp(-x^2)
fn bell(b: &mut Builder, x: Node, sign: f64) -> Node {
    let square = b.square(x);
    let exponent = b.neg(square);
    let density = b.exp(exponent);
    b.times(density, sign * std::f64::consts::FRAC_2_SQRT_PI)
}

/// phi(x) / Phi(x). Far below 0 the two logs cancel, and the series in 1 / x takes over; each branch sees only
/// arguments of its own side, so that the one not taken stays finite in higher derivatives too.
fn normal_hazard(b: &mut Builder, x: Node, _: Node) -> Node {
    const SEAM: f64 = -30.0;
    let seam = b.constant(SEAM);
    let near = b.binary(Binary::Max, x, seam);
    let far = b.binary(Binary::Min, x, seam);
    let log_cdf = b.unary(Unary::LogNormalCdf, near);
    let square = b.square(near);
    let half = b.times(square, -0.5);
    let log_density = b.plus(half, -special::LOG_SQRT_TWO_PI);
    let log_ratio = b.sub(log_density, log_cdf);
    let ratio = b.exp(log_ratio);
    let series = hazard_series(b, far);
    let is_far = b.less(x, seam);
    b.select(is_far, series, ratio)
}

/// z + 1/z - 2/z^3 + 10/z^5 - 74/z^7 + 706/z^9, z = -x.
fn hazard_series(b: &mut Builder, x: Node) -> Node {
    let z = b.neg(x);
    let inverse = b.reciprocal(z);
    let square = b.square(inverse);
    let mut sum = b.constant(706.0);
    for coefficient in [-74.0, 10.0, -2.0, 1.0] {
        let product = b.mul(sum, square);
        sum = b.plus(product, coefficient);
    }
    let correction = b.mul(sum, inverse);
    b.add(z, correction)
}

fn normal_quantile_slope(b: &mut Builder, _: Node, y: Node) -> Node {
    let square = b.square(y);
    let half = b.times(square, 0.5);
    let exponent = b.plus(half, special::LOG_SQRT_TWO_PI);
    b.exp(exponent)
}
