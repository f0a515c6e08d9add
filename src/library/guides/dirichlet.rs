//! The Dirichlet, for vectors of probabilities: gammas divided by their sum, in logs, since small ones underflow.

use super::{Closure, Guide, GuideAxes, GuideParameter, GuideRange, Seen, solve};
use crate::graph::{Binary, Builder, Node};
use crate::library::Rank;
use crate::library::domains::{helmert, helmert_matrix};
use crate::numeric::special::{digamma, trigamma};

/// The row.
pub(super) static DIRICHLET: Guide = Guide {
    name: "dirichlet",
    summary: "Dirichlet of the vector of probabilities",
    domains: &["simplex"],
    rank: Rank::Vector,
    priors: &[],
    parameters: &[GuideParameter { name: "concentration", range: GuideRange::Positive }],
    sample,
    log_density,
    start,
    closure: Closure::Open,
};

/// The coordinates of the logs of gammas, which their common factor does not enter.
fn sample(b: &mut Builder, a: &[Node], u: Node, axes: &GuideAxes) -> Node {
    let (Some(values), Some(free)) = (axes.values, axes.free) else { unreachable!("a joint domain") };
    let logs = b.binary(Binary::LogGammaQuantile, u, a[0]);
    let matrix = helmert_matrix(b, free, values);
    b.contract(logs, matrix, &[values])
}

/// sum of a log p + lgamma(sum a) - sum lgamma(a) + log(K) / 2, the transform's determinant included.
fn log_density(b: &mut Builder, a: &[Node], x: Node, axes: &GuideAxes) -> Node {
    let (Some(values), Some(free)) = (axes.values, axes.free) else { unreachable!("a joint domain") };
    let z = helmert(b, x, free, values);
    let normaliser = b.log_sum_exp(z, &[values]);
    let logs = b.sub(z, normaliser);
    let (powers, constants) = (b.mul(a[0], logs), b.lgamma(a[0]));
    let each = b.sub(powers, constants);
    let (each, sum) = (b.sum(each, &[values]), b.sum(a[0], &[values]));
    let whole = b.lgamma(sum);
    let size = b.graph().axis_size(values) as f64;
    let density = b.add(each, whole);
    let density = b.plus(density, 0.5 * size.ln());
    b.sum_all(density)
}

/// log p has mean psi(a) but for a common constant, and its coordinates have variances near the mean of psi'(a).
fn start(seen: &Seen) -> Vec<Vec<f64>> {
    let vectors = seen.mean.chunks(seen.width).zip(seen.deviation.chunks(seen.width));
    let concentrations = vectors.flat_map(|(mean, deviation)| {
        let logs = from_coordinates(mean);
        let variance = deviation.iter().map(|sd| sd * sd).sum::<f64>() / deviation.len() as f64;
        let at = |shift: f64| -> Vec<f64> {
            let log_shape = |log: &f64| solve(|log_a| digamma(log_a.exp()), log + shift, [-7.0, 14.0]);
            logs.iter().map(log_shape).collect()
        };
        let precision = |shift: f64| {
            let shapes = at(shift);
            shapes.len() as f64 / shapes.iter().map(|log_a| trigamma(log_a.exp())).sum::<f64>()
        };
        at(solve(precision, variance.recip(), [-1000.0, 14.0]))
    });
    vec![concentrations.collect()]
}

/// The vector, summing to 0, with these Helmert coordinates.
fn from_coordinates(u: &[f64]) -> Vec<f64> {
    let weight = |i: usize| u[i - 1] / ((i * (i + 1)) as f64).sqrt();
    let above = |j: usize| (j + 1..=u.len()).map(weight).sum::<f64>();
    (0..=u.len()).map(|j| above(j) - if j > 0 { j as f64 * weight(j) } else { 0.0 }).collect()
}
