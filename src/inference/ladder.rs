//! The ladder of families: starts, the Gaussian of greatest bound, and what the diagnostics then ask for.

use nalgebra::DVector;

use super::adaptive;
use super::axes;
use super::candidate::Candidate;
use super::conditional::Conditional;
use super::draws::{Purpose, objective_draws, stream, structured};
use super::elbo::{Estimate, of_pairs};
use super::evaluator::Evaluator;
use super::fit::{FamilyChoice, Options, Rung};
use super::gaussian::{Definiteness, Gaussian};
use super::importance::{GUARD, Mixture, Proposal, Weighted};
use super::mean_field;
use super::natural::{self, Fitted, Status};
use super::nested::Nested;
use super::path::{self, Ending, NEWTON_LIMIT, Path};
use super::verdict::Agreement;

/// Pairs of the first weighting.
const FIRST_PAIRS: usize = 500;
/// Up to this many coordinates single ones are conditioned on.
const AXIS_LIMIT: usize = 64;
/// Beyond, up to this many, where a Hessian takes few products.
const SPARSE_AXIS_LIMIT: usize = 256;
/// How many products few are.
const FEW_PRODUCTS: usize = 64;
/// The most coordinates that are conditioned on together.
const MOST_AXES: usize = 6;
/// Least change of curvature along a coordinate, against the greatest, that counts.
const LEAST_CHANGE: f64 = 0.15;
/// Up to this many coordinates a mixture is adapted.
const ADAPTIVE_LIMIT: usize = 24;
/// Up to this many coordinates linear response is taken, by a Hessian at each fixed draw.
const RESPONSE_LIMIT: usize = 200;
/// Up to this many coordinates the whole Hessian is held.
const DENSE_LIMIT: usize = 500;
/// A region whose bound is so many nats lower has no weight.
const NEGLIGIBLE: f64 = 30.0;

/// The most adaptations of a mixture, and the effective share of draws at which it is left alone.
const ADAPTATIONS: usize = 8;
const SETTLED: f64 = 0.85;
/// Number of the first start that is taken where the guide does not fit well.
const FURTHER: u64 = 1000;

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
    /// All that was tried.
    pub rungs: Vec<Rung>,
}

/// A fitted region of the posterior.
struct Region {
    fitted: Fitted,
    definiteness: Definiteness,
}

/// What another path led to.
enum Comparison {
    /// The same region.
    Same,
    /// A region of no weight.
    Negligible,
    /// Another region.
    Other(Box<Fitted>),
}

/// The ladder of one fit.
pub struct Ladder<'e, 'a> {
    evaluator: &'e mut Evaluator<'a>,
    options: &'e Options,
    names: &'e [String],
    rungs: Vec<Rung>,
    proposals: u64,
}

impl<'e, 'a> Ladder<'e, 'a> {
    /// At its foot.
    pub fn new(evaluator: &'e mut Evaluator<'a>, options: &'e Options, names: &'e [String]) -> Self {
        Ladder { evaluator, options, names, rungs: Vec::new(), proposals: 0 }
    }

    /// Climbs; `None` if there is no usable start.
    pub fn climb(mut self) -> Option<Climb> {
        self.evaluator.enter("finding starts");
        let mut paths = self.paths(0, self.options.paths.max(1));
        paths.sort_by(|a, b| b.elbo.total_cmp(&a.elbo));
        let first = paths.first()?.clone();
        self.evaluator.enter("fitting a Gaussian");
        let fitted = self.gaussian(&first.gaussian).or_else(|| self.cut_short(&first))?;
        let mut region = Region { fitted, definiteness: first.definiteness };
        let guide_deviation = region.fitted.gaussian.deviations();
        self.respond(&mut region.fitted);
        let mut best = self.best_proposal(&region.fitted);
        if !best.is_good() {
            self.evaluator.enter("finding more starts");
            let floor = region.fitted.elbo - NEGLIGIBLE / 2.0;
            let more = self.paths(FURTHER, self.options.paths.max(1));
            paths.extend(more.into_iter().filter(|path| path.elbo > floor));
            paths[1..].sort_by(|a, b| b.elbo.total_cmp(&a.elbo));
        }
        let mut agreement = Agreement::Unknown;
        for path in &paths[1..] {
            if !self.evaluator.may_continue() {
                break;
            }
            match self.compare(&region.fitted, &best, path) {
                Comparison::Same => agreement = Agreement::Same,
                Comparison::Negligible => {}
                Comparison::Other(found) => {
                    let gap = region.fitted.elbo - found.elbo;
                    best = self.with_other(&mut region, *found, best);
                    if gap.abs() < NEGLIGIBLE {
                        agreement = Agreement::Other { gap: gap.abs() };
                        break;
                    }
                    // The region left behind has no weight, and what agreed with it says nothing.
                    agreement = Agreement::Unknown;
                }
            }
        }
        Some(self.finish(region, guide_deviation, best, agreement))
    }

