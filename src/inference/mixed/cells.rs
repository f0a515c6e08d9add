//! The guide of the cells: for each one a table of probabilities over a window of its values.

use rand::RngExt;

use crate::numeric::random::Generator;

use super::{CellBlock, Support};

/// Values in a window of a cell whose values have no end, at first.
pub const PAGE: usize = 32;
/// The most values in a window.
pub const WIDEST: usize = 1024;
/// Bins of a real cell, and their width at first.
const BINS: (usize, f64) = (64, 0.25);
/// Fewest bins within a standard deviation.
const FINE: f64 = 3.0;
/// Share of a cell's mass that goes to a value seen.
const LEAN: f64 = 0.8;
/// So many values are states rather than numbers.
pub const FEW: usize = 8;
/// Probability at the edge of a window below which nothing is looked for beyond it.
const EDGE: f64 = 1e-9;

/// Tables of the cells of one latent.
#[derive(Clone, Debug)]
pub struct Tables {
    /// The latent.
    pub block: CellBlock,
    /// The first value of each cell's window.
    pub first: Vec<f64>,
    /// From one value to the next: 1, or the width of a bin.
    pub step: Vec<f64>,
    /// Values in each window.
    pub width: usize,
    /// Log weights, `[cell][value]`, the largest of each cell being 0.
    pub logits: Vec<f64>,
}

impl Tables {
    /// All values alike, from the lowest on; or a normal around 0.
    pub fn new(block: &CellBlock) -> Self {
        let cells = block.end - block.start;
        let (first, step, width) = match block.support {
            Support::Whole { low, count: Some(count) } => (low, 1.0, count.min(WIDEST)),
            Support::Whole { low, count: None } => (low, 1.0, PAGE),
            Support::Real => (-0.5 * BINS.0 as f64 * BINS.1, BINS.1, BINS.0),
        };
        let parabola = |k: usize| match block.support {
            Support::Real => -0.5 * ((k as f64 + 0.5 - 0.5 * width as f64) / (width as f64 / 14.0)).powi(2),
            Support::Whole { .. } => 0.0,
        };
        let logits = (0..cells).flat_map(|_| (0..width).map(parabola)).collect();
        Self { block: block.clone(), first: vec![first; cells], step: vec![step; cells], width, logits }
    }

    /// Whether windows hold all there is.
    pub fn is_whole(&self) -> bool {
        matches!(self.block.support, Support::Whole { count: Some(count), .. } if count <= self.width)
    }

    /// The values of all windows, `[cell][value]`; of a bin, the point `within` it.
    pub fn values(&self, within: f64) -> Vec<f64> {
        let within = if self.block.support == Support::Real { within } else { 0.0 };
        let cells = self.first.iter().zip(&self.step);
        cells
            .flat_map(|(first, step)| (0..self.width).map(move |k| first + (k as f64 + within) * step))
            .collect()
    }

    /// The place of a cell's value in its window, if it is in there.
    pub fn place(&self, cell: usize, value: f64) -> Option<usize> {
        let place = ((value - self.first[cell]) / self.step[cell]).floor();
        (place >= 0.0 && place < self.width as f64).then_some(place as usize)
    }

    /// Number of cells.
    pub fn count(&self) -> usize {
        self.first.len()
    }

    /// Log weights of a cell.
    pub fn of(&self, cell: usize) -> &[f64] {
        &self.logits[cell * self.width..(cell + 1) * self.width]
    }

    /// Probabilities of a cell's values.
    pub fn probabilities(&self, cell: usize) -> Vec<f64> {
        probabilities(self.of(cell))
    }

    /// Log of the sum of a cell's weights times the length of a step.
    pub fn log_total(&self, cell: usize) -> f64 {
        log_sum(self.of(cell)) + self.step[cell].ln()
    }

    /// Shifts each cell's log weights so that the largest is 0; what is out of reach is kept finite.
    pub fn settle(&mut self) {
        for logits in self.logits.chunks_exact_mut(self.width) {
            let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let top = if top.is_finite() { top } else { 0.0 };
            logits.iter_mut().for_each(|x| *x = (*x - top).max(LEAST));
        }
    }

