//! The whole of a mixed fit: several starts, the guides they lead to as one proposal, weighted draws, a verdict.

use nalgebra::DVector;

use crate::numeric::random::Generator;

use super::super::draws::{Purpose, stream};
use super::super::elbo::of_pairs;
use super::super::evaluator::{Halt, Watch};
use super::super::failure::{Failure, Finding, listed};
use super::super::faults::Faults;
use super::super::fit::{Fit, Options, Rung};
use super::super::gaussian::Definiteness;
use super::super::moments::{Moments, moments};
use super::super::natural::Status;
use super::super::psis;
use super::super::target::numbered;
use super::super::verdict::{self, Agreement, Evidence, Verdict, WeightUse};
use super::anneal::led;
use super::ascent::{Account, End, Guide, ascend};
use super::proposal::{ADAPTED, Joined, Weighed, badness, settled, settled_at, weigh};
use super::start::start;
use super::{MixedTarget, Support, width};

/// Independent starts.
const STARTS: u64 = 4;
/// A guide whose bound is so many nats lower has no part in the result.
const NEGLIGIBLE: f64 = 12.0;
/// Guides nearer than this, in standard deviations, are one.
const SAME: f64 = 0.5;
/// By so many standard deviations two ways may differ.
const FAR: f64 = 0.25;
/// The standard deviation of a state, at least: one that is known to 0.005 is known well, be it as rare as it may.
const KNOWN: f64 = 0.05;
/// The same where it is compared with few draws that were led elsewhere.
const RARE: f64 = 0.1;
/// A start that is better by so many nats leads alone.
const CLEARLY: f64 = 0.1;

/// A guide with the bound it reached.
#[derive(Clone, Debug)]
pub struct Reached {
    /// The guide.
    pub guide: Guide,
    /// Its bound, as estimated while it rose.
    pub bound: f64,
    /// How the ascent ended.
    pub end: End,
}

/// Fits a mixed target.
pub fn fit(target: &mut dyn MixedTarget, options: &Options, watch: &mut dyn Watch) -> Fit {
    let mut account = Account { target, watch, limit: options.max_evaluations, spent: 0.0, best: None };
    let mut reached: Vec<Reached> = Vec::new();
    let mut halt = None;
    for index in 0..STARTS {
        if let Some(reason) = account.halt("finding starts") {
            halt = Some(reason);
            break;
        }
        let Some(mut guide) = start(&mut account, options.seed, index) else { continue };
        let mut generator = stream(options.seed, Purpose::Objective, 1 << 20 | index);
        let (bound, end) = ascend(&mut account, &mut guide, &mut generator);
        if bound.is_finite() {
            reached.push(Reached { guide, bound, end });
        }
        if let End::Halted(reason) = end {
            halt = Some(reason);
            break;
        }
    }
    reached.sort_by(|a, b| b.bound.total_cmp(&a.bound));
    if reached.is_empty() {
        return super::super::fit::without_density(account.spent as u64, halt);
    }
    let agreement = agreement(&reached);
    let leaders = leaders(reached);
    conclude(&mut account, options, &leaders, (agreement, halt))
}

/// Whether another start led to the best guide.
fn agreement(reached: &[Reached]) -> Agreement {
    let best = &reached[0];
    let others = &reached[1..];
    if others.iter().any(|one| best.guide.distance(&one.guide) < SAME) {
        Agreement::Same
    } else if let Some(one) = others.first() {
        Agreement::Several {
            gap: best.bound - one.bound,
            apart: best.guide.apart(&one.guide),
            exchanged: vec![],
        }
    } else {
        Agreement::Unknown
    }
}

/// The distinct guides of weight.
fn leaders(reached: Vec<Reached>) -> Vec<Reached> {
    let floor = reached[0].bound - NEGLIGIBLE;
    let mut leaders: Vec<Reached> = Vec::new();
    for one in reached {
        let is_known = leaders.iter().any(|known| known.guide.distance(&one.guide) < SAME);
        if one.bound >= floor && (!is_known || one.bound > leaders[0].bound + CLEARLY) {
            leaders.push(one);
        }
    }
    leaders
}

/// What everything is computed from.
struct Found {
    weighed: Weighed,
    /// How many guides the draws come from.
    guides: usize,
    agreement: Agreement,
    /// The column that sound draws from elsewhere place differently.
    contradicted: Option<(usize, f64)>,
}

