//! What is attempted, and in which order: the latents as written, then with locations and scales, or covariances, taken
//! out, then with shares of these that are learned, at last a flow; when each is wanted, and when it is kept.

use crate::data::BoundModel;
use crate::inference::flow::FLOW_LIMIT;
use crate::inference::gaussian::Gaussian;
use crate::inference::{Failure, FamilyChoice, Fit, Options, Verdict, Watch};
use crate::lower::{self, Centring, Objective, Shares};
use crate::model::{Model, SiteId};

use super::replay::Sought;
use super::shares::{Known, Sharing, learn_shares, sharing_latents};

/// A k-hat below which another parameterisation would not change the verdict.
const GOOD: f64 = 0.5;
/// Beyond so many coordinates a Gaussian given the scales serves better than taking the scales out.
const MOST: usize = 64;
/// Beyond so many coordinates shares are not learned without being asked for.
const MOST_SHARED: usize = 256;
/// Evaluations after which shares are learned only where weights are bad: they would cost as much again, and more.
const LATE: u64 = 50_000;
/// A gain in the bound that is worth its cost: in nats, and in standard errors.
const GAIN: (f64, f64) = (0.5, 3.0);
/// A share of effective draws below which weights are bad.
const LEAST_SHARE: f64 = 0.05;
/// A k-hat that is better by less is no better.
const CLEARLY: f64 = 0.1;

/// One attempt.
#[derive(Clone, Debug)]
pub(super) enum Attempt {
    /// The latents as they are, or parameterised in a way that is known beforehand.
    Fixed(&'static str, Option<Centring>),
    /// With shares of locations and scales that are learned.
    Learned(Sharing),
    /// A flow, on the parameterisation that was best.
    Flow,
}

/// What an attempt fits.
pub(super) struct Prepared {
    /// The parameterisation, in words; none where it is that of the best so far.
    pub(super) name: Option<String>,
    /// It; none for the latents as they are.
    pub(super) centring: Option<Centring>,
    /// The family that is fitted.
    pub(super) family: Option<FamilyChoice>,
    /// A Gaussian to begin with.
    pub(super) start: Option<Gaussian>,
    /// Evaluations that this took.
    pub(super) evaluations: u64,
}

/// All attempts, in order.
pub(super) fn attempts(model: &Model, centred: &Objective, options: &Options) -> Vec<Attempt> {
    let as_written = Attempt::Fixed("as written", None);
    match options.family {
        Some(FamilyChoice::PartlyCentred) => return vec![as_written, Attempt::Learned(Sharing::ByLatent)],
        Some(FamilyChoice::Informed) => return vec![as_written, Attempt::Learned(Sharing::ByElement)],
        _ => {}
    }
    let dimension = centred.layout.dimension;
    let left = || model.site_ids().filter(|id| !centred.centring.integrated.contains(id));
    let whitened: Vec<SiteId> = left().filter(|id| lower::whitenable(model, *id).is_some()).collect();
    let centrable = sharing_latents(model, &centred.centring);
    let of = |ids: &[&[SiteId]]| Centring {
        of: ids.concat().into_iter().map(|id| (id, Shares::All(0.0))).collect(),
        ..centred.centring.clone()
    };
    let mut all = vec![as_written];
    if !whitened.is_empty() {
        all.push(Attempt::Fixed("covariances taken out", Some(of(&[&whitened]))));
    }
    if !centrable.is_empty() && dimension <= MOST {
        all.push(Attempt::Fixed("non-centred", Some(of(&[&whitened, &centrable]))));
    }
    if options.family.is_none() {
        if !centrable.is_empty() && dimension <= MOST_SHARED {
            all.extend([Sharing::ByLatent, Sharing::ByElement].map(Attempt::Learned));
        }
        if (2..=FLOW_LIMIT).contains(&dimension) {
            all.push(Attempt::Flow);
        }
    }
    all
}

impl Attempt {
    /// Whether it is worth its cost after the best fit so far.
    pub(super) fn is_wanted(&self, best: &Fit, (options, spent): (&Options, u64)) -> bool {
        if is_shared(options) {
            return true;
        }
        let has = |failure: Failure| best.findings.iter().any(|finding| finding.failure == failure);
        let is_unconfirmed = has(Failure::Unconfirmed);
        let is_good = best.verdict == Verdict::Trust || (best.khat < GOOD && !is_unconfirmed);
        let is_past = is_good || is_beyond_help(best);
        match self {
            Attempt::Fixed(..) => !is_good,
            Attempt::Learned(_) => {
                let is_mendable = spent < LATE && (is_unconfirmed || has(Failure::Funnel));
                !is_past && (weights_are_bad(best) || is_mendable)
            }
            Attempt::Flow => !is_past && weights_are_bad(best),
        }
    }

