//! Gaussians held by a square root of their covariance: whole, diagonal, or by the factors of a sparse precision.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::sparse_root::SparseRoot;

/// ln(2 pi) / 2.
pub const HALF_LOG_TAU: f64 = 0.918_938_533_204_672_8;

/// A Gaussian: a mean, and a square root of the covariance.
#[derive(Clone, Debug)]
pub struct Gaussian {
    /// The mean.
    pub mean: DVector<f64>,
    /// A square root of the covariance with its inverse.
    pub root: Root,
    /// ln |det root|.
    pub log_determinant: f64,
}

/// A square root of a covariance.
#[derive(Clone, Debug)]
pub enum Root {
    /// Any square root, covariance = factor * factor', and its inverse; memory is quadratic in the coordinates.
    Whole {
        /// The root.
        factor: DMatrix<f64>,
        /// Its inverse.
        inverse: DMatrix<f64>,
    },
    /// Standard deviations of independent coordinates.
    Diagonal(DVector<f64>),
    /// By the factors of a sparse precision.
    Sparse(SparseRoot),
}

/// Up to this many coordinates roots are held whole.
pub const WHOLE_LIMIT: usize = 256;

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
        (Gaussian { mean, root: Root::Whole { factor, inverse }, log_determinant }, status)
    }

    /// From a covariance matrix; directions without variance get a tiny one.
    pub fn from_covariance(mean: DVector<f64>, covariance: &DMatrix<f64>) -> Gaussian {
        let (flipped, _) = Gaussian::from_precision(mean, covariance);
        let root =
            Root::Whole { factor: flipped.inverse().transpose(), inverse: flipped.factor().transpose() };
        Gaussian { mean: flipped.mean, root, log_determinant: -flipped.log_determinant }
    }

    /// Independent coordinates.
    pub fn diagonal(mean: DVector<f64>, deviations: &DVector<f64>) -> Gaussian {
        let root = match mean.len() {
            0..=WHOLE_LIMIT => Root::Whole {
                factor: DMatrix::from_diagonal(deviations),
                inverse: DMatrix::from_diagonal(&deviations.map(f64::recip)),
            },
            _ => Root::Diagonal(deviations.clone()),
        };
        Gaussian { mean, root, log_determinant: deviations.iter().map(|s| s.ln()).sum() }
    }

    /// With a sparse precision.
    pub fn sparse(mean: DVector<f64>, root: SparseRoot) -> Gaussian {
        let log_determinant = root.log_determinant();
        Gaussian { mean, root: Root::Sparse(root), log_determinant }
    }

    /// The same Gaussian with its root held whole, whatever the number of coordinates.
    pub fn whole(self) -> Gaussian {
        match &self.root {
            Root::Whole { .. } => self,
            Root::Diagonal(deviations) => {
                let factor = DMatrix::from_diagonal(deviations);
                let inverse = DMatrix::from_diagonal(&deviations.map(f64::recip));
                Gaussian { root: Root::Whole { factor, inverse }, ..self }
            }
            Root::Sparse(_) => {
                let factor = self.pushed(DMatrix::identity(self.dimension(), self.dimension()));
                let covariance = &factor * factor.transpose();
                Gaussian::from_covariance(self.mean, &covariance)
            }
        }
    }

    /// The root as a matrix: covariance = factor * factor'.
    ///
    /// # Panics
    /// If it is not held whole, as is the case for more than `WHOLE_LIMIT` coordinates only, and not for those of `whole`.
    pub fn factor(&self) -> &DMatrix<f64> {
        match &self.root {
            Root::Whole { factor, .. } => factor,
            _ => unreachable!("asked for where roots are whole"),
        }
    }

    /// The inverse of the root, under the same condition.
    ///
    /// # Panics
    /// If it is not held whole.
    pub fn inverse(&self) -> &DMatrix<f64> {
        match &self.root {
            Root::Whole { inverse, .. } => inverse,
            _ => unreachable!("asked for where roots are whole"),
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
        let mut moved = self.pushed(columns);
        for mut column in moved.column_iter_mut() {
            column += &self.mean;
        }
        moved.as_slice().to_vec()
    }

    /// Root times each column.
    pub fn pushed(&self, mut columns: DMatrix<f64>) -> DMatrix<f64> {
        match &self.root {
            Root::Whole { factor, .. } => factor * columns,
            Root::Diagonal(deviations) => {
                columns.column_iter_mut().for_each(|mut column| column.component_mul_assign(deviations));
                columns
            }
            Root::Sparse(root) => {
                columns.column_iter_mut().for_each(|mut c| c.copy_from(&root.pushed(&c.clone_owned())));
                columns
            }
        }
    }

    /// The root's transpose times each column: gradients in whitened coordinates.
    pub fn pulled(&self, mut columns: DMatrix<f64>) -> DMatrix<f64> {
        match &self.root {
            Root::Whole { factor, .. } => factor.tr_mul(&columns),
            Root::Diagonal(deviations) => {
                columns.column_iter_mut().for_each(|mut column| column.component_mul_assign(deviations));
                columns
            }
            Root::Sparse(root) => {
                columns.column_iter_mut().for_each(|mut c| c.copy_from(&root.pulled(&c.clone_owned())));
                columns
            }
        }
    }

    /// The same Gaussian moved, and the axes of its root, whole or diagonal, stretched.
    pub fn stretched(&self, offset: &DVector<f64>, scales: &DVector<f64>) -> Gaussian {
        let root = match &self.root {
            Root::Whole { factor, inverse } => {
                let (mut factor, mut inverse) = (factor.clone(), inverse.clone());
                for (i, scale) in scales.iter().enumerate() {
                    factor.column_mut(i).scale_mut(*scale);
                    inverse.row_mut(i).unscale_mut(*scale);
                }
                Root::Whole { factor, inverse }
            }
            Root::Diagonal(deviations) => Root::Diagonal(deviations.component_mul(scales)),
            Root::Sparse(_) => unreachable!("frames are whole or diagonal"),
        };
        let log_determinant = self.log_determinant + scales.iter().map(|scale| scale.ln()).sum::<f64>();
        Gaussian { mean: &self.mean + offset, root, log_determinant }
    }

    /// Squared Mahalanobis distances of positions `[S][D]`.
    pub fn squared_distances(&self, positions: &[f64]) -> Vec<f64> {
        let dimension = self.dimension();
        let mut columns = DMatrix::from_column_slice(dimension, positions.len() / dimension, positions);
        for mut column in columns.column_iter_mut() {
            column -= &self.mean;
        }
        match &self.root {
            Root::Whole { inverse, .. } => {
                (inverse * columns).column_iter().map(|column| column.norm_squared()).collect()
            }
            Root::Diagonal(deviations) => {
                columns.column_iter().map(|column| column.component_div(deviations).norm_squared()).collect()
            }
            Root::Sparse(root) => columns.column_iter().map(|c| root.squared(&c.clone_owned())).collect(),
        }
    }

    /// Entropy in nats.
    pub fn entropy(&self) -> f64 {
        self.log_determinant + self.dimension() as f64 * (HALF_LOG_TAU + 0.5)
    }

    /// Standard deviation of each coordinate.
    pub fn deviations(&self) -> DVector<f64> {
        match &self.root {
            Root::Whole { factor, .. } => {
                DVector::from_iterator(self.dimension(), factor.row_iter().map(|row| row.norm()))
            }
            Root::Diagonal(deviations) => deviations.clone(),
            Root::Sparse(root) => root.variances().map(f64::sqrt),
        }
    }

    /// The same Gaussian, no axis of its root longer than `limits` in any coordinate; where the root is whole.
    pub fn narrowed(mut self, limits: &DVector<f64>) -> Gaussian {
        let Root::Whole { factor, inverse } = &mut self.root else { return self };
        for j in 0..self.mean.len() {
            let excess = factor.column(j).component_div(limits).amax();
            if excess > 1.0 {
                factor.column_mut(j).unscale_mut(excess);
                inverse.row_mut(j).scale_mut(excess);
                self.log_determinant -= excess.ln();
            }
        }
        self
    }

    /// The same Gaussian with its standard deviations times `scale`.
    pub fn widened(&self, scale: f64) -> Gaussian {
        let root = match &self.root {
            Root::Whole { factor, inverse } => {
                Root::Whole { factor: factor * scale, inverse: inverse / scale }
            }
            Root::Diagonal(deviations) => Root::Diagonal(deviations * scale),
            Root::Sparse(root) => Root::Sparse(root.widened(scale)),
        };
        let log_determinant = self.log_determinant + self.dimension() as f64 * scale.ln();
        Gaussian { mean: self.mean.clone(), root, log_determinant }
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

/// Whether either mean lies where the other Gaussian puts its mass.
pub fn are_near(one: &Gaussian, other: &Gaussian) -> bool {
    let dimension = one.dimension() as f64;
    let limit = dimension + 4.0 * (2.0 * dimension).sqrt() + 4.0;
    one.squared_distances(other.mean.as_slice())[0] < limit
        && other.squared_distances(one.mean.as_slice())[0] < 4.0 * limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_and_covariance_agree_at_extreme_scales() {
        let covariance = DMatrix::from_row_slice(2, 2, &[1e10, 9e1, 9e1, 1e-6]);
        let mean = DVector::from_vec(vec![3.0, -1.0]);
        let gaussian = Gaussian::from_covariance(mean.clone(), &covariance);
        let precision = gaussian.inverse().transpose() * gaussian.inverse();
        let (again, status) = Gaussian::from_precision(mean, &precision);
        assert_eq!(status, Definiteness::Definite);
        let product = again.factor() * again.factor().transpose();
        for (a, b) in product.iter().zip(covariance.iter()) {
            assert!((a / b - 1.0).abs() < 1e-9, "{a} {b}");
        }
        let determinant: f64 = 1e10 * 1e-6 - 81e2;
        assert!((again.log_determinant - 0.5 * determinant.ln()).abs() < 1e-9);
        let distance = again.squared_distances(&[3.0 + 1e5, -1.0])[0];
        assert!((distance - 1e10 * 1e-6 / determinant).abs() < 1e-6, "{distance}");
    }
}