/// Weighted draws of the joined guides; then, since starts miss states, of these with what draws led from all states
/// alike have found.
fn found(
    account: &mut Account,
    leaders: &[Reached],
    (agreement, pairs): (Agreement, usize),
    generator: &mut Generator,
) -> Found {
    let wide = width(account.target);
    let joined = settled(account, leaders, generator);
    let direct = weigh(account, &joined, pairs, generator);
    let mut found = Found { weighed: direct, guides: joined.guides(), agreement, contradicted: None };
    let led = if wide > ADAPTED { None } else { led(account, &Joined::spread(leaders), generator) };
    let Some(led) = led else { return found };
    let joined = settled_at(account, leaders, &led, generator);
    let second = weigh(account, &joined, pairs, generator);
    match (found.weighed.is_sound(), second.is_sound()) {
        (true, false) => {
            let [own, led] = [found.weighed.moments(wide), moments(&led.rows, &led.log_weights, wide)]
                .map(|moments| judged(&moments, account.target, RARE));
            found.contradicted = own.contradicted_by(&led, FAR);
        }
        (_, true) => {
            // A Gaussian that is as narrow as one state has it does not see how wide it is in another, so that beside real
            // coordinates weights alone confirm nothing that the first ones do not.
            let is_seen = account.target.dimension() == 0 || found.weighed.is_sound();
            found.agreement = match is_of_states(account.target, &found.agreement) {
                true if is_seen => Agreement::Together,
                true => Agreement::Unknown,
                false => found.agreement,
            };
            (found.weighed, found.guides) = (second, joined.guides());
        }
        _ if badness(&second) < badness(&found.weighed) => {
            (found.weighed, found.guides) = (second, joined.guides());
        }
        _ => {}
    }
    found
}

/// Whether starts are apart in states alone, if at all: states that exclude each other are what a posterior of states may
/// well hold, and no modes to be told apart.
fn is_of_states(target: &dyn MixedTarget, agreement: &Agreement) -> bool {
    let cells = target.cells();
    let is_state = |i: &usize| {
        let of = cells.iter().find(|block| (block.start..block.end).contains(i));
        of.is_some_and(|block| block.support != Support::Real)
    };
    match agreement {
        Agreement::Several { apart, .. } => apart.iter().all(is_state),
        _ => true,
    }
}

fn conclude(
    account: &mut Account,
    options: &Options,
    leaders: &[Reached],
    (agreement, halt): (Agreement, Option<Halt>),
) -> Fit {
    account.watch.progress(&super::super::evaluator::Progress {
        stage: "weighting draws",
        evaluations: account.spent as u64,
        elbo: account.best,
    });
    let wide = width(account.target);
    let mut generator = stream(options.seed, Purpose::Result, 1 << 20);
    let pairs = options.draws.max(2).div_ceil(2);
    let Found { weighed, guides, agreement, contradicted } =
        found(account, leaders, (agreement, pairs), &mut generator);
    let smoothed = &weighed.smoothed;
    let count = weighed.log_ratios.len();
    let undefined = weighed.log_ratios.iter().filter(|ratio| ratio.is_nan()).count();
    let usable = smoothed.khat <= psis::threshold(count).max(0.5);
    let weights = if usable { WeightUse::Used } else { WeightUse::Unused };
    let (draws, log_weights) = match weights {
        WeightUse::Used => (weighed.rows.clone(), Some(smoothed.log_weights.clone())),
        WeightUse::Unused => (leaders[0].guide.draw(pairs, &mut generator).rows, None),
    };
    let level = -((draws.len() / wide) as f64).ln();
    let even = vec![level; draws.len() / wide];
    let moments = moments(&draws, log_weights.as_ref().unwrap_or(&even), wide);
    let names = names(account.target);
    let is_settled = weighed.is_sound() || matches!(leaders[0].end, End::Settled | End::Halted(_));
    let (verdict, findings, reasons) = verdict::judge(&Evidence {
        khat: smoothed.khat,
        draws: count,
        effective: smoothed.effective,
        status: if is_settled { Status::Converged } else { Status::Unconverged },
        weights,
        agreement,
        definiteness: Definiteness::Definite,
        moments: &judged(&moments, account.target, KNOWN),
        escapes: &[],
        outlying: &[],
        bend: None,
        misfits: &[],
        contradicted,
        hidden: &[],
        bound_gap: 0.0,
        ends: &ends(account.target),
        halt,
        names: &names,
        lost: undefined as f64 / count as f64,
        moving: &[],
    });
    let (verdict, findings, reasons) =
        factorised((verdict, findings, reasons), smoothed.khat, account.target);
    let elbo = of_pairs(&weighed.log_ratios);
    let family = family(guides, account.target.dimension());
    let guide_deviation = deviations(&leaders[0].guide);
    Fit {
        draws,
        log_weights,
        elbo,
        log_evidence: log_mean(&weighed.log_ratios),
        khat: smoothed.khat,
        effective: smoothed.effective,
        rungs: vec![Rung {
            family: family.clone(),
            elbo,
            khat: smoothed.khat,
            efficiency: smoothed.effective / count as f64,
            evaluations: account.spent as u64,
            seconds: account.watch.seconds(),
        }],
        family,
        evaluations: account.spent as u64,
        stopped: super::super::fit::stop_sentence(halt),
        verdict,
        findings,
        reasons,
        corrected: weights,
        mean: moments.mean.as_slice().to_vec(),
        deviation: moments.deviation.as_slice().to_vec(),
        mean_error: moments.mean_error.as_slice().to_vec(),
        guide_deviation,
        faults: Faults { lost_draws: (undefined, count), ..Faults::default() },
        moving: Vec::new(),
    }
}