    /// What a path found, where the fit was ended before it could be improved.
    fn cut_short(&self, path: &Path) -> Option<Fitted> {
        self.evaluator.halt()?;
        let (gaussian, elbo) = (path.gaussian.clone(), path.elbo);
        Some(Fitted { noise: gaussian.deviations(), gaussian, elbo, status: Status::Unconverged })
    }

    /// Takes another region in: the better one leads, and a mixture of both is tried where both have weight.
    fn with_other(&mut self, region: &mut Region, mut other: Fitted, mut best: Candidate) -> Candidate {
        if other.elbo > region.fitted.elbo {
            std::mem::swap(&mut other, &mut region.fitted);
            best = self.best_proposal(&region.fitted);
        }
        if region.fitted.elbo - other.elbo > NEGLIGIBLE / 2.0 {
            return best;
        }
        let parts = [
            (Mixture::guarded("", &region.fitted.gaussian), region.fitted.elbo),
            (Mixture::guarded("", &other.gaussian), other.elbo),
        ];
        let joined = self.weigh(Box::new(Mixture::joined("mixture of two Gaussians", &parts)), None);
        if joined.is_promising() || joined.badness() < best.badness() { joined } else { best }
    }

    /// Replaces independent standard deviations by their linear response.
    fn respond(&mut self, fitted: &mut Fitted) {
        let dimension = fitted.gaussian.dimension();
        let independent = is_mean_field(self.options) || dimension > NEWTON_LIMIT;
        if !independent || dimension > RESPONSE_LIMIT || !self.evaluator.may_continue() {
            return;
        }
        self.evaluator.enter("linear response");
        let normals = self.objective_normals(dimension);
        if let Some(found) = mean_field::linear_response(self.evaluator, &fitted.gaussian, &normals) {
            fitted.gaussian = found;
        }
    }

    fn finish(
        self,
        region: Region,
        guide_deviation: DVector<f64>,
        best: Candidate,
        agreement: Agreement,
    ) -> Climb {
        let fitted = region.fitted;
        Climb {
            guide_deviation,
            gaussian: fitted.gaussian,
            noise: fitted.noise,
            family: best.proposal.name(),
            weighted: best.weighted,
            elbo: best.elbo,
            status: fitted.status,
            agreement,
            definiteness: region.definiteness,
            rungs: self.rungs,
        }
    }

