//! Damped Newton ascent of a log density, with indefinite curvature taken by its magnitude.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::evaluator::Evaluator;
use super::gaussian::{Definiteness, Gaussian, scales_of};

/// Largest standard deviation of a local Gaussian, against the size of its position.
const WIDEST: f64 = 10.0;

/// A point of an ascent.
#[derive(Clone, Debug)]
pub struct Point {
    /// Where.
    pub position: DVector<f64>,
    /// Log density there.
    pub value: f64,
    /// Its gradient.
    pub gradient: DVector<f64>,
}

impl Point {
    /// Evaluates a position.
    pub fn at(evaluator: &mut Evaluator, position: DVector<f64>) -> Point {
        let batch = evaluator.evaluate(position.as_slice());
        Point { position, value: batch.values[0], gradient: DVector::from_vec(batch.gradients) }
    }
}

/// The local quadratic model of a log density at a point, in scaled eigen-coordinates.
pub struct Quadratic {
    scales: DVector<f64>,
    vectors: DMatrix<f64>,
    magnitudes: DVector<f64>,
    slopes: DVector<f64>,
    /// The Gaussian at the point with the magnitude of the curvature as its precision.
    pub gaussian: Gaussian,
    /// Whether the density curves downwards in every direction.
    pub definiteness: Definiteness,
}

impl Quadratic {
    /// From the Hessian at the point; `None` if it is not finite.
    pub fn at(evaluator: &mut Evaluator, point: &Point) -> Option<Quadratic> {
        let precision = -evaluator.hessian(&point.position)?;
        let scales = scales_of(&precision);
        let scaled = DMatrix::from_fn(precision.nrows(), precision.ncols(), |i, j| {
            precision[(i, j)] / (scales[i] * scales[j])
        });
        let eigen = SymmetricEigen::new(scaled);
        let floor = 1e-13 * eigen.eigenvalues.amax().max(1e-300);
        let slopes = eigen.eigenvectors.tr_mul(&point.gradient.component_div(&scales));
        let (gaussian, definiteness) = Gaussian::from_precision(point.position.clone(), &precision);
        // Where the density has a corner or is flat its curvature says nothing of its width.
        let gaussian = gaussian.narrowed(&point.position.map(|x| WIDEST * (2.0 + x.abs())));
        Some(Quadratic {
            magnitudes: eigen.eigenvalues.map(|value| value.abs().max(floor)),
            vectors: eigen.eigenvectors,
            scales,
            slopes,
            gaussian,
            definiteness,
        })
    }

    /// Squared Newton decrement: twice the gain the undamped step promises.
    pub fn decrement(&self) -> f64 {
        self.slopes.iter().zip(&self.magnitudes).map(|(slope, size)| slope * slope / size).sum()
    }

    /// The damped step, and the gain the slopes promise for it.
    fn step(&self, damping: f64) -> (DVector<f64>, f64) {
        let coefficients = self.slopes.zip_map(&self.magnitudes, |slope, size| slope / (size + damping));
        let promise = coefficients.dot(&self.slopes);
        ((&self.vectors * coefficients).component_div(&self.scales), promise)
    }
}

/// The outcome of trying to move.
pub enum Move {
    /// A better point.
    To(Point),
    /// No damping gave a better point.
    Stuck,
}

/// Tries damped steps until the log density rises; adapts the damping.
pub fn advance(evaluator: &mut Evaluator, point: &Point, quadratic: &Quadratic, damping: &mut f64) -> Move {
    for _ in 0..12 {
        let (mut step, promise) = quadratic.step(*damping);
        let excess = step.zip_map(&point.position, |s, z| s.abs() / (10.0 * (1.0 + z.abs()))).amax();
        if excess > 1.0 {
            step /= excess;
        }
        let next = Point::at(evaluator, &point.position + step);
        let noise = 1e-13 * point.value.abs();
        if next.value >= point.value + 1e-4 * promise / excess.max(1.0) - noise {
            *damping = if *damping < 1e-8 { 0.0 } else { *damping * 0.1 };
            return Move::To(next);
        }
        *damping = (*damping * 10.0).max(1e-3);
    }
    Move::Stuck
}
