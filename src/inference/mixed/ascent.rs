//! Stochastic natural-gradient ascent of a factorised guide: damped steps with fresh draws, then steps of length 1/k, which
//! average all that came before; it ends when doubling the number of steps no longer moves the guide.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;

use crate::numeric::random::Generator;

use super::super::draws::structured;
use super::super::evaluator::{Halt, Progress, Watch};
use super::super::gaussian::Gaussian;
use super::super::natural;
use super::super::regions::furthest;
use super::cells::{Tables, mirrored, probabilities};
use super::{MixedTarget, Rule, Support, rules, width};

/// Independent Gaussian and cells.
#[derive(Clone, Debug)]
pub struct Guide {
    /// Of the real coordinates.
    pub gaussian: Gaussian,
    /// Of the cells, by latent.
    pub tables: Vec<Tables>,
}

/// A target with its account.
pub struct Account<'a> {
    /// The target.
    pub target: &'a mut dyn MixedTarget,
    /// The caller.
    pub watch: &'a mut dyn Watch,
    /// Evaluations allowed.
    pub limit: u64,
    /// Evaluations spent.
    pub spent: f64,
    /// The best bound so far.
    pub best: Option<f64>,
}

impl Account<'_> {
    /// Why to end, if so.
    pub fn halt(&mut self, stage: &'static str) -> Option<Halt> {
        let progress = Progress { stage, evaluations: self.spent as u64, elbo: self.best };
        self.watch.progress(&progress);
        if self.watch.should_stop() {
            Some(Halt::Asked)
        } else if self.spent >= self.limit as f64 {
            Some(Halt::Limit)
        } else {
            None
        }
    }
}

/// Draws of a guide.
pub struct Drawn {
    /// `[S][D + K]`, neighbours mirror each other.
    pub rows: Vec<f64>,
    /// `[S][D]`.
    pub normals: Vec<f64>,
}

impl Guide {
    /// Entropy in nats.
    pub fn entropy(&self) -> f64 {
        let gaussian = if self.gaussian.dimension() == 0 { 0.0 } else { self.gaussian.entropy() };
        gaussian + self.tables.iter().map(Tables::entropy).sum::<f64>()
    }

    /// `2 * pairs` rows. Cells whose rule needs independent draws get these.
    pub fn draw(&self, pairs: usize, generator: &mut Generator) -> Drawn {
        let d = self.gaussian.dimension();
        let cells: usize = self.tables.iter().map(Tables::count).sum();
        let normals = if d == 0 { vec![] } else { structured(pairs, d, generator) };
        let positions = if d == 0 { vec![] } else { self.gaussian.positions(&normals) };
        let mut uniforms = mirrored(pairs, cells, generator);
        let mut place = 0;
        for table in &self.tables {
            if table.block.rule == Rule::Score {
                for row in uniforms.chunks_exact_mut(cells) {
                    row[place..place + table.count()].iter_mut().for_each(|u| *u = generator.random());
                }
            }
            place += table.count();
        }
        let mut rows = Vec::with_capacity(2 * pairs * (d + cells));
        for s in 0..2 * pairs {
            rows.extend(&positions[s * d..(s + 1) * d]);
            let mut uniforms = uniforms[s * cells..(s + 1) * cells].iter();
            for table in &self.tables {
                rows.extend((0..table.count()).zip(&mut uniforms).map(|(cell, &u)| table.value(cell, u)));
            }
        }
        Drawn { rows, normals }
    }

    /// Log probability of the cells of a row.
    pub fn log_cells(&self, row: &[f64]) -> f64 {
        let each = self.tables.iter().flat_map(|table| {
            (0..table.count()).map(|cell| table.log_probability(cell, row[table.block.start + cell]))
        });
        each.sum()
    }

    /// The largest difference to another guide: of means, in standard deviations, and of a cell's mean, in its.
    pub fn distance(&self, other: &Self) -> f64 {
        self.gaps(other).into_iter().fold(0.0, f64::max)
    }

