//! The full-rank Gaussian of greatest evidence lower bound, over fixed draws where its terms are not known exactly, by
//! natural-gradient steps with a line search.
//!
//! At the optimum the whitened gradient averages to zero and minus its product with the draws averages to the identity
//! (Stein: E[u g'] = factor' E\[Hessian] factor). Both follow from gradients alone, and are exact for a Gaussian target.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::average::{Average, Taken, average};
use super::evaluator::Evaluator;
use super::gaussian::{Gaussian, Root};

/// Whether an optimiser met its own criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It did.
    Converged,
    /// It did not.
    Unconverged,
}

/// A fitted Gaussian.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// It.
    pub gaussian: Gaussian,
    /// The bound over the fixed draws.
    pub elbo: f64,
    /// Whether the optimum was found.
    pub status: Status,
    /// Standard error of each mean from having only so many fixed draws.
    pub noise: DVector<f64>,
    /// The step that the slopes still ask of each mean, in its standard deviations.
    pub step: DVector<f64>,
}

const STEPS: usize = 50;
/// Steps over which a negligible gain ends the ascent, and that gain in nats.
const PATIENCE: (usize, f64) = (3, 0.1);
/// Share of the gain of the step before below which a negligible gain ends it at once.
const CEASED: f64 = 0.25;
/// Largest remaining slope, in nats for each standard deviation.
const TOLERANCE: f64 = 3e-3;

/// The bound and its slopes in whitened coordinates.
struct Slopes {
    elbo: f64,
    /// Gradients at the draws in whitened coordinates, one column for each.
    whitened: DMatrix<f64>,
    /// The slope in the mean.
    mean: DVector<f64>,
    /// Minus the symmetric part of the average of gradient times draw.
    precision: DMatrix<f64>,
}

fn slopes(average: Average, gaussian: &Gaussian, normals: &DMatrix<f64>) -> Slopes {
    let product = average.product(normals);
    let precision = (&product + product.transpose()) * -0.5;
    let elbo = average.value + gaussian.entropy();
    Slopes { elbo, mean: average.slope, precision, whitened: average.gradients }
}

/// Maximises the bound from a Gaussian: what the target knows of expectations is taken as it is, the rest is averaged
/// over the fixed draws `normals` `[S][D]`. Where that finds no maximum, all of it is averaged.
pub fn maximise(evaluator: &mut Evaluator, start: &Gaussian, normals: &[f64]) -> Option<Fitted> {
    let dimension = start.dimension();
    let columns = DMatrix::from_column_slice(dimension, normals.len() / dimension, normals);
    if evaluator.knows(columns.ncols()) {
        let found = ascend(evaluator, start, &columns, Taken::Known);
        if found.as_ref().is_some_and(|found| found.status == Status::Converged) {
            return found;
        }
    }
    ascend(evaluator, start, &columns, Taken::Drawn)
}

fn ascend(
    evaluator: &mut Evaluator,
    start: &Gaussian,
    normals: &DMatrix<f64>,
    taken: Taken,
) -> Option<Fitted> {
    let dimension = start.dimension();
    let mut gaussian = start.clone();
    let mut first = average(evaluator, &gaussian, normals, taken);
    for _ in 0..30 {
        if first.is_finite {
            break;
        }
        gaussian = gaussian.widened(0.5);
        first = average(evaluator, &gaussian, normals, taken);
    }
    let mut state = slopes(first, &gaussian, normals);
    let mut status = Status::Unconverged;
    let mut length = 1.0;
    let mut bounds = vec![state.elbo];
    for _ in 0..STEPS {
        if !state.elbo.is_finite() || !evaluator.may_continue() {
            break;
        }
        let identity = DMatrix::identity(dimension, dimension);
        if state.mean.amax() < TOLERANCE && (&state.precision - identity).amax() < 10.0 * TOLERANCE {
            status = Status::Converged;
            break;
        }
        match improve(evaluator, &gaussian, &state, (normals, taken), &mut length) {
            Some((next, found)) => (gaussian, state) = (next, found),
            None => {
                status = if state.mean.amax() < 0.05 { Status::Converged } else { Status::Unconverged };
                break;
            }
        }
        evaluator.note(state.elbo);
        bounds.push(state.elbo);
        if has_settled(&bounds) {
            status = Status::Converged;
            break;
        }
    }
    let noise = mean_noise(&gaussian, &state.whitened);
    let step = (gaussian.factor() * &state.mean).component_div(&gaussian.deviations());
    state.elbo.is_finite().then_some(Fitted { gaussian, elbo: state.elbo, status, noise, step })
}

