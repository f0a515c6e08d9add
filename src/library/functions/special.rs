//! Gamma, beta and error functions.

use crate::graph::Unary;
use crate::library::formula;
use crate::library::interval::{Bound, Grain, Interval};
use crate::library::spec::{Function, Parameter, Smoothness};

/// `lgamma`
pub static LGAMMA: Function = Function {
    name: "lgamma",
    summary: "log of the gamma function.",
    doc: "log Gamma(x); lgamma(n + 1) is log n!.",
    example: "dim obs\ndata x[obs]: positive\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * lgamma(x), 1)\n",
    parameters: &[Parameter::scalar("x", "positive", "a positive number")],
    references: &[
        (&[0.013], 4.335440242151058),
        (&[0.37], 0.8769468194848793),
        (&[1.9], -0.03898427592308336),
        (&[41.0], 110.32063971475739),
    ],
    ..Function::base(|b, a, _, _| b.lgamma(a[0]))
};

/// `lbeta`
pub static LBETA: Function = Function {
    name: "lbeta",
    summary: "log of the beta function.",
    doc: "log B(x, y) = lgamma(x) + lgamma(y) - lgamma(x + y).",
    example: "dim obs\ndata x[obs]: positive\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * lbeta(x, 2.5), 1)\n",
    parameters: &[
        Parameter::scalar("x", "positive", "a positive number"),
        Parameter::scalar("y", "positive", "a positive number"),
    ],
    references: &[
        (&[0.37, 1.9], 0.7015288363425152),
        (&[4.1, 0.06], 2.7041148749999318),
        (&[23.0, 71.5], -52.948400499796186),
    ],
    ..Function::base(|b, a, _, _| formula::log_beta(b, a[0], a[1]))
};

/// `log_choose`
pub static LOG_CHOOSE: Function = Function {
    name: "log_choose",
    summary: "log of a binomial coefficient.",
    doc: "log of the number of ways to choose k of n; -inf where k is not among 0..n.",
    example: "dim obs\ndata x[obs]: count\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * log_choose(x, 2), 1)\n",
    parameters: &[
        Parameter::scalar("n", "nonneg", "how many there are"),
        Parameter::scalar("k", "real", "how many are chosen"),
    ],
    range: |_| Interval::new(f64::NEG_INFINITY, f64::INFINITY, Bound::Closed, Bound::Open, Grain::Real),
    smoothness: Smoothness::Jump,
    references: &[(&[7.0, 3.0], 3.5553480614894135), (&[113.0, 29.0], 61.89720435681876), (&[2.0, 2.0], 0.0)],
    ..Function::base(|b, a, _, _| formula::log_choose(b, a[0], a[1]))
};

/// `erf`
pub static ERF: Function = Function {
    name: "erf",
    summary: "The error function.",
    doc: "2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * erf(x), 1)\n",
    parameters: &[Parameter::scalar("x", "real", "any number")],
    range: |_| Interval::open(-1.0, 1.0),
    references: &[
        (&[-1.3], -0.9340079449406524),
        (&[-0.037], -0.0417309850746282),
        (&[0.61], 0.6116812188758802),
        (&[2.2], 0.9981371537020182),
    ],
    ..Function::base(|b, a, _, _| b.unary(Unary::Erf, a[0]))
};
