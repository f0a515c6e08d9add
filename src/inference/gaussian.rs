//! Gaussians held by a factor of their covariance together with its inverse.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

/// ln(2 pi) / 2.
pub const HALF_LOG_TAU: f64 = 0.918_938_533_204_672_8;

/// A Gaussian `mean + factor * u` for standard normal `u`; the factor is any square root of the covariance.
#[derive(Clone, Debug)]
pub struct Gaussian {
    /// The mean.
    pub mean: DVector<f64>,
    /// A square root of the covariance: covariance = factor * factor'.
    pub factor: DMatrix<f64>,
    /// The factor's inverse.
    pub inverse: DMatrix<f64>,
    /// ln |det factor|.
    pub log_determinant: f64,
}

/// A precision matrix had to be changed to make it positive definite, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Definiteness {
    /// Every direction curved downwards.
    Definite,
    /// Some direction was flat or curved upwards, and was given the size of its curvature instead.
    Indefinite,
}

impl Gaussian {
    /// From a precision matrix, whose eigenvalues (after scaling to unit diagonal) are replaced by their magnitudes.
    pub fn from_precision(mean: DVector<f64>, precision: &DMatrix<f64>) -> (Gaussian, Definiteness) {
        let scales = scales_of(precision);
        let scaled = DMatrix::from_fn(precision.nrows(), precision.ncols(), |i, j| {
            precision[(i, j)] / (scales[i] * scales[j])
        });
        let eigen = SymmetricEigen::new(scaled);
        let floor = 1e-14 * eigen.eigenvalues.amax().max(1e-300);
        let definite = eigen.eigenvalues.iter().all(|value| *value > floor);
        let roots = eigen.eigenvalues.map(|value| value.abs().max(floor).sqrt());
        let dimension = mean.len();
        let vectors = &eigen.eigenvectors;
        let factor = DMatrix::from_fn(dimension, dimension, |i, j| vectors[(i, j)] / (scales[i] * roots[j]));
        let inverse = DMatrix::from_fn(dimension, dimension, |i, j| roots[i] * vectors[(j, i)] * scales[j]);
        let log_determinant = -(0..dimension).map(|i| roots[i].ln() + scales[i].ln()).sum::<f64>();
        let status = if definite { Definiteness::Definite } else { Definiteness::Indefinite };
        (Gaussian { mean, factor, inverse, log_determinant }, status)
    }

    /// From a covariance matrix; directions without variance get a tiny one.
    pub fn from_covariance(mean: DVector<f64>, covariance: &DMatrix<f64>) -> Gaussian {
        let (flipped, _) = Gaussian::from_precision(mean, covariance);
        Gaussian {
            mean: flipped.mean,
            factor: flipped.inverse.transpose(),
            inverse: flipped.factor.transpose(),
            log_determinant: -flipped.log_determinant,
        }
    }

    /// Independent coordinates.
    pub fn diagonal(mean: DVector<f64>, deviations: &DVector<f64>) -> Gaussian {
        Gaussian {
            mean,
            factor: DMatrix::from_diagonal(deviations),
            inverse: DMatrix::from_diagonal(&deviations.map(f64::recip)),
            log_determinant: deviations.iter().map(|s| s.ln()).sum(),
        }
    }

    /// Number of coordinates.
    pub fn dimension(&self) -> usize {
        self.mean.len()
    }

    /// The positions of standard-normal rows `[S][D]`.
    pub fn positions(&self, normals: &[f64]) -> Vec<f64> {
        let dimension = self.dimension();
        let columns = DMatrix::from_column_slice(dimension, normals.len() / dimension, normals);
        let mut moved = &self.factor * columns;
        for mut column in moved.column_iter_mut() {
            column += &self.mean;
        }
        moved.as_slice().to_vec()
    }

    /// Squared Mahalanobis distances of positions `[S][D]`.
    pub fn squared_distances(&self, positions: &[f64]) -> Vec<f64> {
        let dimension = self.dimension();
        let mut columns = DMatrix::from_column_slice(dimension, positions.len() / dimension, positions);
        for mut column in columns.column_iter_mut() {
            column -= &self.mean;
        }
        (&self.inverse * columns).column_iter().map(|column| column.norm_squared()).collect()
    }

    /// Entropy in nats.
    pub fn entropy(&self) -> f64 {
        self.log_determinant + self.dimension() as f64 * (HALF_LOG_TAU + 0.5)
    }

    /// Standard deviation of each coordinate.
    pub fn deviations(&self) -> DVector<f64> {
        DVector::from_iterator(self.dimension(), self.factor.row_iter().map(|row| row.norm()))
    }

    /// The same Gaussian, no axis of its factor longer than `limits` in any coordinate.
    pub fn narrowed(mut self, limits: &DVector<f64>) -> Gaussian {
        for j in 0..self.dimension() {
            let excess = self.factor.column(j).component_div(limits).amax();
            if excess > 1.0 {
                self.factor.column_mut(j).unscale_mut(excess);
                self.inverse.row_mut(j).scale_mut(excess);
                self.log_determinant -= excess.ln();
            }
        }
        self
    }

    /// The same Gaussian with its standard deviations times `scale`.
    pub fn widened(&self, scale: f64) -> Gaussian {
        Gaussian {
            mean: self.mean.clone(),
            factor: &self.factor * scale,
            inverse: &self.inverse / scale,
            log_determinant: self.log_determinant + self.dimension() as f64 * scale.ln(),
        }
    }
}

/// Square roots of the diagonal's magnitudes, floored relative to their row.
pub fn scales_of(matrix: &DMatrix<f64>) -> DVector<f64> {
    DVector::from_iterator(
        matrix.nrows(),
        matrix.row_iter().enumerate().map(|(i, row)| {
            let floor = (1e-12 * row.amax()).max(1e-100);
            row[i].abs().max(floor).sqrt()
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_and_covariance_agree_at_extreme_scales() {
        let covariance = DMatrix::from_row_slice(2, 2, &[1e10, 9e1, 9e1, 1e-6]);
        let mean = DVector::from_vec(vec![3.0, -1.0]);
        let gaussian = Gaussian::from_covariance(mean.clone(), &covariance);
        let precision = gaussian.inverse.transpose() * &gaussian.inverse;
        let (again, status) = Gaussian::from_precision(mean, &precision);
        assert_eq!(status, Definiteness::Definite);
        let product = &again.factor * again.factor.transpose();
        for (a, b) in product.iter().zip(covariance.iter()) {
            assert!((a / b - 1.0).abs() < 1e-9, "{a} {b}");
        }
        let determinant: f64 = 1e10 * 1e-6 - 81e2;
        assert!((again.log_determinant - 0.5 * determinant.ln()).abs() < 1e-9);
        let distance = again.squared_distances(&[3.0 + 1e5, -1.0])[0];
        assert!((distance - 1e10 * 1e-6 / determinant).abs() < 1e-6, "{distance}");
    }
}
