//! The Dirichlet distribution.

use rand::RngExt;
use rand_distr::Gamma;

use crate::graph::{Builder, Node};
use crate::library::formula::{sample, x_log_y};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Rank, Reference, Support};
use crate::numeric::random::Generator;

/// `dirichlet`
pub static DIRICHLET: Family = Family {
    name: "dirichlet",
    summary: "The Dirichlet distribution of a vector of probabilities.",
    doc: "Density Gamma(sum(a)) product(x^(a - 1) / Gamma(a)), with respect to all elements but one; a = concentration. \
          The mean is a / sum(a).",
    example: "dim obs, kind\ndata y[obs]: kind\nlatent p[kind] ~ dirichlet(1 over kind)\n\
              observe y ~ categorical(p)\n",
    rank: Rank::Vector,
    forms: &[Form::canonical(&[Parameter::vector(
        "concentration",
        "positive",
        "as if concentration - 1 had been seen",
    )])],
    support: Support::of("simplex"),
    references: &[
        Reference { arguments: &[1.9, 0.7, 3.1], value: &[0.13, 0.27, 0.6], log_density: 0.7585770415617814 },
        Reference {
            arguments: &[0.37, 0.6, 0.8],
            value: &[0.904, 0.09, 0.006],
            log_density: 0.5434207826954183,
        },
        Reference {
            arguments: &[2.0, 3.0, 5.5, 1.2],
            value: &[0.3, 0.15, 0.35, 0.2],
            log_density: 2.1635673627624623,
        },
    ],
    ..Family::base(log_density, Draw::Joint(|rng, a, _| draw(rng, &a[0])))
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let exponents = b.plus(a[0], -1.0);
    let powers = x_log_y(b, exponents, x);
    let powers = b.sum(powers, &over.axes);
    let constants = b.lgamma(a[0]);
    let constants = b.sum(constants, &over.axes);
    let sum = b.sum(a[0], &over.axes);
    let total = b.lgamma(sum);
    let density = b.add(total, powers);
    b.sub(density, constants)
}

/// Normalised gamma draws, in logs, since those of small shape underflow: log g(a) = log g(a + 1) + log(u) / a.
pub(super) fn draw(rng: &mut Generator, concentration: &[f64]) -> Vec<f64> {
    let logs: Vec<f64> = concentration
        .iter()
        .map(|&a| sample(rng, Gamma::new(a + 1.0, 1.0)).ln() + rng.random::<f64>().ln() / a)
        .collect();
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logs.iter().map(|log| (log - most).exp()).sum();
    logs.iter().map(|log| (log - most).exp() / sum).collect()
}
