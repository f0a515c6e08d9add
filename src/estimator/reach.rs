//! What reads what, gone through once for all latents: prices and refusals of each are then looked up.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::Cost;
use crate::model::{
    AxisVar, Distribution, Factor, Model, SiteId, SiteKind, Step, Term, TermKind, only_compared,
};
use crate::source::Span;

/// A factor of the density.
#[derive(Clone, Debug)]
pub struct Part {
    /// The axes of its cells.
    pub axes: Vec<AxisVar>,
    /// The most axes that it, or anything computed for it, varies over.
    pub widest: Vec<AxisVar>,
}

/// The reads of a model.
#[derive(Clone, Debug)]
pub struct Reach {
    /// Priors in declared order, then `observe` and `potential`.
    pub parts: Vec<Part>,
    /// By site: whether the density reads it in comparisons alone.
    pub compared: Vec<bool>,
    /// By site: where a recurrence reads it, through lets.
    pub carried: Vec<Option<Span>>,
    /// What all parts cost, once it is asked for.
    pub density: OnceCell<Cost>,
    /// By site: the lets that read it.
    lets: Vec<Vec<SiteId>>,
    /// By site: the parts that read it, and for a latent its prior.
    read_by: Vec<Vec<usize>>,
}

impl Reach {
    /// Goes through a model.
    pub fn new(model: &Model) -> Self {
        let widest = widest(model);
        let mut reach = Self {
            parts: Vec::new(),
            compared: only_compared(model),
            carried: carried(model),
            density: OnceCell::new(),
            lets: readers(model),
            read_by: vec![Vec::new(); model.sites.len()],
        };
        for id in model.site_ids() {
            if let SiteKind::Latent { prior, .. } = &model.site(id).kind {
                reach.read_by[id.0].push(reach.parts.len());
                reach.part(&model.site(id).axes, &terms_of(prior), &widest);
            }
        }
        for factor in &model.factors {
            match factor {
                Factor::Observe { axes, distribution, target, .. } => {
                    let mut terms = terms_of(distribution);
                    terms.push(target);
                    reach.part(axes, &terms, &widest);
                }
                Factor::Potential { value, .. } => reach.part(&value.axes, &[value], &widest),
            }
        }
        reach
    }

    fn part(&mut self, axes: &[AxisVar], terms: &[&Term], lets: &[Vec<AxisVar>]) {
        let mut most = axes.to_vec();
        for term in terms {
            widen(&mut most, term, lets);
            for site in reads(term) {
                if self.read_by[site.0].last() != Some(&self.parts.len()) {
                    self.read_by[site.0].push(self.parts.len());
                }
            }
        }
        self.parts.push(Part { axes: axes.to_vec(), widest: most });
    }

    /// The parts that depend on a latent, through lets.
    pub fn blanket(&self, latent: SiteId) -> BTreeSet<usize> {
        let mut reached = BTreeSet::from([latent]);
        let mut waiting = vec![latent];
        let mut parts = BTreeSet::new();
        while let Some(site) = waiting.pop() {
            parts.extend(&self.read_by[site.0]);
            waiting.extend(self.lets[site.0].iter().filter(|reader| reached.insert(**reader)));
        }
        parts
    }
}

/// The sites that a term reads itself.
fn reads(term: &Term) -> Vec<SiteId> {
    let mut read = Vec::new();
    term.walk(&mut |inner| {
        if let TermKind::Read(site, _) | TermKind::States(_, site) = inner.kind {
            read.push(site);
        }
    });
    read
}

fn let_of(model: &Model, site: SiteId) -> Option<&Term> {
    match &model.site(site).kind {
        SiteKind::Let(value) => Some(value),
        _ => None,
    }
}

/// By site: the lets that read it.
fn readers(model: &Model) -> Vec<Vec<SiteId>> {
    let mut readers = vec![Vec::new(); model.sites.len()];
    for id in model.site_ids() {
        let read: BTreeSet<SiteId> = let_of(model, id).map(reads).into_iter().flatten().collect();
        read.into_iter().for_each(|site| readers[site.0].push(id));
    }
    readers
}

/// Takes the axes of what is in a term, and of the lets that it reads, where they are more.
fn widen(most: &mut Vec<AxisVar>, term: &Term, lets: &[Vec<AxisVar>]) {
    let mut consider = |axes: &Vec<AxisVar>| {
        if axes.len() > most.len() {
            most.clone_from(axes);
        }
    };
    term.walk(&mut |inner| consider(&inner.axes));
    reads(term).into_iter().for_each(|site| consider(&lets[site.0]));
}

/// By let: the most axes that anything computed for it varies over. Lets that read each other are gone through again
/// while one grows, at most once for each axis.
fn widest(model: &Model) -> Vec<Vec<AxisVar>> {
    let mut widest: Vec<Vec<AxisVar>> = vec![Vec::new(); model.sites.len()];
    let readers = readers(model);
    let mut waiting: BTreeSet<SiteId> = model.site_ids().collect();
    while let Some(site) = waiting.pop_first() {
        let Some(value) = let_of(model, site) else { continue };
        let mut most = std::mem::take(&mut widest[site.0]);
        let before = most.len();
        widen(&mut most, value, &widest);
        if most.len() > before {
            waiting.extend(&readers[site.0]);
        }
        widest[site.0] = most;
    }
    widest
}

/// By site: the first member of a recurrence that depends on it.
fn carried(model: &Model) -> Vec<Option<Span>> {
    let mut carried = vec![None; model.sites.len()];
    let members = model.order.iter().filter_map(|step| match step {
        Step::Recurrence(recurrence) => Some(&recurrence.members),
        Step::Site(_) => None,
    });
    for &member in members.flatten() {
        let Some(value) = let_of(model, member) else { continue };
        let mut waiting = reads(value);
        while let Some(site) = waiting.pop() {
            if carried[site.0].is_none() {
                carried[site.0] = Some(value.span);
                waiting.extend(let_of(model, site).map(reads).unwrap_or_default());
            }
        }
    }
    carried
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