    /// The coordinates and cells in which another guide is furthest away.
    pub fn apart(&self, other: &Self) -> Vec<usize> {
        furthest(&self.gaps(other))
    }

    /// Distances to another guide by coordinate, then by cell.
    fn gaps(&self, other: &Self) -> Vec<f64> {
        let deviations = self.gaussian.deviations();
        let real = |i: usize| (self.gaussian.mean[i] - other.gaussian.mean[i]).abs() / deviations[i];
        let mut gaps: Vec<f64> = (0..self.gaussian.dimension()).map(real).collect();
        for (a, b) in self.tables.iter().zip(&other.tables) {
            for cell in 0..a.count() {
                let ([m, s], [n, t]) = (a.moments(cell), b.moments(cell));
                let unit = s.max(t).max(0.1 * a.step[cell].min(1.0));
                gaps.push((m - n).abs() / unit);
            }
        }
        gaps
    }
}

/// How an ascent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// More steps would not move the guide.
    Settled,
    /// The steps ran out.
    Moving,
    /// From outside.
    Halted(Halt),
}

/// Rows per step that changes are tried at, at most and at least; between, as many as take so many evaluations.
const TRIED: usize = 16;
const FEWEST: usize = 4;
const EVALUATIONS: f64 = 256.0;
/// Damped steps at most, and how many of them a bound is averaged over.
const DAMPED: usize = 120;
const WINDOW: usize = 10;
/// Averaged steps at most.
const AVERAGED: usize = 512;
/// Movement while the steps doubled, in standard deviations, that is none.
const STILL: f64 = 0.04;

/// Raises the bound of a guide; the bound at the end, averaged over the last steps.
pub fn ascend(account: &mut Account, guide: &mut Guide, generator: &mut Generator) -> (f64, End) {
    let mut length = 0.5;
    let mut bounds: Vec<f64> = Vec::new();
    let mut previous = f64::NEG_INFINITY;
    for k in 1..=DAMPED {
        bounds.push(step(account, guide, length, generator));
        if k % WINDOW != 0 {
            continue;
        }
        if let Some(halt) = account.halt("raising the bound of a factorised guide") {
            return (average(&bounds), End::Halted(halt));
        }
        if reach_out(guide) {
            refill(account, guide, generator);
            previous = f64::NEG_INFINITY;
            continue;
        }
        let (bound, error) = mean_and_error(&bounds[k - WINDOW..]);
        account.best = Some(account.best.map_or(bound, |best| best.max(bound)));
        if bound < previous - 3.0 * error {
            length = (0.5 * length).max(0.01);
        } else if bound < previous + error.max(1e-3) {
            break;
        }
        previous = bound;
    }
    let mut before = guide.clone();
    bounds.clear();
    let offset = 1.0 / length;
    for k in 1..=AVERAGED {
        bounds.push(step(account, guide, 1.0 / (k as f64 + offset), generator));
        if k < 32 || !k.is_power_of_two() {
            continue;
        }
        if let Some(halt) = account.halt("averaging steps") {
            return (average(&bounds[bounds.len() / 2..]), End::Halted(halt));
        }
        if guide.distance(&before) < STILL {
            return (average(&bounds[bounds.len() / 2..]), End::Settled);
        }
        before = guide.clone();
    }
    (average(&bounds[bounds.len() / 2..]), End::Moving)
}

/// Sets tables whose windows moved to what their changes say, ever further out.
pub fn refill(account: &mut Account, guide: &mut Guide, generator: &mut Generator) {
    for _ in 0..12 {
        let drawn = guide.draw(4, generator);
        cell_step(account, guide, &drawn, (&[], 1.0), generator);
        if !reach_out(guide) {
            break;
        }
    }
}

/// Moves the windows of all tables that have mass at their ends; whether any did.
fn reach_out(guide: &mut Guide) -> bool {
    guide.tables.iter_mut().filter_map(|table| table.reach_out().then_some(())).count() > 0
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let mean = average(values);
    let variance =
        values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0).max(1.0);
    (mean, (variance / values.len() as f64).sqrt())
}

