//! The exponential distribution.

use rand_distr::Exp;

use crate::graph::{Builder, Node};
use crate::library::formula::{log_one_minus_exp, sample};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference, Support};

/// `exponential`
pub static EXPONENTIAL: Family = Family {
    name: "exponential",
    summary: "The waiting time for an event of constant rate.",
    doc: "Density rate exp(-rate x) for x > 0. `rate` is in 1 / the unit of x; the mean is 1 / rate.",
    example: "dim obs\ndata y[obs]: real\nlatent sigma ~ exponential(1)\nobserve y ~ normal(0, sigma)\n",
    forms: &[Form::canonical(&[Parameter::scalar("rate", "positive", "1 / mean")])],
    support: Support::of("positive"),
    log_cdf: Some(|b, a, x| {
        let decay = b.mul(a[0], x);
        log_one_minus_exp(b, decay)
    }),
    log_ccdf: Some(|b, a, x| {
        let decay = b.mul(a[0], x);
        b.neg(decay)
    }),
    quantile: Some(|b, a, p| {
        let negative = b.neg(p);
        let log_rest = b.log1p(negative);
        let decay = b.neg(log_rest);
        b.div(decay, a[0])
    }),
    moments: Some(|b, a, _| {
        let mean = b.reciprocal(a[0]);
        (mean, mean)
    }),
    references: &[
        Reference { arguments: &[1.9], value: &[1.3], log_density: -1.8281461138276054 },
        Reference { arguments: &[0.37], value: &[90.0], log_density: -34.29425227334387 },
        Reference { arguments: &[15.0], value: &[0.04], log_density: 2.10805020110221 },
    ],
    ..Family::base(log_density, Draw::Scalar(|rng, a| sample(rng, Exp::new(a[0]))))
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let (log_rate, decay) = (b.log(a[0]), b.mul(a[0], x));
    b.sub(log_rate, decay)
}
