//! The Bernoulli distribution.

use rand::RngExt;

use crate::graph::{Builder, Node};
use crate::library::formula::{from, log_probability};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference, Support, ValueKind};

/// `bernoulli`
pub static BERNOULLI: Family = Family {
    name: "bernoulli",
    summary: "One event that happens or does not.",
    doc: "Probability p of 1 and 1 - p of 0. `logit` is log(p / (1 - p)), and is accurate where p is near 0 or 1.",
    example: "dim obs\ndata y[obs]: bool\nlatent p ~ beta(1, 1)\nobserve y ~ bernoulli(p)\n",
    kind: ValueKind::Bool,
    forms: &[
        Form::canonical(&[Parameter::scalar("p", "unit", "probability of 1")]),
        Form::new(&[Parameter::scalar("logit", "real", "log odds of 1")], |b, a, _| vec![b.sigmoid(a[0])])
            .with_density(|b, a, x, _| {
                let (chosen, normaliser) = (b.mul(x, a[0]), b.softplus(a[0]));
                b.sub(chosen, normaliser)
            }),
    ],
    support: Support::of("bool"),
    moments: Some(|b, a, _| {
        let rest = from(b, 1.0, a[0]);
        let variance = b.mul(a[0], rest);
        (a[0], b.sqrt(variance))
    }),
    references: &[
        Reference { arguments: &[0.13], value: &[1.0], log_density: -2.0402208285265546 },
        Reference { arguments: &[0.37], value: &[0.0], log_density: -0.4620354595965587 },
        Reference { arguments: &[0.996], value: &[0.0], log_density: -5.521460917862245 },
    ],
    ..Family::base(log_density, Draw::Scalar(|rng, a| f64::from(rng.random::<f64>() < a[0])))
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let rest = from(b, 1.0, a[0]);
    let chosen = b.select(x, a[0], rest);
    log_probability(b, chosen)
}
