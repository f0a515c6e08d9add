//! What inference needs to know of a guide that is no Gaussian: draws as a differentiable function of parameters and
//! uniform numbers, and its log density.

use std::ops::Range;

/// A family of distributions over the coordinates of a target.
pub trait Guide {
    /// Its name in a report.
    fn name(&self) -> String;

    /// Whether all of it is Gaussian.
    fn is_gaussian(&self) -> bool;

    /// Number of unconstrained parameters, P.
    fn parameters(&self) -> usize;

    /// Number of uniform numbers that a draw takes, U.
    fn uniforms(&self) -> usize;

    /// Ranges of coordinates that are drawn together, each independent of all others.
    fn groups(&self) -> Vec<Range<usize>>;

    /// Coordinates whose two ends are one point: a density that differs between them has no pathwise gradient.
    fn seams(&self) -> Vec<usize>;

    /// Parameters near a Gaussian with these means, standard deviations and skewnesses of the coordinates.
    fn start(&self, mean: &[f64], deviation: &[f64], skewness: &[f64]) -> Vec<f64>;

    /// Draws `[S][D]` and their log densities `[S]`, of uniforms `[S][U]` in (0, 1).
    fn draw(&mut self, parameters: &[f64], uniforms: &[f64]) -> (Vec<f64>, Vec<f64>);

    /// The derivative by the parameters, `[S][P]`, of `gradients` `[S][D]` times the draws, less their log densities: of
    /// each draw's part of the bound where `gradients` are those of the target.
    fn slopes(&mut self, parameters: &[f64], uniforms: &[f64], gradients: &[f64]) -> Vec<f64>;

    /// Log densities `[S]` of positions `[S][D]`.
    fn log_density(&mut self, parameters: &[f64], positions: &[f64]) -> Vec<f64>;
}
