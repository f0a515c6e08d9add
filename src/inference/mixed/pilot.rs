//! Which of several rules serves a latent best, measured at the start of a fit: variance times cost.
//!
//! The variance of a gradient g is the trace of Var[F^(-1/2) g], F being the diagonal of the guide's own information, so
//! that cells count alike however certain they are; the cost is evaluations as the target counts them. No clock has a part in it.

use super::super::draws::{Purpose, stream};
use super::ascent::{Account, Guide, gradients};
use super::cells::Tables;
use super::start::start;
use super::{Rule, Support};

/// What one rule costs and leaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    /// The rule.
    pub rule: Rule,
    /// Variance of one gradient.
    pub variance: f64,
    /// Evaluations of the density that one gradient takes.
    pub evaluations: f64,
}

/// Gradients of each rule. The draws of all else are the same for all rules.
const GRADIENTS: u64 = 32;
/// Pairs of draws of each gradient.
const PAIRS: usize = 4;
/// Probabilities below this have no information to speak of.
const RAREST: f64 = 1e-6;

/// Tries `candidates`, by block, at the guide that the first start of the fit begins with; nothing where a block has no
/// more than one, or where no density is finite.
pub fn trials(account: &mut Account, candidates: &[Vec<Rule>], seed: u64) -> Vec<Vec<Trial>> {
    let is_open = |rules: &Vec<Rule>| rules.len() > 1;
    let none = || vec![vec![]; candidates.len()];
    if !candidates.iter().any(is_open) {
        return none();
    }
    let Some(guide) = start(account, seed, 0) else { return none() };
    let each = candidates.iter().enumerate().map(|(block, rules)| match is_open(rules) {
        true => rules.iter().map(|&rule| trial(account, &guide, (block, rule), seed)).collect(),
        false => vec![],
    });
    each.collect()
}

fn trial(account: &mut Account, guide: &Guide, (block, rule): (usize, Rule), seed: u64) -> Trial {
    let mut guide = guide.clone();
    guide.tables[block].block.rule = rule;
    let before = account.spent;
    let mut found: Vec<Vec<f64>> = Vec::new();
    for k in 0..GRADIENTS {
        let mut generator = stream(seed, Purpose::Probe, 1 << 20 | k);
        let rows = guide.draw(PAIRS, &mut generator).rows;
        let own = gradients(account, (block, &guide.tables[block]), &rows, &mut generator);
        found.push(in_units_of_information(&guide.tables[block], &own));
    }
    let variance = (0..found[0].len()).map(|i| variance(found.iter().map(|one| one[i]))).sum();
    Trial { rule, variance, evaluations: (account.spent - before) / GRADIENTS as f64 }
}

/// A gradient by log weights over the square root of their information, p (1 - p). The log weights of bins follow a
/// parabola: what counts of them is their first two moments.
fn in_units_of_information(table: &Tables, gradient: &[f64]) -> Vec<f64> {
    let mut units = Vec::with_capacity(gradient.len());
    for (cell, own) in gradient.chunks_exact(table.width).enumerate() {
        let p = table.probabilities(cell);
        if table.block.support == Support::Real {
            units.extend(by_moments(&p, own));
            continue;
        }
        let each = own.iter().zip(&p).filter(|(_, p)| **p > RAREST && **p < 1.0 - RAREST);
        units.extend(each.map(|(g, p)| g / (p * (1.0 - p)).sqrt()));
    }
    units
}

/// The gradient by the coefficients of the place and its square, standardised under the guide.
fn by_moments(p: &[f64], gradient: &[f64]) -> [f64; 2] {
    let mean: f64 = p.iter().enumerate().map(|(k, p)| k as f64 * p).sum();
    let spread: f64 = p.iter().enumerate().map(|(k, p)| (k as f64 - mean).powi(2) * p).sum();
    let deviation = spread.sqrt().max(0.5);
    let along = |polynomial: fn(f64) -> f64| {
        gradient.iter().enumerate().map(|(k, g)| g * polynomial((k as f64 - mean) / deviation)).sum::<f64>()
    };
    [along(|e| e), along(|e| (e * e - 1.0) / std::f64::consts::SQRT_2)]
}

fn variance(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / count;
    values.map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0)
}
