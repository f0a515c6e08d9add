//! The whole of a fit: options in, an approximation of the posterior with a verdict out.

use nalgebra::DVector;

use super::draws::{Purpose, stream, structured};
use super::elbo::Estimate;
use super::evaluator::{Evaluator, Halt, Watch};
use super::gaussian::Gaussian;
use super::ladder::{Climb, Ladder};
use super::moments::{Moments, moments};
use super::psis;
use super::target::Target;
use super::verdict::{self, Evidence, Verdict, WeightUse};

/// A family of guides pinned by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyChoice {
    /// Independent Gaussians, with standard deviations by linear response.
    MeanField,
    /// One Gaussian.
    FullRank,
}

/// What a caller can choose.
#[derive(Clone, Debug)]
pub struct Options {
    /// Key of all randomness.
    pub seed: u64,
    /// How many draws to return, at most, and at least where they cost no evaluation.
    pub draws: usize,
    /// The family, or `None` to climb as far as the diagnostics ask for.
    pub family: Option<FamilyChoice>,
    /// Evaluations after which to end.
    pub max_evaluations: u64,
    /// Independent starts.
    pub paths: usize,
    /// How many times the usual number of fixed draws and of weighted draws is taken: 1, unless one wants to see what
    /// more would change.
    pub effort: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { seed: 0, draws: 4000, family: None, max_evaluations: 1_000_000, paths: 4, effort: 1 }
    }
}

/// One step of the ladder of families that was tried.
#[derive(Clone, Debug)]
pub struct Rung {
    /// The family.
    pub family: String,
    /// Its evidence lower bound, by independent draws.
    pub elbo: Estimate,
    /// Shape of its weights' tail.
    pub khat: f64,
    /// Effective share of its draws, in (0, 1].
    pub efficiency: f64,
    /// Evaluations spent in all when it was done.
    pub evaluations: u64,
    /// Seconds by the caller's clock when it was done.
    pub seconds: Option<f64>,
}

/// A finished fit.
#[derive(Clone, Debug)]
pub struct Fit {
    /// `[n][D]`, unconstrained; empty if nothing could be fitted.
    pub draws: Vec<f64>,
    /// Normalised log weights of the draws, or `None` where they count alike.
    pub log_weights: Option<Vec<f64>>,
    /// The guide's evidence lower bound, by independent draws.
    pub elbo: Estimate,
    /// The importance-sampling estimate of the log evidence; only good where `khat` is.
    pub log_evidence: f64,
    /// Shape of the tail of the weights; small is good.
    pub khat: f64,
    /// Effective number of weighted draws.
    pub effective: f64,
    /// The guide.
    pub family: String,
    /// Evaluations spent: one a position, two a Hessian-vector product.
    pub evaluations: u64,
    /// Why it ended, as a sentence.
    pub stopped: String,
    /// How far to rely on it.
    pub verdict: Verdict,
    /// Why.
    pub reasons: Vec<String>,
    /// Whether importance weights correct the draws.
    pub corrected: WeightUse,
    /// The ladder.
    pub rungs: Vec<Rung>,
    /// Means of the coordinates.
    pub mean: Vec<f64>,
    /// Standard deviations of the coordinates.
    pub deviation: Vec<f64>,
    /// Monte Carlo standard errors of the means.
    pub mean_error: Vec<f64>,
    /// Standard deviations of the Gaussian guide, before linear response and weights.
    pub guide_deviation: Vec<f64>,
}

/// Fits a target.
pub fn fit(target: &mut dyn Target, options: &Options, watch: &mut dyn Watch) -> Fit {
    let names = coordinate_names(target);
    let ends: Vec<usize> =
        target.blocks().iter().flat_map(|block| vec![block.ends; block.end - block.start]).collect();
    let mut evaluator = Evaluator::new(target, watch, options.max_evaluations);
    if evaluator.dimension() == 0 {
        return nothing_to_fit(&mut evaluator);
    }
    match Ladder::new(&mut evaluator, options, &names).climb() {
        Some(climb) => conclude(&evaluator, options, climb, (&names, &ends)),
        None => without_start(&evaluator),
    }
}

fn coordinate_names(target: &dyn Target) -> Vec<String> {
    target
        .blocks()
        .into_iter()
        .flat_map(|block| {
            let size = block.end - block.start;
            (1..=size)
                .map(move |k| if size == 1 { block.name.clone() } else { format!("{}[{k}]", block.name) })
        })
        .collect()
}

/// Draws, moments and verdict of what the ladder reached.
fn conclude(
    evaluator: &Evaluator,
    options: &Options,
    climb: Climb,
    (names, ends): (&[String], &[usize]),
) -> Fit {
    let smoothed = &climb.weighted.smoothed;
    let usable = smoothed.khat <= psis::threshold(climb.weighted.count()).max(0.5);
    let weights = if usable { WeightUse::Used } else { WeightUse::Unused };
    let (draws, log_weights) = match weights {
        WeightUse::Used => (climb.weighted.draws.clone(), Some(smoothed.log_weights.clone())),
        WeightUse::Unused => (guide_draws(&climb.gaussian, options), None),
    };
    let found = result_moments(&climb, &draws, log_weights.as_deref());
    let (verdict, reasons) = verdict::judge(&Evidence {
        khat: smoothed.khat,
        draws: climb.weighted.count(),
        effective: smoothed.effective,
        status: climb.status,
        weights,
        agreement: climb.agreement,
        definiteness: climb.definiteness,
        moments: &found,
        heaviest: heaviest_tail(ends, &draws, log_weights.as_deref()),
        halt: evaluator.halt(),
        names,
    });
    Fit {
        draws,
        log_weights,
        elbo: climb.elbo,
        log_evidence: climb.weighted.log_evidence(),
        khat: smoothed.khat,
        effective: smoothed.effective,
        family: climb.family,
        evaluations: evaluator.spent(),
        stopped: stop_sentence(evaluator.halt()),
        verdict,
        reasons,
        corrected: weights,
        rungs: climb.rungs,
        mean: found.mean.as_slice().to_vec(),
        deviation: found.deviation.as_slice().to_vec(),
        mean_error: found.mean_error.as_slice().to_vec(),
        guide_deviation: climb.guide_deviation.as_slice().to_vec(),
    }
}

