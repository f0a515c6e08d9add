//! The categorical distribution.

use rand::RngExt;

use crate::graph::{Builder, Node};
use crate::library::formula::log_probability;
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference, Support, ValueKind};
use crate::numeric::random::Generator;

/// `categorical`
pub static CATEGORICAL: Family = Family {
    name: "categorical",
    summary: "One element of a dim, by its probabilities.",
    doc: "Probability p[x] for the element x of the dim that p is over. `logit` is log p up to a constant.",
    example: "dim obs, kind\ndata y[obs]: kind\nlatent p[kind] ~ dirichlet(1 over kind)\n\
              observe y ~ categorical(p)\n",
    kind: ValueKind::Index,
    forms: &[
        Form::canonical(&[Parameter::vector("p", "simplex", "probability of each element")]),
        Form::new(
            &[Parameter::vector("logit", "real", "log probabilities up to a constant")],
            |b, a, over| {
                let log = normalised(b, a[0], over);
                vec![b.exp(log)]
            },
        )
        .with_density(|b, a, x, over| {
            let logit = b.expand(a[0], &over.axes);
            let normaliser = b.log_sum_exp(logit, &over.axes);
            let chosen = b.gather(logit, &[(over.axes[0], x)]);
            b.sub(chosen, normaliser)
        }),
    ],
    support: Support::of("index"),
    references: &[
        Reference { arguments: &[0.13, 0.27, 0.6], value: &[1.0], log_density: -1.3093333199837622 },
        Reference { arguments: &[0.13, 0.27, 0.6], value: &[2.0], log_density: -0.5108256237659907 },
        Reference { arguments: &[0.07, 0.53, 0.1, 0.3], value: &[0.0], log_density: -2.659260036932778 },
    ],
    reference_source: "mpmath 1.4",
    ..Family::base(log_density, Draw::Joint(|rng, a, _| vec![draw(rng, &a[0])]))
};

fn normalised(b: &mut Builder, logit: Node, over: &Over) -> Node {
    let logit = b.expand(logit, &over.axes);
    let normaliser = b.log_sum_exp(logit, &over.axes);
    b.sub(logit, normaliser)
}

fn log_density(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let p = b.expand(a[0], &over.axes);
    let chosen = b.gather(p, &[(over.axes[0], x)]);
    log_probability(b, chosen)
}

/// A position by its (unnormalised) weight.
pub(super) fn draw(rng: &mut Generator, weights: &[f64]) -> f64 {
    let mut left = rng.random::<f64>() * weights.iter().sum::<f64>();
    let chosen = weights.iter().position(|weight| {
        left -= weight;
        left < 0.0
    });
    chosen.unwrap_or(weights.len().saturating_sub(1)) as f64
}
