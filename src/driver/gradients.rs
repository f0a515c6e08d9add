//! The self-test of a model's gradients: what every estimator says, against values that it has no part in.

mod normal;
mod quadrature;

use rand::RngExt;
use rand_distr::StandardNormal;

use crate::data::BoundModel;
use crate::estimator::{Choice, Integral, Takes};
use crate::graph::interpret::interpret;
use crate::inference::Unwatched;
use crate::inference::gaussian::Gaussian;
use crate::inference::mixed::ascent::{Account, Guide, gradients};
use crate::inference::mixed::cells::Tables;
use crate::inference::mixed::{MixedTarget, width};
use crate::lower::{self, Centring, Kept, Objective, Support};
use crate::model::SiteId;
use crate::numeric::random::Generator;

use super::mixed::{CompiledMixed, work};
use super::plan;

/// The result for one latent.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// Its name.
    pub latent: String,
    /// Its estimator.
    pub estimator: &'static str,
    /// What the estimator was compared with.
    pub against: &'static str,
    /// Largest deviation over the elements looked at, in standard errors.
    pub deviation: f64,
    /// Mean variance of a one-draw gradient; none where there is no noise.
    pub variance: Option<f64>,
}

impl Checked {
    /// Whether the estimator is within its limit.
    pub fn is_right(&self) -> bool {
        self.deviation < LIMIT
    }
}

/// Beyond so many standard errors an estimator is wrong.
pub const LIMIT: f64 = 4.5;
/// Draws of each kind, at most and at least.
const DRAWS: [usize; 2] = [2000, 64];
/// Elements that all draws of one coordinate may visit together.
const VISITS: f64 = 4e7;
/// Elements of a latent that are looked at.
const ELEMENTS: usize = 12;
/// Assignments of discrete latents that are enumerated at most.
const ASSIGNMENTS: f64 = 4096.0;
/// Relative errors up to this are rounding, or the curvature within a difference.
const ROUNDING: f64 = 2e-3;

/// Checks all latents, at a guide that is drawn at random.
pub fn check(bound: &BoundModel, objective: &Objective, seed: u64) -> Vec<Checked> {
    let choices = super::choices(bound, objective);
    let mut target = CompiledMixed::new(objective, &plan::rules(objective, &choices), 1);
    let mut generator = Generator::new(seed, 0);
    let guide = random_guide(&target, &mut generator);
    let draws = draws(objective);
    let each = choices.iter().map(|choice| {
        let (against, deviation, variance) = match choice.estimator.takes {
            Takes::Sum if choice.integral == Some(Integral::Conjugate) => {
                integrated(bound, objective, choice.latent, &mut generator)
            }
            Takes::Sum if choice.integral.is_some() => together(bound, objective, &choices, &mut generator),
            Takes::Sum => summed(bound, objective, &mut generator),
            Takes::Path => pathwise(&mut target, objective, (&guide, draws), choice.latent, &mut generator),
            Takes::Local | Takes::Score | Takes::Paired => {
                tried(&mut target, objective, (&guide, draws), choice.latent, &mut generator)
            }
        };
        let latent = bound.model().site(choice.latent).name.clone();
        Checked { latent, estimator: choice.estimator.name, against, deviation, variance }
    });
    each.collect()
}

/// As many draws as are affordable, in eights.
fn draws(objective: &Objective) -> usize {
    let affordable = VISITS / work(objective, &[objective.log_joint]);
    (affordable as usize).clamp(DRAWS[1], DRAWS[0]) / 8 * 8
}

fn random_guide(target: &CompiledMixed, generator: &mut Generator) -> Guide {
    let d = target.dimension();
    let mean = nalgebra::DVector::from_fn(d, |_, _| 0.4 * generator.sample::<f64, _>(StandardNormal));
    let deviations = nalgebra::DVector::from_element(d, 0.2);
    let mut tables: Vec<Tables> = target.cells().iter().map(Tables::new).collect();
    for table in &mut tables {
        table.logits.iter_mut().for_each(|x| *x += 0.8 * generator.sample::<f64, _>(StandardNormal));
    }
    Guide { gaussian: Gaussian::diagonal(mean, &deviations).whole(), tables }
}

/// Mean, and standard error of the mean.
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, (variance / count).sqrt())
}

/// Standard errors by which a difference exceeds what rounding explains.
fn excess(difference: f64, error: f64, scale: f64) -> f64 {
    let rest = difference.abs() - ROUNDING * scale;
    if rest <= 0.0 { 0.0 } else { rest / error.max(1e-9 * (1.0 + scale)) }
}