/// One step; the bound estimated on the way.
fn step(account: &mut Account, guide: &mut Guide, length: f64, generator: &mut Generator) -> f64 {
    let d = guide.gaussian.dimension();
    let pairs = if d == 0 { TRIED / 2 } else { (TRIED / 2).max(d.min(64) + 8) };
    let drawn = guide.draw(pairs, generator);
    let count = 2 * pairs;
    let mut values = vec![0.0; count];
    let mut gradients = vec![0.0; count * d];
    account.target.evaluate(&drawn.rows, &mut values, &mut gradients);
    account.spent += count as f64;
    let bound = average(&values) + guide.entropy();
    cell_step(account, guide, &drawn, (&values, length), generator);
    let is_finite = values.iter().chain(&gradients).all(|x| x.is_finite());
    if d > 0 && is_finite {
        let normals = DMatrix::from_column_slice(d, count, &drawn.normals);
        let gradients = DMatrix::from_column_slice(d, count, &gradients);
        guide.gaussian = gaussian_step(&guide.gaussian, &gradients, &normals, length);
    } else if d > 0 {
        guide.gaussian = guide.gaussian.widened(0.8);
    }
    bound
}

/// Up to so many coordinates the guide follows their correlations.
const CORRELATED: usize = 64;

fn gaussian_step(
    gaussian: &Gaussian,
    gradients: &DMatrix<f64>,
    normals: &DMatrix<f64>,
    length: f64,
) -> Gaussian {
    let (d, count) = normals.shape();
    if d <= CORRELATED {
        return natural::damped(gaussian, gradients, normals, length);
    }
    let deviations = gaussian.deviations();
    let mut mean = gaussian.mean.clone();
    let mut next = DVector::zeros(d);
    for i in 0..d {
        let slope = gradients.row(i).sum() / count as f64 * deviations[i];
        let curvature = -gradients.row(i).dot(&normals.row(i)) / count as f64 * deviations[i];
        let size = 1.0 + length * (curvature.clamp(0.1, 10.0) - 1.0);
        mean[i] += deviations[i] * (length * slope / size).clamp(-2.0, 2.0);
        next[i] = deviations[i] / size.sqrt();
    }
    Gaussian::diagonal(mean, &next).whole()
}

/// Moves all tables by `length` towards what their rules estimate.
fn cell_step(
    account: &mut Account,
    guide: &mut Guide,
    drawn: &Drawn,
    (values, length): (&[f64], f64),
    generator: &mut Generator,
) {
    for (b, table) in guide.tables.iter_mut().enumerate() {
        let aims: Vec<f64> = match table.block.rule {
            Rule::Local => local_aims(account, (b, table), &drawn.rows, generator),
            Rule::Score | Rule::Paired if values.is_empty() => continue,
            Rule::Score if table.block.support == Support::Real => {
                real_aims(account, (b, table), &drawn.rows)
            }
            Rule::Score | Rule::Paired => {
                let gradients = sampled_gradients(account, (b, table), &drawn.rows);
                let each = gradients.chunks_exact(table.width).zip(table.logits.chunks_exact(table.width));
                each.flat_map(|(gradient, logits)| rules::from_gradient(gradient, logits)).collect()
            }
        };
        let cells = table.logits.chunks_exact_mut(table.width).zip(aims.chunks_exact(table.width));
        for (logits, aims) in cells {
            let guide = probabilities(logits);
            let centre = |xs: &[f64]| xs.iter().zip(&guide).map(|(x, p)| x * p).sum::<f64>();
            let (own, aim) = (centre(logits), centre(aims));
            for (logit, target) in logits.iter_mut().zip(aims) {
                *logit = (1.0 - length) * (*logit - own) + length * (target - aim);
            }
        }
        table.settle();
    }
}

