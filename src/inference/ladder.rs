//! The ladder of families: starts, the Gaussian of greatest bound, and what the diagnostics then ask for.

use nalgebra::DVector;

use super::block;
use super::candidate::Candidate;
use super::draws::{Purpose, objective_draws, stream, structured};
use super::elbo::Estimate;
use super::evaluator::Evaluator;
use super::fit::{FamilyChoice, Options, Rung};
use super::gaussian::{Definiteness, Gaussian, Root, WHOLE_LIMIT};
use super::importance::Weighted;
use super::mean_field;
use super::moments::Moments;
use super::natural::{self, Fitted, Status};
use super::path::{self, Ending, NEWTON_LIMIT, Path, Starts};
use super::regions::Region;
use super::verdict::Agreement;

/// Up to this many coordinates linear response is taken, by a Hessian at each fixed draw.
const RESPONSE_LIMIT: usize = 200;
/// Up to this many coordinates the whole Hessian is held.
const DENSE_LIMIT: usize = 500;
/// A region whose bound is so many nats lower has no weight.
pub(super) const NEGLIGIBLE: f64 = 30.0;
/// Number of the first start that is taken where the guide does not fit well.
const FURTHER: u64 = 1000;
/// Number of the first one that is taken where no family fits well.
const FURTHEST: u64 = 1500;

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
    /// The step that the Gaussian's slopes still ask of each mean, in its standard deviations.
    pub step: DVector<f64>,
    /// Two starts compared.
    pub agreement: Agreement,
    /// Curvature at the end of the path.
    pub definiteness: Definiteness,
    /// The coordinate along which curvature changes most, with the change in standard units, where that was looked at.
    pub bend: Option<(usize, f64)>,
    /// All that was tried.
    pub rungs: Vec<Rung>,
    /// Weighted moments by each family whose weights are sound, with its k-hat.
    pub seen: Vec<(f64, Moments)>,
}

/// The ladder of one fit.
pub struct Ladder<'e, 'a> {
    pub(super) evaluator: &'e mut Evaluator<'a>,
    pub(super) options: &'e Options,
    pub(super) names: &'e [String],
    pub(super) rungs: Vec<Rung>,
    pub(super) proposals: u64,
    pub(super) seen: Vec<(f64, Moments)>,
    /// The best first.
    pub(super) regions: Vec<Region>,
    pub(super) bend: Option<(usize, f64)>,
}

impl<'e, 'a> Ladder<'e, 'a> {
    /// At its foot.
    pub fn new(evaluator: &'e mut Evaluator<'a>, options: &'e Options, names: &'e [String]) -> Self {
        Ladder {
            evaluator,
            options,
            names,
            rungs: Vec::new(),
            proposals: 0,
            seen: Vec::new(),
            regions: Vec::new(),
            bend: None,
        }
    }

    /// Climbs; `None` if there is no usable start.
    pub fn climb(mut self) -> Option<Climb> {
        self.evaluator.enter("finding starts");
        let mut paths = self.paths(0, self.options.paths.max(1));
        let given = self.options.start.as_ref();
        paths.extend(given.and_then(|start| path::given(self.evaluator, start, self.options.seed)));
        paths.sort_by(|a, b| b.elbo.total_cmp(&a.elbo));
        let first = paths.first()?.clone();
        self.evaluator.enter("fitting a Gaussian");
        // Where the guide cannot be improved, or the fit was ended before, what the path found is what there is.
        let mut fitted = self.gaussian(&first.gaussian).unwrap_or_else(|| as_found(&first));
        let mut guide_deviation = fitted.gaussian.deviations();
        self.respond(&mut fitted);
        let mut region = Region::new(fitted, first.definiteness);
        let mut weighted = self.first_proposal(&region.fitted);
        if !weighted.is_good() && self.evaluator.may_continue() {
            self.evaluator.enter("finding more starts");
            let more = self.paths(FURTHER, self.options.paths.div_ceil(2));
            let floor = region.fitted.elbo - NEGLIGIBLE / 2.0;
            paths.extend(more.into_iter().filter(|path| path.elbo > floor));
            paths[1..].sort_by(|a, b| b.elbo.total_cmp(&a.elbo));
            if let Some(higher) = self.higher(&mut paths, &region.fitted) {
                (region, guide_deviation) = higher;
                self.seen.clear();
                weighted = self.first_proposal(&region.fitted);
            }
        }
        let (region, mut best) = self.settle_from(region, weighted);
        self.regions.push(region);
        if !best.is_good() && self.evaluator.may_continue() {
            self.evaluator.enter("finding more starts");
            let floor = self.regions[0].fitted.elbo - NEGLIGIBLE / 2.0;
            let more = self.paths(FURTHEST, self.options.paths.div_ceil(2));
            paths.extend(more.into_iter().filter(|path| path.elbo > floor));
            paths[1..].sort_by(|a, b| b.elbo.total_cmp(&a.elbo));
        }
        let (found, agreed) = self.visit(&paths[1..], best);
        best = self.visit_beyond(found);
        best = self.complete(best);
        let agreement = self.agreement(agreed);
        self.finish(guide_deviation, best, agreement)
    }

