//! Importance sampling: proposals, their draws weighted by the target, and weighted moments with their errors.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand_distr::ChiSquared;

use crate::numeric::random::Generator;

use super::draws::structured;
use super::elbo::{Estimate, of_pairs};
use super::evaluator::Evaluator;
use super::faults::numbers;
use super::gaussian::{Gaussian, HALF_LOG_TAU};
use super::moments::{Moments, moments};
use super::psis::{self, Smoothed};

/// A distribution to draw from whose density is known.
pub trait Proposal {
    /// Its name in a report.
    fn name(&self) -> String;
    /// `2 * pairs` draws `[S][D]`; neighbours 2k and 2k + 1 belong together, antithetically.
    fn draw(&self, pairs: usize, generator: &mut Generator) -> Vec<f64>;
    /// Log densities of positions `[S][D]`.
    fn log_density(&self, positions: &[f64]) -> Vec<f64>;
    /// Its bound, from a set of its draws.
    fn bound(&self, weighted: &Weighted) -> Estimate {
        weighted.elbo()
    }
}

/// How fast a component falls off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tail {
    /// As a normal.
    Normal,
    /// As a Student t of so many degrees of freedom.
    Student(f64),
}

/// One elliptical component of a mixture.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its share.
    pub weight: f64,
    /// Centre and shape.
    pub gaussian: Gaussian,
    /// Tails.
    pub tail: Tail,
}

impl Component {
    /// Log densities of positions.
    pub fn log_density(&self, positions: &[f64]) -> Vec<f64> {
        let dimension = self.gaussian.dimension() as f64;
        let distances = self.gaussian.squared_distances(positions);
        let volume = self.gaussian.log_determinant;
        match self.tail {
            Tail::Normal => {
                let level = -volume - dimension * HALF_LOG_TAU;
                distances.into_iter().map(|d| level - 0.5 * d).collect()
            }
            Tail::Student(nu) => {
                let power = 0.5 * (nu + dimension);
                let level = libm::lgamma(power)
                    - libm::lgamma(0.5 * nu)
                    - 0.5 * dimension * (nu * std::f64::consts::PI).ln()
                    - volume;
                distances.into_iter().map(|d| level - power * (d / nu).ln_1p()).collect()
            }
        }
    }

    /// `2 * pairs` draws.
    pub fn draw(&self, pairs: usize, generator: &mut Generator) -> Vec<f64> {
        let dimension = self.gaussian.dimension();
        let mut normals = structured(pairs, dimension, generator);
        if let Tail::Student(nu) = self.tail
            && let Ok(chi) = ChiSquared::new(nu)
        {
            for pair in normals.chunks_mut(2 * dimension) {
                let scale = (nu / generator.sample(chi).max(1e-300)).sqrt();
                pair.iter_mut().for_each(|x| *x *= scale);
            }
        }
        self.gaussian.positions(&normals)
    }
}

/// A mixture of elliptical components; draws are stratified over them.
#[derive(Clone, Debug)]
pub struct Mixture {
    /// Its name in a report.
    pub name: String,
    /// Shares sum to one.
    pub components: Vec<Component>,
}

/// Share of the wide component that guards the tails of every proposal.
pub const GUARD: f64 = 0.15;

/// The normal guarded by a wider Student t, one pair of draws at a time.
pub struct Guard;

impl Guard {
    const FREEDOM: f64 = 6.0;
    const SCALE: f64 = 1.4;

    /// Whether a pair is of the guard's share.
    pub fn has(pair: usize) -> bool {
        ((pair + 1) as f64 * GUARD).floor() > (pair as f64 * GUARD).floor()
    }

    /// By how much a pair's normals are stretched: 1 but for the share of the guard.
    pub fn scale(pair: usize, generator: &mut Generator) -> f64 {
        match ChiSquared::new(Self::FREEDOM).ok().filter(|_| Self::has(pair)) {
            Some(chi) => Self::SCALE * (Self::FREEDOM / generator.sample(chi).max(1e-300)).sqrt(),
            None => 1.0,
        }
    }

    /// Log density, given the squared distance from the centre; without volume.
    pub fn log_density(distance: f64, dimension: f64) -> f64 {
        let core = (1.0 - GUARD).ln() - 0.5 * distance - dimension * HALF_LOG_TAU;
        let (nu, scale) = (Self::FREEDOM, Self::SCALE);
        let power = 0.5 * (nu + dimension);
        let level = GUARD.ln() + libm::lgamma(power)
            - libm::lgamma(0.5 * nu)
            - 0.5 * dimension * (nu * std::f64::consts::PI).ln()
            - dimension * scale.ln();
        log_add(core, level - power * (distance / (scale * scale * nu)).ln_1p())
    }
}

impl Mixture {
    /// A Gaussian guarded by a wider Student t, which bounds the weights where the Gaussian's tails are too light.
    pub fn guarded(name: &str, gaussian: &Gaussian) -> Mixture {
        let core = Component { weight: 1.0 - GUARD, gaussian: gaussian.clone(), tail: Tail::Normal };
        let wide = 1.0 + 0.6 / (1.0 + gaussian.dimension() as f64 / 20.0);
        let guard = Component { weight: GUARD, gaussian: gaussian.widened(wide), tail: Tail::Student(6.0) };
        Mixture { name: name.to_owned(), components: vec![core, guard] }
    }
}