    /// Paths from independent starts: as many as were asked for that reached an end, and those that did not.
    fn paths(&mut self, first: u64, wanted: usize) -> Vec<Path> {
        let mut paths: Vec<Path> = Vec::new();
        for index in first..first + (4 * wanted) as u64 {
            let ended = paths.iter().filter(|path| path.ending != Ending::Unfinished);
            let best = paths.iter().map(|path| path.elbo).fold(f64::NEG_INFINITY, f64::max);
            let useful = ended.filter(|path| path.elbo > best - NEGLIGIBLE).count();
            if useful >= wanted
                || paths.len() >= 2 * wanted
                || (!paths.is_empty() && !self.evaluator.may_continue())
            {
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

    /// The Gaussian of greatest bound that the dimension, or the caller's choice, allows.
    fn gaussian(&mut self, start: &Gaussian) -> Option<Fitted> {
        let dimension = start.dimension();
        let normals = self.objective_normals(dimension);
        if is_mean_field(self.options) {
            let frame = Gaussian::diagonal(start.mean.clone(), &conditional_deviations(start));
            return mean_field::maximise(self.evaluator, &frame, &normals);
        }
        if dimension <= NEWTON_LIMIT {
            return natural::maximise(self.evaluator, start, &normals);
        }
        let frame = self.whitened(start);
        mean_field::maximise(self.evaluator, &frame, &normals)
    }

    fn objective_normals(&self, dimension: usize) -> Vec<f64> {
        let pairs = objective_draws(dimension) / 2 * self.options.effort;
        structured(pairs, dimension, &mut stream(self.options.seed, Purpose::Objective, 0))
    }

    /// A frame from the curvature at a Gaussian's mean, where that is affordable and points downwards.
    fn whitened(&mut self, start: &Gaussian) -> Gaussian {
        if start.dimension() > DENSE_LIMIT {
            return start.clone();
        }
        let diagonal =
            mean_field::maximise(self.evaluator, start, &self.objective_normals(start.dimension()));
        let centre = diagonal.map_or_else(|| start.clone(), |fitted| fitted.gaussian);
        match self.evaluator.hessian(&centre.mean) {
            Some(hessian) => Gaussian::from_precision(centre.mean, &-hessian).0,
            None => centre,
        }
    }

    /// What a path led to, against what was fitted.
    fn compare(&mut self, fitted: &Fitted, best: &Candidate, path: &Path) -> Comparison {
        let seed = self.options.seed;
        let is_known = |gaussian: &Gaussian| {
            are_near(&fitted.gaussian, gaussian)
                || (best.is_good() && (best.encloses(gaussian) || best.covers(gaussian, seed)))
        };
        if is_known(&path.gaussian) {
            return Comparison::Same;
        }
        if path.elbo < fitted.elbo - NEGLIGIBLE {
            return Comparison::Negligible;
        }
        match self.gaussian(&path.gaussian) {
            Some(found) if found.elbo < fitted.elbo - NEGLIGIBLE => Comparison::Negligible,
            Some(found) if !is_known(&found.gaussian) => Comparison::Other(Box::new(found)),
            Some(_) => Comparison::Same,
            None => Comparison::Negligible,
        }
    }

    /// Climbs from the Gaussian until the weights are good.
    fn best_proposal(&mut self, fitted: &Fitted) -> Candidate {
        self.evaluator.enter("weighting draws");
        let mixture = Mixture::guarded(self.family(fitted.gaussian.dimension()), &fitted.gaussian);
        let mut best = self.weigh(Box::new(mixture), Some(&fitted.gaussian));
        let dimension = fitted.gaussian.dimension();
        if best.is_good() || self.options.family.is_some() {
            return best;
        }
        if self.may_condition(dimension) && self.evaluator.may_continue() {
            self.evaluator.enter("conditioning on scales");
            let ranked = axes::rank(self.evaluator, &fitted.gaussian, self.options.seed);
            let second = ranked.get(1).map_or(0.0, |(_, score)| score / ranked[0].1);
            if dimension <= ADAPTIVE_LIMIT || second < 0.4 {
                best = self.along_axes(fitted, best, &ranked);
            }
            if !best.is_good() {
                best = self.along_several(fitted, best, &ranked);
            }
        }
        if !best.is_good() && dimension <= ADAPTIVE_LIMIT {
            best = self.adapted(&fitted.gaussian, best);
        }
        best
    }

    fn family(&self, dimension: usize) -> &'static str {
        if is_mean_field(self.options) {
            "mean-field Gaussian"
        } else if dimension <= NEWTON_LIMIT {
            "full-rank Gaussian"
        } else if dimension <= DENSE_LIMIT {
            "whitened mean-field Gaussian"
        } else {
            "mean-field Gaussian"
        }
    }

    /// Lets a mixture follow the weighted draws.
    fn adapted(&mut self, gaussian: &Gaussian, best: Candidate) -> Candidate {
        self.evaluator.enter("adapting a mixture");
        if !self.evaluator.may_continue() {
            return best;
        }
        let mut generator = stream(self.options.seed, Purpose::Probe, 1);
        let mut mixture = adaptive::spread(gaussian, &best.weighted, &mut generator);
        for _ in 0..ADAPTATIONS {
            let weighted = Weighted::draw(self.evaluator, &mixture, FIRST_PAIRS, &mut generator);
            mixture = adaptive::adapt(&mixture, &weighted);
            if weighted.smoothed.effective > SETTLED * weighted.count() as f64 {
                break;
            }
            if !self.evaluator.may_continue() {
                return best;
            }
        }
        let candidate = self.weigh(Box::new(mixture), None);
        if candidate.badness() < best.badness() { candidate } else { best }
    }

    fn may_condition(&self, dimension: usize) -> bool {
        dimension <= AXIS_LIMIT
            || (dimension <= SPARSE_AXIS_LIMIT && self.evaluator.hessian_products() <= FEW_PRODUCTS)
    }

    fn name_of(&self, axis: usize) -> String {
        self.names.get(axis).map_or("a coordinate", String::as_str).to_owned()
    }

    /// Conditions on several coordinates at once.
    fn along_several(&mut self, fitted: &Fitted, best: Candidate, ranked: &[(usize, f64)]) -> Candidate {
        let gaussian = &fitted.gaussian;
        let limits = (MOST_AXES.min(gaussian.dimension() / 3), LEAST_CHANGE);
        let taken = axes::greedy(self.evaluator, gaussian, ranked, limits, self.options.seed);
        let least = LEAST_CHANGE * ranked[0].1;
        let strong = ranked.iter().take(limits.0).filter(|(_, score)| *score > least).map(|(axis, _)| *axis);
        let found = self.nested(gaussian, taken).or_else(|| self.nested(gaussian, strong.collect()));
        let Some(nested) = found else { return best };
        let candidate = self.weigh(Box::new(nested), None);
        if candidate.badness() < best.badness() { candidate } else { best }
    }

    /// The Gaussian given those of some axes along which grids can be built, if there are two.
    fn nested(&mut self, gaussian: &Gaussian, axes: Vec<usize>) -> Option<Nested> {
        let mut axes: Vec<(usize, String)> =
            axes.into_iter().map(|axis| (axis, self.name_of(axis))).collect();
        let mut generator = stream(self.options.seed, Purpose::Probe, 3);
        while axes.len() > 1 && self.evaluator.may_continue() {
            match Nested::explore(self.evaluator, gaussian, &axes, &mut generator) {
                Ok(nested) => return Some(nested),
                Err(failed) => axes.remove(failed),
            };
        }
        None
    }

    /// Conditions on the coordinates along which curvature changes most.
    fn along_axes(&mut self, fitted: &Fitted, mut best: Candidate, ranked: &[(usize, f64)]) -> Candidate {
        for &(axis, score) in ranked.iter().take(2) {
            if best.is_good() || score <= 0.0 || !self.evaluator.may_continue() {
                break;
            }
            let name = self.name_of(axis);
            let found = Conditional::explore(self.evaluator, &fitted.gaussian, axis, &name);
            if let Some(conditional) = found {
                let candidate = self.weigh(Box::new(conditional), None);
                if candidate.badness() < best.badness() {
                    best = candidate;
                }
            }
        }
        best
    }

    /// Draws from a proposal, weights them, draws more if that is promising, and notes the rung.
    fn weigh(&mut self, proposal: Box<dyn Proposal>, core: Option<&Gaussian>) -> Candidate {
        let weighted = self.draw(proposal.as_ref(), FIRST_PAIRS * self.options.effort);
        let elbo = match core {
            Some(gaussian) => core_elbo(&weighted, gaussian),
            None => weighted.elbo(),
        };
        self.evaluator.note(elbo.value);
        let candidate = self.refine(Candidate { proposal, weighted, elbo });
        self.rungs.push(Rung {
            family: candidate.proposal.name(),
            elbo,
            khat: candidate.weighted.smoothed.khat,
            efficiency: candidate.efficiency(),
            evaluations: self.evaluator.spent(),
            seconds: self.evaluator.seconds(),
        });
        candidate
    }

    fn draw(&mut self, proposal: &dyn Proposal, pairs: usize) -> Weighted {
        let mut generator = stream(self.options.seed, Purpose::Proposal, self.proposals);
        self.proposals += 1;
        Weighted::draw(self.evaluator, proposal, pairs, &mut generator)
    }

    /// More draws, until means and standard deviations are precise.
    fn refine(&mut self, mut candidate: Candidate) -> Candidate {
        let most = self.options.draws.max(2 * FIRST_PAIRS) * self.options.effort;
        // Twice the draws have an error smaller by the root of two.
        let tolerance = (self.options.effort as f64).sqrt().recip();
        while candidate.weighted.count() < most && candidate.is_promising() && self.evaluator.may_continue() {
            let (mean, spread) = candidate.weighted.moments().worst();
            if mean < 0.03 * tolerance && spread < 0.04 * tolerance {
                break;
            }
            let more = self.draw(candidate.proposal.as_ref(), FIRST_PAIRS);
            candidate.weighted = candidate.weighted.and(more);
        }
        candidate
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

/// Standard deviations of each coordinate given the others: what independence will settle at for a Gaussian.
fn conditional_deviations(gaussian: &Gaussian) -> DVector<f64> {
    DVector::from_iterator(
        gaussian.dimension(),
        gaussian.inverse.column_iter().map(|column| column.norm().max(1e-300).recip()),
    )
}

/// Whether the caller pinned the independent family.
fn is_mean_field(options: &Options) -> bool {
    options.family == Some(FamilyChoice::MeanField)
}
