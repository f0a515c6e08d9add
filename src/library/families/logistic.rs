//! The logistic distribution.

use std::f64::consts::PI;

use rand::RngExt;

use crate::graph::{Builder, Node};
use crate::library::formula::{log_sigmoid, logit, standardise, total};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference};

/// `logistic`
pub static LOGISTIC: Family = Family {
    name: "logistic",
    summary: "The logistic distribution.",
    doc: "Density exp(-z) / (scale (1 + exp(-z))^2) with z = (x - loc) / scale. Its standard deviation is \
          scale pi / sqrt(3).",
    example: "dim obs\ndata y[obs]: real\nlatent mu ~ logistic(0, 1)\nobserve y ~ normal(mu, 1)\n",
    forms: &[Form::canonical(&[
        Parameter::scalar("loc", "real", "its mean"),
        Parameter::scalar("scale", "positive", "its scale"),
    ])],
    log_cdf: Some(|b, a, x| {
        let z = standardise(b, x, a[0], a[1]);
        log_sigmoid(b, z)
    }),
    log_ccdf: Some(|b, a, x| {
        let z = standardise(b, x, a[0], a[1]);
        let softplus = b.softplus(z);
        b.neg(softplus)
    }),
    quantile: Some(|b, a, p| {
        let z = logit(b, p);
        let spread = b.mul(a[1], z);
        b.add(a[0], spread)
    }),
    location_scale: Some((0, 1)),
    moments: Some(|b, a, _| (a[0], b.times(a[1], PI / 3.0_f64.sqrt()))),
    references: &[
        Reference { arguments: &[0.7, 1.9], value: &[-1.3], log_density: -2.293239410987285 },
        Reference { arguments: &[-4.2, 0.37], value: &[900.1], log_density: -2443.05980178071 },
        Reference { arguments: &[12.0, 15.0], value: &[-3300.0], log_density: -223.5080502011022 },
    ],
    ..Family::base(
        log_density,
        Draw::Scalar(|rng, a| {
            let p: f64 = rng.random();
            a[0] + a[1] * (p.ln() - (-p).ln_1p())
        }),
    )
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let z = standardise(b, x, a[0], a[1]);
    let (below, softplus, log_scale) = (log_sigmoid(b, z), b.softplus(z), b.log(a[1]));
    let (above, width) = (b.neg(softplus), b.neg(log_scale));
    total(b, &[below, above, width])
}
