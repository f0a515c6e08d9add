//! Leave-one-out prediction from posterior draws: each point's predictive density given all others, by Pareto-smoothed
//! importance sampling.
//!
//! Vehtari, Gelman, Gabry (2017); draws of an approximation carry its weights along (Magnusson et al. 2019).

use super::elbo::Estimate;
use super::psis;

/// What leaving one point out gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PointLoo {
    /// log p(point | all others), in nats.
    pub elpd: f64,
    /// log p(point | all), in nats.
    pub lpd: f64,
    /// Shape of the tail of the weights that take the point out; above [`Loo::threshold`] `elpd` is not reliable.
    pub khat: f64,
}

/// Leave-one-out prediction of all points.
#[derive(Clone, Debug, PartialEq)]
pub struct Loo {
    /// One for each point.
    pub points: Vec<PointLoo>,
    /// How many draws it was estimated from.
    pub draws: usize,
}

impl PointLoo {
    /// Where there are no draws.
    pub const UNKNOWN: PointLoo = PointLoo { elpd: f64::NAN, lpd: f64::NAN, khat: f64::NAN };
}

/// Leaves each point out. `log_likelihood` is `[S][N]`, of N points at S draws; `log_weights` are those of the draws, or
/// `None` where all count alike.
pub fn leave_one_out(log_likelihood: &[f64], draws: usize, log_weights: Option<&[f64]>) -> Loo {
    let count = log_likelihood.len().checked_div(draws).unwrap_or(0);
    let weight = |s: usize| log_weights.map_or(0.0, |weights| weights[s]);
    let points = (0..count).map(|i| {
        let column: Vec<f64> = (0..draws).map(|s| log_likelihood[s * count + i]).collect();
        one(&column, weight)
    });
    Loo { points: points.collect(), draws }
}

fn one(log_likelihood: &[f64], weight: impl Fn(usize) -> f64) -> PointLoo {
    // A draw without weight says nothing, whatever the density there; one where there is no density has density 0.
    let add = |a: f64, b: f64| if a == f64::NEG_INFINITY { a } else { a + b };
    let known: Vec<f64> =
        log_likelihood.iter().map(|l| if l.is_nan() { f64::NEG_INFINITY } else { *l }).collect();
    let ratios: Vec<f64> = known.iter().enumerate().map(|(s, l)| add(weight(s), -l)).collect();
    let smoothed = psis::smooth_tail_of(&ratios);
    let with = |weights: &[f64]| log_sum(weights.iter().zip(&known).map(|(w, l)| add(*w, *l)));
    let mut weights: Vec<f64> = (0..known.len()).map(weight).collect();
    psis::normalise(&mut weights);
    PointLoo { elpd: with(&smoothed.log_weights), lpd: with(&weights), khat: smoothed.khat }
}

fn log_sum(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    let top = terms.clone().fold(f64::NEG_INFINITY, f64::max);
    if top.is_finite() { top + terms.map(|x| (x - top).exp()).sum::<f64>().ln() } else { top }
}

impl Loo {
    /// The sum over points, with the standard error that comes from their being a sample.
    pub fn elpd(&self) -> Estimate {
        total(self.points.iter().map(|point| point.elpd))
    }

    /// The effective number of parameters: how much better points are predicted when they are known.
    pub fn effective_parameters(&self) -> Estimate {
        total(self.points.iter().map(|point| point.lpd - point.elpd))
    }

    /// The k-hat up to which a point's estimate is reliable.
    pub fn threshold(&self) -> f64 {
        psis::threshold(self.draws)
    }

    /// The points whose k-hat is above the threshold.
    pub fn unreliable(&self) -> Vec<usize> {
        let limit = self.threshold();
        let is_above = |k: &usize| self.points[*k].khat.is_nan() || self.points[*k].khat > limit;
        (0..self.points.len()).filter(is_above).collect()
    }

    /// How much better than another model of the same points, in the same order: the sum of the differences, with the
    /// standard error of a sum of paired differences.
    pub fn gain_over(&self, other: &Loo) -> Estimate {
        total(self.points.iter().zip(&other.points).map(|(own, its)| own.elpd - its.elpd))
    }
}

/// The sum of N numbers, and sqrt(N) times their standard deviation (with N - 1; not a number for a single point).
fn total(values: impl ExactSizeIterator<Item = f64> + Clone) -> Estimate {
    let count = values.len() as f64;
    let value: f64 = values.clone().sum();
    let squares: f64 = values.map(|x| (x - value / count).powi(2)).sum();
    Estimate { value, standard_error: (count * squares / (count - 1.0)).sqrt() }
}
