//! Exponentials, logarithms and roots.

use crate::graph::Unary;
use crate::library::interval::Interval;
use crate::library::spec::{Function, Parameter};

/// `exp`
pub static EXP: Function = Function {
    name: "exp",
    summary: "The exponential function.",
    doc: "e^x.",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * exp(x), 1)\n",
    parameters: &[Parameter::scalar("x", "real", "any number")],
    range: |x| x[0].map_increasing(f64::exp).intersect(Interval::POSITIVE),
    references: &[
        (&[-2.3], 0.10025884372280375),
        (&[-0.37], 0.6907343306373547),
        (&[0.61], 1.8404313987816374),
        (&[3.9], 49.40244910553017),
    ],
    ..Function::base(|b, a, _, _| b.exp(a[0]))
};

/// `log`
pub static LOG: Function = Function {
    name: "log",
    summary: "The natural logarithm.",
    doc: "The inverse of exp; -inf at 0.",
    example: "dim obs\ndata x[obs]: positive\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * log(x), 1)\n",
    parameters: &[Parameter::scalar("x", "nonneg", "a number of 0 or more")],
    range: |x| x[0].map_increasing(f64::ln),
    references: &[
        (&[0.013], -4.3428059215206005),
        (&[0.37], -0.9942522733438669),
        (&[1.9], 0.6418538861723947),
        (&[41.0], 3.713572066704308),
    ],
    ..Function::base(|b, a, _, _| b.log(a[0]))
};

/// `log10`
pub static LOG10: Function = Function {
    name: "log10",
    summary: "The logarithm to base 10.",
    doc: "log(x) / log(10).",
    example: "dim obs\ndata x[obs]: positive\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * log10(x), 1)\n",
    parameters: &[Parameter::scalar("x", "nonneg", "a number of 0 or more")],
    range: |x| x[0].map_increasing(f64::log10),
    references: &[
        (&[0.013], -1.8860566476931633),
        (&[0.37], -0.431798275933005),
        (&[1.9], 0.2787536009528289),
        (&[41.0], 1.6127838567197355),
    ],
    ..Function::base(|b, a, _, _| {
        let log = b.log(a[0]);
        b.times(log, std::f64::consts::LOG10_E)
    })
};

/// `log1p`
pub static LOG1P: Function = Function {
    name: "log1p",
    summary: "log(1 + x), accurate for small x.",
    doc: "The inverse of expm1; x must be above -1.",
    example: "dim obs\ndata x[obs]: positive\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * log1p(x), 1)\n",
    parameters: &[Parameter::scalar("x", "real", "any number")],
    range: |x| x[0].map_increasing(f64::ln_1p),
    references: &[
        (&[-0.63], -0.9942522733438669),
        (&[1.0e-12], 9.999999999995e-13),
        (&[0.37], 0.31481073984003355),
        (&[19.0], 2.995732273553991),
    ],
    ..Function::base(|b, a, _, _| b.log1p(a[0]))
};

/// `expm1`
pub static EXPM1: Function = Function {
    name: "expm1",
    summary: "exp(x) - 1, accurate for small x.",
    doc: "The inverse of log1p.",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * expm1(x), 1)\n",
    parameters: &[Parameter::scalar("x", "real", "any number")],
    range: |x| x[0].map_increasing(f64::exp_m1),
    references: &[
        (&[-2.3], -0.8997411562771962),
        (&[1.0e-12], 1.0000000000005e-12),
        (&[0.61], 0.8404313987816374),
        (&[3.9], 48.40244910553017),
    ],
    ..Function::base(|b, a, _, _| b.unary(Unary::Expm1, a[0]))
};

/// `sqrt`
pub static SQRT: Function = Function {
    name: "sqrt",
    summary: "The square root.",
    doc: "x^0.5.",
    example: "dim obs\ndata x[obs]: nonneg\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * sqrt(x), 1)\n",
    parameters: &[Parameter::scalar("x", "nonneg", "a number of 0 or more")],
    range: |x| x[0].map_increasing(f64::sqrt),
    references: &[
        (&[0.013], 0.11401754250991379),
        (&[0.37], 0.6082762530298219),
        (&[1.9], 1.378404875209022),
        (&[41.0], 6.4031242374328485),
    ],
    ..Function::base(|b, a, _, _| b.sqrt(a[0]))
};
