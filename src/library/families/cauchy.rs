//! The Cauchy distribution.

use std::f64::consts::PI;

use rand_distr::Cauchy;

use crate::graph::{Binary, Builder, Node, Unary};
use crate::library::formula::{sample, standardise};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference};

/// `cauchy`
pub static CAUCHY: Family = Family {
    name: "cauchy",
    summary: "The Cauchy distribution: tails so heavy that it has no mean.",
    doc: "Density 1 / (pi scale (1 + ((x - loc) / scale)^2)). `loc` is the median and `scale` half the distance \
          between the quartiles, both in the unit of x.",
    example: "dim obs\ndata y[obs]: real\nlatent mu ~ cauchy(0, 10)\nobserve y ~ normal(mu, 1)\n",
    forms: &[Form::canonical(&[
        Parameter::scalar("loc", "real", "its median"),
        Parameter::scalar("scale", "positive", "half the distance between its quartiles"),
    ])],
    log_cdf: Some(|b, a, x| {
        let z = standardise(b, x, a[0], a[1]);
        let mirrored = b.neg(z);
        log_tail(b, mirrored)
    }),
    log_ccdf: Some(|b, a, x| {
        let z = standardise(b, x, a[0], a[1]);
        log_tail(b, z)
    }),
    quantile: Some(|b, a, p| {
        let from_median = b.plus(p, -0.5);
        let angle = b.times(from_median, PI);
        let z = b.unary(Unary::Tan, angle);
        let spread = b.mul(a[1], z);
        b.add(a[0], spread)
    }),
    location_scale: Some((0, 1)),
    references: &[
        Reference { arguments: &[0.7, 1.9], value: &[-1.3], log_density: -2.5323391715506 },
        Reference { arguments: &[-4.2, 0.37], value: &[900.1], log_density: -15.753304654094963 },
        Reference { arguments: &[12.0, 15.0], value: &[-33.0], log_density: -6.155365179945656 },
    ],
    ..Family::base(log_density, Draw::Scalar(|rng, a| sample(rng, Cauchy::new(a[0], a[1]))))
};

/// log P(Z > z) = log(atan2(1, z) / pi), without cancellation in either tail.
pub(super) fn log_tail(b: &mut Builder, z: Node) -> Node {
    let one = b.constant(1.0);
    let angle = b.binary(Binary::Atan2, one, z);
    let log = b.log(angle);
    b.plus(log, -PI.ln())
}

pub(super) fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let z = standardise(b, x, a[0], a[1]);
    let square = b.square(z);
    let tails = b.log1p(square);
    let log_scale = b.log(a[1]);
    let both = b.add(tails, log_scale);
    let density = b.neg(both);
    b.plus(density, -PI.ln())
}
