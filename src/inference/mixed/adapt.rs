//! A proposal that learns from its own weighted draws: several factorised guides side by side follow what one cannot, the
//! coupling of cells (population Monte Carlo: Cappe, Douc, Guillin, Marin and Robert 2008).

use nalgebra::{DMatrix, DVector};

use super::super::gaussian::Gaussian;
use super::super::importance::{Mixture, Proposal, log_add};
use super::ascent::Guide;
use super::cells::Tables;

/// One part of a proposal.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its share.
    pub share: f64,
    /// Its tables, softened, and its Gaussian.
    pub guide: Guide,
    /// The Gaussian with its guard; none without real coordinates.
    pub guarded: Option<Mixture>,
}

impl Part {
    /// A part of a guide.
    pub fn new(share: f64, guide: Guide) -> Self {
        let guarded = (guide.gaussian.dimension() > 0).then(|| Mixture::guarded("", &guide.gaussian));
        Self { share, guide, guarded }
    }

    /// Log densities of rows, without the share.
    pub fn log_density(&self, rows: &[f64], wide: usize) -> Vec<f64> {
        let d = self.guide.gaussian.dimension();
        let positions: Vec<f64> = rows.chunks_exact(wide).flat_map(|row| row[..d].to_vec()).collect();
        let count = rows.len() / wide;
        let real = self.guarded.as_ref().map_or(vec![0.0; count], |guarded| guarded.log_density(&positions));
        rows.chunks_exact(wide).zip(real).map(|(row, real)| real + self.guide.log_cells(row)).collect()
    }
}

/// Least share of a part.
const LEAST: f64 = 0.01;
/// Weight of a part's former self, in draws.
const FORMER: f64 = 8.0;

/// Parts that follow weighted rows: one step of expectation and maximisation. The last part is a wide one and stays.
pub fn adapted(parts: &[Part], rows: &[f64], log_weights: &[f64], wide: usize) -> Vec<Part> {
    let count = log_weights.len();
    let effective = log_weights.iter().map(|x| (2.0 * x).exp()).sum::<f64>().recip();
    let densities: Vec<Vec<f64>> = parts
        .iter()
        .map(|part| part.log_density(rows, wide).iter().map(|x| x + part.share.ln()).collect())
        .collect();
    let total: Vec<f64> = (0..count)
        .map(|s| densities.iter().fold(f64::NEG_INFINITY, |sum, own| log_add(sum, own[s])))
        .collect();
    let last = parts.len() - 1;
    let mut next: Vec<Part> = parts[..last]
        .iter()
        .zip(&densities)
        .map(|(part, own)| {
            let weights: Vec<f64> = (0..count).map(|s| (log_weights[s] + own[s] - total[s]).exp()).collect();
            moved(part, rows, (&weights, wide), effective)
        })
        .collect();
    let share: f64 = next.iter().map(|part| part.share).sum();
    let free = 1.0 - parts[last].share;
    next.iter_mut().for_each(|part| part.share *= free / share);
    next.push(parts[last].clone());
    next
}

/// A part at the weighted rows that are its own.
fn moved(part: &Part, rows: &[f64], (weights, wide): (&[f64], usize), effective: f64) -> Part {
    let mass: f64 = weights.iter().sum();
    let former = FORMER / effective.max(FORMER);
    let mut guide = part.guide.clone();
    for table in &mut guide.tables {
        *table = moved_table(table, rows, (weights, wide), (mass, former));
    }
    if guide.gaussian.dimension() > 0 {
        guide.gaussian = moved_gaussian(&part.guide.gaussian, rows, (weights, wide), (mass, former));
    }
    Part::new(mass.max(LEAST), guide)
}

fn moved_table(
    table: &Tables,
    rows: &[f64],
    (weights, wide): (&[f64], usize),
    (mass, former): (f64, f64),
) -> Tables {
    let mut next = table.clone();
    let wider = table.softened(0.2);
    for cell in 0..table.count() {
        let mut sums: Vec<f64> = wider.probabilities(cell).iter().map(|p| p * former).collect();
        for (row, weight) in rows.chunks_exact(wide).zip(weights) {
            if let Some(place) = table.place(cell, row[table.block.start + cell]) {
                sums[place] += weight;
            }
        }
        let total = mass + former;
        let logits = &mut next.logits[cell * table.width..(cell + 1) * table.width];
        logits.iter_mut().zip(sums).for_each(|(logit, sum)| *logit = (sum / total).max(1e-300).ln());
    }
    next
}

fn moved_gaussian(
    gaussian: &Gaussian,
    rows: &[f64],
    (weights, wide): (&[f64], usize),
    (mass, former): (f64, f64),
) -> Gaussian {
    let d = gaussian.dimension();
    let total = mass + former;
    let mut mean: DVector<f64> = &gaussian.mean * former;
    for (row, weight) in rows.chunks_exact(wide).zip(weights) {
        mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += weight * x);
    }
    mean /= total;
    let own = gaussian.factor() * gaussian.factor().transpose();
    let mut covariance: DMatrix<f64> = own * former;
    for (row, weight) in rows.chunks_exact(wide).zip(weights) {
        let gap = DVector::from_fn(d, |i, _| row[i] - mean[i]);
        covariance += &gap * gap.transpose() * *weight;
    }
    covariance /= total;
    Gaussian::from_covariance(mean, &covariance)
}
