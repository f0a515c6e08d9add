//! Conjugate pairs: a prior whose posterior, given data of the likelihood, is of the same family.

use crate::graph::{Builder, Node};

use super::formula::from;

/// A pair.
#[derive(Clone, Copy, Debug)]
pub struct Conjugacy {
    /// What it is called: prior and likelihood.
    pub name: &'static str,
    /// The family of the prior.
    pub prior: &'static str,
    /// The family of the data.
    pub likelihood: &'static str,
    /// Which canonical argument of the likelihood the latent is.
    pub argument: usize,
    /// Whether the latent may be multiplied by a known number there.
    pub scale: Scale,
    /// What one datum adds to each canonical argument of the prior: from the datum, the canonical arguments of the
    /// likelihood, and the number that the latent is multiplied by.
    pub adds: fn(&mut Builder, Node, &[Node], Node) -> [Node; 2],
}

/// Whether a latent may be multiplied by a known number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// It may: an exposure.
    Known,
    /// It may not.
    One,
}

/// The pairs.
pub static CONJUGACIES: &[Conjugacy] = &[
    Conjugacy {
        name: "beta-bernoulli",
        prior: "beta",
        likelihood: "bernoulli",
        argument: 0,
        scale: Scale::One,
        adds: |b, y, _, _| [y, from(b, 1.0, y)],
    },
    Conjugacy {
        name: "beta-binomial",
        prior: "beta",
        likelihood: "binomial",
        argument: 1,
        scale: Scale::One,
        adds: |b, y, a, _| [y, b.sub(a[0], y)],
    },
    Conjugacy {
        name: "beta-geometric",
        prior: "beta",
        likelihood: "geometric",
        argument: 0,
        scale: Scale::One,
        adds: |b, y, _, _| [b.constant(1.0), y],
    },
    Conjugacy {
        name: "gamma-poisson",
        prior: "gamma",
        likelihood: "poisson",
        argument: 0,
        scale: Scale::Known,
        adds: |_, y, _, exposure| [y, exposure],
    },
    Conjugacy {
        name: "gamma-exponential",
        prior: "gamma",
        likelihood: "exponential",
        argument: 0,
        scale: Scale::Known,
        adds: |b, y, _, scale| [b.constant(1.0), b.mul(y, scale)],
    },
];

/// The pair of two families.
pub fn conjugacy(prior: &str, likelihood: &str) -> Option<&'static Conjugacy> {
    CONJUGACIES.iter().find(|row| row.prior == prior && row.likelihood == likelihood)
}
