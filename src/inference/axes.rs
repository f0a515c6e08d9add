//! Which single coordinates to condition on: those along which the curvature of the log density changes most.

use nalgebra::DVector;

use super::draws::{Purpose, stream, structured};
use super::evaluator::Evaluator;
use super::gaussian::Gaussian;

/// Coordinates by how much the curvature changes along them, in standard units; the most changing first.
pub fn rank(evaluator: &mut Evaluator, gaussian: &Gaussian, seed: u64) -> Vec<(usize, f64)> {
    let dimension = gaussian.dimension();
    let deviations = gaussian.deviations();
    let covariance = &gaussian.factor * gaussian.factor.transpose();
    let mut generator = stream(seed, Purpose::Probe, 0);
    let probes = structured(2, dimension, &mut generator);
    let mut ranked: Vec<(usize, f64)> = (0..dimension)
        .map(|axis| {
            let direction = covariance.column(axis) * (1.2 / deviations[axis]);
            let mut score = 0.0;
            for probe in probes.chunks(2 * dimension) {
                let along = &gaussian.factor * DVector::from_column_slice(&probe[..dimension]);
                let positions: Vec<f64> = (&gaussian.mean + &direction)
                    .iter()
                    .chain((&gaussian.mean - &direction).iter())
                    .copied()
                    .collect();
                let directions: Vec<f64> = along.iter().chain(along.iter()).copied().collect();
                let products = evaluator.products(&positions, &directions);
                let change = DVector::from_fn(dimension, |i, _| products[i] - products[dimension + i]);
                score += gaussian.factor.tr_mul(&change).norm_squared();
            }
            (axis, if score.is_finite() { score.sqrt() } else { 0.0 })
        })
        .collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked
}
