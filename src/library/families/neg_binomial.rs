//! The negative binomial distribution.

use rand_distr::Gamma;

use crate::graph::{Builder, Node};
use crate::library::formula::{log_factorial, sample};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference, Support, ValueKind};

use super::poisson;

const SHAPE: Parameter = Parameter::scalar("shape", "positive", "the smaller, the more dispersed");

/// `neg_binomial`
pub static NEG_BINOMIAL: Family = Family {
    name: "neg_binomial",
    summary: "A Poisson count whose mean is gamma distributed.",
    doc: "Probability Gamma(x + shape) / (Gamma(shape) x!) (mean / (mean + shape))^x (shape / (mean + shape))^shape. The \
          variance is mean + mean^2 / shape. `log` is log(mean).",
    example: "dim obs\ndata y[obs]: count\nlatent m ~ gamma(2, 0.1)\nlatent s ~ gamma(2, 0.1)\n\
              observe y ~ neg_binomial(m, s)\n",
    kind: ValueKind::Count,
    forms: &[
        Form::canonical(&[Parameter::scalar("mean", "positive", "its mean"), SHAPE]),
        Form::new(&[Parameter::scalar("log", "real", "log of the mean"), SHAPE], |b, a, _| {
            vec![b.exp(a[0]), a[1]]
        })
        .with_density(|b, a, x, _| with_log_mean(b, a[0], a[1], x)),
    ],
    support: Support::of("count"),
    moments: Some(|b, a, _| {
        let square = b.square(a[0]);
        let extra = b.div(square, a[1]);
        let variance = b.add(a[0], extra);
        (a[0], b.sqrt(variance))
    }),
    references: &[
        Reference { arguments: &[0.7, 1.9], value: &[3.0], log_density: -3.256726821650716 },
        Reference { arguments: &[41.3, 0.6], value: &[129.0], log_density: -6.751364858167482 },
        Reference { arguments: &[3.1, 17.0], value: &[0.0], log_density: -2.8476100071498394 },
    ],
    ..Family::base(
        log_density,
        Draw::Scalar(|rng, a| {
            let mean = sample(rng, Gamma::new(a[1], a[0] / a[1]));
            poisson::draw(rng, &[mean])
        }),
    )
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let log_mean = b.log(a[0]);
    with_log_mean(b, log_mean, a[1], x)
}

/// With odds = log(mean) - log(shape): x log(mean / (mean + shape)) = -x softplus(-odds), and
/// shape log(shape / (mean + shape)) = -shape softplus(odds).
fn with_log_mean(b: &mut Builder, log_mean: Node, shape: Node, x: Node) -> Node {
    let log_shape = b.log(shape);
    let odds = b.sub(log_mean, log_shape);
    let mirrored = b.neg(odds);
    let (up, down) = (b.softplus(mirrored), b.softplus(odds));
    let (up, down) = (b.mul(x, up), b.mul(shape, down));
    let cost = b.add(up, down);
    let sum = b.add(x, shape);
    let (upper, lower, orders) = (b.lgamma(sum), b.lgamma(shape), log_factorial(b, x));
    let ways = b.sub(upper, lower);
    let ways = b.sub(ways, orders);
    b.sub(ways, cost)
}