/// The mean pathwise slope against differences of the density at the same draws, wide enough to fall over jumps.
fn pathwise(
    target: &mut CompiledMixed,
    objective: &Objective,
    (guide, draws): (&Guide, usize),
    latent: SiteId,
    generator: &mut Generator,
) -> (&'static str, f64, Option<f64>) {
    let Some(block) = objective.layout.blocks.iter().find(|block| block.site == latent) else {
        return ("nothing: it has no coordinates", 0.0, None);
    };
    let (d, wide) = (target.dimension(), width(target));
    let rows = guide.draw(draws / 2, generator).rows;
    let draws = rows.len() / wide;
    let mut values = vec![0.0; draws];
    let mut slopes = vec![0.0; draws * d];
    target.evaluate(&rows, &mut values, &mut slopes);
    let (mut worst, mut noise, mut looked) = (0.0_f64, 0.0, 0.0);
    const STEP: f64 = 0.01;
    for i in (block.offset..block.offset + block.length).take(ELEMENTS) {
        let mut moved = |by: f64| {
            let mut rows = rows.clone();
            rows.chunks_exact_mut(wide).for_each(|row| row[i] += by);
            let mut values = vec![0.0; draws];
            target.value(&rows, &mut values);
            values
        };
        let (up, down) = (moved(STEP), moved(-STEP));
        let differences: Vec<f64> =
            (0..draws).map(|s| slopes[s * d + i] - (up[s] - down[s]) / (2.0 * STEP)).collect();
        let own: Vec<f64> = (0..draws).map(|s| slopes[s * d + i]).collect();
        let (difference, error) = mean_and_error(&differences);
        let (mean, spread) = mean_and_error(&own);
        worst = worst.max(excess(difference, error, mean.abs() + spread * (draws as f64).sqrt()));
        noise += spread * spread * draws as f64;
        looked += 1.0;
    }
    ("central differences", worst, Some(noise / looked))
}

/// The rule's gradient by log weights against whole densities with the cell set to each value, at other draws.
fn tried(
    target: &mut CompiledMixed,
    objective: &Objective,
    (guide, draws): (&Guide, usize),
    latent: SiteId,
    generator: &mut Generator,
) -> (&'static str, f64, Option<f64>) {
    let Some(block) = objective.kept.iter().position(|kept| kept.site == latent) else {
        return ("nothing: it is not kept", 0.0, None);
    };
    let table = guide.tables[block].clone();
    let mut own: Vec<Vec<f64>> = vec![vec![]; table.logits.len()];
    let mut watch = Unwatched;
    for _ in 0..draws / 8 {
        let rows = guide.draw(4, generator).rows;
        let mut account = Account { target, watch: &mut watch, limit: u64::MAX, spent: 0.0, best: None };
        let found = gradients(&mut account, (block, &table), &rows, generator);
        own.iter_mut().zip(found).for_each(|(own, g)| own.push(g));
    }
    let (mut worst, mut noise, mut looked) = (0.0_f64, 0.0, 0.0);
    for cell in 0..table.count().min(ELEMENTS) {
        let exact = by_whole_densities(target, (guide, draws), (block, cell), generator);
        for (w, exact) in exact.iter().enumerate().take(ELEMENTS) {
            let (mean, error) = mean_and_error(&own[cell * table.width + w]);
            let (wanted, uncertain) = mean_and_error(exact);
            let scale = wanted.abs();
            worst = worst.max(excess(mean - wanted, error.hypot(uncertain), scale));
            noise += error * error * own[0].len() as f64;
            looked += 1.0;
        }
    }
    ("whole densities", worst, Some(noise / looked))
}

/// For each value of a cell, unbiased gradients by its log weight, one for each draw of all else.
fn by_whole_densities(
    target: &mut CompiledMixed,
    (guide, draws): (&Guide, usize),
    (block, cell): (usize, usize),
    generator: &mut Generator,
) -> Vec<Vec<f64>> {
    let wide = width(target);
    let table = &guide.tables[block];
    let p = table.probabilities(cell);
    let rows = guide.draw(draws / 8, generator).rows;
    let count = rows.len() / wide;
    let mut by_value: Vec<Vec<f64>> = vec![];
    for (w, probability) in p.iter().enumerate() {
        let mut rows = rows.clone();
        for row in rows.chunks_exact_mut(wide) {
            row[table.block.start + cell] = table.values(generator.random())[cell * table.width + w];
        }
        let mut values = vec![0.0; count];
        target.value(&rows, &mut values);
        let guide = probability.max(1e-300).ln();
        by_value.push(values.iter().map(|f| if f.is_finite() { f - guide } else { -1e4 }).collect());
    }
    let mean = |s: usize| by_value.iter().zip(&p).map(|(f, p)| f[s] * p).sum::<f64>();
    let means: Vec<f64> = (0..count).map(mean).collect();
    let each =
        by_value.iter().zip(&p).map(|(f, p)| f.iter().zip(&means).map(|(f, mean)| p * (f - mean)).collect());
    each.collect()
}

/// The density with a latent integrated out against integration by numbers, or else its gradient against differences.
fn integrated(
    bound: &BoundModel,
    objective: &Objective,
    latent: SiteId,
    generator: &mut Generator,
) -> (&'static str, f64, Option<f64>) {
    let position = random_position(objective, generator);
    let Some(wanted) = quadrature::integral(bound, objective, latent, &position) else {
        return by_differences(objective, &position);
    };
    let own = interpret(&objective.graph, &position, &[], &[objective.log_joint])[0][0];
    ("quadrature", excess(own - wanted, 1e-8 * (1.0 + wanted.abs()), 0.0), None)
}

