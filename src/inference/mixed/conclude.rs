//! The whole of a mixed fit: several starts, the guides they lead to as one proposal, weighted draws, a verdict.

use nalgebra::DVector;
use rand::RngExt;

use crate::numeric::random::Generator;

use super::super::draws::{Purpose, stream};
use super::super::elbo::of_pairs;
use super::super::evaluator::{Halt, Watch};
use super::super::failure::{Failure, Finding, listed};
use super::super::faults::Faults;
use super::super::fit::{Fit, Options, Rung};
use super::super::gaussian::Definiteness;
use super::super::importance::{Proposal, log_add};
use super::super::moments::moments;
use super::super::natural::Status;
use super::super::psis::{self, Smoothed};
use super::super::target::numbered;
use super::super::verdict::{self, Agreement, Evidence, Verdict, WeightUse};
use super::adapt::{Part, adapted};
use super::ascent::{Account, End, Guide, ascend};
use super::cells::{Tables, pick};
use super::start::start;
use super::{MixedTarget, Support, width};

/// Independent starts.
const STARTS: u64 = 4;
/// A guide whose bound is so many nats lower has no part in the result.
const NEGLIGIBLE: f64 = 12.0;
/// Guides nearer than this, in standard deviations, are one.
const SAME: f64 = 0.5;
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

/// Several guides as one distribution.
#[derive(Clone, Debug)]
pub struct Joined {
    parts: Vec<Part>,
}

impl Joined {
    /// With shares by bound, none below a twentieth; a wide part guards them all.
    pub fn new(reached: &[Reached]) -> Self {
        let top = reached.iter().map(|one| one.bound).fold(f64::NEG_INFINITY, f64::max);
        let shares: Vec<f64> = reached.iter().map(|one| (one.bound - top).exp().max(0.05)).collect();
        let total: f64 = shares.iter().sum::<f64>() / (1.0 - GUARD);
        let parts = reached.iter().zip(&shares).map(|(one, share)| {
            let mut guide = one.guide.clone();
            let cells: usize = guide.tables.iter().map(Tables::count).sum();
            let soft = (1.0 / cells.max(1) as f64).min(SOFT);
            guide.tables = guide.tables.iter().map(|table| table.softened(soft)).collect();
            Part::new(share / total, guide)
        });
        let mut parts: Vec<Part> = parts.collect();
        let mut wide = reached[0].guide.clone();
        wide.tables = wide.tables.iter().map(|table| table.softened(1.0)).collect();
        parts.push(Part::new(GUARD, wide));
        Self { parts }
    }

    /// Beside copies of the first part that lean towards some of the weighted rows.
    fn with_more(&self, weighed: &Weighed, wide: usize, generator: &mut Generator) -> Self {
        let mut parts = self.parts.clone();
        let guard = parts.pop().expect("the wide part");
        let weights: Vec<f64> = weighed.smoothed.log_weights.iter().map(|x| x.exp()).collect();
        while parts.len() < PARTS {
            let (row, _) = pick(&weights, generator.random());
            let row = &weighed.rows[row * wide..(row + 1) * wide];
            let mut guide = self.parts[0].guide.clone();
            for table in &mut guide.tables {
                table.lean_towards(&row[table.block.start..table.block.end]);
            }
            let d = guide.gaussian.dimension();
            guide.gaussian.mean.iter_mut().zip(&row[..d]).for_each(|(mean, x)| *mean = 0.5 * (*mean + x));
            parts.push(Part::new(0.5 / PARTS as f64, guide));
        }
        let total = parts.iter().map(|part| part.share).sum::<f64>() / (1.0 - GUARD);
        parts.iter_mut().for_each(|part| part.share /= total);
        parts.push(guard);
        Self { parts }
    }

    /// `2 * pairs` rows, or a few more; neighbours belong together.
    pub fn draw(&self, pairs: usize, generator: &mut Generator) -> Vec<f64> {
        let mut rows = Vec::new();
        for part in &self.parts {
            let own = ((part.share * pairs as f64).round() as usize).max(1);
            let mut drawn = part.guide.draw(own, generator).rows;
            if let Some(guarded) = &part.guarded {
                let d = part.guide.gaussian.dimension();
                let wide = drawn.len() / (2 * own);
                let positions = guarded.draw(own, generator);
                for (row, position) in drawn.chunks_exact_mut(wide).zip(positions.chunks_exact(d)) {
                    row[..d].copy_from_slice(position);
                }
            }
            rows.extend(drawn);
        }
        rows
    }