impl Proposal for Mixture {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn draw(&self, pairs: usize, generator: &mut Generator) -> Vec<f64> {
        let mut rows = Vec::new();
        let (mut share, mut given) = (0.0, 0);
        for component in &self.components {
            share += component.weight;
            let until = ((share * pairs as f64).round() as usize).min(pairs);
            if until > given {
                rows.extend(component.draw(until - given, generator));
                given = until;
            }
        }
        rows
    }

    fn log_density(&self, positions: &[f64]) -> Vec<f64> {
        let mut total: Option<Vec<f64>> = None;
        for component in &self.components {
            let level = component.weight.max(1e-300).ln();
            let own = component.log_density(positions).into_iter().map(|x| x + level);
            total = Some(match total {
                None => own.collect(),
                Some(sums) => sums.into_iter().zip(own).map(|(a, b)| log_add(a, b)).collect(),
            });
        }
        total.unwrap_or_default()
    }
}

/// ln(exp a + exp b).
pub fn log_add(a: f64, b: f64) -> f64 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    if high == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

/// Draws of a proposal, weighted by the target.
#[derive(Clone, Debug)]
pub struct Weighted {
    /// `[S][D]`.
    pub draws: Vec<f64>,
    /// Log target density minus log proposal density.
    pub log_ratios: Vec<f64>,
    /// Log target densities.
    pub log_densities: Vec<f64>,
    /// Numbers of the evaluations that gave these; none where the densities are not the target's own.
    pub evaluations: Vec<u64>,
    /// Pareto-smoothed weights.
    pub smoothed: Smoothed,
}

impl Weighted {
    /// Draws `2 * pairs` from the proposal and weights them.
    pub fn draw(
        evaluator: &mut Evaluator,
        proposal: &dyn Proposal,
        pairs: usize,
        generator: &mut Generator,
    ) -> Weighted {
        let draws = proposal.draw(evaluator.affordable_pairs(pairs), generator);
        let first = evaluator.spent();
        let log_densities = evaluator.value(&draws);
        let evaluations = numbers(first, log_densities.len()).collect();
        Weighted { evaluations, ..Weighted::of(draws, log_densities, proposal) }
    }

    /// Draws of a proposal with target log densities that are known.
    pub fn of(draws: Vec<f64>, log_densities: Vec<f64>, proposal: &dyn Proposal) -> Weighted {
        let densities = proposal.log_density(&draws);
        // What is impossible has no weight, however the proposal came to it.
        let ratio = |(p, q): (&f64, &f64)| if *p == f64::NEG_INFINITY { *p } else { p - q };
        let log_ratios: Vec<f64> = log_densities.iter().zip(&densities).map(ratio).collect();
        let smoothed = psis::smooth(&log_ratios);
        Weighted { draws, log_ratios, log_densities, evaluations: Vec::new(), smoothed }
    }

    /// Both sets as one.
    pub fn and(mut self, other: Weighted) -> Weighted {
        self.draws.extend(other.draws);
        self.log_ratios.extend(other.log_ratios);
        self.log_densities.extend(other.log_densities);
        self.evaluations.extend(other.evaluations);
        self.smoothed = psis::smooth(&self.log_ratios);
        self
    }

    /// Number of draws.
    pub fn count(&self) -> usize {
        self.log_ratios.len()
    }

    /// The proposal's evidence lower bound.
    pub fn elbo(&self) -> Estimate {
        of_pairs(&self.log_ratios)
    }

    /// Estimated log evidence.
    pub fn log_evidence(&self) -> f64 {
        let top = self.log_ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        top + (self.log_ratios.iter().map(|x| (x - top).exp()).sum::<f64>() / self.count() as f64).ln()
    }

    /// Weighted moments.
    pub fn moments(&self) -> Moments {
        let dimension = self.draws.len() / self.count().max(1);
        moments(&self.draws, &self.smoothed.log_weights, dimension)
    }

    /// Covariance of the draws under log weights, around a mean.
    pub fn covariance(&self, log_weights: &[f64], mean: &DVector<f64>) -> DMatrix<f64> {
        let dimension = mean.len();
        let mut centred = DMatrix::from_column_slice(dimension, self.count(), &self.draws);
        for (mut column, weight) in centred.column_iter_mut().zip(log_weights) {
            column -= mean;
            column *= (0.5 * weight).exp();
        }
        &centred * centred.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixture_density_integrates_to_one() {
        let gaussian = Gaussian::from_covariance(
            DVector::from_vec(vec![1.0, -2.0]),
            &DMatrix::from_row_slice(2, 2, &[2.0, 0.7, 0.7, 0.5]),
        );
        let mixture = Mixture::guarded("test", &gaussian);
        let step = 0.1;
        let grid: Vec<f64> = (-200..200)
            .flat_map(|i| (-200..200).flat_map(move |j| [f64::from(i) * step, f64::from(j) * step]))
            .collect();
        let total: f64 = mixture.log_density(&grid).iter().map(|l| l.exp()).sum::<f64>() * step * step;
        assert!((total - 1.0).abs() < 2e-3, "{total}");
    }
}