    /// Entropy of all cells.
    pub fn entropy(&self) -> f64 {
        let each = (0..self.count()).map(|cell| {
            let own: f64 = self.probabilities(cell).iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
            own + self.step[cell].ln()
        });
        each.sum()
    }

    /// The value of a cell by a uniform number, by the inverse of its distribution function.
    pub fn value(&self, cell: usize, uniform: f64) -> f64 {
        let (place, within) = pick(&self.probabilities(cell), uniform);
        let within = if self.block.support == Support::Real { within } else { 0.0 };
        self.first[cell] + (place as f64 + within) * self.step[cell]
    }

    /// Log probability of a cell's value, or log density.
    pub fn log_probability(&self, cell: usize, value: f64) -> f64 {
        let Some(place) = self.place(cell, value) else { return f64::NEG_INFINITY };
        self.of(cell)[place] - self.log_total(cell)
    }

    /// Mean and standard deviation of a cell.
    pub fn moments(&self, cell: usize) -> [f64; 2] {
        let p = self.probabilities(cell);
        let half = if self.block.support == Support::Real { 0.5 } else { 0.0 };
        let mean: f64 = p.iter().enumerate().map(|(k, p)| (k as f64 + half) * p).sum();
        let variance: f64 = p.iter().enumerate().map(|(k, p)| (k as f64 + half - mean).powi(2) * p).sum();
        [self.first[cell] + mean * self.step[cell], variance.sqrt() * self.step[cell]]
    }

    /// The same tables with a share of each cell's mass spread: nothing is quite impossible.
    pub fn softened(&self, share: f64) -> Self {
        let mut soft = self.clone();
        for (cell, logits) in soft.logits.chunks_exact_mut(self.width).enumerate() {
            let sharp = self.probabilities(cell);
            let flat: Vec<f64> = logits.iter().map(|x| x * 0.3).collect();
            let wide = probabilities(&flat);
            for ((logit, p), w) in logits.iter_mut().zip(sharp).zip(wide) {
                *logit = ((1.0 - share) * p + share * w).max(1e-300).ln();
            }
        }
        soft
    }

    /// All states alike, where they are few; flatter, where the values are numbers.
    pub fn levelled(&self) -> Self {
        if self.width > FEW {
            return self.softened(1.0);
        }
        Self { logits: vec![0.0; self.logits.len()], ..self.clone() }
    }

    /// Puts most of each cell's mass on and around a value.
    pub fn lean_towards(&mut self, values: &[f64]) {
        let reach = if self.block.support == Support::Real { 4.0 } else { 0.5 };
        for (cell, value) in values.iter().enumerate() {
            let Some(place) = self.place(cell, *value) else { continue };
            let near: Vec<f64> =
                (0..self.width).map(|k| (-0.5 * ((k as f64 - place as f64) / reach).powi(2)).exp()).collect();
            let total: f64 = near.iter().sum();
            let own = self.probabilities(cell);
            let logits = &mut self.logits[cell * self.width..(cell + 1) * self.width];
            for ((logit, p), near) in logits.iter_mut().zip(own).zip(near) {
                *logit = ((1.0 - LEAN) * p + LEAN * near / total).max(1e-300).ln();
            }
        }
    }

    /// Moves, widens or sharpens windows that do not hold what has mass; whether any changed.
    pub fn reach_out(&mut self) -> bool {
        if self.is_whole() {
            return false;
        }
        let before = self.clone();
        let needs = match self.block.support {
            Support::Whole { low, count } => {
                let high = count.map_or(f64::INFINITY, |count| low + count as f64 - 1.0);
                let wide = (0..self.count()).map(|cell| self.move_whole(cell, (low, high)));
                wide.collect::<Vec<bool>>()
            }
            Support::Real => {
                (0..self.count()).for_each(|cell| self.move_real(cell));
                vec![]
            }
        };
        if needs.contains(&true) {
            self.width = (2 * self.width).min(WIDEST);
        }
        let changed = (&before.first, &before.step, before.width) != (&self.first, &self.step, self.width);
        if changed {
            self.carry_over(&before);
        }
        changed
    }

