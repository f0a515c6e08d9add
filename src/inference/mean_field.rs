//! Gaussians with independent coordinates in a given frame: the greatest evidence lower bound over fixed draws, and the
//! linear-response covariance that repairs what independence hides (Giordano, Broderick, Jordan 2018).

use nalgebra::{DMatrix, DVector};

use super::average::{Taken, average};
use super::evaluator::Evaluator;
use super::gaussian::Gaussian;
use super::lbfgs::{Outcome, Search};
use super::natural::{Fitted, Status};
use super::path::NEWTON_LIMIT;

const STEPS: usize = 400;

/// The coordinates in which a guide is independent: position = frame.mean + frame.factor * (a + exp(b) * u), and how the
/// average over it is taken.
struct Guide<'f> {
    frame: &'f Gaussian,
    columns: &'f DMatrix<f64>,
    taken: Taken,
}

impl Guide<'_> {
    fn dimension(&self) -> usize {
        self.frame.dimension()
    }

    fn gaussian(&self, parameters: &DVector<f64>) -> Gaussian {
        let dimension = self.dimension();
        let scales = parameters.rows(dimension, dimension).map(f64::exp);
        let moved = DMatrix::from_column_slice(dimension, 1, &parameters.as_slice()[..dimension]);
        self.frame.stretched(&self.frame.pushed(moved).column(0).clone_owned(), &scales)
    }

    /// Minus the bound with its gradient; and the gradients in the frame, one column a draw.
    fn negative_bound(
        &self,
        evaluator: &mut Evaluator,
        parameters: &DVector<f64>,
    ) -> (f64, DVector<f64>, DMatrix<f64>) {
        let dimension = self.dimension();
        let gaussian = self.gaussian(parameters);
        let found = average(evaluator, &gaussian, self.columns, self.taken);
        let diagonal = found.diagonal(self.columns);
        let mut slope = DVector::zeros(2 * dimension);
        for i in 0..dimension {
            let scale = parameters[dimension + i].exp();
            slope[i] = -found.slope[i] / scale;
            slope[dimension + i] = -diagonal[i] - 1.0;
        }
        (-(found.value + gaussian.entropy()), slope, found.gradients)
    }
}

/// Maximises the bound from the frame itself: what the target knows of expectations is taken as it is for up to
/// `NEWTON_LIMIT` coordinates, the rest is averaged over the fixed draws `normals` `[S][D]`. Where that finds no maximum,
/// all of it is averaged.
pub fn maximise(evaluator: &mut Evaluator, frame: &Gaussian, normals: &[f64]) -> Option<Fitted> {
    let dimension = frame.dimension();
    let columns = DMatrix::from_column_slice(dimension, normals.len() / dimension, normals);
    if dimension <= NEWTON_LIMIT && evaluator.knows(columns.ncols()) {
        let found = ascend(evaluator, &Guide { frame, columns: &columns, taken: Taken::Known });
        if found.as_ref().is_some_and(|found| found.status == Status::Converged) {
            return found;
        }
    }
    ascend(evaluator, &Guide { frame, columns: &columns, taken: Taken::Drawn })
}

fn ascend(evaluator: &mut Evaluator, guide: &Guide) -> Option<Fitted> {
    let dimension = guide.dimension();
    let mut parameters = DVector::zeros(2 * dimension);
    for _ in 0..30 {
        if guide.negative_bound(evaluator, &parameters).0.is_finite() {
            break;
        }
        parameters.rows_mut(dimension, dimension).add_scalar_mut(-0.7);
    }
    let mut search = Search::new(parameters, 10);
    let mut status = Status::Unconverged;
    for _ in 0..STEPS {
        let before = search.value();
        let outcome = search.step(&mut |at| {
            let (value, slope, _) = guide.negative_bound(evaluator, at);
            (value, slope)
        });
        let gain = before.zip(search.value()).map_or(f64::INFINITY, |(before, after)| before - after);
        if outcome != Outcome::Moved || (0.0..1e-6).contains(&gain) {
            status = Status::Converged;
            break;
        }
        if !evaluator.may_continue() {
            break;
        }
    }
    let (value, slope, framed) = guide.negative_bound(evaluator, search.position());
    evaluator.note(-value);
    let gaussian = guide.gaussian(search.position());
    let noise = noise(&gaussian, &framed);
    let scales = search.position().rows(dimension, dimension).map(f64::exp);
    let slope = -slope.rows(0, dimension).component_mul(&scales);
    let slope = DMatrix::from_columns(&[slope]);
    let step = gaussian.pushed(slope).column(0).component_div(&gaussian.deviations());
    value.is_finite().then_some(Fitted { gaussian, elbo: -value, status, noise, step })
}

/// Spread of the antithetic pairs' slopes, in standard deviations, mapped to coordinates.
fn noise(gaussian: &Gaussian, framed: &DMatrix<f64>) -> DVector<f64> {
    let pairs = framed.ncols() / 2;
    if pairs == 0 {
        return DVector::zeros(framed.nrows());
    }
    let halves = DMatrix::from_fn(framed.nrows(), pairs, |i, pair| {
        0.5 * (framed[(i, 2 * pair)] + framed[(i, 2 * pair + 1)])
    });
    let moved = gaussian.pushed(halves);
    let divisor = (pairs as f64 - 1.0).max(1.0);
    DVector::from_iterator(
        gaussian.dimension(),
        moved.row_iter().map(|row| (row.variance() / divisor).sqrt()),
    )
}

/// The linear-response covariance at the optimum: the inverse of the bound's curvature in the means, after the scales
/// have answered. `None` where that curvature is not positive definite.
pub fn linear_response(evaluator: &mut Evaluator, fitted: &Gaussian, normals: &[f64]) -> Option<Gaussian> {
    let dimension = fitted.dimension();
    let count = normals.len() / dimension;
    let positions = fitted.positions(normals);
    let gradients = evaluator.evaluate(&positions).gradients;
    let mut curvature = DMatrix::zeros(2 * dimension, 2 * dimension);
    for k in 0..count {
        let row = k * dimension..(k + 1) * dimension;
        let hessian = evaluator.hessian(&DVector::from_column_slice(&positions[row.clone()]))?;
        let framed = fitted.factor().tr_mul(&(hessian * fitted.factor()));
        let slope = fitted.factor().tr_mul(&DVector::from_column_slice(&gradients[row.clone()]));
        let normal = &normals[row];
        for i in 0..dimension {
            for j in 0..dimension {
                let entry = -framed[(i, j)] / count as f64;
                curvature[(i, j)] += entry;
                curvature[(i, dimension + j)] += entry * normal[j];
                curvature[(dimension + i, j)] += entry * normal[i];
                curvature[(dimension + i, dimension + j)] += entry * normal[i] * normal[j];
            }
            curvature[(dimension + i, dimension + i)] -= slope[i] * normal[i] / count as f64;
        }
    }
    let response = curvature.cholesky()?.inverse();
    let means = response.view((0, 0), (dimension, dimension)).clone_owned();
    let covariance = fitted.factor() * means * fitted.factor().transpose();
    Some(Gaussian::from_covariance(fitted.mean.clone(), &covariance))
}
