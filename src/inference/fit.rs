//! The whole of a fit: options in, an approximation of the posterior with a verdict out.

use nalgebra::DVector;

use super::diagnose::diagnose;
use super::draws::{Purpose, stream, structured};
use super::elbo::Estimate;
use super::evaluator::{Evaluator, Halt, Watch};
use super::failure::{Failure, Finding};
use super::faults::Faults;
use super::gaussian::Gaussian;
use super::importance::Weighted;
use super::ladder::{Climb, Ladder};
use super::moments::{Moments, moments};
use super::natural::Status;
use super::psis;
use super::target::Target;
use super::verdict::{self, Evidence, Verdict, WeightUse};

/// A family of guides pinned by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyChoice {
    /// Independent Gaussians, with standard deviations by linear response.
    MeanField,
    /// One Gaussian whose precision has the sparsity of the density's Hessian.
    Block,
    /// One Gaussian.
    FullRank,
    /// One Gaussian, of latents that keep a share of their location and scale, one for each latent.
    PartlyCentred,
    /// One Gaussian, of latents that keep shares of their location and scale, their own for each element.
    Informed,
    /// A Gaussian bent by coupling layers.
    Flow,
    /// Independent latents, each of the family that matches its domain.
    Matched,
}

/// What a caller can choose.
#[derive(Clone, Debug)]
pub struct Options {
    /// Key of all randomness.
    pub seed: u64,
    /// How many draws to return, at most, and at least where they cost no evaluation; twice as many at most where weights are
    /// uneven.
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
    /// A Gaussian to begin with, besides the starts.
    pub start: Option<Gaussian>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            seed: 0,
            draws: 4000,
            family: None,
            max_evaluations: 1_000_000,
            paths: 4,
            effort: 1,
            start: None,
        }
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
    /// What speaks against it, with the latents concerned.
    pub findings: Vec<Finding>,
    /// Why, in sentences.
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
    /// Evaluations that gave no number.
    pub faults: Faults,
    /// Where the guide did not converge: the latents that would still move, by how many standard deviations.
    pub moving: Vec<(String, f64)>,
}

impl Fit {
    /// Takes into account what else was found.
    pub fn add(&mut self, finding: Finding) {
        if self.findings.is_empty() {
            self.reasons.clear();
        }
        self.verdict = self.verdict.max(finding.verdict);
        self.reasons.push(finding.sentence());
        self.findings.push(finding);
    }
}

/// Fits a target.
pub fn fit(target: &mut dyn Target, options: &Options, watch: &mut dyn Watch) -> Fit {
    let names = target.names();
    let mut evaluator = Evaluator::new(target, watch, options.max_evaluations);
    if evaluator.dimension() == 0 {
        return nothing_to_fit(&mut evaluator);
    }
    match Ladder::new(&mut evaluator, options, &names).climb() {
        Some(climb) => conclude(&mut evaluator, options, climb, &names),
        None => without_start(&evaluator),
    }
}

