//! The rows of the element-wise operations of two arguments: name, meaning and derivatives in one place.

use super::quantiles;
use crate::graph::{Binary, Builder, Node, Unary};
use crate::numeric::special;

/// Builds a partial derivative from x, y and z = op(x, y).
pub type Partial = fn(&mut Builder, Node, Node, Node) -> Node;

/// What an operation of two arguments is.
#[derive(Clone, Copy, Debug)]
pub struct BinaryRow {
    /// Which operation.
    pub op: Binary,
    /// Its printed name.
    pub name: &'static str,
    /// Its value.
    pub eval: fn(f64, f64) -> f64,
    /// Build dz/dx and dz/dy; none where the derivative is 0 wherever it exists.
    pub partials: [Option<Partial>; 2],
    /// Points at which tests compare the derivatives with differences: generic, never 0 or 1, no ties.
    pub probes: &'static [(f64, f64)],
}

impl Binary {
    /// The row of this operation.
    pub fn row(self) -> &'static BinaryRow {
        ROWS.iter().find(|row| row.op == self).expect("each operation has a row")
    }

    /// All rows.
    pub fn rows() -> &'static [BinaryRow] {
        ROWS
    }

    /// The value at a point.
    pub fn eval(self, x: f64, y: f64) -> f64 {
        (self.row().eval)(x, y)
    }
}

const REAL: &[(f64, f64)] = &[(-2.3, 0.61), (-0.37, -1.7), (1.9, 0.43), (0.61, 3.1)];
const POSITIVE: &[(f64, f64)] = &[(0.37, 1.9), (2.3, -0.7), (1.3, 0.5), (4.1, 2.6)];

type Eval = fn(f64, f64) -> f64;

const fn smooth(op: Binary, name: &'static str, eval: Eval, x: Partial, y: Partial) -> BinaryRow {
    BinaryRow { op, name, eval, partials: [Some(x), Some(y)], probes: REAL }
}

/// A step function.
const fn flat(op: Binary, name: &'static str, eval: Eval) -> BinaryRow {
    BinaryRow { op, name, eval, partials: [None, None], probes: REAL }
}

static ROWS: &[BinaryRow] = &[
    smooth(Binary::Add, "add", |x, y| x + y, |b, _, _, _| b.constant(1.0), |b, _, _, _| b.constant(1.0)),
    smooth(Binary::Sub, "sub", |x, y| x - y, |b, _, _, _| b.constant(1.0), |b, _, _, _| b.constant(-1.0)),
    smooth(Binary::Mul, "mul", |x, y| x * y, |_, _, y, _| y, |_, x, _, _| x),
    smooth(Binary::Div, "div", |x, y| x / y, |b, _, y, _| b.reciprocal(y), div_by_y),
    BinaryRow {
        op: Binary::Pow,
        name: "pow",
        eval: f64::powf,
        partials: [Some(pow_by_x), Some(pow_by_y)],
        probes: POSITIVE,
    },
    smooth(Binary::Min, "min", f64_min, |b, x, y, _| at_most(b, x, y), |b, x, y, _| b.less(y, x)),
    smooth(Binary::Max, "max", f64_max, |b, x, y, _| at_most(b, y, x), |b, x, y, _| b.less(x, y)),
    smooth(Binary::Atan2, "atan2", f64::atan2, atan2_by_first, atan2_by_second),
    flat(Binary::Less, "less", |x, y| f64::from(x < y)),
    flat(Binary::LessEqual, "less_equal", |x, y| f64::from(x <= y)),
    flat(Binary::Equal, "equal", |x, y| f64::from(x == y)),
    flat(Binary::NotEqual, "not_equal", |x, y| f64::from(x != y)),
    flat(Binary::And, "and", |x, y| f64::from(x != 0.0 && y != 0.0)),
    flat(Binary::Or, "or", |x, y| f64::from(x != 0.0 || y != 0.0)),
    flat(Binary::IntegerDivide, "integer_divide", |x, y| (x / y).floor()),
    BinaryRow {
        op: Binary::Modulo,
        name: "modulo",
        eval: |x, y| x - y * (x / y).floor(),
        partials: [Some(|b, _, _, _| b.constant(1.0)), Some(modulo_by_y)],
        probes: REAL,
    },
    BinaryRow {
        op: Binary::LogGammaQuantile,
        name: "log_gamma_quantile",
        eval: special::log_gamma_quantile,
        partials: [Some(quantiles::gamma_by_probability), Some(quantiles::gamma_by_shape)],
        probes: &[(0.23, 0.37), (0.61, 1.9), (0.93, 17.3), (0.041, 230.0)],
    },
    BinaryRow {
        op: Binary::LogGammaSlope,
        name: "log_gamma_slope",
        eval: special::log_gamma_slope,
        partials: [Some(quantiles::gamma_slope_by_value), Some(quantiles::gamma_slope_by_shape)],
        probes: &[(-2.1, 0.37), (0.61, 1.9), (2.93, 17.3), (5.3, 230.0)],
    },
    BinaryRow {
        op: Binary::StudentQuantile,
        name: "student_quantile",
        eval: special::student_quantile,
        partials: [Some(quantiles::student_by_probability), Some(quantiles::student_by_freedom)],
        probes: &[(0.23, 1.7), (0.61, 4.3), (0.93, 17.3), (0.041, 230.0)],
    },
    BinaryRow {
        op: Binary::StudentSlope,
        name: "student_slope",
        eval: special::student_slope,
        partials: [Some(quantiles::student_slope_by_value), Some(quantiles::student_slope_by_freedom)],
        probes: &[(-2.3, 1.7), (0.61, 4.3), (1.9, 17.3), (-0.43, 31.0)],
    },
    BinaryRow {
        op: Binary::VonMisesQuantile,
        name: "von_mises_quantile",
        eval: special::von_mises_quantile,
        partials: [Some(quantiles::von_mises_by_probability), Some(quantiles::von_mises_by_concentration)],
        probes: &[(0.23, 0.37), (0.61, 1.9), (0.93, 17.3), (0.041, 73.0)],
    },
    BinaryRow {
        op: Binary::VonMisesSlope,
        name: "von_mises_slope",
        eval: special::von_mises_slope,
        partials: [
            Some(quantiles::von_mises_slope_by_angle),
            Some(quantiles::von_mises_slope_by_concentration),
        ],
        probes: &[(-2.3, 0.37), (0.61, 1.9), (0.43, 17.3)],
    },
];

