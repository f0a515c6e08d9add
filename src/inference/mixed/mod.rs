//! Posteriors of real coordinates beside cells that have no gradient: a Gaussian for the ones, a table of probabilities
//! for each of the others, fitted by stochastic natural gradients.
//!
//! What the gradient of a cell's probabilities is taken by is its [`Rule`]; all of them estimate the same thing, the
//! expected log density given each value of the cell ([`rules`]).

pub mod adapt;
pub mod anneal;
pub mod ascent;
pub mod averaged;
pub mod cells;
pub mod conclude;
pub mod pilot;
pub mod proposal;
pub mod rules;
pub mod start;
#[cfg(test)]
mod tests;

use super::target::Block;

/// How the expectation over a cell's values is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Exactly in the cell itself, by sampling in the rest.
    Local,
    /// By the score function, each draw against the mean of the others.
    Score,
    /// By the score function over antithetic pairs, for cells of two values (DisARM: Dong, Mnih and Tucker 2020).
    Paired,
}

/// What cells can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Support {
    /// Whole numbers from `low` on: `count` of them, or without an end.
    Whole {
        /// The smallest.
        low: f64,
        /// How many.
        count: Option<usize>,
    },
    /// Real numbers, cut into bins.
    Real,
}

/// The cells of one latent: a stretch of the rows after the real coordinates.
#[derive(Clone, Debug, PartialEq)]
pub struct CellBlock {
    /// The latent's name.
    pub name: String,
    /// Its first column in a row.
    pub start: usize,
    /// One past its last.
    pub end: usize,
    /// What its cells can be.
    pub support: Support,
    /// How its expectations are taken.
    pub rule: Rule,
}

/// An unnormalised log density of D real coordinates and K cells: rows are `[D + K]`.
pub trait MixedTarget {
    /// Number of real coordinates, D.
    fn dimension(&self) -> usize;

    /// The real coordinates by latent, covering 0..D.
    fn blocks(&self) -> Vec<Block>;

    /// The cells by latent, covering D..D + K.
    fn cells(&self) -> Vec<CellBlock>;

    /// Log densities `[S]` and gradients by the real coordinates `[S][D]` at rows `[S][D + K]`.
    fn evaluate(&mut self, rows: &[f64], values: &mut [f64], gradients: &mut [f64]);

    /// Log densities alone.
    fn value(&mut self, rows: &[f64], values: &mut [f64]);

    /// Hessian by the real coordinates times direction, `[S][D]`, for directions `[S][D]`.
    fn hessian_vector(&mut self, rows: &[f64], directions: &[f64], products: &mut [f64]);

    /// For each row and each cell of a block, by how much the log density would change if that cell alone had each of
    /// `values` `[cells][W]`: `[S][cells][W]`.
    fn changes(&mut self, block: usize, rows: &[f64], values: &[f64], changes: &mut [f64]);

    /// For each row and each cell of a block, the terms of the log density that depend on the cell: `[S][cells]`.
    fn blanket(&mut self, block: usize, rows: &[f64], sums: &mut [f64]);

    /// What `changes` at one value of each cell of a block costs for a row, in evaluations of the density.
    fn change_cost(&self, block: usize) -> f64;
}

/// Length of a row.
pub fn width(target: &dyn MixedTarget) -> usize {
    target.cells().last().map_or(target.dimension(), |last| last.end)
}
