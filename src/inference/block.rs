//! The Gaussian of greatest evidence lower bound whose precision has the sparsity of the log density's Hessian: dense in
//! what all share, a block for each group, and between groups nothing (bordered block-diagonal; after Ko, Kim and Gardner
//! 2024). Natural-gradient steps with the expected Hessian itself, which needs fewer draws than coordinates.

use std::sync::Arc;

use nalgebra::{DMatrix, DVector};

use super::evaluator::{Evaluator, Unwatched};
use super::gaussian::{Gaussian, Root};
use super::natural::{Fitted, Status};
use super::path;
use super::sparse::Pattern;
use super::sparse_root::{Ordering, SparseRoot};
use super::target::Target;

/// Fixed draws at which Hessians are taken.
const HESSIANS: usize = 16;
/// The most products of a Hessian, and the most places a factor may have for each coordinate.
const MOST_PRODUCTS: usize = 96;
const MOST_PLACES: usize = 64;
const STEPS: usize = 40;
/// Steps over which a negligible gain ends the ascent, and that gain in nats.
const PATIENCE: (usize, f64) = (3, 0.1);
/// Squared slope in whitened coordinates at which the mean has arrived.
const TOLERANCE: f64 = 1e-4;
/// Least pivot of a precision, against its diagonal.
const LEAST_PIVOT: f64 = 1e-3;

/// The precision's diagonal and its entries at the places, by steps of the elimination.
#[derive(Clone)]
struct Precision {
    diagonal: DVector<f64>,
    entries: DVector<f64>,
}

impl Precision {
    fn root(&self, ordering: &Arc<Ordering>) -> SparseRoot {
        let floors = self.diagonal.map(|d| LEAST_PIVOT * d.abs().max(1e-100));
        SparseRoot::of(ordering, self.diagonal.clone(), self.entries.clone(), &floors)
    }

    /// A share of the way to another one.
    fn towards(&self, other: &Precision, share: f64) -> Precision {
        Precision {
            diagonal: &self.diagonal * (1.0 - share) + &other.diagonal * share,
            entries: &self.entries * (1.0 - share) + &other.entries * share,
        }
    }
}

/// What the sparsity of a density's Hessian allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Structure {
    /// A precision by blocks.
    Blocks,
    /// None: as many products as coordinates are needed for a Hessian, or too many.
    Dense,
    /// None: the factors of the precision would have too many places.
    Filled,
    /// No position with finite curvature was found.
    Unknown,
}

/// The structure of a target, seen at a random position.
pub fn structure(target: &mut dyn Target) -> Structure {
    let mut watch = Unwatched;
    let mut evaluator = Evaluator::new(target, &mut watch, u64::MAX);
    let pattern = path::start(&mut evaluator, 0, 0).and_then(|start| evaluator.pattern(&start.position));
    let Some(pattern) = pattern else { return Structure::Unknown };
    let dimension = evaluator.dimension();
    if pattern.products() >= dimension || pattern.products() > MOST_PRODUCTS {
        Structure::Dense
    } else if Ordering::of(pattern.rows(), MOST_PLACES * dimension).is_none() {
        Structure::Filled
    } else {
        Structure::Blocks
    }
}