    /// What is to be fitted; `None` where that cannot be had.
    pub(super) fn prepare(
        &self,
        bound: &BoundModel,
        known: Option<Known>,
        options: &Options,
        run: (usize, &mut dyn Watch, Option<&mut Sought>),
    ) -> Option<Prepared> {
        // Learned shares are of use to one Gaussian, and begin with one.
        let pinned = if is_shared(options) { Some(FamilyChoice::FullRank) } else { options.family };
        match self {
            Attempt::Fixed(name, centring) => Some(Prepared {
                name: Some((*name).to_owned()),
                centring: centring.clone(),
                family: pinned,
                start: None,
                evaluations: 0,
            }),
            Attempt::Learned(sharing) => {
                let learning = learn_shares(bound, known?, *sharing, options, run)?;
                Some(Prepared {
                    name: Some(learning.name),
                    centring: Some(learning.centring),
                    family: pinned,
                    start: Some(learning.start),
                    evaluations: learning.evaluations,
                })
            }
            Attempt::Flow => Some(Prepared {
                name: None,
                centring: Some(known?.1.centring.clone()),
                family: Some(FamilyChoice::Flow),
                start: None,
                evaluations: 0,
            }),
        }
    }

    /// Whether a fit replaces the best so far. What costs more has to gain more: a better verdict, clearly better weights,
    /// or, with weights no worse, half a nat and three standard errors of the bound.
    pub(super) fn is_kept(&self, found: &Fit, best: &Fit, options: &Options) -> bool {
        if is_shared(options) {
            return true;
        }
        if matches!(self, Attempt::Fixed(..)) || found.verdict != best.verdict {
            return rank(found) < rank(best);
        }
        let (new, old) = (shape(found), shape(best));
        let noise = found.elbo.standard_error.hypot(best.elbo.standard_error);
        let gain = found.elbo.value - best.elbo.value;
        new < old - CLEARLY || (new < old + CLEARLY && gain > GAIN.0.max(GAIN.1 * noise))
    }
}

/// Whether the caller pinned a family of learned shares.
fn is_shared(options: &Options) -> bool {
    matches!(options.family, Some(FamilyChoice::PartlyCentred | FamilyChoice::Informed))
}

/// Whether the draws of a fit are not corrected by its weights, or few of them count.
fn weights_are_bad(fit: &Fit) -> bool {
    fit.log_weights.as_ref().is_none_or(|weights| fit.effective < LEAST_SHARE * weights.len() as f64)
}

/// Whether what is the matter is the posterior itself, which no other family would mend.
fn is_beyond_help(fit: &Fit) -> bool {
    use Failure::{Improper, Interrupted, NoStart, NonIdentified, Separation, Unbounded};
    let named = [Improper, Interrupted, NoStart, NonIdentified, Separation, Unbounded];
    fit.findings.iter().any(|finding| named.contains(&finding.failure))
}

/// Smaller is better.
fn rank(fit: &Fit) -> (Verdict, u64) {
    (fit.verdict, (shape(fit) * 1e6) as u64)
}

fn shape(fit: &Fit) -> f64 {
    if fit.khat.is_finite() { fit.khat.clamp(0.0, 100.0) } else { 1000.0 }
}
