//! Damped Newton ascent of a log density, with indefinite curvature taken by its magnitude.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::evaluator::Evaluator;
use super::gaussian::{Definiteness, Gaussian, scales_of};
use super::lbfgs::{Outcome, Search};

/// Largest standard deviation of a local Gaussian, against the size of its position.
const WIDEST: f64 = 10.0;
/// Changes of slopes that are remembered between two Hessians.
const MEMORY: usize = 10;

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
    precision: DMatrix<f64>,
    scales: DVector<f64>,
    vectors: DMatrix<f64>,
    magnitudes: DVector<f64>,
    slopes: DVector<f64>,
}

impl Quadratic {
    /// From the Hessian at the point; `None` if it is not finite.
    pub fn at(evaluator: &mut Evaluator, point: &Point) -> Option<Quadratic> {
        let precision = -evaluator.hessian(&point.position)?;
        Some(Quadratic::of(precision, point))
    }

    fn of(precision: DMatrix<f64>, point: &Point) -> Quadratic {
        let scales = scales_of(&precision);
        let scaled = DMatrix::from_fn(precision.nrows(), precision.ncols(), |i, j| {
            precision[(i, j)] / (scales[i] * scales[j])
        });
        let eigen = SymmetricEigen::new(scaled);
        let floor = 1e-13 * eigen.eigenvalues.amax().max(1e-300);
        let slopes = eigen.eigenvectors.tr_mul(&point.gradient.component_div(&scales));
        let magnitudes = eigen.eigenvalues.map(|value| value.abs().max(floor));
        Quadratic { precision, scales, vectors: eigen.eigenvectors, magnitudes, slopes }
    }

    /// The Gaussian at a point with the magnitude of the curvature as its precision, and whether the density curves
    /// downwards in every direction.
    pub fn gaussian(&self, point: &Point) -> (Gaussian, Definiteness) {
        let (gaussian, definiteness) = Gaussian::from_precision(point.position.clone(), &self.precision);
        // Where the density has a corner or is flat its curvature says nothing of its width.
        (gaussian.narrowed(&point.position.map(|x| WIDEST * (2.0 + x.abs()))), definiteness)
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
        let excess = excess(&step, &point.position);
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

/// How much further a step goes, in one coordinate at least, than a Hessian may be relied on.
fn excess(step: &DVector<f64>, from: &DVector<f64>) -> f64 {
    step.zip_map(from, |s, z| s.abs() / (10.0 * (1.0 + z.abs()))).amax()
}

/// Goes on from a step without another Hessian: quasi-Newton steps in the coordinates in which the model's curvature is one,
/// for so many evaluations, or until the slopes there promise less than `least` nats.
pub fn glide(
    evaluator: &mut Evaluator,
    (from, quadratic): (&Point, &Quadratic),
    to: Point,
    (most, least): (u64, f64),
) -> Point {
    let roots = quadratic.magnitudes.map(f64::sqrt);
    let out = |unit: &DVector<f64>| {
        &from.position + (&quadratic.vectors * unit.component_div(&roots)).component_div(&quadratic.scales)
    };
    let pulled = |gradient: &DVector<f64>| {
        -quadratic.vectors.tr_mul(&gradient.component_div(&quadratic.scales)).component_div(&roots)
    };
    let step = (&to.position - &from.position).component_mul(&quadratic.scales);
    let place = quadratic.vectors.tr_mul(&step).component_mul(&roots);
    let slopes = [pulled(&from.gradient), pulled(&to.gradient)];
    let mut search = Search::resumed(place, -to.value, &slopes, MEMORY);
    let (mut best, end) = (to, evaluator.spent() + most);
    while evaluator.spent() < end && pulled(&best.gradient).norm_squared() > 2.0 * least {
        let mut last = None;
        let outcome = search.step(&mut |unit: &DVector<f64>| {
            let position = out(unit);
            if excess(&(&position - &from.position), &from.position) > 1.0 {
                return (f64::INFINITY, unit.clone());
            }
            let point = Point::at(evaluator, position);
            let answer = (-point.value, pulled(&point.gradient));
            last = Some(point);
            answer
        });
        match last.filter(|point| outcome == Outcome::Moved && point.value > best.value) {
            Some(point) => best = point,
            None => break,
        }
    }
    best
}
