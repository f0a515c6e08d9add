//! The Poisson distribution.

use rand_distr::Poisson;

use crate::graph::{Builder, Node};
use crate::library::formula::{log_factorial, sample, x_log_y};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference, Support, ValueKind};

/// `poisson`
pub static POISSON: Family = Family {
    name: "poisson",
    summary: "The number of independent events in a stretch of time or space.",
    doc: "Probability mean^x exp(-mean) / x!. `log` is log(mean), and does not overflow on the way.",
    example: "dim obs\ndata y[obs]: count\nlatent rate ~ gamma(1, 1)\nobserve y ~ poisson(rate)\n",
    kind: ValueKind::Count,
    forms: &[
        Form::canonical(&[Parameter::scalar("mean", "nonneg", "expected number of events")]),
        Form::new(&[Parameter::scalar("log", "real", "log of the mean")], |b, a, _| vec![b.exp(a[0])])
            .with_density(|b, a, x, _| {
                let (events, mean) = (b.mul(x, a[0]), b.exp(a[0]));
                finish(b, events, mean, x)
            }),
    ],
    support: Support::of("count"),
    moments: Some(|b, a, _| (a[0], b.sqrt(a[0]))),
    references: &[
        Reference { arguments: &[0.7], value: &[3.0], log_density: -3.561784301044252 },
        Reference { arguments: &[41.3], value: &[29.0], log_density: -4.652026468125385 },
        Reference { arguments: &[0.004], value: &[0.0], log_density: -0.004 },
    ],
    ..Family::base(log_density, Draw::Scalar(draw))
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let events = x_log_y(b, x, a[0]);
    finish(b, events, a[0], x)
}

fn finish(b: &mut Builder, events: Node, mean: Node, x: Node) -> Node {
    let (without, orders) = (b.sub(events, mean), log_factorial(b, x));
    b.sub(without, orders)
}

/// `rand_distr` refuses a mean of 0.
pub(super) fn draw(rng: &mut crate::numeric::random::Generator, a: &[f64]) -> f64 {
    if a[0] == 0.0 { 0.0 } else { sample(rng, Poisson::new(a[0])) }
}
