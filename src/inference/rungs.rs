//! The rungs of the ladder: proposals around one Gaussian, each tried only if those before were not good enough.

use std::rc::Rc;

use super::adaptive;
use super::axes;
use super::candidate::Candidate;
use super::conditional::Conditional;
use super::draws::{Purpose, stream};
use super::elbo::{Estimate, of_pairs};
use super::fit::{FamilyChoice, Rung};
use super::gaussian::{Gaussian, Root};
use super::importance::{GUARD, Mixture, Proposal, Weighted};
use super::ladder::{Ladder, is_mean_field};
use super::natural::Fitted;
use super::nested::Nested;
use super::path::NEWTON_LIMIT;
use super::plane::Plane;

/// Pairs of the first weighting.
pub(super) const FIRST_PAIRS: usize = 500;
/// A k-hat below which the moments of a family that is not kept speak of the posterior, if so many draws are effective.
const SOUND: f64 = 0.6;
const LEAST_EFFECTIVE: f64 = 60.0;
/// Pairs by which a Gaussian is dropped that has another shape, and the effective share of draws up to which it has.
const PILOT_PAIRS: usize = 100;
const HOPELESS: f64 = 0.1;
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
/// How much of the greater change of curvature the lesser one of two scales makes up, for both to be conditioned on.
const BOTH: f64 = 0.15;
/// Up to this many coordinates a mixture is adapted.
const ADAPTIVE_LIMIT: usize = 24;
/// The most adaptations of a mixture, and the effective share of draws at which it is left alone.
const ADAPTATIONS: usize = 8;
const SETTLED: f64 = 0.85;

impl Ladder<'_, '_> {
    /// The Gaussian itself, weighted: by few draws where these say that it has another shape.
    pub(super) fn first_proposal(&mut self, fitted: &Fitted) -> Candidate {
        self.evaluator.enter("weighting draws");
        let gaussian = &fitted.gaussian;
        let proposal = Rc::new(Mixture::guarded(self.family(gaussian), gaussian));
        let mut weighted = self.draw(proposal.as_ref(), PILOT_PAIRS * self.options.effort);
        let mut elbo = core_elbo(&weighted, gaussian);
        if weighted.smoothed.effective > HOPELESS * weighted.count() as f64 || self.options.family.is_some() {
            let more = self.draw(proposal.as_ref(), (FIRST_PAIRS - PILOT_PAIRS) * self.options.effort);
            let counts = [&weighted, &more].map(|part| part.count() as f64);
            elbo = pooled([elbo, core_elbo(&more, gaussian)], counts);
            weighted = weighted.and(more);
        }
        self.judged(Candidate { proposal, weighted, elbo })
    }

    /// Climbs on from a weighted Gaussian until the weights are good.
    pub(super) fn better_proposal(&mut self, fitted: &Fitted, mut best: Candidate) -> Candidate {
        if self.options.family == Some(FamilyChoice::Flow) && self.regions.is_empty() {
            let best = self.flow_around(&fitted.gaussian).unwrap_or(best);
            return self.refine(best);
        }
        let dimension = fitted.gaussian.dimension();
        if dimension == 1 && self.options.family.is_none() {
            // Nothing is left to condition: the grid is the posterior itself.
            best = self.along_axes(fitted, best, &[(0, 1.0)]);
            if best.is_good() {
                return self.refine(best);
            }
        }
        best = self.with_matched(&fitted.gaussian, best);
        if best.is_good() || self.options.family.is_some() {
            return self.refine(best);
        }
        if self.may_condition(dimension) && self.evaluator.may_continue() {
            self.evaluator.enter("conditioning on scales");
            let ranked = axes::rank(self.evaluator, &fitted.gaussian, self.options.seed);
            self.bend = self.bend.or(ranked.first().copied());
            let plane = if dimension <= AXIS_LIMIT { self.scales(&ranked) } else { None };
            if let Some((axes, true)) = plane {
                best = self.on_plane(&fitted.gaussian, best, axes);
            }
            let second = ranked.get(1).map_or(0.0, |(_, score)| score / ranked[0].1);
            let one_leads = dimension <= ADAPTIVE_LIMIT || second < 0.4;
            if !best.is_good() && one_leads {
                best = self.along_axes(fitted, best, &ranked);
            }
            if let Some((axes, false)) = plane.filter(|_| !best.is_good()) {
                best = self.on_plane(&fitted.gaussian, best, axes);
            }
            if !best.is_good() {
                best = self.along_several(fitted, best, &ranked);
            }
            if !best.is_good() && !one_leads {
                best = self.along_axes(fitted, best, &ranked);
            }
        }
        if !best.is_good() && dimension <= ADAPTIVE_LIMIT {
            best = self.adapted(&fitted.gaussian, best);
        }
        self.refine(best)
    }

