//! Conjugate pairs: a prior whose posterior, given data of the likelihood, is of the same family. And what normals are
//! quadratic in, so that several of them are normal together.

use crate::graph::{Builder, Node};

use super::formula::from;

/// The canonical arguments of the posterior: from those of the prior, and what all data add up to.
pub type Update = fn(&mut Builder, &[Node], [Node; 2]) -> [Node; 2];

/// What data add to are the canonical arguments themselves.
const PLAIN: Update = |b, a, added| [b.add(a[0], added[0]), b.add(a[1], added[1])];

/// Data add to the precision times the mean, and to the precision. With prior N(m, s^2) and sums A and B the posterior has
/// variance s^2 / (1 + s^2 B) and mean m + (A - B m) times that, which holds for any small s.
const PRECISION: Update = |b, a, [weighted, precision]| {
    let scale = a[1];
    let spread = b.square(scale);
    let gain = b.mul(spread, precision);
    let gain = b.plus(gain, 1.0);
    let root = b.sqrt(gain);
    let sd = b.div(scale, root);
    let expected = b.mul(precision, a[0]);
    let surprise = b.sub(weighted, expected);
    let variance = b.div(spread, gain);
    let shift = b.mul(surprise, variance);
    [b.add(a[0], shift), sd]
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
    /// How data change the prior.
    pub update: Update,
    /// What one datum adds: from the datum, the canonical arguments of the likelihood, and the number that the latent
    /// is multiplied by.
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
        update: PLAIN,
        adds: |b, y, _, _| [y, from(b, 1.0, y)],
    },
    Conjugacy {
        name: "beta-binomial",
        prior: "beta",
        likelihood: "binomial",
        argument: 1,
        scale: Scale::One,
        forms: &[0],
        update: PLAIN,
        adds: |b, y, a, _| [y, b.sub(a[0], y)],
    },
    Conjugacy {
        name: "beta-geometric",
        prior: "beta",
        likelihood: "geometric",
        argument: 0,
        scale: Scale::One,
        forms: &[0],
        update: PLAIN,
        adds: |b, y, _, _| [b.constant(1.0), y],
    },
    Conjugacy {
        name: "gamma-poisson",
        prior: "gamma",
        likelihood: "poisson",
        argument: 0,
        scale: Scale::Free,
        forms: &[0],
        update: PLAIN,
        adds: |_, y, _, exposure| [y, exposure],
    },
    Conjugacy {
        name: "gamma-exponential",
        prior: "gamma",
        likelihood: "exponential",
        argument: 0,
        scale: Scale::Free,
        forms: &[0],
        update: PLAIN,
        adds: |b, y, _, scale| [b.constant(1.0), b.mul(y, scale)],
    },
    Conjugacy {
        name: "normal-normal",
        prior: "normal",
        likelihood: "normal",
        argument: 0,
        scale: Scale::Free,
        forms: &[0, 1, 2],
        update: PRECISION,
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
        update: PRECISION,
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

/// Something that a log density is a quadratic function of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quadratic {
    /// The value.
    Value,
    /// The argument of this number, in every form.
    Argument(usize),
}