/// Draws, moments and verdict of what the ladder reached.
fn conclude(evaluator: &mut Evaluator, options: &Options, climb: Climb, names: &[String]) -> Fit {
    let smoothed = &climb.weighted.smoothed;
    let usable = smoothed.khat <= psis::threshold(climb.weighted.count()).max(0.5);
    let weights = if usable { WeightUse::Used } else { WeightUse::Unused };
    let (draws, log_weights) = match weights {
        WeightUse::Unused if options.family == Some(FamilyChoice::Matched) => {
            (climb.weighted.draws.clone(), None)
        }
        WeightUse::Used => (weighted_draws(&climb.weighted), Some(smoothed.log_weights.clone())),
        WeightUse::Unused => (guide_draws(&climb.gaussian, draws_of(evaluator, options), options.seed), None),
    };
    let found = result_moments(&climb, options, &draws, log_weights.as_deref());
    // Before the tails are looked at: far out, a density may overflow that no draw ever sees.
    let faults = evaluator.faults().close(&climb.weighted.draws, &climb.weighted.evaluations);
    let moving = moving(&climb, names);
    let symptoms = diagnose(evaluator, &climb, (&draws, log_weights.as_deref()), options.seed);
    let contradicted = contradicted(&climb, &found);
    let best_bound = climb.rungs.iter().map(|rung| rung.elbo.value).fold(climb.elbo.value, f64::max);
    let ends: Vec<usize> =
        evaluator.blocks().iter().flat_map(|block| vec![block.ends; block.end - block.start]).collect();
    let (verdict, findings, reasons) = verdict::judge(&Evidence {
        khat: smoothed.khat,
        draws: climb.weighted.count(),
        effective: smoothed.effective,
        status: climb.status,
        weights,
        agreement: climb.agreement,
        definiteness: climb.definiteness,
        moments: &found,
        escapes: &symptoms.escapes,
        outlying: &symptoms.outlying,
        bend: climb.bend,
        misfits: &symptoms.misfits,
        contradicted,
        hidden: &symptoms.hidden,
        bound_gap: best_bound - climb.elbo.value,
        ends: &ends,
        halt: evaluator.halt(),
        lost: faults.lost_draws.0 as f64 / faults.lost_draws.1.max(1) as f64,
        moving: &moving,
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
        findings,
        reasons,
        corrected: weights,
        rungs: climb.rungs,
        mean: found.mean.as_slice().to_vec(),
        deviation: found.deviation.as_slice().to_vec(),
        mean_error: found.mean_error.as_slice().to_vec(),
        guide_deviation: climb.guide_deviation.as_slice().to_vec(),
        faults,
        moving,
    }
}

/// Standard deviations by which families may differ.
const DIFFERENT: f64 = 0.25;

/// By how much the k-hat of a family may be above that of the one kept for its word to count.
const AS_SOUND: f64 = 0.05;

/// The coordinate of which another family with weights as sound says something else, with the difference.
fn contradicted(climb: &Climb, found: &Moments) -> Option<(usize, f64)> {
    let limit = climb.weighted.smoothed.khat + AS_SOUND;
    let as_sound = climb.seen.iter().filter(|(khat, _)| *khat <= limit);
    let all = as_sound.filter_map(|(_, other)| found.contradicted_by(other, DIFFERENT));
    all.max_by(|a, b| a.1.total_cmp(&b.1))
}

/// How many latents that still move are named.
const MOVING: usize = 3;

/// The latents that a guide that did not converge would move most, the first first.
fn moving(climb: &Climb, names: &[String]) -> Vec<(String, f64)> {
    if climb.status == Status::Converged {
        return Vec::new();
    }
    let mut moves: Vec<(usize, f64)> = climb.step.iter().copied().enumerate().collect();
    moves.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
    let named = moves.into_iter().filter(|(_, step)| step.is_finite() && step.abs() > 0.01).take(MOVING);
    named.filter_map(|(i, step)| Some((names.get(i)?.clone(), step))).collect()
}

/// The draws, those without weight moved to the one with most: their own values may be too large for a number.
fn weighted_draws(weighted: &Weighted) -> Vec<f64> {
    let logs = &weighted.smoothed.log_weights;
    let dimension = weighted.draws.len() / logs.len().max(1);
    let top = (0..logs.len()).max_by(|a, b| logs[*a].total_cmp(&logs[*b])).unwrap_or(0);
    let best = weighted.draws[top * dimension..(top + 1) * dimension].to_vec();
    let mut draws = weighted.draws.clone();
    for (row, log) in draws.chunks_mut(dimension).zip(logs) {
        if log.exp() == 0.0 {
            row.copy_from_slice(&best);
        }
    }
    draws
}

/// Draws of a guide where somebody waits for the end, at least and at most: what is reported of each draw takes as long
/// as an evaluation, and must not take longer than the fit did.
const HURRIED: [u64; 2] = [100, 1000];

fn draws_of(evaluator: &Evaluator, options: &Options) -> usize {
    match evaluator.halt() {
        Some(Halt::Asked) => {
            options.draws.min((evaluator.spent() / 2).clamp(HURRIED[0], HURRIED[1]) as usize)
        }
        _ => options.draws,
    }
}

fn guide_draws(gaussian: &Gaussian, count: usize, seed: u64) -> Vec<f64> {
    let normals =
        structured(count.max(2).div_ceil(2), gaussian.dimension(), &mut stream(seed, Purpose::Result, 0));
    gaussian.positions(&normals)
}

fn result_moments(climb: &Climb, options: &Options, draws: &[f64], log_weights: Option<&[f64]>) -> Moments {
    let dimension = climb.gaussian.dimension();
    match log_weights {
        None if options.family == Some(FamilyChoice::Matched) => {
            let count = draws.len() / dimension;
            moments(draws, &vec![-(count as f64).ln(); count], dimension)
        }
        Some(weights) => moments(draws, weights, dimension),
        None => Moments {
            mean: climb.gaussian.mean.clone(),
            deviation: climb.gaussian.deviations(),
            mean_error: climb.noise.clone(),
            spread_error: DVector::zeros(dimension),
        },
    }
}

/// Why a fit ended.
pub(super) fn stop_sentence(halt: Option<Halt>) -> String {
    match halt {
        None => "the fit finished by itself".to_owned(),
        Some(Halt::Limit) => "the fit ended at its limit of evaluations".to_owned(),
        Some(Halt::Asked) => "the fit was asked to stop".to_owned(),
    }
}

/// A fit without draws.
fn empty((evaluations, halt): (u64, Option<Halt>), verdict: Verdict, reason: String) -> Fit {
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
        findings: Vec::new(),
        reasons: vec![reason],
        corrected: WeightUse::Unused,
        rungs: Vec::new(),
        mean: Vec::new(),
        deviation: Vec::new(),
        mean_error: Vec::new(),
        guide_deviation: Vec::new(),
        faults: Faults::default(),
        moving: Vec::new(),
    }
}

