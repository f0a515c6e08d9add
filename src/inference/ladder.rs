//! The ladder of families: starts, the Gaussian of greatest bound, and what the diagnostics then ask for.

use nalgebra::DVector;

use super::draws::{Purpose, objective_draws, stream, structured};
use super::elbo::{Estimate, of_pairs};
use super::evaluator::Evaluator;
use super::fit::{FamilyChoice, Options, Rung};
use super::gaussian::{Definiteness, Gaussian};
use super::importance::{GUARD, Mixture, Proposal, Weighted};
use super::natural::{self, Fitted, Status};
use super::path::{self, Path};
use super::psis;
use super::verdict::Agreement;

/// Pairs of the first weighting.
const FIRST_PAIRS: usize = 500;
/// A k-hat up to which no other family is tried.
const CONTENT: f64 = 0.4;
/// Effective share of the draws above which no other family is tried.
const EFFICIENT: f64 = 0.25;

/// Where the ladder ended.
pub struct Climb {
    /// The Gaussian guide.
    pub gaussian: Gaussian,
    /// Standard errors of its means from the fixed draws.
    pub noise: DVector<f64>,
    /// Its own standard deviations, before linear response.
    pub guide_deviation: DVector<f64>,
    /// Weighted draws of the best proposal.
    pub weighted: Weighted,
    /// Its bound.
    pub elbo: Estimate,
    /// Its name.
    pub family: String,
    /// Whether the Gaussian is optimal.
    pub status: Status,
    /// Two starts compared.
    pub agreement: Agreement,
    /// Curvature at the end of the path.
    pub definiteness: Definiteness,
    /// Disagreement of two good proposals about the evidence, in standard errors.
    pub evidence_gap: Option<f64>,
    /// All that was tried.
    pub rungs: Vec<Rung>,
}

/// A proposal with its weighted draws.
pub struct Candidate {
    /// The proposal.
    pub proposal: Box<dyn Proposal>,
    /// Its draws.
    pub weighted: Weighted,
    /// Its bound.
    pub elbo: Estimate,
}

impl Candidate {
    fn efficiency(&self) -> f64 {
        self.weighted.smoothed.effective / self.weighted.count() as f64
    }

    /// Smaller is better: first k-hat, as far as it matters, then the share of effective draws.
    fn badness(&self) -> f64 {
        self.weighted.smoothed.khat.max(CONTENT) * 3.0 - self.efficiency().max(1e-6).ln() * 0.5
    }

    fn is_content(&self) -> bool {
        self.weighted.smoothed.khat < CONTENT && self.efficiency() > EFFICIENT
    }
}

/// The ladder of one fit.
pub struct Ladder<'e, 'a> {
    evaluator: &'e mut Evaluator<'a>,
    options: &'e Options,
    rungs: Vec<Rung>,
    proposals: u64,
}

impl<'e, 'a> Ladder<'e, 'a> {
    /// At its foot.
    pub fn new(evaluator: &'e mut Evaluator<'a>, options: &'e Options) -> Self {
        Ladder { evaluator, options, rungs: Vec::new(), proposals: 0 }
    }

    /// Climbs; `None` if there is no usable start.
    pub fn climb(mut self) -> Option<Climb> {
        self.evaluator.enter("finding starts");
        let mut paths = self.paths();
        paths.sort_by(|a, b| b.elbo.total_cmp(&a.elbo));
        let first = paths.first()?.clone();
        self.evaluator.enter("fitting a Gaussian");
        let mut fitted = self.gaussian(&first.gaussian)?;
        let mut definiteness = first.definiteness;
        let (mut agreement, mut other) = (Agreement::Unknown, None);
        for path in &paths[1..] {
            match self.compare(&fitted, path) {
                None => agreement = Agreement::Same,
                Some(found) => {
                    let gap = fitted.elbo - found.elbo;
                    agreement = Agreement::Other { gap: gap.abs() };
                    let lesser = if gap < 0.0 { std::mem::replace(&mut fitted, found) } else { found };
                    definiteness = if gap < 0.0 { path.definiteness } else { definiteness };
                    other = Some(lesser);
                    break;
                }
            }
        }
        let best = self.best_proposal(&fitted, other.as_ref());
        let evidence_gap = None;
        let best = self.refine(best);
        Some(Climb {
            guide_deviation: fitted.gaussian.deviations(),
            gaussian: fitted.gaussian,
            noise: fitted.noise,
            family: best.proposal.name(),
            weighted: best.weighted,
            elbo: best.elbo,
            status: fitted.status,
            agreement,
            definiteness,
            evidence_gap,
            rungs: self.rungs,
        })
    }

