//! A two-dimensional density given by its logarithm at the nodes of a grid: constant on small cells, with a wide Student t
//! as a guard beyond.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;

use crate::numeric::random::Generator;

use super::gaussian::Gaussian;
use super::importance::{Component, Mixture, Proposal, Tail, log_add};
use super::plane::stencil;

/// Cells between two nodes.
const CELLS: usize = 10;
/// Share of the guard.
const GUARD: f64 = 0.1;
/// How much wider the guard is than the density, and its degrees of freedom.
const WIDER: f64 = 1.5;
const FREEDOM: f64 = 5.0;

/// The density.
pub struct Surface {
    low: [f64; 2],
    cells: [usize; 2],
    /// Normalised log density of each cell.
    levels: Vec<f64>,
    /// Cells in an order in which neighbours follow each other, with the probability up to the end of each.
    order: Vec<(usize, f64)>,
    guard: Mixture,
}

impl Surface {
    /// From log densities up to a constant at the nodes of a grid of unit steps with the corner `low`, the second
    /// coordinate's fastest; `None` if they are no density.
    pub fn new(low: [i32; 2], size: [usize; 2], logs: &[f64]) -> Option<Surface> {
        let cells = size.map(|count| (count - 1) * CELLS);
        let middle = |k: usize| (k as f64 + 0.5) / CELLS as f64;
        let mut levels = Vec::with_capacity(cells[0] * cells[1]);
        for i in 0..cells[0] {
            let (first, row) = stencil(middle(i), size[0]);
            for j in 0..cells[1] {
                let (second, column) = stencil(middle(j), size[1]);
                let at = |a: usize, b: usize| logs[(first + a) * size[1] + second + b];
                let sum = (0..4).flat_map(|a| (0..4).map(move |b| (a, b)));
                levels.push(sum.map(|(a, b)| row[a] * column[b] * at(a, b)).sum::<f64>());
            }
        }
        let area = (CELLS * CELLS) as f64;
        let top = levels.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total = levels.iter().map(|level| (level - top).exp()).sum::<f64>() / area;
        if !top.is_finite() || !total.is_finite() {
            return None;
        }
        levels.iter_mut().for_each(|level| *level -= top + total.ln());
        let low = low.map(f64::from);
        let mut share = 0.0;
        let order = (0..cells[0]).flat_map(|i| {
            let columns: Vec<usize> = match i % 2 {
                0 => (0..cells[1]).collect(),
                _ => (0..cells[1]).rev().collect(),
            };
            columns.into_iter().map(move |j| i * cells[1] + j)
        });
        let order = order
            .map(|cell| {
                share += levels[cell].exp() / area;
                (cell, share)
            })
            .collect();
        let guard = guard(low, cells, &levels);
        Some(Surface { low, cells, levels, order, guard })
    }

    /// Log density.
    pub fn log_density(&self, place: [f64; 2]) -> f64 {
        let inside = match self.cell(place) {
            Some(cell) => self.levels[cell] + (1.0 - GUARD).ln(),
            None => f64::NEG_INFINITY,
        };
        log_add(inside, self.guard.log_density(&place)[0] + GUARD.ln())
    }

    fn cell(&self, place: [f64; 2]) -> Option<usize> {
        let at = |k: usize| {
            let nth = ((place[k] - self.low[k]) * CELLS as f64).floor();
            (nth >= 0.0 && nth < self.cells[k] as f64).then_some(nth as usize)
        };
        Some(at(0)? * self.cells[1] + at(1)?)
    }

    /// So many draws, evenly spread over the mass.
    pub fn draw(&self, count: usize, generator: &mut Generator) -> Vec<[f64; 2]> {
        let beyond = (GUARD * count as f64).round() as usize;
        let within = count - beyond;
        let mut places: Vec<[f64; 2]> = (0..within)
            .map(|k| {
                let aim = (k as f64 + generator.random::<f64>()) / within as f64;
                let nth = self.order.partition_point(|(_, share)| *share <= aim).min(self.order.len() - 1);
                let cell = self.order[nth].0;
                let (i, j) = (cell / self.cells[1], cell % self.cells[1]);
                let spot = |low: f64, k: usize, random: f64| low + (k as f64 + random) / CELLS as f64;
                [spot(self.low[0], i, generator.random()), spot(self.low[1], j, generator.random())]
            })
            .collect();
        let guards = self.guard.draw(beyond.div_ceil(2), generator);
        places.extend(guards.chunks(2).take(beyond).map(|row| [row[0], row[1]]));
        places
    }
}

/// A Student t with the centre of a density and more than its spread.
fn guard(low: [f64; 2], cells: [usize; 2], levels: &[f64]) -> Mixture {
    let weights: Vec<f64> = levels.iter().map(|level| level.exp()).collect();
    let total: f64 = weights.iter().sum();
    let place = |cell: usize| {
        let at = |k: usize, low: f64| low + (k as f64 + 0.5) / CELLS as f64;
        DVector::from_vec(vec![at(cell / cells[1], low[0]), at(cell % cells[1], low[1])])
    };
    let mut mean = DVector::zeros(2);
    weights.iter().enumerate().for_each(|(cell, weight)| mean += place(cell) * (weight / total));
    let mut covariance = DMatrix::identity(2, 2) * 1e-3;
    for (cell, weight) in weights.iter().enumerate() {
        let gap = place(cell) - &mean;
        covariance += &gap * gap.transpose() * (weight / total);
    }
    let gaussian = Gaussian::from_covariance(mean, &(covariance * (WIDER * WIDER)));
    let component = Component { weight: 1.0, gaussian, tail: Tail::Student(FREEDOM) };
    Mixture { name: String::new(), components: vec![component] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::draws::{Purpose, stream};

    fn normal() -> Surface {
        let logs: Vec<f64> = (-3..=3)
            .flat_map(|i| (-3..=3).map(move |j| (f64::from(i), f64::from(j))))
            .map(|(x, y)| 5.0 - 0.5 * (1.2 * x * x + 0.9 * y * y + 0.6 * x * y))
            .collect();
        Surface::new([-3, -3], [7, 7], &logs).expect("a density")
    }

    #[test]
    fn it_integrates_to_one() {
        let (surface, step) = (normal(), 0.05);
        let grid = || (-400..400).map(|k| (f64::from(k) + 0.5) * step);
        let total: f64 =
            grid().flat_map(|x| grid().map(move |y| [x, y])).map(|p| surface.log_density(p).exp()).sum();
        assert!((total * step * step - 1.0).abs() < 5e-3, "{total}");
    }

    #[test]
    fn draws_follow_it() {
        let surface = normal();
        let draws = surface.draw(20_000, &mut stream(4, Purpose::Proposal, 0));
        let seen = draws.iter().filter(|[x, y]| *x < 0.4 && *y > -0.3).count() as f64 / draws.len() as f64;
        let step = 0.05;
        let below = (0..400).map(|k| 0.4 - (f64::from(k) + 0.5) * step);
        let above = || (0..400).map(|k| -0.3 + (f64::from(k) + 0.5) * step);
        let expected: f64 =
            below.flat_map(|x| above().map(move |y| [x, y])).map(|p| surface.log_density(p).exp()).sum();
        assert!((seen - expected * step * step).abs() < 0.01, "{seen} {}", expected * step * step);
    }
}
