//! Conjugate pairs: a prior whose posterior, given data of the likelihood, is of the same family.

use crate::graph::{Builder, Node};

use super::formula::from;

/// Numbers that determine a member of a prior's family, and that data add to.
#[derive(Clone, Copy, Debug)]
pub struct Natural {
    /// From the canonical arguments.
    pub of: fn(&mut Builder, &[Node]) -> [Node; 2],
    /// To the canonical arguments.
    pub back: fn(&mut Builder, [Node; 2]) -> [Node; 2],
}

/// The canonical arguments themselves.
static PLAIN: Natural = Natural { of: |_, a| [a[0], a[1]], back: |_, a| a };

/// Precision times mean, and precision.
static PRECISION: Natural = Natural {
    of: |b, a| {
        let variance = b.square(a[1]);
        [b.div(a[0], variance), b.reciprocal(variance)]
    },
    back: |b, [weighted, precision]| {
        let mean = b.div(weighted, precision);
        let variance = b.reciprocal(precision);
        [mean, b.sqrt(variance)]
    },
};

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
    /// Whether the latent may be multiplied by a number there.
    pub scale: Scale,
    /// The forms of the likelihood's arguments in which the latent stands as it does in the canonical one.
    pub forms: &'static [usize],
    /// What data add to.
    pub natural: &'static Natural,
    /// What one datum adds to each natural number of the prior: from the datum, the canonical arguments of the
    /// likelihood, and the number that the latent is multiplied by.
    pub adds: fn(&mut Builder, Node, &[Node], Node) -> [Node; 2],
}

/// Whether a latent may be multiplied by a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// It may: an exposure.
    Free,
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
        forms: &[0],
        natural: &PLAIN,
        adds: |b, y, _, _| [y, from(b, 1.0, y)],
    },
    Conjugacy {
        name: "beta-binomial",
        prior: "beta",
        likelihood: "binomial",
        argument: 1,
        scale: Scale::One,
        forms: &[0],
        natural: &PLAIN,
        adds: |b, y, a, _| [y, b.sub(a[0], y)],
    },
    Conjugacy {
        name: "beta-geometric",
        prior: "beta",
        likelihood: "geometric",
        argument: 0,
        scale: Scale::One,
        forms: &[0],
        natural: &PLAIN,
        adds: |b, y, _, _| [b.constant(1.0), y],
    },
    Conjugacy {
        name: "gamma-poisson",
        prior: "gamma",
        likelihood: "poisson",
        argument: 0,
        scale: Scale::Free,
        forms: &[0],
        natural: &PLAIN,
        adds: |_, y, _, exposure| [y, exposure],
    },
    Conjugacy {
        name: "gamma-exponential",
        prior: "gamma",
        likelihood: "exponential",
        argument: 0,
        scale: Scale::Free,
        forms: &[0],
        natural: &PLAIN,
        adds: |b, y, _, scale| [b.constant(1.0), b.mul(y, scale)],
    },
    Conjugacy {
        name: "normal-normal",
        prior: "normal",
        likelihood: "normal",
        argument: 0,
        scale: Scale::Free,
        forms: &[0, 1, 2],
        natural: &PRECISION,
        adds: |b, y, a, scale| {
            let variance = b.square(a[1]);
            let weight = b.div(scale, variance);
            [b.mul(weight, y), b.mul(weight, scale)]
        },
    },
    Conjugacy {
        name: "normal-lognormal",
        prior: "normal",
        likelihood: "lognormal",
        argument: 0,
        scale: Scale::Free,
        forms: &[0],
        natural: &PRECISION,
        adds: |b, y, a, scale| {
            let variance = b.square(a[1]);
            let weight = b.div(scale, variance);
            let y = b.log(y);
            [b.mul(weight, y), b.mul(weight, scale)]
        },
    },
];

/// Whether a family is the prior of some pair.
pub fn has_conjugacy(prior: &str) -> bool {
    CONJUGACIES.iter().any(|row| row.prior == prior)
}

/// The pair of two families.
pub fn conjugacy(prior: &str, likelihood: &str) -> Option<&'static Conjugacy> {
    CONJUGACIES.iter().find(|row| row.prior == prior && row.likelihood == likelihood)
}