/// A fit that found no finite density.
pub(super) fn without_density(evaluations: u64, halt: Option<Halt>) -> Fit {
    nothing_found((evaluations, halt), "no starting point with a finite log density was found")
}

fn without_start(evaluator: &Evaluator) -> Fit {
    let seen = "no starting point with a finite log density and finite curvature was found";
    let fit = nothing_found((evaluator.spent(), evaluator.halt()), seen);
    Fit { faults: evaluator.faults().close(&[], &[]), ..fit }
}

fn nothing_found((evaluations, halt): (u64, Option<Halt>), without: &str) -> Fit {
    let (failure, seen) = match halt {
        Some(Halt::Limit) => {
            (Failure::Interrupted, "the evaluation limit ended the fit before it had found anything")
        }
        Some(Halt::Asked) => (Failure::Interrupted, "the fit was stopped before it had found anything"),
        None => (Failure::NoStart, without),
    };
    let (verdict, latents) = (Verdict::DoNotUse, Vec::new());
    let finding = Finding { failure, verdict, latents, seen: seen.to_owned() };
    let fit = empty((evaluations, halt), finding.verdict, finding.sentence());
    Fit { findings: vec![finding], ..fit }
}

/// A model without latents: its log density is its evidence.
fn nothing_to_fit(evaluator: &mut Evaluator) -> Fit {
    let value = evaluator.constant();
    let reason = "there is nothing to fit: every latent has been integrated out".to_owned();
    let fit = empty((evaluator.spent(), evaluator.halt()), Verdict::Trust, reason);
    Fit { khat: 0.0, elbo: Estimate { value, standard_error: 0.0 }, log_evidence: value, ..fit }
}