    fn family(&self, gaussian: &Gaussian) -> &'static str {
        match &gaussian.root {
            Root::Sparse(_) => "block Gaussian",
            _ if self.options.family == Some(FamilyChoice::Block) => "block Gaussian",
            _ if is_mean_field(self.options) => "mean-field Gaussian",
            Root::Whole { .. } if gaussian.dimension() <= NEWTON_LIMIT => "full-rank Gaussian",
            Root::Whole { .. } => "whitened mean-field Gaussian",
            Root::Diagonal(_) => "mean-field Gaussian",
        }
    }

    /// Lets a mixture follow the weighted draws.
    fn adapted(&mut self, gaussian: &Gaussian, mut best: Candidate) -> Candidate {
        self.evaluator.enter("adapting a mixture");
        if !self.evaluator.may_continue() {
            return best;
        }
        let short = FIRST_PAIRS.saturating_sub(best.weighted.count() / 2);
        if short > 0 {
            // A mixture that starts from few draws loses what they did not see.
            let more = self.draw(best.proposal.as_ref(), short);
            best.weighted = best.weighted.and(more);
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
        let candidate = self.weigh(Rc::new(mixture));
        if candidate.badness() < best.badness() { candidate } else { best }
    }

    fn may_condition(&self, dimension: usize) -> bool {
        dimension <= AXIS_LIMIT
            || (dimension <= SPARSE_AXIS_LIMIT && self.evaluator.hessian_products() <= FEW_PRODUCTS)
    }

    fn name_of(&self, axis: usize) -> String {
        self.names.get(axis).map_or("a coordinate", String::as_str).to_owned()
    }

    /// Conditions on several coordinates at once: on those that are scales or bounded otherwise, if these are few; on those
    /// that change the curvature alone; on those along which it changes most.
    fn along_several(&mut self, fitted: &Fitted, mut best: Candidate, ranked: &[(usize, f64)]) -> Candidate {
        let gaussian = &fitted.gaussian;
        let most = MOST_AXES.min(gaussian.dimension() / 3);
        let bounded = self.bounded();
        if (2..=most).contains(&bounded.len()) {
            best = self.better_nested(gaussian, bounded, best).0;
        }
        if best.is_good() {
            return best;
        }
        let taken = axes::greedy(self.evaluator, gaussian, ranked, (most, LEAST_CHANGE), self.options.seed);
        let (best, found) = self.better_nested(gaussian, taken, best);
        if found {
            return best;
        }
        let least = LEAST_CHANGE * ranked[0].1;
        let strong = ranked.iter().take(most).filter(|(_, score)| *score > least).map(|(axis, _)| *axis);
        self.better_nested(gaussian, strong.collect(), best).0
    }

    /// The two scales, or otherwise bounded coordinates, if there are just two, and whether both change the curvature.
    fn scales(&self, ranked: &[(usize, f64)]) -> Option<([usize; 2], bool)> {
        let [one, other] = self.bounded()[..] else { return None };
        let score = |axis: usize| ranked.iter().find(|(at, _)| *at == axis).map_or(0.0, |(_, score)| *score);
        let (low, high) = (score(one).min(score(other)), score(one).max(score(other)));
        (ranked.len() > 2).then_some(([one, other], low > BOTH * high))
    }

    /// Conditions on two coordinates.
    fn on_plane(&mut self, gaussian: &Gaussian, best: Candidate, [one, other]: [usize; 2]) -> Candidate {
        if !self.evaluator.may_continue() {
            return best;
        }
        let (first, second) = (self.name_of(one), self.name_of(other));
        match Plane::explore(self.evaluator, gaussian, [(one, &first), (other, &second)]) {
            Some(plane) => {
                let candidate = self.weigh(Rc::new(plane));
                if candidate.badness() < best.badness() { candidate } else { best }
            }
            None => best,
        }
    }

    /// Coordinates of latents whose values have an end.
    fn bounded(&self) -> Vec<usize> {
        let blocks = self.evaluator.blocks();
        blocks.iter().filter(|block| block.ends > 0).flat_map(|block| block.start..block.end).collect()
    }

    /// The better one of a candidate and the Gaussian given some axes, and whether there is such a one.
    fn better_nested(&mut self, gaussian: &Gaussian, axes: Vec<usize>, best: Candidate) -> (Candidate, bool) {
        let Some(nested) = self.nested(gaussian, axes) else { return (best, false) };
        let candidate = self.weigh(Rc::new(nested));
        (if candidate.badness() < best.badness() { candidate } else { best }, true)
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
                let candidate = self.weigh(Rc::new(conditional));
                if candidate.badness() < best.badness() {
                    best = candidate;
                }
            }
        }
        best
    }

    /// Draws from a proposal, weights them, and notes the rung.
    pub(super) fn weigh(&mut self, proposal: Rc<dyn Proposal>) -> Candidate {
        let weighted = self.draw(proposal.as_ref(), FIRST_PAIRS * self.options.effort);
        let elbo = proposal.bound(&weighted);
        self.judged(Candidate { proposal, weighted, elbo })
    }

    /// Notes a rung; one that is good gets as many draws as it needs, since more draws may show that it is not.
    fn judged(&mut self, candidate: Candidate) -> Candidate {
        self.evaluator.note(candidate.elbo.value);
        let candidate = if candidate.is_good() { self.refine(candidate) } else { candidate };
        let smoothed = &candidate.weighted.smoothed;
        if smoothed.khat < SOUND && smoothed.effective > LEAST_EFFECTIVE {
            self.seen.push((smoothed.khat, candidate.weighted.moments()));
        }
        self.rungs.push(Rung {
            family: candidate.proposal.name(),
            elbo: candidate.elbo,
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

    /// More draws of a promising proposal, until means and standard deviations are precise.
    pub(super) fn refine(&mut self, candidate: Candidate) -> Candidate {
        self.draw_on(candidate, Candidate::is_promising, [0.018, 0.04])
    }

    /// More draws of the proposal that is kept, where there are too few to report: the verdict calls for them at 0.1.
    pub(super) fn complete(&mut self, candidate: Candidate) -> Candidate {
        self.draw_on(candidate, Candidate::is_usable, [0.08, 0.08])
    }

    /// More draws for as long as they are worth it, until the errors of means and standard deviations, in the latter, are
    /// small enough.
    fn draw_on(
        &mut self,
        mut candidate: Candidate,
        is_worth_it: fn(&Candidate) -> bool,
        [least_mean, least_spread]: [f64; 2],
    ) -> Candidate {
        let asked = self.options.draws.max(2 * FIRST_PAIRS) * self.options.effort;
        // Twice the draws have an error smaller by the root of two.
        let tolerance = (self.options.effort as f64).sqrt().recip();
        while is_worth_it(&candidate) && self.evaluator.may_continue() {
            let (mean, spread) = candidate.weighted.moments().worst();
            let (most, tolerance) = match candidate.weighted.smoothed.khat > UNEVEN {
                true => (UNEVEN_DRAWS * asked, UNEVEN_SHARE * tolerance),
                false => (asked, tolerance),
            };
            if candidate.weighted.count() >= most {
                break;
            }
            if mean < least_mean * tolerance && spread < least_spread * tolerance {
                break;
            }
            let more = self.draw(candidate.proposal.as_ref(), FIRST_PAIRS);
            candidate.weighted = candidate.weighted.and(more);
        }
        if let Some(rung) = self.rungs.iter_mut().find(|rung| rung.elbo == candidate.elbo) {
            rung.khat = candidate.weighted.smoothed.khat;
            rung.efficiency = candidate.efficiency();
        }
        candidate
    }
}

/// Above this k-hat a few draws carry so much that errors estimated from them are likely too small, and have to be smaller;
/// for that there may be so many times the draws asked for.
const UNEVEN: f64 = 0.3;
const UNEVEN_DRAWS: usize = 2;
const UNEVEN_SHARE: f64 = 0.67;

/// One estimate from two, by so many draws each.
fn pooled([one, other]: [Estimate; 2], [count, more]: [f64; 2]) -> Estimate {
    let (share, rest) = (count / (count + more), more / (count + more));
    Estimate {
        value: share * one.value + rest * other.value,
        standard_error: (share * one.standard_error).hypot(rest * other.standard_error),
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
