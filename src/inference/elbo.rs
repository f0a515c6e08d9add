//! The evidence lower bound of a Gaussian over fixed standard-normal draws, and estimates from independent ones.

use super::evaluator::Evaluator;
use super::gaussian::Gaussian;

/// A number with its Monte Carlo standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
}

/// The bound of a Gaussian over `normals` `[S][D]`; minus infinity if a draw has no density.
pub fn of_gaussian(evaluator: &mut Evaluator, gaussian: &Gaussian, normals: &[f64]) -> f64 {
    let values = evaluator.value(&gaussian.positions(normals));
    values.iter().sum::<f64>() / values.len() as f64 + gaussian.entropy()
}

/// Mean and standard error of values that come in antithetic pairs; minus infinity, with no error, if one of them is.
pub fn of_pairs(values: &[f64]) -> Estimate {
    let pairs: Vec<f64> = values.chunks(2).map(|pair| pair.iter().sum::<f64>() / pair.len() as f64).collect();
    if pairs.contains(&f64::NEG_INFINITY) {
        return Estimate { value: f64::NEG_INFINITY, standard_error: 0.0 };
    }
    let count = pairs.len() as f64;
    let mean = pairs.iter().sum::<f64>() / count;
    let variance = pairs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    Estimate { value: mean, standard_error: (variance / count).sqrt() }
}
