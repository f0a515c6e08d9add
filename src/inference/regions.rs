//! Regions of the posterior that independent starts lead to: whether they are one, and what tells them apart.

use std::rc::Rc;

use super::candidate::Candidate;
use super::escape;
use super::gaussian::{Definiteness, Gaussian, are_near};
use super::importance::Proposal;
use super::ladder::{Ladder, NEGLIGIBLE};
use super::natural::Fitted;
use super::newton::Point;
use super::path::{self, NEWTON_LIMIT, Path};
use super::target::Block;
use super::union::Union;
use super::verdict::Agreement;

/// The most regions that are told apart.
const MOST_REGIONS: usize = 8;
/// The most paths from positions beyond a dip of the density.
const MOST_DIPS: usize = 2;
/// Paths that had to be fitted to see where they lead; a good fit needs no more of them.
const MOST_REFITTED: usize = 2;
/// Number of the first path from beyond a dip.
const BEYOND: u64 = 2000;
/// Difference of bounds, in nats, up to which regions may be the same but for labels.
const ALIKE: f64 = 1.5;
/// A region whose mass is known to be so many nats below has no part in the result: 6e-6, which moves a mean by a
/// twentieth of a standard deviation at most from 8000 standard deviations away.
const WEIGHTLESS: f64 = 12.0;
/// Distance in standard deviations from which on regions are apart in a coordinate.
const APART: f64 = 2.0;

/// A fitted region of the posterior.
pub struct Region {
    /// The Gaussian.
    pub fitted: Fitted,
    /// Curvature at the end of its path.
    pub definiteness: Definiteness,
    /// The best proposal in it, where that was looked for.
    pub proposal: Option<Rc<dyn Proposal>>,
    /// The log of its mass, where weights tell it.
    pub mass: Option<f64>,
}

impl Region {
    /// A region of which nothing is known but its Gaussian.
    pub fn new(fitted: Fitted, definiteness: Definiteness) -> Self {
        Self { fitted, definiteness, proposal: None, mass: None }
    }

    /// The log of its mass, or the bound that is known of it.
    fn level(&self) -> f64 {
        self.mass.unwrap_or(self.fitted.elbo)
    }
}

/// What another path led to.
enum Comparison {
    /// A known region.
    Same,
    /// A region of no weight.
    Negligible,
    /// Another region.
    Other(Box<Fitted>),
}

impl Ladder<'_, '_> {
    /// The best proposal in a region, which is noted with it.
    pub(super) fn settle_in(&mut self, region: Region) -> (Region, Candidate) {
        let first = self.first_proposal(&region.fitted);
        self.settle_from(region, first)
    }

    /// The same from its weighted Gaussian.
    pub(super) fn settle_from(&mut self, mut region: Region, first: Candidate) -> (Region, Candidate) {
        let best = self.better_proposal(&region.fitted, first);
        let weighted = &best.weighted;
        region.mass = best.is_usable().then(|| weighted.log_evidence());
        region.proposal = Some(Rc::clone(&best.proposal));
        (region, best)
    }

    /// Follows where other paths led; the best proposal for all regions, and whether any path agreed with the first one.
    pub(super) fn visit(&mut self, paths: &[Path], mut best: Candidate) -> (Candidate, bool) {
        self.evaluator.enter("comparing starts");
        let mut agreed = false;
        let mut refitted = 0;
        for path in paths {
            if !self.evaluator.may_continue() || self.regions.len() >= MOST_REGIONS {
                break;
            }
            if refitted >= MOST_REFITTED && best.is_good() && !self.is_known(&best, &path.gaussian) {
                continue;
            }
            let before = self.evaluator.spent();
            let comparison = self.compare(&best, path);
            refitted += usize::from(self.evaluator.spent() > before);
            match comparison {
                Comparison::Same => agreed = true,
                Comparison::Negligible => {}
                Comparison::Other(found) => {
                    if found.elbo > self.regions[0].fitted.elbo + NEGLIGIBLE {
                        // The regions left behind have no weight, and what agreed with them says nothing.
                        self.regions.clear();
                        self.seen.clear();
                        agreed = false;
                    }
                    let region = Region::new(*found, path.definiteness);
                    best = self.with_region(region, best);
                }
            }
        }
        (best, agreed)
    }

    /// Looks for regions that the starts could not see, beyond dips of the density far out.
    pub(super) fn visit_beyond(&mut self, best: Candidate) -> Candidate {
        let gaussian = self.regions[0].fitted.gaussian.clone();
        if gaussian.dimension() > NEWTON_LIMIT || !best.is_good() || !self.evaluator.may_continue() {
            return best;
        }
        let seed = self.options.seed;
        let found = escape::beyond_dips(self.evaluator, &gaussian, seed);
        let mut paths = Vec::new();
        for (position, index) in found.into_iter().take(MOST_DIPS).zip(BEYOND..) {
            let start = Point::at(self.evaluator, position);
            paths.extend(path::follow(self.evaluator, start, seed, index));
        }
        self.visit(&paths, best).0
    }

