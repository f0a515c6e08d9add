//! Whether the end of a search is a maximum: the curvature of the bound there, and whether it falls on both sides of each
//! coordinate. A value that runs off, a combination that nothing determines and a saddle all have small slopes.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::{Climb, Found};

/// Up to so many coordinates the end of a search is looked at; and where each evaluation is a search of its own.
const MOST: usize = 256;
const MOST_SEARCHED: usize = 32;
/// The step of differences between slopes, against 1 + the coordinate's size.
const STEP: f64 = 1e-4;
/// Curvature against the greatest one, in coordinates of like curvature, from which on a direction leads up.
const UPWARDS: f64 = -1e-4;
/// The least curvature that a standard deviation is told from.
const LEAST: f64 = 1e-12;
/// A standard deviation, against 1 + the coordinate's size, that data do not give.
const SHARP: f64 = 1e-8;
/// Standard deviations away at which a maximum has fallen by two nats where it is quadratic, and by so much at least.
const APART: f64 = 2.0;
const FALL: f64 = 0.5;
/// The furthest that is gone for this.
const FURTHEST: f64 = 1e6;
/// Places that are tried towards the end, each ten times nearer.
const NEARER: i32 = 6;
/// Directions that are near level are looked along, at most.
const DIRECTIONS: usize = 4;

/// The curvature of minus the bound at the end of a search.
pub(super) struct Shape {
    /// By coordinate, what makes the diagonal 1.
    scales: DVector<f64>,
    /// Eigenvalues and eigenvectors in such coordinates.
    eigen: SymmetricEigen<f64, nalgebra::Dyn>,
}

impl Shape {
    /// By differences of slopes; none where there are too many coordinates, or no leave.
    pub(super) fn at(climb: &mut Climb, found: &Found) -> Option<Shape> {
        let count = found.position.len();
        if count > if climb.is_direct() { MOST } else { MOST_SEARCHED } {
            return None;
        }
        let mut hessian = DMatrix::zeros(count, count);
        for k in 0..count {
            if !climb.may_continue() {
                return None;
            }
            let step = STEP * (1.0 + found.position[k].abs());
            let [up, down] = [step, -step].map(|step| {
                let mut place = found.position.clone();
                place[k] += step;
                climb.negative_bound(&place).1
            });
            hessian.set_column(k, &((up - down) / (2.0 * step)));
        }
        let hessian = (&hessian + hessian.transpose()) * 0.5;
        let scales = DVector::from_fn(count, |k, _| hessian[(k, k)].abs().max(LEAST).sqrt().recip());
        let scaled = DMatrix::from_fn(count, count, |i, j| hessian[(i, j)] * scales[i] * scales[j]);
        Some(Shape { scales, eigen: SymmetricEigen::new(scaled) })
    }

    /// A direction of one standard deviation in which the bound grows, if there is one.
    pub(super) fn upwards(&self) -> Option<DVector<f64>> {
        let (least, value) = self.eigen.eigenvalues.argmin();
        (value < UPWARDS).then(|| self.direction(least))
    }

    fn direction(&self, k: usize) -> DVector<f64> {
        self.eigen.eigenvectors.column(k).component_mul(&self.scales)
    }

    /// Whether some coordinate is determined to its last digits.
    pub(super) fn is_sharp(&self, found: &Found) -> bool {
        self.scales.iter().zip(&found.position).any(|(scale, x)| *scale < SHARP * (1.0 + x.abs()))
    }

    /// The coordinates along which, or along a combination of which, the bound does not fall on both sides.
    pub(super) fn flat(&self, climb: &mut Climb, found: &Found) -> Vec<usize> {
        let count = found.position.len();
        let mut flat: Vec<usize> = Vec::new();
        for k in 0..count {
            let mut way = DVector::zeros(count);
            way[k] = APART * self.scales[k];
            if !falls(climb, found, &way) {
                flat.push(k);
            }
        }
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|&a, &b| self.eigen.eigenvalues[a].total_cmp(&self.eigen.eigenvalues[b]));
        for k in order.into_iter().take(DIRECTIONS) {
            let curvature = self.eigen.eigenvalues[k].max(LEAST);
            let way = self.direction(k) * (APART / curvature.sqrt());
            if flat.is_empty() && !falls(climb, found, &way) {
                let most = self.eigen.eigenvectors.column(k).amax();
                flat.extend((0..count).filter(|&i| self.eigen.eigenvectors[(i, k)].abs() > 0.3 * most));
            }
        }
        flat.sort_unstable();
        flat
    }
}

/// Whether the bound falls in a direction and in the opposite one; where it is no number that far away, nearer.
fn falls(climb: &mut Climb, found: &Found, way: &DVector<f64>) -> bool {
    let way = if way.amax() > FURTHEST { way * (FURTHEST / way.amax()) } else { way.clone() };
    [1.0, -1.0].into_iter().all(|sign| {
        let mut values =
            (0..NEARER).map(|k| climb.negative_bound(&(&found.position + &way * (sign * 0.1f64.powi(k)))).0);
        let value = values.find(|value| value.is_finite());
        value.is_none_or(|value| found.bound + value > FALL)
    })
}
