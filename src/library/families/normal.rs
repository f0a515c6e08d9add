//! The normal distribution.

use rand_distr::Normal;

use crate::graph::{Builder, Node, Unary};
use crate::library::Quadratic;
use crate::library::formula::{normal_kernel, sample, standardise};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference};

const MEAN: Parameter = Parameter::scalar("mean", "real", "its centre");

/// `normal`
pub static NORMAL: Family = Family {
    name: "normal",
    summary: "The normal (Gaussian) distribution.",
    doc: "Density exp(-((x - mean) / sd)^2 / 2) / (sd sqrt(2 pi)). `sd` has the unit of x; `variance` is sd^2 and \
          `precision` is 1 / sd^2.",
    example: "dim obs\ndata y[obs]: real\nlatent mu ~ normal(0, 10)\nobserve y ~ normal(mu, 1)\n",
    forms: &[
        Form::canonical(&[MEAN, Parameter::scalar("sd", "positive", "its standard deviation")]),
        Form::new(&[MEAN, Parameter::scalar("precision", "positive", "1 / sd^2")], |b, a, _| {
            let variance = b.reciprocal(a[1]);
            vec![a[0], b.sqrt(variance)]
        }),
        Form::new(&[MEAN, Parameter::scalar("variance", "positive", "sd^2")], |b, a, _| {
            vec![a[0], b.sqrt(a[1])]
        }),
    ],
    log_cdf: Some(|b, a, x| {
        let z = standardise(b, x, a[0], a[1]);
        b.unary(Unary::LogNormalCdf, z)
    }),
    log_ccdf: Some(|b, a, x| {
        let z = standardise(b, x, a[0], a[1]);
        let mirrored = b.neg(z);
        b.unary(Unary::LogNormalCdf, mirrored)
    }),
    quantile: Some(|b, a, p| {
        let z = b.unary(Unary::NormalQuantile, p);
        let spread = b.mul(a[1], z);
        b.add(a[0], spread)
    }),
    location_scale: Some((0, 1)),
    quadratic: &[Quadratic::Value, Quadratic::Argument(0)],
    moments: Some(|_, a, _| (a[0], a[1])),
    references: &[
        Reference { arguments: &[0.7, 1.9], value: &[-1.3], log_density: -2.1148090398756825 },
        Reference { arguments: &[-4.2, 0.37], value: &[9.1], log_density: -645.980201234295 },
        Reference { arguments: &[12.0, 150.0], value: &[-33.0], log_density: -5.974573827300929 },
    ],
    ..Family::base(log_density, Draw::Scalar(|rng, a| sample(rng, Normal::new(a[0], a[1]))))
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let z = standardise(b, x, a[0], a[1]);
    normal_kernel(b, z, a[1])
}