/// The density with latents integrated out together against Laplace's integral, or else its gradient against differences.
fn together(
    bound: &BoundModel,
    objective: &Objective,
    choices: &[Choice],
    generator: &mut Generator,
) -> (&'static str, f64, Option<f64>) {
    let position = random_position(objective, generator);
    let all = choices.iter().filter(|choice| choice.integral == Some(Integral::Normal));
    let latents: Vec<SiteId> = all.map(|choice| choice.latent).collect();
    let Some(wanted) = normal::integral(bound, objective, &latents, &position) else {
        return by_differences(objective, &position);
    };
    let own = interpret(&objective.graph, &position, &[], &[objective.log_joint])[0][0];
    let deviation =
        if wanted.is_nan() { f64::INFINITY } else { excess(own - wanted, 1e-8 * (1.0 + wanted.abs()), 0.0) };
    ("Laplace's integral", deviation, None)
}

/// Real coordinates at random, elements of kept latents at their first two values in turn.
fn random_position(objective: &Objective, generator: &mut Generator) -> Vec<f64> {
    let mut position = vec![0.0; objective.width()];
    let d = objective.layout.dimension;
    position[..d].iter_mut().for_each(|x| *x = 0.4 * generator.sample::<f64, _>(StandardNormal));
    for kept in &objective.kept {
        if let Support::Whole { low, count } = kept.support {
            let last = count.map_or(1, |count| count - 1);
            let values = &mut position[kept.offset..kept.offset + kept.length];
            values.iter_mut().enumerate().for_each(|(k, value)| *value = low + (k % 2).min(last) as f64);
        }
    }
    position
}

/// The density with latents summed out against the sum over all assignments, where these are few enough; else its
/// gradient against differences.
fn summed(
    bound: &BoundModel,
    objective: &Objective,
    generator: &mut Generator,
) -> (&'static str, f64, Option<f64>) {
    let d = objective.layout.dimension;
    let position: Vec<f64> = (0..d).map(|_| 0.4 * generator.sample::<f64, _>(StandardNormal)).collect();
    if let Some(all) = enumerated(bound, objective, &position) {
        let own = interpret(&objective.graph, &position, &[], &[objective.log_joint])[0][0];
        return ("all assignments", excess(own - all, 1e-9 * (1.0 + all.abs()), 0.0), None);
    }
    if !objective.kept.is_empty() {
        return ("nothing: too many assignments beside what is kept", 0.0, None);
    }
    by_differences(objective, &position)
}

/// The gradient of the density against differences.
fn by_differences(objective: &Objective, position: &[f64]) -> (&'static str, f64, Option<f64>) {
    let d = objective.layout.dimension;
    let value = |at: &[f64]| interpret(&objective.graph, at, &[], &[objective.log_joint])[0][0];
    let slopes = interpret(&objective.graph, position, &[], &objective.gradient).concat();
    let mut worst = 0.0_f64;
    for i in 0..d.min(ELEMENTS) {
        let at = |by: f64| {
            let mut moved = position.to_vec();
            moved[i] += by;
            value(&moved)
        };
        let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
        let own: f64 = slopes[objective_place(objective, i)];
        worst = worst.max(excess(own - difference, 1e-5 * (1.0 + own.abs()), 0.0));
    }
    ("central differences", worst, None)
}

/// Gradients come by block, in the order of the layout.
fn objective_place(objective: &Objective, coordinate: usize) -> usize {
    let mut place = 0;
    for block in &objective.layout.blocks {
        if (block.offset..block.offset + block.length).contains(&coordinate) {
            return place + coordinate - block.offset;
        }
        place += block.length;
    }
    coordinate
}

/// The log of the sum of the density over all assignments of what was summed out; none where these are too many, or
/// not discrete and finite.
fn enumerated(bound: &BoundModel, objective: &Objective, position: &[f64]) -> Option<f64> {
    if !objective.kept.is_empty() {
        return None;
    }
    let summed: Vec<SiteId> = objective.sums.iter().map(|sum| sum.site).collect();
    let centring = Centring { kept: summed, ..objective.centring.clone() };
    let whole = lower::lower(bound, &centring, &objective.limits).ok()?;
    let counts: Option<Vec<(f64, usize)>> = whole.kept.iter().flat_map(cells).collect();
    let counts = counts?;
    let assignments: f64 = counts.iter().map(|(_, count)| *count as f64).product();
    if assignments > ASSIGNMENTS {
        return None;
    }
    let mut logs = Vec::new();
    for code in 0..assignments as usize {
        let mut rest = code;
        let mut row = position.to_vec();
        for &(low, count) in &counts {
            row.push(low + (rest % count) as f64);
            rest /= count;
        }
        logs.push(interpret(&whole.graph, &row, &[], &[whole.log_joint])[0][0]);
    }
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(top + logs.iter().map(|x| (x - top).exp()).sum::<f64>().ln())
}

/// First value and number of values of each cell.
fn cells(kept: &Kept) -> Vec<Option<(f64, usize)>> {
    let each = match kept.support {
        Support::Whole { low, count: Some(count) } => Some((low, count)),
        _ => None,
    };
    vec![each; kept.length]
}
