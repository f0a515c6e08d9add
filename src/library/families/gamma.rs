//! The gamma distribution.

use rand_distr::Gamma;

use crate::graph::{Binary, Builder, Node};
use crate::library::formula::{sample, total};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference, Support};

/// `gamma`
pub static GAMMA: Family = Family {
    name: "gamma",
    summary: "The gamma distribution of positive numbers.",
    doc: "Density rate^shape x^(shape - 1) exp(-rate x) / Gamma(shape) for x > 0. `shape` has no unit; `rate` is in 1 / \
          the unit of x. The mean is shape / rate, and the standard deviation sqrt(shape) / rate.",
    example: "dim obs\ndata y[obs]: count\nlatent rate ~ gamma(2, 0.5)\nobserve y ~ poisson(rate)\n",
    forms: &[
        Form::canonical(&[
            Parameter::scalar("shape", "positive", "1 / (coefficient of variation)^2"),
            Parameter::scalar("rate", "positive", "shape / mean"),
        ]),
        Form::new(
            &[
                Parameter::scalar("mean", "positive", "its mean"),
                Parameter::scalar("sd", "positive", "its standard deviation"),
            ],
            |b, a, _| {
                let ratio = b.div(a[0], a[1]);
                let shape = b.square(ratio);
                vec![shape, b.div(shape, a[0])]
            },
        ),
    ],
    support: Support::of("positive"),
    quantile: Some(|b, a, p| {
        let log = b.binary(Binary::LogGammaQuantile, p, a[0]);
        let standard = b.exp(log);
        b.div(standard, a[1])
    }),
    moments: Some(|b, a, _| {
        let root = b.sqrt(a[0]);
        (b.div(a[0], a[1]), b.div(root, a[1]))
    }),
    references: &[
        Reference { arguments: &[1.9, 0.7], value: &[1.3], log_density: -1.3125702795397662 },
        Reference { arguments: &[0.37, 2.1], value: &[0.004], log_density: 2.8676903763182064 },
        Reference { arguments: &[15.0, 3.3], value: &[9.04], log_density: -6.29115571399497 },
    ],
    ..Family::base(log_density, Draw::Scalar(|rng, a| sample(rng, Gamma::new(a[0], 1.0 / a[1]))))
};

pub(super) fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let (log_rate, log_x) = (b.log(a[1]), b.log(x));
    let scaling = b.mul(a[0], log_rate);
    let exponent = b.plus(a[0], -1.0);
    let power = b.mul(exponent, log_x);
    let decay = b.mul(a[1], x);
    let (decay, constant) = (b.neg(decay), b.lgamma(a[0]));
    let constant = b.neg(constant);
    total(b, &[scaling, power, decay, constant])
}
