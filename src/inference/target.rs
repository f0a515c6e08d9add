//! What inference needs to know of a model: an unnormalised log density on unconstrained space, with derivatives.

use super::guide::Guide;

/// An unnormalised log density of `dimension` real coordinates, evaluated for a batch of positions at a time.
pub trait Target {
    /// Number of coordinates, D.
    fn dimension(&self) -> usize;

    /// Log densities `[S]` and their gradients `[S][D]` at positions `[S][D]`, all row-major; S is `values.len()`.
    /// A value that is not finite means a position outside of where the density can be computed.
    fn evaluate(&mut self, positions: &[f64], values: &mut [f64], gradients: &mut [f64]);

    /// Log densities alone, same shapes.
    fn value(&mut self, positions: &[f64], values: &mut [f64]);

    /// Hessian times direction, `[S][D]`, at positions `[S][D]` for directions `[S][D]`.
    fn hessian_vector(&mut self, positions: &[f64], directions: &[f64], products: &mut [f64]);

    /// Consecutive coordinates that belong together, with the name of their latent: ranges covering 0..D in order.
    fn blocks(&self) -> Vec<Block>;

    /// The guide whose families match the latents, if there is one.
    fn guide(&self) -> Option<Box<dyn Guide>> {
        None
    }
}

/// The coordinates of one latent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The latent's name.
    pub name: String,
    /// Its first coordinate.
    pub start: usize,
    /// One past its last.
    pub end: usize,
    /// How many ends the latent's own values have: 0 for the whole line, 1 for a half-line, reached by the exponential, 2
    /// for an interval.
    pub ends: usize,
}
