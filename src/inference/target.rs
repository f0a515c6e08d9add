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

    /// How far the expectation under a Gaussian is known without draws, of which there would be so many; `None` if not at
    /// all.
    fn known(&mut self, _draws: usize) -> Option<Known> {
        None
    }

    /// What is known of the expectation under the Gaussian of a mean `[D]` and a root of the covariance `[D][D]`.
    ///
    /// # Errors
    /// If it is not known precisely there.
    fn expected(&mut self, _mean: &[f64], _root: &[f64]) -> Result<Expected, Unknown> {
        Err(Unknown::Here)
    }

    /// The part of the log density whose expectation is not known, as `evaluate` has the whole.
    fn evaluate_left(&mut self, positions: &[f64], values: &mut [f64], gradients: &mut [f64]) {
        self.evaluate(positions, values, gradients);
    }

    /// Consecutive coordinates that belong together, with the name of their latent: ranges covering 0..D in order.
    fn blocks(&self) -> Vec<Block>;

    /// A name for each coordinate.
    fn names(&self) -> Vec<String> {
        self.blocks().iter().flat_map(Block::numbered).collect()
    }

    /// The guide whose families match the latents, if there is one.
    fn guide(&self) -> Option<Box<dyn Guide>> {
        None
    }
}

/// How far an expectation is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Evaluations of the log density that one expectation costs as much as.
    pub cost: u64,
    /// Whether something is left to draws.
    pub left: bool,
}

/// What is known of an expectation, with its derivatives.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// Its value.
    pub value: f64,
    /// By the mean, `[D]`.
    pub mean: Vec<f64>,
    /// By the root, `[D][D]`.
    pub root: Vec<f64>,
}

/// Why an expectation is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// It has to be asked for again, more precisely from now on.
    Yet,
    /// Not at this Gaussian.
    Here,
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

impl Block {
    /// Names of its coordinates: `theta[3]`, or the latent's own where there is one.
    pub fn numbered(&self) -> Vec<String> {
        numbered(&self.name, self.end - self.start)
    }
}

/// Names of so many elements: by number, or the name alone where there is one.
pub(super) fn numbered(name: &str, size: usize) -> Vec<String> {
    match size {
        1 => vec![name.to_owned()],
        _ => (1..=size).map(|k| format!("{name}[{k}]")).collect(),
    }
}