    /// Where another path leads far above what the first one led to, families are climbed there, and the first one is left
    /// behind: the region, and the Gaussian's own standard deviations.
    fn higher(&mut self, paths: &mut Vec<Path>, known: &Fitted) -> Option<(Region, DVector<f64>)> {
        let level = known.elbo + NEGLIGIBLE;
        let path = paths.get(1).filter(|path| path.elbo > level)?.clone();
        let mut fitted = self.gaussian(&path.gaussian).filter(|fitted| fitted.elbo > level)?;
        let guide_deviation = fitted.gaussian.deviations();
        self.respond(&mut fitted);
        paths.remove(0);
        Some((Region::new(fitted, path.definiteness), guide_deviation))
    }

    /// Replaces independent standard deviations by their linear response.
    fn respond(&mut self, fitted: &mut Fitted) {
        let dimension = fitted.gaussian.dimension();
        let independent = is_mean_field(self.options);
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
        mut self,
        guide_deviation: DVector<f64>,
        best: Candidate,
        agreement: Agreement,
    ) -> Option<Climb> {
        let Region { fitted, definiteness, .. } = self.regions.swap_remove(0);
        Some(Climb {
            guide_deviation,
            gaussian: fitted.gaussian,
            noise: fitted.noise,
            family: best.proposal.name(),
            weighted: best.weighted,
            elbo: best.elbo,
            status: fitted.status,
            step: fitted.step,
            agreement,
            definiteness,
            bend: self.bend,
            rungs: self.rungs,
            seen: self.seen,
        })
    }

    /// Paths from independent starts: as many as were asked for that reached an end, and those that did not.
    pub(super) fn paths(&mut self, first: u64, wanted: usize) -> Vec<Path> {
        let mut paths: Vec<Path> = Vec::new();
        // Paths whose Gaussians reach to where there is no density: better than nothing.
        let mut unbounded: Option<Path> = None;
        let before = self.evaluator.spent();
        let mut starts = Starts::from(self.options.seed, first);
        for index in first..first + (4 * wanted) as u64 {
            let ended = paths.iter().filter(|path| path.ending != Ending::Unfinished);
            let best = paths.iter().map(|path| path.elbo).fold(f64::NEG_INFINITY, f64::max);
            let useful = ended.filter(|path| path.elbo > best - NEGLIGIBLE).count();
            // More starts may double what the first ones and the guide have cost.
            let is_dear = first > 0 && !paths.is_empty() && self.evaluator.spent() > 2 * before;
            if useful >= wanted
                || is_dear
                || paths.len() >= 2 * wanted
                || (!paths.is_empty() && !self.evaluator.may_continue())
            {
                break;
            }
            let Some(start) = starts.next(self.evaluator, index) else { continue };
            match path::follow_apart(self.evaluator, start, (self.options.seed, index), &paths) {
                Some(path) if path.elbo.is_finite() => paths.push(path),
                Some(path) => unbounded = unbounded.or(Some(path)),
                None => {}
            }
        }
        if paths.is_empty() { unbounded.into_iter().collect() } else { paths }
    }

    /// The Gaussian of greatest bound that the dimension, or the caller's choice, allows.
    pub(super) fn gaussian(&mut self, start: &Gaussian) -> Option<Fitted> {
        let dimension = start.dimension();
        let normals = self.objective_normals(dimension);
        if is_mean_field(self.options) {
            let frame = Gaussian::diagonal(start.mean.clone(), &conditional_deviations(start));
            return mean_field::maximise(self.evaluator, &frame, &normals);
        }
        if self.options.family == Some(FamilyChoice::Block) {
            let fitted = block::maximise(self.evaluator, start, &normals)?;
            let gaussian = if dimension <= WHOLE_LIMIT { fitted.gaussian.whole() } else { fitted.gaussian };
            return Some(Fitted { gaussian, ..fitted });
        }
        if dimension <= NEWTON_LIMIT {
            return natural::maximise(self.evaluator, start, &normals);
        }
        if self.options.family.is_none()
            && let Some(fitted) = block::maximise(self.evaluator, start, &normals)
        {
            return Some(fitted);
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
}

/// A path's Gaussian as it is.
fn as_found(path: &Path) -> Fitted {
    let gaussian = path.gaussian.clone();
    Fitted {
        noise: gaussian.deviations(),
        step: DVector::zeros(gaussian.dimension()),
        gaussian,
        elbo: path.elbo,
        status: Status::Unconverged,
    }
}

/// Standard deviations of each coordinate given the others: what independence will settle at for a Gaussian.
fn conditional_deviations(gaussian: &Gaussian) -> DVector<f64> {
    match &gaussian.root {
        Root::Whole { inverse, .. } => DVector::from_iterator(
            gaussian.dimension(),
            inverse.column_iter().map(|column| column.norm().max(1e-300).recip()),
        ),
        _ => gaussian.deviations(),
    }
}

/// Whether the caller pinned the independent family.
pub(super) fn is_mean_field(options: &Options) -> bool {
    options.family == Some(FamilyChoice::MeanField)
}
