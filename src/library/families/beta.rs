//! The beta distribution.

use rand_distr::Beta;

use crate::graph::{Builder, Node, Ternary, Unary};
use crate::library::formula::{from, log_beta, sample, total, x_log_one_minus_y, x_log_y};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference, Support};

/// `beta`
pub static BETA: Family = Family {
    name: "beta",
    summary: "The beta distribution of a probability.",
    doc: "Density x^(a - 1) (1 - x)^(b - 1) / B(a, b) for 0 <= x <= 1. As if a - 1 successes and b - 1 failures had been \
          seen; mean = a / (a + b), concentration = a + b.",
    example: "dim obs\ndata y[obs]: bool\nlatent p ~ beta(2, 2)\nobserve y ~ bernoulli(p)\n",
    forms: &[
        Form::canonical(&[
            Parameter::scalar("a", "positive", "pulls towards 1"),
            Parameter::scalar("b", "positive", "pulls towards 0"),
        ]),
        Form::new(
            &[
                Parameter::scalar("mean", "unit", "a / (a + b)"),
                Parameter::scalar("concentration", "positive", "a + b"),
            ],
            |b, a, _| {
                let rest = from(b, 1.0, a[0]);
                vec![b.mul(a[0], a[1]), b.mul(rest, a[1])]
            },
        ),
    ],
    support: Support::of("unit"),
    quantile: Some(|b, a, p| {
        let logit = b.ternary(Ternary::LogitBetaQuantile, [p, a[0], a[1]]);
        b.unary(Unary::Sigmoid, logit)
    }),
    moments: Some(|b, a, _| {
        let sum = b.add(a[0], a[1]);
        let mean = b.div(a[0], sum);
        let rest = from(b, 1.0, mean);
        let spread = b.mul(mean, rest);
        let next = b.plus(sum, 1.0);
        let variance = b.div(spread, next);
        (mean, b.sqrt(variance))
    }),
    references: &[
        Reference { arguments: &[1.9, 0.7], value: &[0.13], log_density: -1.6588912325334506 },
        Reference { arguments: &[0.37, 2.1], value: &[0.004], log_density: 2.8155368994695467 },
        Reference { arguments: &[15.0, 3.3], value: &[0.904], log_density: 1.3852117575032707 },
    ],
    ..Family::base(log_density, Draw::Scalar(|rng, a| sample(rng, Beta::new(a[0], a[1]))))
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let (ups, downs) = (b.plus(a[0], -1.0), b.plus(a[1], -1.0));
    let (up, down) = (x_log_y(b, ups, x), x_log_one_minus_y(b, downs, x));
    let constant = log_beta(b, a[0], a[1]);
    let constant = b.neg(constant);
    total(b, &[up, down, constant])
}
