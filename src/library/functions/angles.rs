//! Trigonometric and hyperbolic functions.

use crate::graph::{Binary, Unary};
use crate::library::interval::Interval;
use crate::library::spec::{Function, Parameter, Smoothness};

/// `sin`
pub static SIN: Function = Function {
    name: "sin",
    summary: "The sine.",
    doc: "Of an angle in radians.",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * sin(x), 1)\n",
    parameters: &[Parameter::scalar("x", "real", "any number")],
    range: |_| Interval::closed(-1.0, 1.0),
    references: &[
        (&[-2.3], -0.7457052121767203),
        (&[-0.37], -0.361615431964962),
        (&[0.61], 0.5728674601004813),
        (&[3.9], -0.6877661591839738),
    ],
    ..Function::base(|b, a, _, _| b.unary(Unary::Sin, a[0]))
};

/// `cos`
pub static COS: Function = Function {
    name: "cos",
    summary: "The cosine.",
    doc: "Of an angle in radians.",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * cos(x), 1)\n",
    parameters: &[Parameter::scalar("x", "real", "any number")],
    range: |_| Interval::closed(-1.0, 1.0),
    references: &[
        (&[-2.3], -0.6662760212798241),
        (&[-0.37], 0.9323273456060345),
        (&[0.61], 0.8196480178454795),
        (&[3.9], -0.7259323042001402),
    ],
    ..Function::base(|b, a, _, _| b.unary(Unary::Cos, a[0]))
};

/// `tan`
pub static TAN: Function = Function {
    name: "tan",
    summary: "The tangent.",
    doc: "Of an angle in radians; infinite at odd multiples of pi / 2.",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * tan(x), 1)\n",
    parameters: &[Parameter::scalar("x", "real", "any number")],
    smoothness: Smoothness::Jump,
    references: &[
        (&[-2.3], 1.1192136417341325),
        (&[-0.37], -0.38786316165584905),
        (&[0.61], 0.6989188622773911),
        (&[3.9], 0.9474246499358927),
    ],
    ..Function::base(|b, a, _, _| b.unary(Unary::Tan, a[0]))
};

/// `atan`
pub static ATAN: Function = Function {
    name: "atan",
    summary: "The angle of a slope.",
    doc: "The inverse of tan, in radians, between -pi / 2 and pi / 2.",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * atan(x), 1)\n",
    parameters: &[Parameter::scalar("x", "real", "any number")],
    range: |x| x[0].map_increasing(f64::atan),
    references: &[
        (&[-2.3], -1.1606689862534056),
        (&[-0.37], -0.3543799191234378),
        (&[0.61], 0.5477400137159024),
        (&[3.9], 1.319793640151862),
    ],
    ..Function::base(|b, a, _, _| b.unary(Unary::Atan, a[0]))
};

/// `atan2`
pub static ATAN2: Function = Function {
    name: "atan2",
    summary: "The angle of a direction.",
    doc: "The angle of the point (x, y) seen from the origin, in radians between -pi and pi; jumps at negative x.",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * atan2(x, 2), 1)\n",
    parameters: &[
        Parameter::scalar("y", "real", "second coordinate"),
        Parameter::scalar("x", "real", "first coordinate"),
    ],
    range: |_| Interval::closed(-std::f64::consts::PI, std::f64::consts::PI),
    smoothness: Smoothness::Jump,
    references: &[
        (&[1.3, 0.4], 1.2722973952087173),
        (&[-0.7, -2.9], -2.904743892642873),
        (&[0.2, -1.1], 2.961739153797315),
    ],
    ..Function::base(|b, a, _, _| b.binary(Binary::Atan2, a[0], a[1]))
};

/// `tanh`
pub static TANH: Function = Function {
    name: "tanh",
    summary: "The hyperbolic tangent.",
    doc: "(exp(x) - exp(-x)) / (exp(x) + exp(-x)).",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * tanh(x), 1)\n",
    parameters: &[Parameter::scalar("x", "real", "any number")],
    range: |x| x[0].map_increasing(f64::tanh).intersect(Interval::open(-1.0, 1.0)),
    references: &[
        (&[-2.3], -0.9800963962661914),
        (&[-0.37], -0.35399171247704597),
        (&[0.61], 0.5441270988535675),
        (&[3.9], 0.999180865670028),
    ],
    ..Function::base(|b, a, _, _| b.unary(Unary::Tanh, a[0]))
};