    /// Log densities of rows.
    pub fn log_density(&self, rows: &[f64], wide: usize) -> Vec<f64> {
        let mut total = vec![f64::NEG_INFINITY; rows.len() / wide];
        for part in &self.parts {
            let own = part.log_density(rows, wide);
            total
                .iter_mut()
                .zip(own)
                .for_each(|(total, own)| *total = log_add(*total, part.share.ln() + own));
        }
        total
    }
}

/// The share of a cell's mass that a proposal spreads, at most.
const SOFT: f64 = 0.03;
/// Share of the wide part of a proposal.
const GUARD: f64 = 0.1;
/// Parts of an adapted proposal, and how often it is adapted with how many pairs of draws.
const PARTS: usize = 10;
const ADAPTATIONS: usize = 8;
const ADAPTING_PAIRS: usize = 1000;
/// Columns of a row up to which a proposal is adapted.
const ADAPTED: usize = 80;
/// A proposal with this k-hat and this effective share is left as it is.
const CONTENT: (f64, f64) = (0.4, 0.5);

fn is_content(smoothed: &Smoothed, count: usize) -> bool {
    smoothed.khat < CONTENT.0 && smoothed.effective > CONTENT.1 * count as f64
}

/// The proposal, adapted as long as that helps and is affordable.
fn settled_proposal(account: &mut Account, leaders: &[Reached], generator: &mut Generator) -> Joined {
    let wide = width(account.target);
    let first = Joined::new(leaders);
    let probe = weigh(account, &first, ADAPTING_PAIRS, generator);
    if is_content(&probe.smoothed, probe.log_ratios.len()) || wide > ADAPTED {
        return first;
    }
    let mut best = (badness(&probe), first.clone());
    let mut joined = first.with_more(&probe, wide, generator);
    for _ in 0..ADAPTATIONS {
        let weighed = weigh(account, &joined, ADAPTING_PAIRS, generator);
        let own = badness(&weighed);
        if own < best.0 {
            best = (own, joined.clone());
        }
        if is_content(&weighed.smoothed, weighed.log_ratios.len()) || account.spent >= account.limit as f64 {
            break;
        }
        let parts = adapted(&joined.parts, &weighed.rows, &weighed.smoothed.log_weights, wide);
        joined = Joined { parts };
    }
    best.1
}

/// Smaller is better.
fn badness(weighed: &Weighed) -> f64 {
    let share = weighed.smoothed.effective / weighed.log_ratios.len() as f64;
    3.0 * weighed.smoothed.khat.clamp(CONTENT.0, 10.0) - share.max(1e-6).ln()
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

/// Rows with their weights.
struct Weighed {
    rows: Vec<f64>,
    log_ratios: Vec<f64>,
    smoothed: Smoothed,
}

fn weigh(account: &mut Account, joined: &Joined, pairs: usize, generator: &mut Generator) -> Weighed {
    let wide = width(account.target);
    let rows = joined.draw(pairs, generator);
    let mut values = vec![0.0; rows.len() / wide];
    account.target.value(&rows, &mut values);
    account.spent += values.len() as f64;
    let own = joined.log_density(&rows, wide);
    let ratio = |(p, q): (&f64, f64)| if p.is_finite() { p - q } else { f64::NEG_INFINITY };
    let log_ratios: Vec<f64> = values.iter().zip(own).map(ratio).collect();
    let smoothed = psis::smooth(&log_ratios);
    Weighed { rows, log_ratios, smoothed }
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
    let weighed = {
        let joined = settled_proposal(account, leaders, &mut generator);
        weigh(account, &joined, pairs, &mut generator)
    };
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
    let found = moments(&draws, log_weights.as_ref().unwrap_or(&even), wide);
    let names = names(account.target);
    let settled = leaders[0].end == End::Settled || matches!(leaders[0].end, End::Halted(_));
    let (verdict, findings, reasons) = verdict::judge(&Evidence {
        khat: smoothed.khat,
        draws: count,
        effective: smoothed.effective,
        status: if settled { Status::Converged } else { Status::Unconverged },
        weights,
        agreement,
        definiteness: Definiteness::Definite,
        moments: &found,
        escapes: &[],
        outlying: &[],
        bend: None,
        misfits: &[],
        contradicted: None,
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
    let family = family(leaders, account.target.dimension());
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
        mean: found.mean.as_slice().to_vec(),
        deviation: found.deviation.as_slice().to_vec(),
        mean_error: found.mean_error.as_slice().to_vec(),
        guide_deviation,
        faults: Faults { lost_draws: (undefined, count), ..Faults::default() },
        moving: Vec::new(),
    }
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

fn family(leaders: &[Reached], d: usize) -> String {
    let one = if d == 0 { "independent cells" } else { "Gaussian beside independent cells" };
    if leaders.len() == 1 { one.to_owned() } else { format!("mixture of {} ({one} each)", leaders.len()) }
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