    /// Takes a region in: the best leads, and a union of those with weight is weighed.
    fn with_region(&mut self, mut region: Region, best: Candidate) -> Candidate {
        let leads = self.regions.first().is_none_or(|first| region.fitted.elbo > first.fitted.elbo);
        let level = self.regions.first().map_or(f64::NEG_INFINITY, |first| first.fitted.elbo);
        if !leads && level - region.fitted.elbo > NEGLIGIBLE / 2.0 {
            // Its bound may be far below its mass; the weights of its Gaussian know more.
            let own = self.first_proposal(&region.fitted);
            region.mass = own.is_usable().then(|| own.weighted.log_evidence());
            self.regions.push(region);
            return best;
        }
        let (region, own) = self.settle_in(region);
        self.regions.insert(if leads { 0 } else { self.regions.len() }, region);
        let top = self.regions[0].fitted.elbo;
        let known = self.regions.iter().filter(|region| region.fitted.elbo > top - NEGLIGIBLE / 2.0);
        let parts: Vec<(Rc<dyn Proposal>, f64)> =
            known.filter_map(|region| Some((region.proposal.clone()?, region.level()))).collect();
        if parts.len() < 2 {
            return if leads { own } else { best };
        }
        let joined = self.weigh(Rc::new(Union::of(parts)));
        let joined = self.refine(joined);
        let other = if leads { own } else { best };
        if joined.is_usable() || joined.badness() < other.badness() { joined } else { other }
    }

    /// Whether a Gaussian is of a region that is known.
    fn is_known(&self, best: &Candidate, gaussian: &Gaussian) -> bool {
        let near = self.regions.iter().any(|region| are_near(&region.fitted.gaussian, gaussian));
        near || (best.is_good() && (best.encloses(gaussian) || best.covers(gaussian, self.options.seed)))
    }

    /// What a path led to, against what is known.
    fn compare(&mut self, best: &Candidate, path: &Path) -> Comparison {
        let floor = self.regions[0].fitted.elbo - NEGLIGIBLE;
        if self.is_known(best, &path.gaussian) {
            return Comparison::Same;
        }
        if path.elbo < floor {
            return Comparison::Negligible;
        }
        match self.gaussian(&path.gaussian) {
            Some(found) if found.elbo < floor => Comparison::Negligible,
            Some(found) if !self.is_known(best, &found.gaussian) => Comparison::Other(Box::new(found)),
            Some(_) => Comparison::Same,
            None => Comparison::Negligible,
        }
    }

    /// What the regions say of each other.
    pub(super) fn agreement(&self, agreed: bool) -> Agreement {
        let Some((first, others)) = self.regions.split_first() else { return Agreement::Unknown };
        let has_weight = |other: &&Region| other.mass.is_none_or(|mass| mass > first.level() - WEIGHTLESS);
        let others: Vec<&Region> = others.iter().filter(has_weight).collect();
        let Some(gap) = others.iter().map(|other| (first.level() - other.level()).abs()).reduce(f64::min)
        else {
            return if agreed { Agreement::Same } else { Agreement::Unknown };
        };
        let blocks = self.evaluator.blocks();
        let one = &first.fitted.gaussian;
        let (mut apart, mut exchanged, mut is_exchange) = (Vec::new(), Vec::new(), true);
        for other in others {
            let two = &other.fitted.gaussian;
            let swapped = exchanged_between(one, two, &blocks);
            is_exchange &= !swapped.is_empty() && (first.level() - other.level()).abs() < ALIKE;
            exchanged.extend(swapped);
            apart.extend(apart_in(one, two));
        }
        let exchanged = if is_exchange { exchanged } else { Vec::new() };
        Agreement::Several { gap, apart, exchanged }
    }
}

/// The coordinates in which two Gaussians are furthest apart.
fn apart_in(one: &Gaussian, other: &Gaussian) -> Vec<usize> {
    let widths = one.deviations() + other.deviations();
    let gaps = (&one.mean - &other.mean).abs().component_div(&widths);
    furthest(gaps.as_slice())
}

/// The places of the largest gaps.
pub fn furthest(gaps: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..gaps.len()).collect();
    order.sort_by(|a, b| gaps[*b].total_cmp(&gaps[*a]));
    let count = order.iter().filter(|i| gaps[**i] > 0.5 * gaps[order[0]]).count();
    order.truncate(count.min(3));
    order
}

/// The coordinates of latents whose means are those of the other Gaussian in another order.
fn exchanged_between(one: &Gaussian, other: &Gaussian, blocks: &[Block]) -> Vec<usize> {
    let widths = (one.deviations() + other.deviations()) * 0.5;
    let exchanged = |block: &Block| {
        let range = block.start..block.end;
        let sorted = |gaussian: &Gaussian| {
            let mut means: Vec<f64> = range.clone().map(|i| gaussian.mean[i]).collect();
            means.sort_by(f64::total_cmp);
            means
        };
        let width = range.clone().map(|i| widths[i]).fold(0.0, f64::max);
        let moved = range.clone().any(|i| (one.mean[i] - other.mean[i]).abs() > APART * width);
        let alike = sorted(one).iter().zip(sorted(other)).all(|(a, b)| (a - b).abs() < width);
        moved && alike
    };
    blocks.iter().filter(|block| exchanged(block)).flat_map(|block| block.start..block.end).collect()
}
