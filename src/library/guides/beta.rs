//! The beta, for latents in an interval.

use super::{Closure, Guide, GuideParameter, GuideRange, Seen, solve};
use crate::graph::{Builder, Node, Ternary};
use crate::library::Rank;
use crate::library::formula::{log_beta, log_sigmoid, total};
use crate::numeric::special::{digamma, sigmoid, trigamma};

/// The row.
pub(super) static BETA: Guide = Guide {
    name: "beta",
    summary: "beta of the share of the interval",
    domains: &["unit", "interval"],
    rank: Rank::Scalar,
    priors: &[],
    parameters: &[
        GuideParameter { name: "logit of the mean", range: GuideRange::Real },
        GuideParameter { name: "concentration", range: GuideRange::Positive },
    ],
    sample: |b, a, u, _| {
        let [first, second] = shapes(b, a);
        b.ternary(Ternary::LogitBetaQuantile, [u, first, second])
    },
    log_density: |b, a, x, _| log_density(b, a, x),
    start,
    closure: Closure::Open,
};

fn shapes(b: &mut Builder, a: &[Node]) -> [Node; 2] {
    let opposite = b.neg(a[0]);
    [a[0], opposite].map(|logit| {
        let share = b.sigmoid(logit);
        b.mul(share, a[1])
    })
}

/// a log x + b log(1 - x) - log B(a, b): the density of the logit of x.
fn log_density(b: &mut Builder, a: &[Node], x: Node) -> Node {
    let [first, second] = shapes(b, a);
    let opposite = b.neg(x);
    let (low, high) = (log_sigmoid(b, x), log_sigmoid(b, opposite));
    let (low, high, constant) = (b.mul(first, low), b.mul(second, high), log_beta(b, first, second));
    let constant = b.neg(constant);
    let each = total(b, &[low, high, constant]);
    b.sum_all(each)
}

/// The logit has mean psi(a) - psi(b) and variance psi'(a) + psi'(b).
fn start(seen: &Seen) -> Vec<Vec<f64>> {
    let shapes = |logit: f64, log_size: f64| [logit, -logit].map(|x| sigmoid(x).max(1e-9) * log_size.exp());
    let logit_of = |mean: f64, log_size: f64| {
        let found = |logit: f64| {
            let [a, b] = shapes(logit, log_size);
            digamma(a) - digamma(b)
        };
        solve(found, mean, [-20.0, 20.0])
    };
    let elements = seen.mean.iter().zip(seen.deviation).map(|(&mean, &deviation)| {
        let precision = |log_size: f64| {
            let [a, b] = shapes(logit_of(mean, log_size), log_size);
            (trigamma(a) + trigamma(b)).recip()
        };
        let log_size = solve(precision, deviation.powi(-2), [-6.0, 16.0]);
        (logit_of(mean, log_size), log_size)
    });
    let (logits, sizes) = elements.unzip();
    vec![logits, sizes]
}