    fn paths(&mut self) -> Vec<Path> {
        let mut paths = Vec::new();
        let wanted = self.options.paths.max(1);
        for index in 0..(3 * wanted) as u64 {
            if paths.len() >= wanted || (!paths.is_empty() && !self.evaluator.may_continue()) {
                break;
            }
            let Some(start) = path::start(self.evaluator, self.options.seed, index) else { continue };
            if let Some(path) = path::follow(self.evaluator, start, self.options.seed, index)
                && path.elbo.is_finite()
            {
                paths.push(path);
            }
        }
        paths
    }

    fn gaussian(&mut self, start: &Gaussian) -> Option<Fitted> {
        let dimension = start.dimension();
        let pairs = objective_draws(dimension) / 2;
        let normals = structured(pairs, dimension, &mut stream(self.options.seed, Purpose::Objective, 0));
        natural::maximise(self.evaluator, start, &normals)
    }

    /// `None` if a path ended where `fitted` is; otherwise the Gaussian it leads to.
    fn compare(&mut self, fitted: &Fitted, path: &Path) -> Option<Fitted> {
        if are_near(&fitted.gaussian, &path.gaussian) {
            return None;
        }
        let found = self.gaussian(&path.gaussian)?;
        if are_near(&fitted.gaussian, &found.gaussian) { None } else { Some(found) }
    }

    fn best_proposal(&mut self, fitted: &Fitted, other: Option<&Fitted>) -> Candidate {
        self.evaluator.enter("weighting draws");
        let mixture = Mixture::guarded("full-rank Gaussian", &fitted.gaussian);
        let mut best = self.weigh(Box::new(mixture.clone()), Some(&fitted.gaussian));
        if let Some(other) = other
            && fitted.elbo - other.elbo < 12.0
        {
            let second = Mixture::guarded("", &other.gaussian);
            let parts = [(mixture, fitted.elbo), (second, other.elbo)];
            let joined = self.weigh(Box::new(Mixture::joined("mixture of two Gaussians", &parts)), None);
            best = joined;
        }
        if best.is_content() || self.options.family.is_some() {
            return best;
        }
        best
    }

    /// Draws from a proposal, weights them, and notes the rung.
    fn weigh(&mut self, proposal: Box<dyn Proposal>, core: Option<&Gaussian>) -> Candidate {
        let mut generator = stream(self.options.seed, Purpose::Proposal, self.proposals);
        self.proposals += 1;
        let weighted = Weighted::draw(self.evaluator, proposal.as_ref(), FIRST_PAIRS, &mut generator);
        let elbo = match core {
            Some(gaussian) => core_elbo(&weighted, gaussian),
            None => weighted.elbo(),
        };
        self.evaluator.note(elbo.value);
        let candidate = Candidate { proposal, weighted, elbo };
        self.rungs.push(Rung {
            family: candidate.proposal.name(),
            elbo,
            khat: candidate.weighted.smoothed.khat,
            efficiency: candidate.efficiency(),
            evaluations: self.evaluator.spent(),
        });
        candidate
    }

    /// More draws, until means and standard deviations are precise.
    fn refine(&mut self, candidate: Candidate) -> Candidate {
        let Candidate { proposal, mut weighted, elbo } = candidate;
        let most = self.options.draws.max(2 * FIRST_PAIRS);
        while weighted.count() < most && self.evaluator.may_continue() {
            let (mean, spread) = weighted.moments().worst();
            if mean < 0.03 && spread < 0.03 || weighted.smoothed.khat > psis::threshold(weighted.count()) {
                break;
            }
            let pairs = FIRST_PAIRS.max(weighted.count() / 4);
            let mut generator = stream(self.options.seed, Purpose::Proposal, self.proposals);
            self.proposals += 1;
            weighted = weighted.and(Weighted::draw(self.evaluator, proposal.as_ref(), pairs, &mut generator));
        }
        Candidate { proposal, weighted, elbo }
    }
}

/// The bound of a guarded Gaussian's core, by the draws that came from it.
fn core_elbo(weighted: &Weighted, gaussian: &Gaussian) -> Estimate {
    let rows = ((1.0 - GUARD) * (weighted.count() / 2) as f64).round() as usize * 2;
    let dimension = gaussian.dimension();
    let distances = gaussian.squared_distances(&weighted.draws[..rows * dimension]);
    let level = gaussian.entropy() - 0.5 * dimension as f64;
    let values: Vec<f64> =
        weighted.log_densities[..rows].iter().zip(&distances).map(|(p, d)| p + level + 0.5 * d).collect();
    of_pairs(&values)
}

/// Whether either mean lies where the other Gaussian puts its mass.
fn are_near(one: &Gaussian, other: &Gaussian) -> bool {
    let dimension = one.dimension() as f64;
    let limit = dimension + 4.0 * (2.0 * dimension).sqrt() + 4.0;
    one.squared_distances(other.mean.as_slice())[0] < limit
        && other.squared_distances(one.mean.as_slice())[0] < 4.0 * limit
}

/// Whether the caller pinned the independent family.
pub fn is_mean_field(options: &Options) -> bool {
    options.family == Some(FamilyChoice::MeanField)
}
