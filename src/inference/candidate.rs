//! A proposal with the draws that were weighted by it, and what they say about it.

use std::rc::Rc;

use super::draws::{Purpose, stream, structured};
use super::elbo::Estimate;
use super::gaussian::Gaussian;
use super::importance::{Proposal, Weighted};
use super::psis;

/// A k-hat up to which no other family is tried.
const CONTENT: f64 = 0.45;
/// Effective share of the draws above which no other family is tried.
const EFFICIENT: f64 = 0.3;
/// Divergence, in nats, up to which one distribution covers another; 0.4 more for each coordinate.
const COVERED: f64 = 2.0;

/// A proposal with its weighted draws.
pub struct Candidate {
    /// The proposal.
    pub proposal: Rc<dyn Proposal>,
    /// Its draws.
    pub weighted: Weighted,
    /// Its bound.
    pub elbo: Estimate,
}

impl Candidate {
    /// The share of its draws that is effective.
    pub fn efficiency(&self) -> f64 {
        self.weighted.smoothed.effective / self.weighted.count() as f64
    }

    /// Smaller is better: k-hat as far as it matters, Monte Carlo error, the share of effective draws.
    pub fn badness(&self) -> f64 {
        let (mean, spread) = self.weighted.moments().worst();
        let error = if mean.is_finite() && spread.is_finite() { mean.max(spread) } else { 1.0 };
        self.weighted.smoothed.khat.clamp(CONTENT, 10.0) * 3.0 + 2.0 * error
            - self.efficiency().max(1e-6).ln() * 0.5
    }

    /// Whether more draws are worth having.
    pub fn is_promising(&self) -> bool {
        self.weighted.smoothed.khat < psis::threshold(self.weighted.count()) && self.efficiency() > EFFICIENT
    }

    /// Whether its weights can be used.
    pub fn is_usable(&self) -> bool {
        self.weighted.smoothed.khat < psis::threshold(self.weighted.count())
    }

    /// Whether no other family is needed.
    pub fn is_good(&self) -> bool {
        let (mean, spread) = self.weighted.moments().worst();
        self.weighted.smoothed.khat < CONTENT
            && self.efficiency() > EFFICIENT
            && (mean.max(spread) < 0.08 || self.efficiency() > 0.7)
    }

    /// Whether the proposal's density at a Gaussian's mean is one that its own draws have.
    pub fn encloses(&self, gaussian: &Gaussian) -> bool {
        let weighted = &self.weighted;
        let mut own: Vec<f64> =
            weighted.log_densities.iter().zip(&weighted.log_ratios).map(|(p, r)| p - r).collect();
        own.sort_by(f64::total_cmp);
        self.proposal.log_density(gaussian.mean.as_slice())[0] > own[own.len() / 50]
    }

    /// Whether the proposal puts its mass where a Gaussian does: their divergence, estimated from the Gaussian, is small.
    pub fn covers(&self, gaussian: &Gaussian, seed: u64) -> bool {
        let normals = structured(64, gaussian.dimension(), &mut stream(seed, Purpose::Probe, 2));
        let densities = self.proposal.log_density(&gaussian.positions(&normals));
        let divergence = -gaussian.entropy() - densities.iter().sum::<f64>() / densities.len() as f64;
        divergence < COVERED + 0.4 * gaussian.dimension() as f64
    }
}
