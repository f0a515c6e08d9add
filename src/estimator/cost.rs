//! What an estimator costs: elements visited for one gradient, as a formula, and as a number once sizes are known.
//!
//! The noise of sampled rules is part of their price: as much variance as another rule leaves at so many evaluations.

use std::collections::HashMap;

use crate::model::{AxisVar, Kind};

use super::Facts;

/// Variance times evaluations of DisARM against local expectations that are charged a whole density for each value, at
/// a few coupled Bernoullis; the tests of `inference::mixed` measure it.
pub const DISARM_NOISE: f64 = 43.0;
/// The same of the score function with a baseline from the other draws.
pub const SCORE_NOISE: f64 = 46.0;

/// A price.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cost {
    /// `obs * pred * 2`
    pub formula: String,
    /// Its value, where all sizes are known.
    pub visits: Option<f64>,
}

impl Cost {
    /// As many times over.
    pub fn times(mut self, factor: &Cost) -> Self {
        let sum = self.formula.contains(" + ");
        self.formula = match sum {
            true => format!("({}) * {}", self.formula, factor.formula),
            false => format!("{} * {}", self.formula, factor.formula),
        };
        self.visits = self.visits.zip(factor.visits).map(|(a, b)| a * b);
        self
    }

    /// Times a number that is no part of the formula: it compares prices.
    pub fn scaled(mut self, by: f64) -> Self {
        self.visits = self.visits.map(|visits| visits * by);
        self
    }
}

/// One evaluation of the whole density.
pub fn density(facts: &Facts) -> Cost {
    let all = || sum(facts, facts.reach.parts.iter().map(|part| part.widest.clone()).collect());
    facts.reach.density.get_or_init(all).clone()
}

/// One try of every element of the latent: the factors that depend on it, each for every element that it mixes.
pub fn blanket(facts: &Facts) -> Cost {
    let own = &facts.model.site(facts.latent).axes;
    let each = facts.reach.blanket(facts.latent).into_iter().map(|part| {
        let mut axes = facts.reach.parts[part].axes.clone();
        axes.extend(own.iter().copied().filter(|axis| !facts.reach.parts[part].axes.contains(axis)));
        axes
    });
    sum(facts, each.collect())
}

/// How many values an element has.
pub fn values(facts: &Facts) -> Cost {
    let site = facts.model.site(facts.latent);
    match site.value {
        Kind::Bool => Cost { formula: "2".to_string(), visits: Some(2.0) },
        Kind::Index(dim) => {
            let size = facts.sizes.get(dim.0).copied().flatten();
            Cost { formula: facts.model.dim(dim).name.clone(), visits: size.map(|size| size as f64) }
        }
        Kind::Int => Cost { formula: format!("values of {}", site.name), visits: Some(32.0) },
        Kind::Real => Cost { formula: "64 bins".to_string(), visits: Some(64.0) },
    }
}

fn product(facts: &Facts, axes: &[AxisVar]) -> Cost {
    let names: Vec<&str> = axes.iter().map(|axis| facts.model.dim(axis.dim).name.as_str()).collect();
    let formula = if names.is_empty() { "1".to_string() } else { names.join(" * ") };
    let sizes =
        axes.iter().map(|axis| facts.sizes.get(axis.dim.0).copied().flatten().map(|size| size as f64));
    Cost { formula, visits: sizes.product() }
}

/// Products that a formula shows.
const SHOWN: usize = 12;

/// Costs of parts added; parts within others are left out of the formula.
fn sum(facts: &Facts, mut each: Vec<Vec<AxisVar>>) -> Cost {
    let visits = each.iter().map(|axes| product(facts, axes).visits).sum();
    each.sort_by_key(|axes| std::cmp::Reverse(axes.len()));
    let mut shown: Vec<Vec<AxisVar>> = Vec::new();
    // What contains an axis, so that only these are looked through for what contains several.
    let mut with: HashMap<AxisVar, Vec<usize>> = HashMap::new();
    for axes in each {
        let within = |known: &usize| axes.iter().all(|axis| shown[*known].contains(axis));
        let known = match axes.first() {
            None => !shown.is_empty(),
            Some(first) => with.get(first).is_some_and(|those| those.iter().any(within)),
        };
        if !known {
            axes.iter().for_each(|axis| with.entry(*axis).or_default().push(shown.len()));
            shown.push(axes);
        }
    }
    Cost { formula: formula(facts, &shown), visits }
}

fn formula(facts: &Facts, shown: &[Vec<AxisVar>]) -> String {
    if shown.is_empty() {
        return "1".to_string();
    }
    let mut each: Vec<String> = shown.iter().take(SHOWN).map(|axes| product(facts, axes).formula).collect();
    if shown.len() > SHOWN {
        each.push(format!("{} more", shown.len() - SHOWN));
    }
    each.join(" + ")
}
