//! What an estimator costs: elements visited for one gradient, as a formula, and as a number once sizes are known.
//!
//! The noise of sampled rules is part of their price: as much variance as another rule leaves at so many evaluations.

use crate::model::{AxisVar, Distribution, Factor, Kind, SiteId, SiteKind, Step, Term, TermKind};
use crate::source::Span;

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

/// A factor of the density.
struct Part<'a> {
    axes: Vec<AxisVar>,
    terms: Vec<&'a Term>,
    own: Option<SiteId>,
}

fn parts<'a>(facts: &Facts<'a>) -> Vec<Part<'a>> {
    let model = facts.model;
    let mut parts = Vec::new();
    for id in model.site_ids() {
        if let SiteKind::Latent { prior, .. } = &model.site(id).kind {
            parts.push(Part { axes: model.site(id).axes.clone(), terms: terms_of(prior), own: Some(id) });
        }
    }
    for factor in &model.factors {
        parts.push(match factor {
            Factor::Observe { axes, distribution, target, .. } => {
                let mut terms = terms_of(distribution);
                terms.push(target);
                Part { axes: axes.clone(), terms, own: None }
            }
            Factor::Potential { value, .. } => {
                Part { axes: value.axes.clone(), terms: vec![value], own: None }
            }
        });
    }
    parts
}

/// The outermost terms of a distribution.
fn terms_of(distribution: &Distribution) -> Vec<&Term> {
    match distribution {
        Distribution::Family(call) => call.arguments.iter().collect(),
        Distribution::If(condition, yes, no) => {
            let mut terms = vec![condition.as_ref()];
            terms.extend(terms_of(yes));
            terms.extend(terms_of(no));
            terms
        }
        Distribution::Truncated { base, ends, .. } => {
            let ends = ends.iter().flatten().map(AsRef::as_ref);
            terms_of(base).into_iter().chain(ends).collect()
        }
        Distribution::Censored { base, right, left, upto, .. } => {
            let flags = right.iter().chain(left).chain(upto).map(AsRef::as_ref);
            terms_of(base).into_iter().chain(flags).collect()
        }
        Distribution::Mixture { weights, components, .. } => {
            weights.iter().chain(components.iter().flat_map(terms_of)).collect()
        }
        Distribution::MixtureOver { weights, component, .. } => {
            std::iter::once(weights.as_ref()).chain(terms_of(component)).collect()
        }
    }
}

/// The widest of a term and the terms inside of it, lets included.
fn widest(facts: &Facts, term: &Term, deep: &mut Vec<SiteId>) -> Vec<AxisVar> {
    let mut widest = term.axes.clone();
    let mut consider = |axes: Vec<AxisVar>| {
        if axes.len() > widest.len() {
            widest = axes;
        }
    };
    let mut lets = Vec::new();
    term.walk(&mut |inner| {
        consider(inner.axes.clone());
        if let TermKind::Read(site, _) = inner.kind {
            lets.push(site);
        }
    });
    for site in lets {
        if let SiteKind::Let(value) = &facts.model.site(site).kind
            && !deep.contains(&site)
        {
            deep.push(site);
            let axes = self::widest(facts, value, deep);
            if axes.len() > widest.len() {
                widest = axes;
            }
        }
    }
    widest
}

/// Whether a term depends on a latent, through lets.
pub fn depends(facts: &Facts, term: &Term, latent: SiteId, seen: &mut Vec<SiteId>) -> bool {
    let mut read = Vec::new();
    term.walk(&mut |inner| {
        if let TermKind::Read(site, _) | TermKind::States(_, site) = inner.kind {
            read.push(site);
        }
    });
    read.into_iter().any(|site| {
        if site == latent {
            return true;
        }
        let SiteKind::Let(value) = &facts.model.site(site).kind else { return false };
        if seen.contains(&site) {
            return false;
        }
        seen.push(site);
        depends(facts, value, latent, seen)
    })
}

/// One evaluation of the whole density.
pub fn density(facts: &Facts) -> Cost {
    let each = parts(facts).into_iter().map(|part| with_terms(facts, &part)).collect();
    sum(facts, each)
}

/// One try of every element of the latent: the factors that depend on it, each for every element that it mixes.
pub fn blanket(facts: &Facts) -> Cost {
    let own = facts.model.site(facts.latent).axes.clone();
    let mut each = Vec::new();
    for part in parts(facts) {
        let reads = part.terms.iter().any(|term| depends(facts, term, facts.latent, &mut vec![]));
        if part.own != Some(facts.latent) && !reads {
            continue;
        }
        let mut axes = part.axes.clone();
        axes.extend(own.iter().copied().filter(|axis| !part.axes.contains(axis)));
        each.push(axes);
    }
    sum(facts, each)
}

fn with_terms(facts: &Facts, part: &Part) -> Vec<AxisVar> {
    let mut axes = part.axes.clone();
    for term in &part.terms {
        let inner = widest(facts, term, &mut vec![]);
        if inner.len() > axes.len() {
            axes = inner;
        }
    }
    axes
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

/// Costs of parts added; parts within others are left out of the formula.
fn sum(facts: &Facts, mut each: Vec<Vec<AxisVar>>) -> Cost {
    let visits = each.iter().map(|axes| product(facts, axes).visits).sum();
    each.sort_by_key(|axes| std::cmp::Reverse(axes.len()));
    let mut shown: Vec<Vec<AxisVar>> = Vec::new();
    for axes in each {
        if !shown.iter().any(|known| axes.iter().all(|axis| known.contains(axis))) {
            shown.push(axes);
        }
    }
    let formula: Vec<String> = shown.iter().map(|axes| product(facts, axes).formula).collect();
    let formula = if formula.is_empty() { "1".to_string() } else { formula.join(" + ") };
    Cost { formula, visits }
}

/// Where a recurrence reads the latent.
pub fn carried_on(facts: &Facts) -> Option<Span> {
    let members = facts.model.order.iter().filter_map(|step| match step {
        Step::Recurrence(recurrence) => Some(&recurrence.members),
        Step::Site(_) => None,
    });
    members.flatten().find_map(|&member| match &facts.model.site(member).kind {
        SiteKind::Let(value) => depends(facts, value, facts.latent, &mut vec![]).then_some(value.span),
        _ => None,
    })
}