/// Maximises the bound over fixed draws `normals` `[S][D]`; `None` where the Hessian is not sparse enough.
pub fn maximise(evaluator: &mut Evaluator, start: &Gaussian, normals: &[f64]) -> Option<Fitted> {
    let pattern = evaluator.pattern(&start.mean)?;
    if pattern.products() > MOST_PRODUCTS {
        return None;
    }
    let dimension = start.dimension();
    let ordering = Arc::new(Ordering::of(pattern.rows(), MOST_PLACES * dimension)?);
    let sums = vec![start.mean.as_slice()];
    let mut precision = curvature(evaluator, &pattern, &ordering, &sums)?;
    let mut gaussian = Gaussian::sparse(start.mean.clone(), precision.root(&ordering));
    let mut batch = evaluator.evaluate(&gaussian.positions(normals));
    let bound = |values: &[f64], gaussian: &Gaussian| {
        values.iter().sum::<f64>() / values.len() as f64 + gaussian.entropy()
    };
    let mut elbo = bound(&batch.values, &gaussian);
    let mut status = Status::Unconverged;
    let mut bounds = vec![elbo];
    for _ in 0..STEPS {
        if !evaluator.may_continue() {
            break;
        }
        let positions = gaussian.positions(&normals[..HESSIANS.min(normals.len() / dimension) * dimension]);
        let aim =
            curvature(evaluator, &pattern, &ordering, &positions.chunks(dimension).collect::<Vec<_>>())?;
        let slope = DMatrix::from_column_slice(dimension, batch.values.len(), &batch.gradients).column_mean();
        let mut share = 1.0;
        let found = loop {
            let next = precision.towards(&aim, share);
            let root = next.root(&ordering);
            let step = root.covariance_times(&slope) * share;
            let candidate = Gaussian::sparse(&gaussian.mean + &step, root);
            let trial = evaluator.evaluate(&candidate.positions(normals));
            let value = bound(&trial.values, &candidate);
            if value.is_finite() && (!elbo.is_finite() || value > elbo - 1e-9 * elbo.abs()) {
                break Some((next, candidate, trial, value, step.dot(&slope) * share));
            }
            share *= 0.35;
            if share < 1e-3 {
                break None;
            }
        };
        let Some((next, candidate, trial, value, promise)) = found else {
            status = if elbo.is_finite() { Status::Converged } else { Status::Unconverged };
            break;
        };
        (precision, gaussian, batch, elbo) = (next, candidate, trial, value);
        evaluator.note(elbo);
        bounds.push(elbo);
        let stands = bounds.len() > PATIENCE.0 && elbo - bounds[bounds.len() - 1 - PATIENCE.0] < PATIENCE.1;
        if (share == 1.0 && promise < TOLERANCE && elbo - bounds[bounds.len() - 2] < PATIENCE.1) || stands {
            status = Status::Converged;
            break;
        }
    }
    let noise = mean_noise(&gaussian, &batch.gradients);
    let slope = DMatrix::from_column_slice(dimension, batch.values.len(), &batch.gradients).column_mean();
    let step = precision.root(&ordering).covariance_times(&slope).component_div(&gaussian.deviations());
    elbo.is_finite().then_some(Fitted { gaussian, elbo, status, noise, step })
}

/// Minus the mean of the Hessians at some positions; `None` where the pattern lacks entries.
fn curvature(
    evaluator: &mut Evaluator,
    pattern: &Pattern,
    ordering: &Ordering,
    positions: &[&[f64]],
) -> Option<Precision> {
    let dimension = ordering.order.len();
    let directions = pattern.directions();
    let mut sums = vec![0.0; directions.len()];
    for position in positions {
        let repeated: Vec<f64> = (0..pattern.products()).flat_map(|_| position.iter().copied()).collect();
        let products = evaluator.products(&repeated, &directions);
        sums.iter_mut().zip(products).for_each(|(sum, x)| *sum -= x / positions.len() as f64);
    }
    if sums.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let entries = pattern.entries(&sums)?;
    let at = |i: usize, j: usize| {
        let (row, column) = (ordering.order[i], ordering.order[j]);
        pattern.rows()[column].binary_search(&row).map_or(0.0, |k| entries[column][k])
    };
    let places = &ordering.elimination.places;
    Some(Precision {
        diagonal: DVector::from_fn(dimension, |k, _| at(k, k)),
        entries: DVector::from_iterator(places.len(), places.iter().map(|(i, j)| at(*i, *j))),
    })
}

/// Sandwich over antithetic pairs, as for a whole root.
fn mean_noise(gaussian: &Gaussian, gradients: &[f64]) -> DVector<f64> {
    let dimension = gaussian.dimension();
    let Root::Sparse(root) = &gaussian.root else { return DVector::zeros(dimension) };
    let pairs: Vec<DVector<f64>> = gradients
        .chunks(2 * dimension)
        .map(|pair| {
            let half = DVector::from_fn(dimension, |i, _| 0.5 * (pair[i] + pair[dimension + i]));
            root.covariance_times(&half)
        })
        .collect();
    let divisor = (pairs.len() as f64 - 1.0).max(1.0);
    let moved = DMatrix::from_columns(&pairs);
    DVector::from_iterator(dimension, moved.row_iter().map(|row| (row.variance() / divisor).sqrt()))
}
