//! Weighted moments of draws that come in antithetic pairs, with their Monte Carlo errors.

use nalgebra::DVector;

/// How many standard errors chance explains.
const CHANCE: f64 = 4.0;

/// Mean and standard deviation of each coordinate, with Monte Carlo errors.
#[derive(Clone, Debug)]
pub struct Moments {
    /// Means.
    pub mean: DVector<f64>,
    /// Standard deviations.
    pub deviation: DVector<f64>,
    /// Standard errors of the means.
    pub mean_error: DVector<f64>,
    /// Standard errors of the logarithms of the standard deviations.
    pub spread_error: DVector<f64>,
}

impl Moments {
    /// The largest standard errors: of a mean in standard deviations, and of a log standard deviation.
    pub fn worst(&self) -> (f64, f64) {
        let means = self.mean_error.zip_map(&self.deviation, |error, deviation| error / deviation);
        (means.iter().copied().fold(0.0, f64::max), self.spread_error.iter().copied().fold(0.0, f64::max))
    }

    /// The coordinate that other moments place or spread most differently, by more than `least` standard deviations and than
    /// chance explains, with the difference.
    pub fn contradicted_by(&self, other: &Moments, least: f64) -> Option<(usize, f64)> {
        let gap = |i: usize| {
            let units = self.deviation[i].max(1e-300);
            let mean = (self.mean[i] - other.mean[i]) / units;
            let mean_error = self.mean_error[i].hypot(other.mean_error[i]) / units;
            let spread = (other.deviation[i] / units).ln();
            let spread_error = self.spread_error[i].hypot(other.spread_error[i]);
            let beyond = |gap: f64, error: f64| if gap > CHANCE * error { gap } else { 0.0 };
            beyond(mean.abs(), mean_error).max(beyond(spread.abs(), spread_error))
        };
        let largest = (0..self.mean.len()).map(|i| (i, gap(i))).max_by(|a, b| a.1.total_cmp(&b.1));
        largest.filter(|(_, gap)| *gap > least && gap.is_finite())
    }
}

/// Weighted moments of draws in antithetic pairs; errors are taken over pairs, so that they know of the cancellation.
pub fn moments(draws: &[f64], log_weights: &[f64], dimension: usize) -> Moments {
    let weights: Vec<f64> = log_weights.iter().map(|w| w.exp()).collect();
    let mut mean = DVector::zeros(dimension);
    for (row, weight) in draws.chunks(dimension).zip(&weights) {
        mean.iter_mut().zip(row).for_each(|(m, x)| *m += weight * x);
    }
    let mut variance = DVector::zeros(dimension);
    for (row, weight) in draws.chunks(dimension).zip(&weights) {
        for i in 0..dimension {
            let gap: f64 = row[i] - mean[i];
            variance[i] += weight * gap * gap;
        }
    }
    let (mut mean_error, mut spread_error) = (DVector::zeros(dimension), DVector::zeros(dimension));
    for (rows, pair) in draws.chunks(2 * dimension).zip(weights.chunks(2)) {
        for i in 0..dimension {
            let gaps = pair.iter().enumerate().map(|(k, w)| (w, rows[k * dimension + i] - mean[i]));
            let (first, second) = gaps.fold((0.0, 0.0), |(a, b), (w, gap)| {
                (a + w * gap, b + w * (gap * gap / f64::max(variance[i], 1e-300) - 1.0))
            });
            mean_error[i] += first * first;
            spread_error[i] += 0.25 * second * second;
        }
    }
    Moments {
        mean,
        deviation: variance.map(f64::sqrt),
        mean_error: mean_error.map(f64::sqrt),
        spread_error: spread_error.map(f64::sqrt),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn antithetic_pairs_have_exact_means() {
        let draws = [1.5, 0.5, -0.5, 2.5, 0.25, 1.75];
        let found = moments(&draws, &[-(6f64.ln()); 6], 1);
        assert!((found.mean[0] - 1.0).abs() < 1e-12 && found.mean_error[0] < 1e-12);
        let variance = draws.iter().map(|x| (x - 1.0) * (x - 1.0)).sum::<f64>() / 6.0;
        assert!((found.deviation[0] - variance.sqrt()).abs() < 1e-12);
        assert!(found.spread_error[0] > 0.1);
    }

    #[test]
    fn weights_shift_the_mean() {
        let found = moments(&[0.0, 1.0, 10.0, 20.0], &[0.9f64.ln(), 0.1f64.ln()], 2);
        assert!((found.mean[0] - 1.0).abs() < 1e-12 && (found.mean[1] - 2.9).abs() < 1e-12);
    }

    #[test]
    fn what_chance_explains_is_no_contradiction() {
        let with = |mean: f64, error: f64| Moments {
            mean: DVector::from_vec(vec![0.0, mean]),
            deviation: DVector::from_element(2, 1.0),
            mean_error: DVector::from_element(2, error),
            spread_error: DVector::from_element(2, 0.01),
        };
        assert_eq!(with(0.0, 0.01).contradicted_by(&with(0.5, 0.01), 0.25), Some((1, 0.5)));
        assert_eq!(with(0.0, 0.01).contradicted_by(&with(0.5, 0.2), 0.25), None);
        assert_eq!(with(0.0, 0.01).contradicted_by(&with(0.1, 0.01), 0.25), None);
    }
}