    /// Log weights in new windows from those in the old ones; what was outside has next to none.
    fn carry_over(&mut self, before: &Self) {
        let half = if self.block.support == Support::Real { 0.5 } else { 0.0 };
        self.logits = Vec::with_capacity(self.count() * self.width);
        for cell in 0..self.count() {
            let old = before.of(cell);
            let least = old.iter().copied().fold(f64::INFINITY, f64::min).max(UNSEEN);
            for k in 0..self.width {
                let value = self.first[cell] + (k as f64 + half) * self.step[cell];
                self.logits.push(before.place(cell, value).map_or(least, |place| old[place]));
            }
        }
        self.settle();
    }

    /// Probabilities at the two edges of a window.
    fn edges(&self, cell: usize) -> [f64; 2] {
        let p = self.probabilities(cell);
        [p[0], p[self.width - 1]]
    }

    /// Moves the window of a whole number to its mean; whether it is too narrow.
    fn move_whole(&mut self, cell: usize, (low, high): (f64, f64)) -> bool {
        let [below, above] = self.edges(cell);
        let width = self.width as f64;
        let below = below > EDGE && self.first[cell] > low;
        let above = above > EDGE && self.first[cell] + width - 1.0 < high;
        if !below && !above {
            return false;
        }
        let [mean, deviation] = self.moments(cell);
        let first = (mean - 0.5 * width).round().max(low);
        let shift = (first - self.first[cell]).abs();
        self.first[cell] = first;
        (below && above) || shift < 0.2 * width || 12.0 * deviation > width
    }

    /// Fits the bins of a real cell to its mass.
    fn move_real(&mut self, cell: usize) {
        let [below, above] = self.edges(cell);
        let [mean, deviation] = self.moments(cell);
        let (step, width) = (self.step[cell], self.width as f64);
        let is_coarse = deviation < FINE * step && step > 1e-6;
        if below > EDGE && above > EDGE {
            self.step[cell] = 2.0 * step;
        } else if is_coarse && below.max(above) < 1e-3 {
            self.step[cell] = (deviation / FINE).max(0.35 * step).max(1e-6);
        } else if below <= EDGE && above <= EDGE {
            return;
        } else if 12.0 * deviation > width * step {
            self.step[cell] = 1.5 * step;
        }
        self.first[cell] = mean - 0.5 * width * self.step[cell];
    }
}

/// Log weight of a value that no window had before.
const UNSEEN: f64 = -23.0;

/// Least log weight.
const LEAST: f64 = -700.0;

/// Probabilities from log weights.
pub fn probabilities(logits: &[f64]) -> Vec<f64> {
    let total = log_sum(logits);
    logits.iter().map(|x| (x - total).exp()).collect()
}

fn log_sum(logits: &[f64]) -> f64 {
    let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    top + logits.iter().map(|x| (x - top).exp()).sum::<f64>().ln()
}

/// The first place at which the running sum passes a uniform number, and how far into it the number lies.
pub fn pick(probabilities: &[f64], uniform: f64) -> (usize, f64) {
    let mut left = uniform;
    for (k, p) in probabilities.iter().enumerate() {
        if left < *p {
            return (k, left / p);
        }
        left -= p;
    }
    (probabilities.iter().rposition(|p| *p > 0.0).unwrap_or(0), 0.5)
}

/// Uniform numbers for the cells of `2 * pairs` rows, `[row][cell]`: rows 2k and 2k + 1 mirror each other.
pub fn mirrored(pairs: usize, cells: usize, generator: &mut Generator) -> Vec<f64> {
    let mut uniforms = Vec::with_capacity(2 * pairs * cells);
    for _ in 0..pairs {
        let row: Vec<f64> = (0..cells).map(|_| generator.random::<f64>()).collect();
        uniforms.extend(&row);
        uniforms.extend(row.iter().map(|u| 1.0 - u));
    }
    uniforms
}
