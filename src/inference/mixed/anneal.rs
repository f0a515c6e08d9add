//! Draws led from a proposal q to the posterior p over distributions q^(1-t) p^t between them (sequential Monte Carlo: Del
//! Moral, Doucet and Jasra 2006), its steps in t as long as the weights allow (Zhou, Johansen and Aston 2016). They find
//! states that no start led to; cells that are coupled meet in the moves, whatever the guide takes as independent.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_distr::StandardNormal;

use crate::numeric::random::Generator;

use super::super::importance::{Mixture, Proposal, log_add};
use super::super::psis;
use super::ascent::Account;
use super::cells::{FEW, Tables};
use super::proposal::Joined;
use super::{Support, width};

/// Share of the draws that are left in effect by one step in t.
const KEPT: f64 = 0.9;
/// Effective share below which draws are thinned out.
const RESAMPLED: f64 = 0.5;
/// Half the number of draws.
const PAIRS: usize = 200;
/// Sweeps over all cells between two steps in t, and moves of all that is continuous.
const SWEEPS: usize = 2;
const WALKS: usize = 4;
/// Evaluations that the moves may take.
const MOST: f64 = 200_000.0;

/// Draws that were led to the posterior, and their log weights.
pub struct Led {
    /// `[S][D + K]`.
    pub rows: Vec<f64>,
    /// Normalised.
    pub log_weights: Vec<f64>,
}

/// About `2 * PAIRS` draws led from `joined`; none if the caller wants an end.
pub fn led(account: &mut Account, joined: &Joined, generator: &mut Generator) -> Option<Led> {
    let rows = joined.draw(PAIRS, generator);
    let mut cloud = Cloud::new(account, Base::new(joined), rows);
    let allowance = account.spent + MOST.min(account.limit as f64 - account.spent);
    let mut time = 0.0;
    while time < 1.0 {
        if account.halt("annealing draws").is_some() {
            return None;
        }
        let next = if account.spent < allowance { cloud.next(time) } else { 1.0 };
        cloud.weigh(next - time);
        time = next;
        cloud.thin_out(generator);
        if time < 1.0 {
            cloud.sweep(account, time, generator);
        }
    }
    Some(Led { rows: cloud.rows, log_weights: cloud.log_weights })
}

/// The proposal with what does not change looked up once.
struct Base {
    parts: Vec<BasePart>,
}

struct BasePart {
    log_share: f64,
    guarded: Option<Mixture>,
    tables: Vec<Tables>,
    /// Log of each cell's total weight, by table; what a value's density is counted from.
    totals: Vec<Vec<f64>>,
}

impl Base {
    fn new(joined: &Joined) -> Self {
        let parts = joined.parts().iter().map(|part| {
            let tables = part.guide.tables.clone();
            let total = |table: &Tables| (0..table.count()).map(|cell| table.log_total(cell)).collect();
            let totals = tables.iter().map(total).collect();
            BasePart { log_share: part.share.ln(), guarded: part.guarded.clone(), tables, totals }
        });
        Self { parts: parts.collect() }
    }

    fn log_density(&self, rows: &[f64], (wide, d): (usize, usize)) -> Vec<f64> {
        let positions: Vec<f64> = rows.chunks_exact(wide).flat_map(|row| row[..d].to_vec()).collect();
        let mut total = vec![f64::NEG_INFINITY; rows.len() / wide];
        for part in &self.parts {
            let real = part.guarded.as_ref().map(|guarded| guarded.log_density(&positions));
            for (s, (total, row)) in total.iter_mut().zip(rows.chunks_exact(wide)).enumerate() {
                let own = part.log_share + real.as_ref().map_or(0.0, |real| real[s]) + part.log_cells(row);
                *total = log_add(*total, own);
            }
        }
        total
    }
}

impl BasePart {
    fn log_cells(&self, row: &[f64]) -> f64 {
        let mut sum = 0.0;
        for (table, totals) in self.tables.iter().zip(&self.totals) {
            for (cell, total) in totals.iter().enumerate() {
                match table.place(cell, row[table.block.start + cell]) {
                    Some(place) => sum += table.of(cell)[place] - total,
                    None => return f64::NEG_INFINITY,
                }
            }
        }
        sum
    }
}

/// All draws on their way.
struct Cloud {
    base: Base,
    rows: Vec<f64>,
    wide: usize,
    dimension: usize,
    /// Log density of the target, and of the base.
    log_p: Vec<f64>,
    log_q: Vec<f64>,
    log_weights: Vec<f64>,
    /// Each cell's column, what it can be, and how far it usually is from its mean.
    cells: Vec<(usize, Support, f64)>,
}

