//! Functions with corners and jumps.

use crate::graph::{Binary, Builder, Node, Unary};
use crate::library::interval::{Grain, Interval};
use crate::library::spec::{Function, Parameter, Smoothness, Variadic};

/// `abs`
pub static ABS: Function = Function {
    name: "abs",
    summary: "The absolute value.",
    doc: "|x|.",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * abs(x), 1)\n",
    parameters: &[Parameter::scalar("x", "real", "any number")],
    range: |x| x[0].absolute(),
    smoothness: Smoothness::Kink,
    references: &[(&[-2.3], 2.3), (&[-0.37], 0.37), (&[0.61], 0.61), (&[3.9], 3.9)],
    ..Function::base(|b, a, _, _| b.unary(Unary::Abs, a[0]))
};

/// `sign`
pub static SIGN: Function = Function {
    name: "sign",
    summary: "The sign.",
    doc: "-1, 0 or 1.",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * sign(x), 1)\n",
    parameters: &[Parameter::scalar("x", "real", "any number")],
    range: |x| x[0].map_increasing(sign_of).with_closed_ends().with_grain(Grain::Integer),
    smoothness: Smoothness::Jump,
    references: &[(&[-2.3], -1.0), (&[-0.37], -1.0), (&[0.61], 1.0), (&[3.9], 1.0)],
    ..Function::base(|b, a, _, _| b.unary(Unary::Sign, a[0]))
};

/// `floor`
pub static FLOOR: Function = Function {
    name: "floor",
    summary: "The largest integer not above x.",
    doc: "The largest integer not above x.",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * floor(x), 1)\n",
    parameters: &[Parameter::scalar("x", "real", "any number")],
    range: |x| x[0].map_increasing(f64::floor).with_closed_ends().with_grain(Grain::Integer),
    smoothness: Smoothness::Jump,
    references: &[(&[-2.3], -3.0), (&[-0.37], -1.0), (&[0.61], 0.0), (&[3.9], 3.0)],
    ..Function::base(|b, a, _, _| b.unary(Unary::Floor, a[0]))
};

/// `ceil`
pub static CEIL: Function = Function {
    name: "ceil",
    summary: "The smallest integer not below x.",
    doc: "The smallest integer not below x.",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * ceil(x), 1)\n",
    parameters: &[Parameter::scalar("x", "real", "any number")],
    range: |x| x[0].map_increasing(f64::ceil).with_closed_ends().with_grain(Grain::Integer),
    smoothness: Smoothness::Jump,
    references: &[(&[-2.3], -2.0), (&[-0.37], 0.0), (&[0.61], 1.0), (&[3.9], 4.0)],
    ..Function::base(|b, a, _, _| b.unary(Unary::Ceil, a[0]))
};

/// `round`
pub static ROUND: Function = Function {
    name: "round",
    summary: "The nearest integer.",
    doc: "The nearest integer; halves go away from 0.",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * round(x), 1)\n",
    parameters: &[Parameter::scalar("x", "real", "any number")],
    range: |x| x[0].map_increasing(f64::round).with_closed_ends().with_grain(Grain::Integer),
    smoothness: Smoothness::Jump,
    references: &[(&[-2.3], -2.0), (&[-0.37], 0.0), (&[0.61], 1.0), (&[3.9], 4.0)],
    ..Function::base(|b, a, _, _| b.unary(Unary::Round, a[0]))
};

/// `clamp`
pub static CLAMP: Function = Function {
    name: "clamp",
    summary: "A number brought between two ends.",
    doc: "low below low, high above high, x between.",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * clamp(x, -1, 1), 1)\n",
    parameters: &[
        Parameter::scalar("x", "real", "any number"),
        Parameter::scalar("low", "real", "lower end"),
        Parameter::scalar("high", "real", "upper end"),
    ],
    range: |x| x[0].maximum(x[1]).minimum(x[2]),
    smoothness: Smoothness::Kink,
    references: &[(&[0.3, -1.1, 2.4], 0.3), (&[-3.3, -1.1, 2.4], -1.1), (&[5.1, -1.1, 2.4], 2.4)],
    ..Function::base(|b, a, _, _| {
        let above = b.binary(Binary::Max, a[0], a[1]);
        b.binary(Binary::Min, above, a[2])
    })
};

/// `min`
pub static MIN_OF: Function = Function {
    name: "min",
    summary: "The smallest of several numbers.",
    doc: "min(x, y, …), cell by cell. With one argument it goes over axes.",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * min(x, 1), 1)\n",
    parameters: &[
        Parameter::scalar("x", "real", "any number"),
        Parameter::scalar("y", "real", "a number to compare with; may be repeated"),
    ],
    variadic: Variadic::Repeats,
    range: |x| x.iter().copied().reduce(Interval::minimum).unwrap_or(Interval::REAL),
    smoothness: Smoothness::Kink,
    references: &[(&[0.3, -1.1], -1.1), (&[-2.7, 4.1, -3.9], -3.9), (&[1.9, 0.7], 0.7)],
    ..Function::base(|b, a, _, _| fold(b, a, Binary::Min))
};

/// `max`
pub static MAX_OF: Function = Function {
    name: "max",
    summary: "The largest of several numbers.",
    doc: "max(x, y, …), cell by cell. With one argument it goes over axes.",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * max(x, 1), 1)\n",
    parameters: &[
        Parameter::scalar("x", "real", "any number"),
        Parameter::scalar("y", "real", "a number to compare with; may be repeated"),
    ],
    variadic: Variadic::Repeats,
    range: |x| x.iter().copied().reduce(Interval::maximum).unwrap_or(Interval::REAL),
    smoothness: Smoothness::Kink,
    references: &[(&[0.3, -1.1], 0.3), (&[-2.7, 4.1, -3.9], 4.1), (&[1.9, 0.7], 1.9)],
    ..Function::base(|b, a, _, _| fold(b, a, Binary::Max))
};

fn fold(b: &mut Builder, a: &[Node], op: Binary) -> Node {
    let first = a[0];
    a[1..].iter().fold(first, |best, &next| b.binary(op, best, next))
}

fn sign_of(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}
