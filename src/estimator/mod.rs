//! For each latent, how its gradient is taken, and why: a row for each estimator, and a pure choice among them.

pub mod choose;
pub mod dependence;
mod exact;
mod reparameterise;

pub use choose::{Choice, choose};
pub use dependence::{Dependence, Level};

use crate::model::{Model, SiteId};
use crate::source::Span;

/// What is known of a latent before any data is read.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The model.
    pub model: &'a Model,
    /// The latent.
    pub latent: SiteId,
    /// The least smooth way in which the density depends on it.
    pub dependence: Dependence,
}

/// Why an estimator is not possible for a latent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The estimator.
    pub estimator: &'static str,
    /// The reason, as the end of "`x` cannot be … because".
    pub reason: String,
    /// What forces it.
    pub span: Span,
}

/// A way to take the gradient of an expectation.
#[derive(Clone, Copy, Debug)]
pub struct Estimator {
    /// The word after `using`.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Why it is right where it is right, with its source.
    pub doc: &'static str,
    /// Why it is not possible here, if it is not.
    pub refuse: fn(&Facts) -> Option<Refusal>,
    /// Why it was taken, as a sentence.
    pub why: fn(&Facts) -> String,
}

/// Every estimator, in the order in which they are tried.
pub static ESTIMATORS: &[&Estimator] = &[&exact::EXACT, &reparameterise::REPARAMETERISE];