/// Whether steps have brought next to nothing, or the last brought little of what the one before had, so that the rest,
/// a geometric series, is less than a ninth of that.
fn has_settled(bounds: &[f64]) -> bool {
    let over =
        |steps: usize| bounds.len().checked_sub(steps + 1).map(|k| bounds[bounds.len() - 1] - bounds[k]);
    let is_slow = over(PATIENCE.0).is_some_and(|gain| gain < PATIENCE.1);
    let has_ceased = over(1)
        .zip(over(2))
        .is_some_and(|(last, both)| last < PATIENCE.1 / PATIENCE.0 as f64 && last < CEASED * (both - last));
    is_slow || has_ceased
}

/// The first of ever shorter steps that raises the bound.
fn improve(
    evaluator: &mut Evaluator,
    gaussian: &Gaussian,
    state: &Slopes,
    (normals, taken): (&DMatrix<f64>, Taken),
    length: &mut f64,
) -> Option<(Gaussian, Slopes)> {
    let eigen = SymmetricEigen::new(state.precision.clone());
    for _ in 0..10 {
        let candidate = stepped(gaussian, state, &eigen, *length);
        let found = slopes(average(evaluator, &candidate, normals, taken), &candidate, normals);
        if found.elbo.is_finite() && found.elbo > state.elbo - 1e-12 * state.elbo.abs() {
            *length = (*length * 2.0).min(1.0);
            return Some((candidate, found));
        }
        *length *= 0.35;
    }
    *length = 1.0;
    None
}

/// The Gaussian a damped natural-gradient step away: the precision moves towards the expected curvature, each
/// direction by a factor of at most ten, and the mean by at most about two standard deviations in each direction.
fn stepped(
    gaussian: &Gaussian,
    state: &Slopes,
    eigen: &SymmetricEigen<f64, nalgebra::Dyn>,
    length: f64,
) -> Gaussian {
    let target = eigen.eigenvalues.map(|value| 1.0 + length * (value.clamp(0.1, 10.0) - 1.0));
    let vectors = &eigen.eigenvectors;
    let slopes = vectors.tr_mul(&state.mean);
    let moves = slopes.zip_map(&target, |slope, size| (length * slope / size).clamp(-2.0, 2.0));
    let shrink = vectors * DMatrix::from_diagonal(&target.map(|t| t.sqrt().recip())) * vectors.transpose();
    let grow = vectors * DMatrix::from_diagonal(&target.map(f64::sqrt)) * vectors.transpose();
    Gaussian {
        mean: &gaussian.mean + gaussian.factor() * (vectors * moves),
        root: Root::Whole { factor: gaussian.factor() * shrink, inverse: grow * gaussian.inverse() },
        log_determinant: gaussian.log_determinant - 0.5 * target.iter().map(|t| t.ln()).sum::<f64>(),
    }
}

/// One damped step by gradients at fresh draws, a column for each.
pub fn damped(
    gaussian: &Gaussian,
    gradients: &DMatrix<f64>,
    normals: &DMatrix<f64>,
    length: f64,
) -> Gaussian {
    let whitened = gaussian.factor().tr_mul(gradients);
    let product = &whitened * normals.transpose() / -(normals.ncols() as f64);
    let precision = (&product + product.transpose()) * 0.5;
    let eigen = SymmetricEigen::new(precision.clone());
    let state = Slopes { elbo: 0.0, mean: whitened.column_mean(), precision, whitened };
    stepped(gaussian, &state, &eigen, length)
}

/// Sandwich over antithetic pairs: the spread of the pairs' whitened gradients, mapped by the factor. Nothing where
/// there are no draws.
fn mean_noise(gaussian: &Gaussian, whitened: &DMatrix<f64>) -> DVector<f64> {
    let (dimension, count) = whitened.shape();
    let pairs = count / 2;
    if pairs == 0 {
        return DVector::zeros(dimension);
    }
    let mut halves = DMatrix::zeros(dimension, pairs);
    for pair in 0..pairs {
        halves.set_column(pair, &((whitened.column(2 * pair) + whitened.column(2 * pair + 1)) * 0.5));
    }
    let moved = gaussian.factor() * halves;
    DVector::from_iterator(
        dimension,
        moved.row_iter().map(|row| (row.variance() / (pairs as f64 - 1.0).max(1.0)).sqrt()),
    )
}
