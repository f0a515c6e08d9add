//! For each latent, how its gradient is taken, and why: a row for each estimator, and a pure choice among them.

pub mod choose;
pub mod cost;
pub mod dependence;
mod disarm;
mod ends;
mod exact;
mod local;
mod reach;
mod reparameterise;
mod score;
mod steps;

pub use choose::{Choice, Integral, Known, Measured, choose, decide};
pub use cost::Cost;
pub use dependence::{Dependence, Level, Part, by_part};
pub use reach::Reach;
pub use steps::steps;

use std::collections::BTreeSet;

use crate::model::{Entry, Kind, Model, SiteId};
use crate::source::Span;

/// What is known of a latent.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The model.
    pub model: &'a Model,
    /// The latent.
    pub latent: SiteId,
    /// The least smooth way in which the density depends on it.
    pub dependence: Dependence,
    /// What reads what.
    pub reach: &'a Reach,
    /// The size of each dim, as far as it is known; empty before any data is read.
    pub sizes: &'a [Option<usize>],
    /// Why the latent cannot be summed out, where the attempt has shown it.
    pub not_summed: Option<&'a str>,
    /// The likelihoods to which its prior is conjugate, where these are all that reads it.
    pub conjugate: Option<&'a [Entry<'a>]>,
    /// The latents that it is normal with, given everything else; itself too. None if it is not.
    pub together: Option<&'a BTreeSet<SiteId>>,
}

impl Facts<'_> {
    /// In which closed form the latent can be integrated out.
    pub fn integral(&self) -> Option<Integral> {
        let by_itself = self.conjugate.map(|_| Integral::Conjugate);
        by_itself.or(self.together.map(|_| Integral::Normal))
    }

    /// Whether the latent takes separate values.
    pub fn is_discrete(&self) -> bool {
        let site = self.model.site(self.latent);
        site.value != Kind::Real || site.domain.domain.transform.is_none()
    }
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

/// What a way to take gradients does with a latent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Sums it out: it leaves the guide.
    Sum,
    /// Differentiates through its sampler.
    Path,
    /// Tries all values of an element.
    Local,
    /// Weighs draws by the score.
    Score,
    /// Weighs mirrored draws.
    Paired,
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
    /// What it does.
    pub takes: Takes,
    /// Why it is not possible here, if it is not.
    pub refuse: fn(&Facts) -> Option<Refusal>,
    /// Why it was taken, as a sentence.
    pub why: fn(&Facts) -> String,
    /// What one gradient costs, its noise included.
    pub cost: fn(&Facts) -> Cost,
}

/// The refusal of all rows that draw a continuous latent whose density is nothing beyond an end that moves: a draw beyond
/// has no density, and the bound is minus infinity.
fn beyond_an_end(facts: &Facts, estimator: &'static str) -> Option<Refusal> {
    (facts.dependence.level == Level::End && !facts.is_discrete()).then(|| Refusal {
        estimator,
        reason: format!(
            "the density vanishes beyond an end that moves with `{}`",
            facts.model.site(facts.latent).name
        ),
        span: facts.dependence.span,
    })
}

/// Every estimator, in the order in which they are tried: those without noise, then by how much they leave. Among the
/// last three, the cheapest is taken.
pub static ESTIMATORS: &[&Estimator] =
    &[&exact::EXACT, &reparameterise::REPARAMETERISE, &local::LOCAL, &disarm::DISARM, &score::SCORE];