/// The standard deviation of a state says no more than its probability, and that of a rare one is taken as `least`.
fn judged(found: &Moments, target: &dyn MixedTarget, least: f64) -> Moments {
    let mut judged = found.clone();
    for block in target.cells() {
        if matches!(block.support, Support::Whole { count: Some(_), .. }) {
            for i in block.start..block.end {
                judged.spread_error[i] = 0.0;
                judged.deviation[i] = judged.deviation[i].max(least);
            }
        }
    }
    judged
}

/// A factorised guide that cannot follow the posterior is no reason to throw its means away: it is said, and to be
/// checked.
fn factorised(
    (verdict, mut findings, reasons): (Verdict, Vec<Finding>, Vec<String>),
    khat: f64,
    target: &dyn MixedTarget,
) -> (Verdict, Vec<Finding>, Vec<String>) {
    if khat <= psis::threshold(4000).min(0.6) {
        return (verdict, findings, reasons);
    }
    let latents: Vec<String> = target.cells().into_iter().map(|block| block.name).collect();
    let seen = format!(
        "the guide takes the cells of {} as independent, and the posterior couples them: probabilities may be off, and \
         are likely too certain",
        listed(&latents)
    );
    findings.insert(0, Finding { failure: Failure::Misfit, verdict: Verdict::Check, latents, seen });
    let reasons = findings.iter().map(Finding::sentence).collect();
    (verdict.max(Verdict::Check), findings, reasons)
}

/// Number of ends of each coordinate's latent, then of each cell's.
fn ends(target: &dyn MixedTarget) -> Vec<usize> {
    let blocks = target.blocks().into_iter().map(|block| (block.ends, block.end - block.start));
    let cells = target.cells().into_iter().map(|block| {
        let ends = match block.support {
            Support::Whole { count: Some(_), .. } => 2,
            Support::Whole { count: None, .. } => 1,
            Support::Real => 0,
        };
        (ends, block.end - block.start)
    });
    blocks.chain(cells).flat_map(|(ends, size)| std::iter::repeat_n(ends, size)).collect()
}

fn log_mean(log_ratios: &[f64]) -> f64 {
    let top = log_ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    top + (log_ratios.iter().map(|x| (x - top).exp()).sum::<f64>() / log_ratios.len() as f64).ln()
}

fn family(guides: usize, d: usize) -> String {
    let one = if d == 0 { "independent cells" } else { "Gaussian beside independent cells" };
    if guides == 1 { one.to_owned() } else { format!("mixture of {guides} ({one} each)") }
}

/// A name for each column of a row.
fn names(target: &dyn MixedTarget) -> Vec<String> {
    let blocks = target.blocks().into_iter().flat_map(|block| block.numbered());
    let cells = target.cells().into_iter().flat_map(|cells| numbered(&cells.name, cells.end - cells.start));
    blocks.chain(cells).collect()
}

fn deviations(guide: &Guide) -> Vec<f64> {
    let real: DVector<f64> = guide.gaussian.deviations();
    let cells = guide.tables.iter().flat_map(|table| (0..table.count()).map(|cell| table.moments(cell)[1]));
    real.iter().copied().chain(cells).collect()
}