/// NaN when either is NaN, which [`f64::min`] is not.
fn f64_min(x: f64, y: f64) -> f64 {
    if x.is_nan() || x < y { x } else { y }
}

fn f64_max(x: f64, y: f64) -> f64 {
    if x.is_nan() || x > y { x } else { y }
}

/// The subgradient at a tie belongs to the first argument.
fn at_most(b: &mut Builder, x: Node, y: Node) -> Node {
    b.binary(Binary::LessEqual, x, y)
}

fn div_by_y(b: &mut Builder, _: Node, y: Node, z: Node) -> Node {
    let ratio = b.div(z, y);
    b.neg(ratio)
}

fn pow_by_x(b: &mut Builder, x: Node, y: Node, _: Node) -> Node {
    let lower = b.plus(y, -1.0);
    let power = b.pow(x, lower);
    b.mul(y, power)
}

/// z log x, with the limit 0 at x = 0, where the log alone is not finite.
fn pow_by_y(b: &mut Builder, x: Node, _: Node, z: Node) -> Node {
    let zero = b.constant(0.0);
    let one = b.constant(1.0);
    let at_zero = b.equal(x, zero);
    let safe = b.select(at_zero, one, x);
    let log = b.log(safe);
    b.mul(z, log)
}

/// d atan2(x, y) / dx = y / (x^2 + y^2)
fn atan2_by_first(b: &mut Builder, x: Node, y: Node, _: Node) -> Node {
    let norm = squared_norm(b, x, y);
    b.div(y, norm)
}

fn atan2_by_second(b: &mut Builder, x: Node, y: Node, _: Node) -> Node {
    let norm = squared_norm(b, x, y);
    let ratio = b.div(x, norm);
    b.neg(ratio)
}

fn squared_norm(b: &mut Builder, x: Node, y: Node) -> Node {
    let x = b.square(x);
    let y = b.square(y);
    b.add(x, y)
}

fn modulo_by_y(b: &mut Builder, x: Node, y: Node, _: Node) -> Node {
    let ratio = b.div(x, y);
    let floor = b.unary(Unary::Floor, ratio);
    b.neg(floor)
}
