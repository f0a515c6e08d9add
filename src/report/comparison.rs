//! Models of the same data side by side: in words and in data.

use std::fmt::Write as _;

use serde::Serialize;

use super::columns::{aligned, as_sentence, decimals, fixed};
use super::{Elbo, Verdict};

/// Models, best prediction first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The seed that reproduces it.
    pub seed: u64,
    /// The models.
    pub models: Vec<Compared>,
    /// What to bear in mind: sentences.
    pub notes: Vec<String>,
}

/// One model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// Its name as the user gave it.
    pub model: String,
    /// Whether to rely on its fit.
    pub verdict: Verdict,
    /// Why.
    pub reasons: Vec<String>,
    /// The evidence lower bound.
    pub elbo: Elbo,
    /// Log evidence by importance sampling; none where the weights are bad or a prior is improper.
    pub log_evidence: Option<Elbo>,
    /// Sum over points of log p(point | all others).
    pub elpd_loo: Elbo,
    /// `elpd_loo` minus that of the best model; none where the points differ.
    pub difference: Option<Elbo>,
    /// Effective number of parameters.
    pub p_loo: Elbo,
    /// The k-hat above which a point is not reliable.
    pub threshold: f64,
    /// How many draws all this is estimated from.
    pub draws: usize,
    /// Whether importance weights correct the draws.
    pub corrected: bool,
    /// Each point.
    pub points: Vec<Point>,
}

/// One point.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// `y[3]`
    pub name: String,
    /// log p(point | all others)
    pub elpd: f64,
    /// log p(point | all others) minus that of the best model; none where the points differ.
    pub difference: Option<f64>,
    /// Shape of the tail of the weights that leave it out.
    pub khat: f64,
}

impl Compared {
    /// The points whose k-hat is above the threshold, the worst first.
    pub fn unreliable(&self) -> Vec<&Point> {
        let is_above = |point: &&Point| point.khat.is_nan() || point.khat > self.threshold;
        let mut found: Vec<&Point> = self.points.iter().filter(is_above).collect();
        found.sort_by(|a, b| b.khat.total_cmp(&a.khat));
        found
    }
}

/// How many unreliable points are named for each model.
const NAMED: usize = 8;

/// The whole comparison.
pub fn table(comparison: &Comparison) -> String {
    let mut text = String::new();
    for line in lines(&comparison.models) {
        let _ = writeln!(text, "{line}");
    }
    let remarks: Vec<String> = comparison.models.iter().flat_map(remarks).collect();
    for (k, sentence) in remarks.iter().chain(&comparison.notes).enumerate() {
        let _ = writeln!(text, "{}{}", if k == 0 { "\n" } else { "" }, as_sentence(sentence));
    }
    text
}

fn lines(models: &[Compared]) -> Vec<String> {
    let names: Vec<&str> =
        std::iter::once("").chain(models.iter().map(|model| model.model.as_str())).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut lines: Vec<String> =
        names.iter().map(|name| format!("{name}{}", " ".repeat(width - name.chars().count()))).collect();
    for (header, cells) in columns(models) {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        for (line, cell) in lines.iter_mut().zip(aligned(header, &cells)) {
            let _ = write!(line, "  {cell}");
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

fn columns(models: &[Compared]) -> Vec<(&'static str, Vec<String>)> {
    let column = |header, cell: &dyn Fn(&Compared) -> String| (header, models.iter().map(cell).collect());
    let dash = || "-".to_owned();
    let mut columns = vec![
        column("elpd_loo", &|model| fixed(model.elpd_loo.value, digits(model.elpd_loo))),
        column("se", &|model| fixed(model.elpd_loo.se, digits(model.elpd_loo))),
    ];
    if models.len() > 1 {
        columns.push(column("difference", &|model| {
            model.difference.map_or_else(dash, |gap| fixed(gap.value, digits(gap)))
        }));
        columns.push(column("se", &|model| {
            model.difference.map_or_else(dash, |gap| fixed(gap.se, digits(gap)))
        }));
    }
    columns.extend([
        column("p_loo", &|model| fixed(model.p_loo.value, 1)),
        column("k-hat high", &|model| format!("{} of {}", model.unreliable().len(), model.points.len())),
        column("ELBO", &|model| fixed(model.elbo.value, 2)),
        column("log evidence", &|model| {
            model.log_evidence.map_or_else(dash, |evidence| fixed(evidence.value, 2))
        }),
        column("verdict", &|model| {
            match model.verdict {
                Verdict::Trust => "trust",
                Verdict::Check => "check",
                Verdict::DoNotUse => "do-not-use",
            }
            .to_owned()
        }),
    ]);
    columns
}

/// Two digits of the standard error, one decimal at least and three at most.
fn digits(number: Elbo) -> i32 {
    if number.se.is_finite() && number.se > 0.0 { decimals(number.se / 10.0).clamp(1, 3) } else { 1 }
}

fn remarks(model: &Compared) -> Vec<String> {
    let mut remarks = Vec::new();
    let name = &model.model;
    let unreliable = model.unreliable();
    if !unreliable.is_empty() {
        let named: Vec<String> = unreliable
            .iter()
            .take(NAMED)
            .map(|point| format!("{} ({})", point.name, fixed(point.khat, 2)))
            .collect();
        let more = unreliable.len().saturating_sub(NAMED);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        remarks.push(format!(
            "in {name}, k-hat is above {} at {}{rest}: leaving such a point out changes the posterior too much for these \
             draws, and its part of elpd_loo is too optimistic; fit without the point to know it",
            fixed(model.threshold, 2),
            named.join(", ")
        ));
    }
    if model.verdict != Verdict::Trust {
        let reason = model.reasons.first().map_or("", String::as_str);
        remarks.push(format!("the fit of {name} is not to be trusted without a look: {reason}"));
    }
    remarks
}
