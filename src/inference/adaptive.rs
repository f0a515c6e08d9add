//! Adaptive importance sampling: a mixture of Student t components that follows weighted draws (population Monte Carlo,
//! Cappé, Douc, Guillin, Marin and Robert 2008).

use nalgebra::{DMatrix, DVector};
use rand::RngExt;

use crate::numeric::random::Generator;

use super::gaussian::Gaussian;
use super::importance::{Component, Mixture, Tail, Weighted};
use super::moments::moments;
use super::psis;

const FREEDOM: f64 = 8.0;

/// Components besides the wide one.
const COMPONENTS: usize = 6;

/// The mixture at first: centres drawn from the weighted draws, all of one shape, with one wide component around them.
pub fn spread(gaussian: &Gaussian, weighted: &Weighted, generator: &mut Generator) -> Mixture {
    let dimension = gaussian.dimension();
    let weights = tempered(weighted, 4.0 * dimension as f64);
    let moments = moments(&weighted.draws, &weights, dimension);
    let covariance = shrunk_covariance(gaussian, weighted, (&weights, &moments.mean));
    let shape = Gaussian::from_covariance(moments.mean.clone(), &(&covariance * 0.6));
    let whole = Gaussian::from_covariance(moments.mean, &covariance);
    let mut cumulative = 0.0;
    let ladder: Vec<f64> = weights
        .iter()
        .map(|weight| {
            cumulative += weight.exp();
            cumulative
        })
        .collect();
    let offset: f64 = generator.random();
    let mut parts: Vec<Component> = (0..COMPONENTS)
        .map(|k| {
            let aim = (k as f64 + offset) / COMPONENTS as f64;
            let row = ladder.partition_point(|total| *total < aim).min(ladder.len() - 1);
            let mean = DVector::from_column_slice(&weighted.draws[row * dimension..][..dimension]);
            // Halfway to the centre, so that together the components are no wider than the draws.
            let mean = (mean + &whole.mean) * 0.5;
            component(0.8 / COMPONENTS as f64, Gaussian { mean, ..shape.clone() })
        })
        .collect();
    parts.push(component(0.2, whole.widened(1.2)));
    Mixture { name: "adaptive mixture".to_owned(), components: parts }
}

/// Log weights raised to a power of at most one that leaves at least `least` effective draws, if any power does.
fn tempered(weighted: &Weighted, least: f64) -> Vec<f64> {
    let mut power = 1.0;
    loop {
        let mut logs: Vec<f64> = weighted.smoothed.log_weights.iter().map(|w| power * w.max(-1e6)).collect();
        psis::normalise(&mut logs);
        let effective = logs.iter().map(|w| (2.0 * w).exp()).sum::<f64>().recip();
        if effective >= least || power < 0.02 {
            return logs;
        }
        power *= 0.8;
    }
}

fn component(weight: f64, gaussian: Gaussian) -> Component {
    Component { weight, gaussian, tail: Tail::Student(FREEDOM) }
}

/// Weighted covariance, drawn towards the Gaussian's where few draws are effective.
fn shrunk_covariance(gaussian: &Gaussian, weighted: &Weighted, by: (&[f64], &DVector<f64>)) -> DMatrix<f64> {
    let covariance = weighted.covariance(by.0, by.1);
    let dimension = gaussian.dimension() as f64;
    let effective = by.0.iter().map(|w| (2.0 * w).exp()).sum::<f64>().recip();
    let trust = effective / (effective + 4.0 * dimension);
    covariance * trust + gaussian.factor() * gaussian.factor().transpose() * (1.0 - trust)
}

/// One step of weighted expectation-maximisation.
pub fn adapt(mixture: &Mixture, weighted: &Weighted) -> Mixture {
    let count = weighted.count();
    let densities: Vec<Vec<f64>> = mixture
        .components
        .iter()
        .map(|part| {
            let level = part.weight.ln();
            part.log_density(&weighted.draws).into_iter().map(|x| x + level).collect()
        })
        .collect();
    let totals: Vec<f64> = (0..count)
        .map(|row| {
            let top = densities.iter().map(|own| own[row]).fold(f64::NEG_INFINITY, f64::max);
            top + densities.iter().map(|own| (own[row] - top).exp()).sum::<f64>().ln()
        })
        .collect();
    let weights = tempered(weighted, 3.0 * mixture.components[0].gaussian.dimension() as f64);
    let mut parts: Vec<Component> = mixture
        .components
        .iter()
        .zip(&densities)
        .map(|(part, own)| {
            let shares: Vec<f64> =
                (0..count).map(|row| (weights[row] + own[row] - totals[row]).exp()).collect();
            updated(part, weighted, &shares)
        })
        .collect();
    let floor = 0.02;
    let total: f64 = parts.iter().map(|part| part.weight.max(floor)).sum();
    parts.iter_mut().for_each(|part| part.weight = part.weight.max(floor) / total);
    Mixture { name: mixture.name.clone(), components: parts }
}

/// A component moved to the draws in its share; its shape moves the further the more of them there are.
fn updated(part: &Component, weighted: &Weighted, shares: &[f64]) -> Component {
    let dimension = part.gaussian.dimension();
    let total: f64 = shares.iter().sum();
    let effective = total * total / shares.iter().map(|s| s * s).sum::<f64>().max(1e-300);
    if !(total > 1e-8 && effective > 3.0) {
        return Component { weight: total.max(0.0), ..part.clone() };
    }
    let old = &part.gaussian;
    let mut mean = DVector::zeros(dimension);
    let distances = old.squared_distances(&weighted.draws);
    // In a t, each draw counts (nu + d) / (nu + distance) for location and shape.
    let scaled: Vec<f64> = shares
        .iter()
        .zip(&distances)
        .map(|(share, distance)| share * (FREEDOM + dimension as f64) / (FREEDOM + distance))
        .collect();
    let scaled_total: f64 = scaled.iter().sum();
    for (row, weight) in weighted.draws.chunks(dimension).zip(&scaled) {
        mean.iter_mut().zip(row).for_each(|(m, x)| *m += weight / scaled_total * x);
    }
    let mut centred = DMatrix::from_column_slice(dimension, shares.len(), &weighted.draws);
    for (mut column, weight) in centred.column_iter_mut().zip(&scaled) {
        column -= &mean;
        column *= (weight / total).sqrt();
    }
    let trust = effective / (effective + 2.0 * dimension as f64);
    let previous = old.factor() * old.factor().transpose();
    let covariance = (&centred * centred.transpose()) * trust + previous * (1.0 - trust);
    Component { weight: total, gaussian: Gaussian::from_covariance(mean, &covariance), tail: part.tail }
}
