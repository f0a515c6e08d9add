//! A mixed target with its cells averaged over a few fixed rows: a target of the real coordinates alone.

use super::super::target::{Block, Target};
use super::MixedTarget;

/// The mean log density over fixed cells `[M][K]`.
pub struct Averaged<'a> {
    target: &'a mut dyn MixedTarget,
    cells: &'a [f64],
    count: usize,
}

impl<'a> Averaged<'a> {
    /// Over `count` rows of cells.
    pub fn new(target: &'a mut dyn MixedTarget, cells: &'a [f64], count: usize) -> Self {
        Averaged { target, cells, count }
    }

    fn rows(&self, positions: &[f64]) -> Vec<f64> {
        let d = self.target.dimension();
        let k = self.cells.len() / self.count;
        let mut rows = Vec::with_capacity(positions.len() / d * self.count * (d + k));
        for position in positions.chunks_exact(d) {
            for cells in self.cells.chunks(k.max(1)).take(self.count) {
                rows.extend(position);
                rows.extend(cells);
            }
        }
        rows
    }

    fn averaged(&self, each: &[f64], means: &mut [f64], width: usize) {
        means.fill(0.0);
        for (mean, rows) in means.chunks_exact_mut(width).zip(each.chunks_exact(width * self.count)) {
            for row in rows.chunks_exact(width) {
                mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += x / self.count as f64);
            }
        }
    }
}

impl Target for Averaged<'_> {
    fn dimension(&self) -> usize {
        self.target.dimension()
    }

    fn evaluate(&mut self, positions: &[f64], values: &mut [f64], gradients: &mut [f64]) {
        let rows = self.rows(positions);
        let mut each = vec![0.0; values.len() * self.count];
        let mut slopes = vec![0.0; gradients.len() * self.count];
        self.target.evaluate(&rows, &mut each, &mut slopes);
        self.averaged(&each, values, 1);
        self.averaged(&slopes, gradients, self.dimension());
    }

    fn value(&mut self, positions: &[f64], values: &mut [f64]) {
        let rows = self.rows(positions);
        let mut each = vec![0.0; values.len() * self.count];
        self.target.value(&rows, &mut each);
        self.averaged(&each, values, 1);
    }

    fn hessian_vector(&mut self, positions: &[f64], directions: &[f64], products: &mut [f64]) {
        let d = self.dimension();
        let rows = self.rows(positions);
        let repeated: Vec<f64> = directions
            .chunks_exact(d)
            .flat_map(|direction| std::iter::repeat_n(direction, self.count).flatten().copied())
            .collect();
        let mut each = vec![0.0; products.len() * self.count];
        self.target.hessian_vector(&rows, &repeated, &mut each);
        self.averaged(&each, products, d);
    }

    fn blocks(&self) -> Vec<Block> {
        self.target.blocks()
    }
}
