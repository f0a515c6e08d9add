//! A fit in words and in data; computes nothing.

pub mod calibration;
mod columns;
pub mod comparison;
pub mod csv;
pub mod errors;
pub mod explain;
pub mod json;
pub mod reference;
pub mod story;
pub mod text;

use serde::{Serialize, Serializer};

/// What a fit says, ready to be shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The model's name as the user gave it.
    pub model: String,
    /// The seed that reproduces the fit.
    pub seed: u64,
    /// Whether to rely on it.
    pub verdict: Verdict,
    /// Why: sentences, the weightiest first.
    pub reasons: Vec<String>,
    /// The family that approximates the posterior.
    pub family: String,
    /// Why this one.
    pub chosen: String,
    /// The draws that the summary is taken from.
    pub draws: DrawsKept,
    /// The evidence lower bound.
    pub elbo: Elbo,
    /// Pareto shape of the importance ratios; none where it was not computed.
    pub khat: Option<f64>,
    /// Evaluations of the log density and its gradient.
    pub evaluations: u64,
    /// Why the fit ended.
    pub stopped: String,
    /// The families that were tried, in order.
    pub rungs: Vec<Rung>,
    /// Where the time went.
    pub seconds: Seconds,
    /// How the gradient of each latent was taken.
    pub estimators: Vec<Estimator>,
    /// Matrices that `--matrices single` was asked to round.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub matrices: Vec<Matrix>,
    /// Values that were learned, which have no posterior; none where the model learns nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learned: Option<Learned>,
    /// The posterior, one row for each number.
    pub summary: Vec<Row>,
    /// Remarks for people only: sentences.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// Values found by maximisation before the fit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Learned {
    /// One for each number, in declared order.
    pub values: Vec<LearnedValue>,
    /// Starts of the search.
    pub starts: usize,
    /// Evaluations of the log density that it took.
    pub evaluations: u64,
}

/// A learned number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LearnedValue {
    /// Its name.
    pub name: String,
    /// It.
    pub value: f64,
}

/// The draws that stand for the posterior.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DrawsKept {
    /// How many.
    pub count: usize,
    /// How many independent, equally weighted draws they are worth, for most means.
    pub effective: f64,
    /// Whether importance weights take them from the family to the posterior.
    pub corrected: bool,
}

/// A family that was tried.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rung {
    /// The family.
    pub family: String,
    /// How the latents were parameterised.
    pub parameterisation: String,
    /// Its evidence lower bound.
    pub elbo: Elbo,
    /// Pareto shape of its importance weights.
    pub khat: f64,
    /// Share of its draws that is effective.
    pub efficiency: f64,
    /// Evaluations that it cost, with the search that led to it.
    pub evaluations: u64,
    /// Seconds that it cost.
    pub seconds: Option<f64>,
    /// Whether it was kept.
    pub kept: bool,
}

/// Whether to rely on a fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing speaks against it.
    Trust,
    /// Something is to be looked at first.
    Check,
    /// It is wrong.
    DoNotUse,
}

/// The evidence lower bound, with its Monte Carlo error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Elbo {
    /// In nats.
    pub value: f64,
    /// Standard error.
    pub se: f64,
}

/// Wall-clock time by stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Seconds {
    /// From the sources to the program.
    pub compile: f64,
    /// Optimisation and draws.
    pub fit: f64,
    /// All of it.
    pub total: f64,
}

/// The choice made for a latent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Estimator {
    /// The latent.
    pub latent: String,
    /// How its gradient is taken.
    pub estimator: String,
    /// Why.
    pub why: String,
}

/// A constant matrix that single precision does not hold exactly.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Matrix {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Whether it was rounded; it is not where that would move an entry far.
    pub rounded: bool,
    /// How far rounding moves an entry at most, in standard deviations of its column.
    pub moved: f64,
}

/// One number of the posterior.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// `mu`, `theta[3]`
    pub name: String,
    /// Posterior mean.
    pub mean: f64,
    /// Posterior standard deviation.
    pub sd: f64,
    /// 5 % quantile.
    pub q05: f64,
    /// Median.
    pub q50: f64,
    /// 95 % quantile.
    pub q95: f64,
    /// Monte Carlo standard error of the mean.
    pub mcse: f64,
    /// For a discrete latent with few states: value or label, and its posterior probability.
    #[serde(serialize_with = "as_object", skip_serializing_if = "Option::is_none")]
    pub prob: Option<Vec<(String, f64)>>,
}

/// What one evaluation of a fit saw.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// The number of the evaluation, from 1.
    pub evaluation: u64,
    /// The seed of the fit.
    pub seed: u64,
    /// The latents, element by element.
    #[serde(serialize_with = "pairs_as_object")]
    pub latents: Vec<(String, f64)>,
    /// The terms of the log density.
    #[serde(serialize_with = "pairs_as_object")]
    pub terms: Vec<(String, f64)>,
    /// The log density on unconstrained space; `null` where it is no number.
    pub log_density: f64,
}

/// Pairs as an object, in their order.
fn pairs_as_object<S: Serializer>(pairs: &[(String, f64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

/// Pairs as an object, in their order.
fn as_object<S: Serializer>(pairs: &Option<Vec<(String, f64)>>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().flatten().map(|(name, probability)| (name, probability)))
}

#[cfg(test)]
mod tests;
