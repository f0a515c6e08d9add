//! The Laplace distribution.

use std::f64::consts::{LN_2, SQRT_2};

use rand::RngExt;

use crate::graph::{Binary, Builder, Node, Unary};
use crate::library::formula::standardise;
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference};

/// `laplace`
pub static LAPLACE: Family = Family {
    name: "laplace",
    summary: "The Laplace (double exponential) distribution.",
    doc: "Density exp(-|x - loc| / scale) / (2 scale). `scale` is the mean distance from `loc`, in the unit of x.",
    example: "dim obs\ndata y[obs]: real\nlatent mu ~ laplace(0, 2)\nobserve y ~ normal(mu, 1)\n",
    forms: &[Form::canonical(&[
        Parameter::scalar("loc", "real", "its median"),
        Parameter::scalar("scale", "positive", "mean distance from the median"),
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
        let negative = b.neg(p);
        let rest = b.plus(negative, 1.0);
        let nearest = b.binary(Binary::Min, p, rest);
        let double = b.times(nearest, 2.0);
        let log = b.log(double);
        let side = b.plus(p, -0.5);
        let side = b.unary(Unary::Sign, side);
        let signed = b.mul(side, log);
        let spread = b.mul(a[1], signed);
        b.sub(a[0], spread)
    }),
    location_scale: Some((0, 1)),
    corner: Some(0),
    moments: Some(|b, a, _| (a[0], b.times(a[1], SQRT_2))),
    references: &[
        Reference { arguments: &[0.7, 1.9], value: &[-1.3], log_density: -2.3876326456797083 },
        Reference { arguments: &[-4.2, 0.37], value: &[9.1], log_density: -35.64484085316203 },
        Reference { arguments: &[12.0, 15.0], value: &[-33.0], log_density: -6.401197381662156 },
    ],
    ..Family::base(
        log_density,
        Draw::Scalar(|rng, a| {
            let side = 2.0 * rng.random::<f64>() - 1.0;
            a[0] - a[1] * side.signum() * (-side.abs()).ln_1p()
        }),
    )
};

/// log P(Z > z): -z - log 2 above 0, log(1 - exp(z) / 2) below.
fn log_tail(b: &mut Builder, z: Node) -> Node {
    let zero = b.constant(0.0);
    let below = b.less(z, zero);
    let (under, over) = (b.select(below, z, zero), b.select(below, zero, z));
    let share = b.exp(under);
    let share = b.times(share, -0.5);
    let under = b.log1p(share);
    let over = b.neg(over);
    let over = b.plus(over, -LN_2);
    b.select(below, under, over)
}

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let z = standardise(b, x, a[0], a[1]);
    let distance = b.unary(Unary::Abs, z);
    let log_scale = b.log(a[1]);
    let both = b.add(distance, log_scale);
    let density = b.neg(both);
    b.plus(density, -LN_2)
}