fn guide_draws(gaussian: &Gaussian, options: &Options) -> Vec<f64> {
    let pairs = options.draws.max(2).div_ceil(2);
    gaussian.positions(&structured(
        pairs,
        gaussian.dimension(),
        &mut stream(options.seed, Purpose::Result, 0),
    ))
}

fn result_moments(climb: &Climb, draws: &[f64], log_weights: Option<&[f64]>) -> Moments {
    let dimension = climb.gaussian.dimension();
    match log_weights {
        Some(weights) => moments(draws, weights, dimension),
        None => Moments {
            mean: climb.gaussian.mean.clone(),
            deviation: climb.gaussian.deviations(),
            mean_error: climb.noise.clone(),
            spread_error: DVector::zeros(dimension),
        },
    }
}

/// The coordinate whose latent's squared deviations have the heaviest tail under the weights, among those with outliers
/// at all. Values of a half-line are exponentials; those of an interval have no tails.
fn heaviest_tail(ends: &[usize], draws: &[f64], log_weights: Option<&[f64]>) -> Option<(usize, f64)> {
    let weights = log_weights?;
    let dimension = ends.len();
    (0..dimension)
        .filter(|i| ends[*i] < 2)
        .filter_map(|i| {
            let values: Vec<f64> = draws
                .chunks(dimension)
                .map(|row| if ends[i] == 1 { row[i].min(300.0).exp() } else { row[i] })
                .collect();
            let found = moments(&values, weights, 1);
            let gaps: Vec<f64> = values.iter().map(|x| (x - found.mean[0]) / found.deviation[0]).collect();
            let kurtosis: f64 = gaps.iter().zip(weights).map(|(gap, w)| w.exp() * gap.powi(4)).sum();
            let shape = psis::tail_of_squares(weights, &gaps);
            let extreme = if ends[i] == 1 { 2.0 * EXTREME } else { EXTREME };
            let shape = if kurtosis > extreme { shape.max(1.0) } else { shape };
            (kurtosis > OUTLYING).then_some((i, shape))
        })
        .max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Kurtosis from which on a coordinate's tails are looked at; a normal has 3, a Laplace 6.
const OUTLYING: f64 = 7.0;
/// Kurtosis at which a few draws make up the variance, whatever the fitted shape of the tail.
const EXTREME: f64 = 12.0;

/// Why a fit ended.
pub(super) fn stop_sentence(halt: Option<Halt>) -> String {
    match halt {
        None => "the fit finished by itself".to_owned(),
        Some(Halt::Limit) => "the fit ended at its limit of evaluations".to_owned(),
        Some(Halt::Asked) => "the fit was asked to stop".to_owned(),
    }
}

/// A fit without draws.
fn empty((evaluations, halt): (u64, Option<Halt>), verdict: Verdict, reason: &str) -> Fit {
    Fit {
        draws: Vec::new(),
        log_weights: None,
        elbo: Estimate { value: f64::NEG_INFINITY, standard_error: 0.0 },
        log_evidence: f64::NEG_INFINITY,
        khat: f64::INFINITY,
        effective: 0.0,
        family: "none".to_owned(),
        evaluations,
        stopped: stop_sentence(halt),
        verdict,
        reasons: vec![reason.to_owned()],
        corrected: WeightUse::Unused,
        rungs: Vec::new(),
        mean: Vec::new(),
        deviation: Vec::new(),
        mean_error: Vec::new(),
        guide_deviation: Vec::new(),
    }
}

/// A fit that found no finite density.
pub(super) fn without_density(evaluations: u64) -> Fit {
    let reason = "no starting point with a finite log density was found; check the data for values outside of their \
                  distributions' support, and the priors' scales";
    empty((evaluations, None), Verdict::DoNotUse, reason)
}

fn without_start(evaluator: &Evaluator) -> Fit {
    if let Some(halt) = evaluator.halt() {
        let reason = match halt {
            Halt::Limit => "the evaluation limit ended the fit before it had found anything; raise the limit",
            Halt::Asked => "the fit was stopped before it had found anything",
        };
        return empty((evaluator.spent(), evaluator.halt()), Verdict::DoNotUse, reason);
    }
    let reason = "no starting point with a finite log density and finite curvature was found; check the data for values \
                  outside of their distributions' support, and the priors' scales";
    empty((evaluator.spent(), evaluator.halt()), Verdict::DoNotUse, reason)
}

/// A model without latents: its log density is its evidence.
fn nothing_to_fit(evaluator: &mut Evaluator) -> Fit {
    let value = evaluator.constant();
    let fit = empty(
        (evaluator.spent(), evaluator.halt()),
        Verdict::Trust,
        "there is nothing to fit: every latent has been integrated out",
    );
    Fit { khat: 0.0, elbo: Estimate { value, standard_error: 0.0 }, log_evidence: value, ..fit }
}
