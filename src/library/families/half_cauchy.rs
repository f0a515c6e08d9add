//! The half-Cauchy distribution.

use std::f64::consts::{FRAC_PI_2, LN_2, PI};

use rand_distr::Cauchy;

use crate::graph::{Builder, Node, Unary};
use crate::library::formula::sample;
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference, Support};

use super::cauchy;

/// `half_cauchy`
pub static HALF_CAUCHY: Family = Family {
    name: "half_cauchy",
    summary: "The absolute value of a centred Cauchy value.",
    doc: "Density 2 / (pi scale (1 + (x / scale)^2)) for x > 0. `scale` is its median, in the unit of x.",
    example: "dim obs\ndata y[obs]: real\nlatent tau ~ half_cauchy(5)\nobserve y ~ normal(0, tau)\n",
    forms: &[Form::canonical(&[Parameter::scalar("scale", "positive", "its median")])],
    support: Support::of("positive"),
    log_cdf: Some(|b, a, x| {
        let z = b.div(x, a[0]);
        let angle = b.unary(Unary::Atan, z);
        let log = b.log(angle);
        b.plus(log, (2.0 / PI).ln())
    }),
    log_ccdf: Some(|b, a, x| {
        let z = b.div(x, a[0]);
        let tail = cauchy::log_tail(b, z);
        b.plus(tail, LN_2)
    }),
    quantile: Some(|b, a, p| {
        let angle = b.times(p, FRAC_PI_2);
        let z = b.unary(Unary::Tan, angle);
        b.mul(a[0], z)
    }),
    references: &[
        Reference { arguments: &[1.9], value: &[1.3], log_density: -1.4774356396751362 },
        Reference { arguments: &[0.37], value: &[900.0], log_density: -15.050624674294275 },
        Reference { arguments: &[15.0], value: &[0.04], log_density: -3.1596400174774923 },
    ],
    ..Family::base(log_density, Draw::Scalar(|rng, a| sample(rng, Cauchy::new(0.0, a[0])).abs()))
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let zero = b.constant(0.0);
    let density = cauchy::log_density(b, &[zero, a[0]], x, over);
    b.plus(density, LN_2)
}