/// The bound's gradient by the log weights of all cells of a block, `[cell][value]`, by the block's rule.
pub fn gradients(
    account: &mut Account,
    (b, table): (usize, &Tables),
    rows: &[f64],
    generator: &mut Generator,
) -> Vec<f64> {
    if table.block.rule != Rule::Local {
        return sampled_gradients(account, (b, table), rows);
    }
    let aims = local_aims(account, (b, table), rows, generator);
    let mut gradients = Vec::with_capacity(aims.len());
    for (cell, aims) in aims.chunks_exact(table.width).enumerate() {
        let p = table.probabilities(cell);
        let logits = table.of(cell);
        let centre: f64 = aims.iter().zip(logits).zip(&p).map(|((aim, l), p)| (aim - l) * p).sum();
        gradients.extend(aims.iter().zip(logits).zip(&p).map(|((aim, l), p)| p * (aim - l - centre)));
    }
    gradients
}

fn local_aims(
    account: &mut Account,
    (b, table): (usize, &Tables),
    rows: &[f64],
    generator: &mut Generator,
) -> Vec<f64> {
    let wide = width(account.target);
    let (cells, width) = (table.count(), table.width);
    let affordable = (EVALUATIONS / (width as f64 * account.target.change_cost(b))) as usize;
    let count = (rows.len() / wide).min(affordable.clamp(FEWEST, TRIED) / 2 * 2);
    let rows = &rows[..count * wide];
    let mut changes = vec![0.0; count * cells * width];
    account.target.changes(b, rows, &table.values(generator.random()), &mut changes);
    account.spent += (count * width) as f64 * account.target.change_cost(b);
    let mut aims = Vec::with_capacity(cells * width);
    for cell in 0..cells {
        let own: Vec<f64> = (0..count)
            .flat_map(|s| &changes[(s * cells + cell) * width..(s * cells + cell + 1) * width])
            .copied()
            .collect();
        aims.extend(rules::local(&own, &table.probabilities(cell)));
    }
    aims
}

/// Places of a cell's values, and the terms that depend on it, by draw.
struct Scores {
    places: Vec<usize>,
    f: Vec<f64>,
}

fn scores(account: &mut Account, (b, table): (usize, &Tables), rows: &[f64]) -> Vec<Scores> {
    let wide = width(account.target);
    let count = rows.len() / wide;
    let cells = table.count();
    let mut sums = vec![0.0; count * cells];
    account.target.blanket(b, rows, &mut sums);
    account.spent += count as f64;
    let each = (0..cells).map(|cell| {
        let value = |s: usize| rows[s * wide + table.block.start + cell];
        let places = (0..count).map(|s| table.place(cell, value(s)).unwrap_or(0)).collect();
        let finite = |sum: f64| if sum.is_finite() { sum } else { -1e4 };
        Scores { places, f: (0..count).map(|s| finite(sums[s * cells + cell])).collect() }
    });
    each.collect()
}

/// The terms that depend on a cell less the guide's own log weight.
fn less_guide(scores: &Scores, guide: &[f64]) -> Vec<f64> {
    let each = scores.f.iter().zip(&scores.places);
    each.map(|(f, &place)| f - guide[place].max(1e-300).ln()).collect()
}

fn sampled_gradients(account: &mut Account, (b, table): (usize, &Tables), rows: &[f64]) -> Vec<f64> {
    let scored = scores(account, (b, table), rows);
    let each = scored.into_iter().enumerate().flat_map(|(cell, scores)| {
        let guide = table.probabilities(cell);
        if table.block.rule == Rule::Paired {
            let logits = table.of(cell);
            let logit = logits[1] - logits[0];
            let slope = rules::paired(&scores.places, &scores.f, logit) - guide[0] * guide[1] * logit;
            return vec![-slope, slope];
        }
        rules::leave_one_out(&scores.places, &less_guide(&scores, &guide), &guide)
    });
    each.collect()
}

fn real_aims(account: &mut Account, (b, table): (usize, &Tables), rows: &[f64]) -> Vec<f64> {
    let scored = scores(account, (b, table), rows);
    let each = scored.into_iter().enumerate().flat_map(|(cell, scores)| {
        let f = less_guide(&scores, &table.probabilities(cell));
        rules::quadratic(&scores.places, &f, table.of(cell))
    });
    each.collect()
}
