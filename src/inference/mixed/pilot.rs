//! What theory leaves open is measured: the variance of each rule's gradient times what it costs, at a frozen guide.

use super::super::draws::{Purpose, stream};
use super::super::evaluator::Watch;
use super::ascent::{Account, Guide, ascend, gradients};
use super::start::start;
use super::{MixedTarget, Rule, Support};

/// A rule that was tried on the cells of a latent.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The block of cells.
    pub block: usize,
    /// The rule.
    pub rule: Rule,
    /// Total variance of one gradient in units of the guide's Fisher information: trace(F^-1 Var g).
    pub variance: f64,
    /// Evaluations of the density for one gradient.
    pub cost: f64,
}

impl Measured {
    /// What counts: variance of a gradient that costs one evaluation.
    pub fn price(&self) -> f64 {
        self.variance * self.cost
    }
}

/// Gradients taken of each kind, and rows for each.
const REPEATS: usize = 32;
const PAIRS: usize = 2;
/// A rule is replaced where another wins by so much.
pub const CLEAR: f64 = 1.5;

/// Measures all rules that are right for each block of cells, at the start of a fit and once its bound has risen.
pub fn measure(target: &mut dyn MixedTarget, seed: u64, watch: &mut dyn Watch) -> Vec<[Vec<Measured>; 2]> {
    let mut account = Account { target, watch, limit: u64::MAX, spent: 0.0, best: None };
    let Some(mut guide) = start(&mut account, seed, 0) else { return vec![] };
    let first = at(&mut account, &guide, seed);
    let mut generator = stream(seed, Purpose::Objective, 2 << 20);
    ascend(&mut account, &mut guide, &mut generator);
    let last = at(&mut account, &guide, seed + 1);
    first.into_iter().zip(last).map(|(first, last)| [first, last]).collect()
}

/// All right rules at one guide, by block.
pub fn at(account: &mut Account, guide: &Guide, seed: u64) -> Vec<Vec<Measured>> {
    let blocks = 0..guide.tables.len();
    let each = blocks.map(|block| {
        let rules = right_rules(guide.tables[block].block.support);
        rules.into_iter().map(|rule| one(account, guide, (block, rule), seed)).collect()
    });
    each.collect()
}

fn right_rules(support: Support) -> Vec<Rule> {
    match support {
        Support::Whole { count: Some(2), .. } => vec![Rule::Local, Rule::Paired, Rule::Score],
        _ => vec![Rule::Local, Rule::Score],
    }
}

fn one(account: &mut Account, guide: &Guide, (block, rule): (usize, Rule), seed: u64) -> Measured {
    let mut guide = guide.clone();
    guide.tables[block].block.rule = rule;
    let mut generator = stream(seed, Purpose::Probe, 3 << 20 | block as u64);
    let before = account.spent;
    let mut sums: Vec<[f64; 2]> = vec![];
    for _ in 0..REPEATS {
        let drawn = guide.draw(PAIRS, &mut generator);
        let found = gradients(account, (block, &guide.tables[block]), &drawn.rows, &mut generator);
        sums.resize(found.len(), [0.0; 2]);
        sums.iter_mut().zip(found).for_each(|(sum, g)| {
            sum[0] += g;
            sum[1] += g * g;
        });
    }
    let count = REPEATS as f64;
    let table = &guide.tables[block];
    let p: Vec<f64> = (0..table.count()).flat_map(|cell| table.probabilities(cell)).collect();
    let each = sums.iter().zip(&p).map(|([first, second], p)| {
        let variance = (second - first * first / count) / (count - 1.0);
        variance / p.max(1e-6)
    });
    Measured { block, rule, variance: each.sum(), cost: (account.spent - before) / count }
}
