//! The Pareto distribution.

use rand_distr::Pareto;

use crate::graph::{Builder, Node};
use crate::library::formula::{log_one_minus_exp, sample, total};
use crate::library::spec::{Draw, End, Family, Form, Over, Parameter, Reference, Support};

/// `pareto`
pub static PARETO: Family = Family {
    name: "pareto",
    summary: "A power law above a least value.",
    doc: "Density shape low^shape / x^(shape + 1) for x >= low.",
    example: "dim obs\ndata y[obs]: real(1..)\nlatent a ~ gamma(2, 1)\nobserve y ~ pareto(1, a)\n",
    forms: &[Form::canonical(&[
        Parameter::scalar("low", "positive", "its least value"),
        Parameter::scalar("shape", "positive", "the larger, the lighter the tail"),
    ])],
    support: Support { domain: "lower", ends: [End::Argument(0), End::None] },
    log_cdf: Some(|b, a, x| {
        let decay = decay(b, a, x);
        log_one_minus_exp(b, decay)
    }),
    log_ccdf: Some(|b, a, x| {
        let decay = decay(b, a, x);
        b.neg(decay)
    }),
    quantile: Some(|b, a, p| {
        let negative = b.neg(p);
        let log_rest = b.log1p(negative);
        let log = b.div(log_rest, a[1]);
        let negative = b.neg(log);
        let relative = b.exp(negative);
        b.mul(a[0], relative)
    }),
    references: &[
        Reference { arguments: &[0.7, 1.9], value: &[1.3], log_density: -0.7966848742669213 },
        Reference { arguments: &[2.1, 0.67], value: &[300.0], log_density: -9.428696278304297 },
        Reference { arguments: &[3.3, 6.0], value: &[3.9], log_density: -0.5715415918865433 },
    ],
    ..Family::base(log_density, Draw::Scalar(|rng, a| sample(rng, Pareto::new(a[0], a[1]))))
};

/// shape log(x / low)
fn decay(b: &mut Builder, a: &[Node], x: Node) -> Node {
    let (log_x, log_low) = (b.log(x), b.log(a[0]));
    let relative = b.sub(log_x, log_low);
    b.mul(a[1], relative)
}

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let decay = decay(b, a, x);
    let (log_shape, log_x) = (b.log(a[1]), b.log(x));
    let (decay, jacobian) = (b.neg(decay), b.neg(log_x));
    total(b, &[log_shape, decay, jacobian])
}
