//! The Gumbel distribution.

use std::f64::consts::PI;

use rand_distr::Gumbel;

use crate::graph::{Builder, Node};
use crate::library::formula::{log_one_minus_exp, sample, standardise, total};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference};

const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

/// `gumbel`
pub static GUMBEL: Family = Family {
    name: "gumbel",
    summary: "The Gumbel distribution of the largest of many values.",
    doc: "Density exp(-z - exp(-z)) / scale with z = (x - loc) / scale. `loc` is its mode.",
    example: "dim obs\ndata y[obs]: real\nlatent mu ~ normal(0, 10)\nobserve y ~ gumbel(mu, 2)\n",
    forms: &[Form::canonical(&[
        Parameter::scalar("loc", "real", "its mode"),
        Parameter::scalar("scale", "positive", "its scale"),
    ])],
    log_cdf: Some(|b, a, x| {
        let rate = rate_above(b, a, x);
        b.neg(rate)
    }),
    log_ccdf: Some(|b, a, x| {
        let rate = rate_above(b, a, x);
        log_one_minus_exp(b, rate)
    }),
    quantile: Some(|b, a, p| {
        let log = b.log(p);
        let rate = b.neg(log);
        let z = b.log(rate);
        let spread = b.mul(a[1], z);
        b.sub(a[0], spread)
    }),
    location_scale: Some((0, 1)),
    moments: Some(|b, a, _| {
        let shift = b.times(a[1], EULER_GAMMA);
        (b.add(a[0], shift), b.times(a[1], PI / 6.0_f64.sqrt()))
    }),
    references: &[
        Reference { arguments: &[0.7, 1.9], value: &[-1.3], log_density: -2.4544034634087146 },
        Reference { arguments: &[-4.2, 0.37], value: &[9.1], log_density: -34.95169367260208 },
        Reference { arguments: &[12.0, 15.0], value: &[-33.0], log_density: -19.79358712428988 },
    ],
    ..Family::base(log_density, Draw::Scalar(|rng, a| sample(rng, Gumbel::new(a[0], a[1]))))
};

/// exp(-z), the expected number of values above x.
fn rate_above(b: &mut Builder, a: &[Node], x: Node) -> Node {
    let z = standardise(b, x, a[0], a[1]);
    let mirrored = b.neg(z);
    b.exp(mirrored)
}

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let z = standardise(b, x, a[0], a[1]);
    let mirrored = b.neg(z);
    let (rate, log_scale) = (b.exp(mirrored), b.log(a[1]));
    let (decay, width) = (b.neg(rate), b.neg(log_scale));
    total(b, &[mirrored, decay, width])
}