impl Cloud {
    fn new(account: &mut Account, base: Base, rows: Vec<f64>) -> Self {
        let wide = width(account.target);
        let dimension = account.target.dimension();
        let widest = base.parts.last().map_or(&[][..], |part| &part.tables);
        let cells = widest.iter().flat_map(|table| {
            let each = move |cell: usize| {
                let deviation = table.moments(cell)[1].max(0.5 * table.step[cell].min(1.0));
                (table.block.start + cell, table.block.support, deviation)
            };
            (0..table.count()).map(each)
        });
        let cells = cells.collect();
        let log_q = base.log_density(&rows, (wide, dimension));
        let mut log_p = vec![0.0; log_q.len()];
        account.target.value(&rows, &mut log_p);
        account.spent += log_p.len() as f64;
        log_p.iter_mut().filter(|p| p.is_nan()).for_each(|p| *p = f64::NEG_INFINITY);
        let log_weights = vec![-(log_q.len() as f64).ln(); log_q.len()];
        Self { base, rows, wide, dimension, log_p, log_q, log_weights, cells }
    }

    fn count(&self) -> usize {
        self.log_p.len()
    }

    /// How far t can go from `time` before too few draws are in effect.
    fn next(&self, time: f64) -> f64 {
        let (mut low, mut high) = (0.0, 1.0 - time);
        if self.kept_by(high) >= KEPT {
            return 1.0;
        }
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            if self.kept_by(middle) >= KEPT { low = middle } else { high = middle }
        }
        time + low.max(1e-6)
    }

    /// The conditional effective share of a step in t.
    fn kept_by(&self, step: f64) -> f64 {
        let top = |xs: &[f64]| xs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let added: Vec<f64> = self.log_p.iter().zip(&self.log_q).map(|(p, q)| step * (p - q)).collect();
        let (high, highest) = (top(&self.log_weights), top(&added));
        let (mut own, mut once, mut twice) = (0.0, 0.0, 0.0);
        for (weight, added) in self.log_weights.iter().zip(&added) {
            let (weight, added) = ((weight - high).exp(), (added - highest).exp());
            own += weight;
            once += weight * added;
            twice += weight * added * added;
        }
        once * once / (own * twice)
    }

    fn weigh(&mut self, step: f64) {
        let ratios = self.log_p.iter().zip(&self.log_q);
        self.log_weights.iter_mut().zip(ratios).for_each(|(weight, (p, q))| *weight += step * (p - q));
    }

    /// Where few draws carry the weight, these are repeated and others left (systematic resampling).
    fn thin_out(&mut self, generator: &mut Generator) {
        psis::normalise(&mut self.log_weights);
        let count = self.count() as f64;
        let effective = self.log_weights.iter().map(|w| (2.0 * w).exp()).sum::<f64>().recip();
        if effective > RESAMPLED * count {
            return;
        }
        let mut left = generator.random::<f64>();
        let mut places = Vec::with_capacity(self.count());
        for (s, weight) in self.log_weights.iter().enumerate() {
            left -= weight.exp() * count;
            while left < 0.0 && places.len() < self.count() {
                places.push(s);
                left += 1.0;
            }
        }
        places.resize(self.count(), self.count() - 1);
        let wide = self.wide;
        self.rows = places.iter().flat_map(|s| &self.rows[s * wide..(s + 1) * wide]).copied().collect();
        self.log_p = places.iter().map(|s| self.log_p[*s]).collect();
        self.log_q = places.iter().map(|s| self.log_q[*s]).collect();
        self.log_weights.fill(-count.ln());
    }

    fn sweep(&mut self, account: &mut Account, time: f64, generator: &mut Generator) {
        for _ in 0..SWEEPS {
            let mut order: Vec<usize> = (0..self.cells.len()).collect();
            order.shuffle(generator);
            for (k, &cell) in order.iter().enumerate() {
                let tried = self.with_another(cell, generator);
                self.choose(account, tried, time, generator);
                if k % 2 == 1 && self.cells[cell].1 == self.cells[order[k - 1]].1 {
                    let tried = self.with_exchanged(cell, order[k - 1]);
                    self.choose(account, tried, time, generator);
                }
            }
        }
        let loose = self.loose();
        if let Some(factor) = self.spread(&loose) {
            for k in 0..WALKS {
                let length = [0.25, 1.0][k % 2] * 2.38 / (loose.len() as f64).sqrt();
                let tried = self.walked(&loose, &(&factor * length), generator);
                self.choose(account, tried, time, generator);
            }
        }
    }

    /// All rows with one cell at another value; the proposals are symmetric.
    fn with_another(&self, cell: usize, generator: &mut Generator) -> Vec<f64> {
        let (column, support, deviation) = self.cells[cell];
        let mut tried = self.rows.clone();
        for row in tried.chunks_exact_mut(self.wide) {
            let normal = generator.sample::<f64, _>(StandardNormal);
            row[column] = match support {
                Support::Real => row[column] + deviation * normal,
                Support::Whole { low, count: Some(count) } if count <= FEW => {
                    let others = 1 + generator.random_range(0..count.max(2) - 1);
                    low + (row[column] - low + others as f64) % count as f64
                }
                Support::Whole { .. } => {
                    let length = (0.7 * deviation * normal).abs().ceil();
                    row[column] + length.copysign(normal)
                }
            };
        }
        tried
    }

    /// All rows with the values of two cells exchanged.
    fn with_exchanged(&self, a: usize, b: usize) -> Vec<f64> {
        let (a, b) = (self.cells[a].0, self.cells[b].0);
        let mut tried = self.rows.clone();
        tried.chunks_exact_mut(self.wide).for_each(|row| row.swap(a, b));
        tried
    }

    /// The columns that are continuous.
    fn loose(&self) -> Vec<usize> {
        let binned = self.cells.iter().filter(|(_, support, _)| *support == Support::Real);
        (0..self.dimension).chain(binned.map(|(column, ..)| *column)).collect()
    }

    /// A root of the weighted covariance of some columns.
    fn spread(&self, columns: &[usize]) -> Option<DMatrix<f64>> {
        if columns.is_empty() {
            return None;
        }
        let weights: Vec<f64> = self.log_weights.iter().map(|x| x.exp()).collect();
        let mut mean = DVector::zeros(columns.len());
        let of = |row: &[f64]| DVector::from_iterator(columns.len(), columns.iter().map(|c| row[*c]));
        for (row, weight) in self.rows.chunks_exact(self.wide).zip(&weights) {
            mean += of(row) * *weight;
        }
        let mut covariance = DMatrix::identity(columns.len(), columns.len()) * 1e-10;
        for (row, weight) in self.rows.chunks_exact(self.wide).zip(&weights) {
            let gap = of(row) - &mean;
            covariance += &gap * gap.transpose() * *weight;
        }
        covariance.cholesky().map(|found| found.l())
    }

    /// All rows a step on in some columns.
    fn walked(&self, columns: &[usize], factor: &DMatrix<f64>, generator: &mut Generator) -> Vec<f64> {
        let mut tried = self.rows.clone();
        for row in tried.chunks_exact_mut(self.wide) {
            let normals = DVector::from_fn(columns.len(), |_, _| generator.sample::<f64, _>(StandardNormal));
            let step = factor * normals;
            columns.iter().zip(step.iter()).for_each(|(column, step)| row[*column] += step);
        }
        tried
    }

    /// Each row at what was tried or where it was, by Metropolis's rule at `time`.
    fn choose(&mut self, account: &mut Account, mut tried: Vec<f64>, time: f64, generator: &mut Generator) {
        let (wide, d) = (self.wide, self.dimension);
        let mut log_q = self.base.log_density(&tried, (wide, d));
        // Beyond the windows of the base nothing is evaluated.
        for (s, q) in log_q.iter_mut().enumerate() {
            if !q.is_finite() {
                tried[s * wide..(s + 1) * wide].copy_from_slice(&self.rows[s * wide..(s + 1) * wide]);
                *q = self.log_q[s];
            }
        }
        let mut log_p = vec![0.0; self.count()];
        account.target.value(&tried, &mut log_p);
        account.spent += log_p.len() as f64;
        for s in 0..self.count() {
            let gain = time * (log_p[s] - self.log_p[s]) + (1.0 - time) * (log_q[s] - self.log_q[s]);
            if generator.random::<f64>().ln() < gain {
                self.rows[s * wide..(s + 1) * wide].copy_from_slice(&tried[s * wide..(s + 1) * wide]);
                (self.log_p[s], self.log_q[s]) = (log_p[s], log_q[s]);
            }
        }
    }
}
