//! Exact sums against truth that is computed apart from the engine.

mod bands;
mod buckets;
mod chains;
mod checks;
mod collapse;
mod counts;
mod learned;
mod missing;
mod models;
mod together;

use serde_json::Value;

use vic::data::BoundModel;
use vic::driver::{self, Fitted};
use vic::graph::interpret::interpret;
use vic::inference::{Options, Unwatched};
use vic::lower::Objective;
use vic::posterior::{self, Draws, Row, SiteDraws, summarise};
use vic::source::Source;

/// A model with its data, compiled.
pub struct Compiled {
    pub bound: BoundModel,
    pub objective: Objective,
}

pub fn compile(text: &str, data: &Value) -> Compiled {
    let checked = driver::check(&Source::new("model.vi", text.to_string()));
    let model = checked.model.unwrap_or_else(|| panic!("{text}\n{:#?}", checked.diagnostics));
    let (bound, diagnostics) = driver::bind(&model, &[Source::new("data.json", data.to_string())]);
    let bound = bound.unwrap_or_else(|| panic!("{text}\n{diagnostics:#?}"));
    let objective = driver::lower(&bound).unwrap_or_else(|refusal| panic!("{text}\n{refusal:#?}"));
    Compiled { bound, objective }
}

/// Numbers without pattern.
pub fn generic(dimension: usize) -> Vec<f64> {
    (0..dimension).map(|k| 0.9 * (1.7 * k as f64 + 0.4).sin() + 0.13).collect()
}

impl Compiled {
    pub fn density(&self, position: &[f64]) -> f64 {
        interpret(&self.objective.graph, position, &[], &[self.objective.log_joint])[0][0]
    }

    /// Checks the gradient against differences.
    pub fn check_gradient(&self, position: &[f64]) {
        let gradient = interpret(&self.objective.graph, position, &[], &self.objective.gradient).concat();
        for (k, slope) in gradient.iter().enumerate() {
            let moved = |step: f64| {
                let mut at = position.to_vec();
                at[k] += step;
                self.density(&at)
            };
            let h = 1e-4;
            let difference = (8.0 * (moved(h) - moved(-h)) - (moved(2.0 * h) - moved(-2.0 * h))) / (12.0 * h);
            assert!((slope - difference).abs() < 1e-7 * (1.0 + slope.abs()), "{k}: {slope} {difference}");
        }
    }

    /// What is reported at a position, drawn `count` times.
    pub fn sites(&self, position: &[f64], count: usize) -> Vec<SiteDraws> {
        let positions = position.repeat(count);
        let mut sites = posterior::evaluate(&self.bound, &self.objective, &positions, count, 7);
        let draws = Draws { positions: &positions, count, weights: None };
        posterior::average_states(&self.bound, &self.objective, draws, &mut sites);
        sites
    }

    pub fn fit(&self) -> Fitted {
        driver::fit(&self.bound, &self.objective, &Options::default(), 2, &mut Unwatched)
    }
}

/// The values of an array, by its name.
pub fn named<'s>(sites: &'s [SiteDraws], name: &str) -> &'s SiteDraws {
    let own =
        |site: &&SiteDraws| site.names.first().is_some_and(|first| first.split('[').next() == Some(name));
    sites.iter().find(own).unwrap_or_else(|| panic!("no {name}"))
}

/// The summary of an array of a fit.
pub fn rows(fitted: &Fitted, name: &str) -> Vec<Row> {
    summarise(named(&fitted.sites, name), fitted.weights.as_deref())
}

pub fn log_sum(logs: impl IntoIterator<Item = f64>) -> f64 {
    let logs: Vec<f64> = logs.into_iter().collect();
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    largest + logs.iter().map(|log| (log - largest).exp()).sum::<f64>().ln()
}

#[track_caller]
pub fn close(found: f64, truth: f64, tolerance: f64) {
    assert!((found - truth).abs() <= tolerance * (1.0 + truth.abs()), "{found}, not {truth}");
}
