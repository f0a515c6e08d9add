//! The log-normal distribution.

use rand_distr::LogNormal;

use crate::graph::{Builder, Node, Unary};
use crate::library::Quadratic;
use crate::library::formula::{normal_kernel, sample, standardise};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference, Support};

/// `lognormal`
pub static LOGNORMAL: Family = Family {
    name: "lognormal",
    summary: "The distribution of exp(z) where z is normal.",
    doc: "Density exp(-((log x - mean_log) / sd_log)^2 / 2) / (x sd_log sqrt(2 pi)) for x > 0. Its median is \
          exp(mean_log).",
    example: "dim obs\ndata y[obs]: positive\nlatent m ~ normal(0, 2)\nobserve y ~ lognormal(m, 0.5)\n",
    forms: &[Form::canonical(&[
        Parameter::scalar("mean_log", "real", "mean of log x"),
        Parameter::scalar("sd_log", "positive", "standard deviation of log x"),
    ])],
    support: Support::of("positive"),
    log_cdf: Some(|b, a, x| {
        let z = standardised_log(b, a, x);
        b.unary(Unary::LogNormalCdf, z)
    }),
    log_ccdf: Some(|b, a, x| {
        let z = standardised_log(b, a, x);
        let mirrored = b.neg(z);
        b.unary(Unary::LogNormalCdf, mirrored)
    }),
    quantile: Some(|b, a, p| {
        let z = b.unary(Unary::NormalQuantile, p);
        let spread = b.mul(a[1], z);
        let log = b.add(a[0], spread);
        b.exp(log)
    }),
    quadratic: &[Quadratic::Argument(0)],
    moments: Some(|b, a, _| {
        let variance = b.square(a[1]);
        let half = b.times(variance, 0.5);
        let log_mean = b.add(a[0], half);
        let mean = b.exp(log_mean);
        let relative = b.unary(Unary::Expm1, variance);
        let relative = b.sqrt(relative);
        (mean, b.mul(mean, relative))
    }),
    references: &[
        Reference { arguments: &[0.7, 1.9], value: &[1.3], log_density: -1.84968369728155 },
        Reference { arguments: &[-1.2, 0.37], value: &[0.04], log_density: -11.59207630875907 },
        Reference { arguments: &[2.0, 0.6], value: &[190.0], log_density: -20.298422155473705 },
    ],
    ..Family::base(log_density, Draw::Scalar(|rng, a| sample(rng, LogNormal::new(a[0], a[1]))))
};

fn standardised_log(b: &mut Builder, a: &[Node], x: Node) -> Node {
    let log = b.log(x);
    standardise(b, log, a[0], a[1])
}

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let log = b.log(x);
    let z = standardise(b, log, a[0], a[1]);
    let density = normal_kernel(b, z, a[1]);
    b.sub(density, log)
}
