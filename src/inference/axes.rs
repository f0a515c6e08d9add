//! Which coordinates to condition on: those along which the curvature of the log density changes most.

use nalgebra::{DMatrix, DVector};

use super::draws::{Purpose, stream, structured};
use super::evaluator::Evaluator;
use super::gaussian::Gaussian;

/// How far a coordinate is moved both ways, in standard deviations.
const REACH: f64 = 1.2;
/// Coordinates that are looked at again once others are conditioned on.
const CANDIDATES: usize = 24;

/// Coordinates by how much the curvature changes along them, in standard units; the most changing first.
pub fn rank(evaluator: &mut Evaluator, gaussian: &Gaussian, seed: u64) -> Vec<(usize, f64)> {
    let all: Vec<usize> = (0..gaussian.dimension()).collect();
    let along = |axis: usize| {
        let row = gaussian.factor().row(axis).transpose();
        gaussian.factor() * &row * (REACH / row.norm().max(1e-300))
    };
    ranked(evaluator, (&gaussian.mean, gaussian.factor()), &all, (&along, seed))
}

/// Coordinates that change the curvature by moving alone: the most changing one first, then each time the most changing
/// one given those before it, as long as the change is at least a share `least` of the first one's; at most `most`.
pub fn greedy(
    evaluator: &mut Evaluator,
    gaussian: &Gaussian,
    by_change: &[(usize, f64)],
    (most, least): (usize, f64),
    seed: u64,
) -> Vec<usize> {
    let (mut taken, mut top) = (Vec::new(), 0.0);
    let mut factor = gaussian.factor().clone();
    while taken.len() < most && evaluator.may_continue() {
        let others = by_change.iter().map(|(axis, _)| *axis).filter(|axis| !taken.contains(axis));
        let others: Vec<usize> = others.take(CANDIDATES).collect();
        // Between the spread of a coordinate and its spread given all others: alone it leaves the ridge it is part of.
        let alone = |axis: usize| {
            let (spread, tightness) = (factor.row(axis).norm(), gaussian.inverse().column(axis).norm());
            let mut direction = DVector::zeros(gaussian.dimension());
            direction[axis] = REACH * (spread / tightness.max(1e-300)).sqrt();
            direction
        };
        let again = ranked(evaluator, (&gaussian.mean, &factor), &others, (&alone, seed));
        match again.first() {
            Some((axis, score)) if *score > least * top => {
                top = f64::max(top, *score);
                taken.push(*axis);
                condition(&mut factor, *axis);
            }
            _ => break,
        }
    }
    taken
}

/// Takes the part of the noise that a coordinate shows out of a factor of the covariance.
fn condition(factor: &mut DMatrix<f64>, axis: usize) {
    let shown = factor.row(axis).transpose();
    let norm = shown.norm();
    if norm > 0.0 {
        let unit = shown / norm;
        let image = &*factor * &unit;
        *factor -= image * unit.transpose();
    }
}

fn ranked(
    evaluator: &mut Evaluator,
    (mean, factor): (&DVector<f64>, &DMatrix<f64>),
    axes: &[usize],
    (direction_of, seed): (&dyn Fn(usize) -> DVector<f64>, u64),
) -> Vec<(usize, f64)> {
    let dimension = mean.len();
    let probes = structured(2, dimension, &mut stream(seed, Purpose::Probe, 0));
    let mut ranked: Vec<(usize, f64)> = axes
        .iter()
        .map(|&axis| {
            let direction = direction_of(axis);
            let mut score = 0.0;
            for probe in probes.chunks(2 * dimension) {
                let along = factor * DVector::from_column_slice(&probe[..dimension]);
                let ends = [mean + &direction, mean - &direction];
                let positions: Vec<f64> = ends.iter().flat_map(|end| end.iter().copied()).collect();
                let directions: Vec<f64> = along.iter().chain(along.iter()).copied().collect();
                let products = evaluator.products(&positions, &directions);
                let change = DVector::from_fn(dimension, |i, _| products[i] - products[dimension + i]);
                score += factor.tr_mul(&change).norm_squared();
            }
            (axis, if score.is_finite() { score.sqrt() } else { 0.0 })
        })
        .collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked
}
