//! Continuous latents whose posterior given everything else is of the family of their prior.

use std::collections::{BTreeMap, BTreeSet};

use crate::library::{Conjugacy, Rank, Scale, conjugacy, has_conjugacy};

use super::ir::*;

/// A likelihood that a conjugate latent enters.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'m> {
    /// The pair.
    pub pair: &'static Conjugacy,
    /// What is observed.
    pub target: &'m Term,
    /// The cells of the observation.
    pub axes: &'m [AxisVar],
    /// Its distribution.
    pub call: &'m FamilyCall,
    /// The latent where it is read.
    pub read: &'m Term,
    /// What it is multiplied by.
    pub scale: Option<&'m Term>,
    /// Whether the value at the cell is missing, and adds nothing.
    pub gaps: Option<&'m Term>,
}

/// What is observed, at which cells, and where it is missing.
type Observed<'m> = (&'m Term, &'m [AxisVar], Option<&'m Term>);

/// All likelihoods of each latent that can be integrated out in closed form: its prior is conjugate to each of them given
/// everything else, nothing else in the density reads it, and the model asks for no other estimator. Of two latents that
/// meet in a likelihood, only the first.
pub fn conjugates(model: &Model) -> BTreeMap<SiteId, Vec<Entry<'_>>> {
    let mut open: BTreeMap<SiteId, Vec<Entry>> =
        model.site_ids().filter(|id| prior_of(model, *id).is_some()).map(|id| (id, vec![])).collect();
    for site in &model.sites {
        if matches!(site.kind, SiteKind::Let(_) | SiteKind::Latent { .. }) {
            site.walk(&mut |term| drop_read(&mut open, term));
        }
    }
    for factor in &model.factors {
        match factor {
            Factor::Observe { target, axes, distribution, gaps, .. } => {
                target.walk(&mut |term| drop_read(&mut open, term));
                enter(model, &mut open, (target, axes, gaps.as_deref()), distribution);
            }
            Factor::Potential { value, .. } => value.walk(&mut |term| drop_read(&mut open, term)),
        }
    }
    open.retain(|_, entries| !entries.is_empty());
    if open.is_empty() {
        return open;
    }
    let separate = takes_separate_values(model);
    let separate = derived(model, model.site_ids().filter(|id| separate[id.0]));
    let is_separate = |term: &Term| matches!(term.kind, TermKind::Read(site, _) if separate[site.0]);
    open.retain(|id, entries| {
        let calls = entries.iter().map(|entry| entry.call).chain(prior_of(model, *id));
        !calls.flat_map(|call| &call.arguments).any(|argument| argument.any(&is_separate))
    });
    without_rivals(open)
}

/// The prior of a latent that may be integrated out, if its family has conjugate pairs.
fn prior_of(model: &Model, latent: SiteId) -> Option<&FamilyCall> {
    let site = model.site(latent);
    let SiteKind::Latent { prior: Distribution::Family(prior), using } = &site.kind else { return None };
    let is_free = using.as_ref().is_none_or(|(name, _)| name == "exact");
    let is_plain = site.domain.domain.rank == Rank::Scalar && site.domain.ends.iter().all(Option::is_none);
    (is_free && is_plain && has_conjugacy(prior.family.name)).then_some(prior)
}

fn drop_read(open: &mut BTreeMap<SiteId, Vec<Entry>>, term: &Term) {
    if let TermKind::Read(site, _) = term.kind {
        open.remove(&site);
    }
}

/// Notes a likelihood with the latents that it reads, and drops those that are not conjugate to it.
fn enter<'m>(
    model: &'m Model,
    open: &mut BTreeMap<SiteId, Vec<Entry<'m>>>,
    observed: Observed<'m>,
    distribution: &'m Distribution,
) {
    let mut read = BTreeSet::new();
    distribution.walk(&mut |term| {
        if let TermKind::Read(site, _) = term.kind
            && open.contains_key(&site)
        {
            read.insert(site);
        }
    });
    for latent in read {
        let found = match (distribution, prior_of(model, latent)) {
            (Distribution::Family(call), Some(prior)) => entry((latent, prior), observed, call),
            _ => None,
        };
        match found {
            Some(entry) => open.entry(latent).or_default().push(entry),
            None => drop(open.remove(&latent)),
        }
    }
}

fn entry<'m>(
    (latent, prior): (SiteId, &FamilyCall),
    (target, axes, gaps): Observed<'m>,
    call: &'m FamilyCall,
) -> Option<Entry<'m>> {
    let pair = conjugacy(prior.family.name, call.family.name)?;
    if !pair.forms.contains(&call.form) {
        return None;
    }
    let reads = |term: &Term| matches!(term.kind, TermKind::Read(site, _) if site == latent);
    let mut rest = call.arguments.iter().enumerate().filter(|(k, _)| *k != pair.argument);
    if rest.any(|(_, argument)| argument.any(&reads)) {
        return None;
    }
    let is_read = |term: &Term| match &term.kind {
        TermKind::Read(site, addresses) => {
            let fixed = |address: &Address| match address {
                Address::Here(_) => true,
                Address::At(position) => position.stage <= Stage::Data,
            };
            *site == latent && addresses.iter().all(fixed)
        }
        _ => false,
    };
    let argument = &call.arguments[pair.argument];
    let (read, scale) = match &argument.kind {
        _ if is_read(argument) => (argument, None),
        TermKind::Operate(Operator::Multiply, operands) if pair.scale == Scale::Free => match &operands[..] {
            [read, scale] | [scale, read] if is_read(read) && !scale.any(&reads) => (read, Some(scale)),
            _ => return None,
        },
        _ => return None,
    };
    Some(Entry { pair, target, axes, call, read, scale, gaps })
}

/// By site: whether it is a latent of separate values: discrete, or only compared with known numbers.
pub(super) fn takes_separate_values(model: &Model) -> Vec<bool> {
    let compared = super::only_compared(model);
    let is_separate = |id: SiteId| {
        let site = model.site(id);
        matches!(site.kind, SiteKind::Latent { .. })
            && (site.value != Kind::Real || compared[id.0] && super::thresholds(model, id).is_some())
    };
    model.site_ids().map(is_separate).collect()
}

/// Sites, and the lets that are computed from them, by site.
pub fn derived(model: &Model, sources: impl Iterator<Item = SiteId>) -> Vec<bool> {
    let readers = reading_lets(model);
    let mut found = vec![false; model.sites.len()];
    let mut waiting: Vec<SiteId> = sources.collect();
    while let Some(id) = waiting.pop() {
        if !std::mem::replace(&mut found[id.0], true) {
            waiting.extend(&readers[id.0]);
        }
    }
    found
}

/// By site: the lets that read it.
fn reading_lets(model: &Model) -> Vec<Vec<SiteId>> {
    let mut readers = vec![Vec::new(); model.sites.len()];
    for id in model.site_ids() {
        if let SiteKind::Let(value) = &model.site(id).kind {
            value.walk(&mut |term| {
                if let TermKind::Read(read, _) = term.kind {
                    readers[read.0].push(id);
                }
            });
        }
    }
    readers
}

/// Leaves out each latent that meets an earlier one in a likelihood: given the other, both are conjugate, but not jointly.
fn without_rivals(open: BTreeMap<SiteId, Vec<Entry<'_>>>) -> BTreeMap<SiteId, Vec<Entry<'_>>> {
    let mut taken: BTreeMap<SiteId, Vec<Entry>> = BTreeMap::new();
    for (id, entries) in open {
        let is_rival =
            |term: &Term| matches!(term.kind, TermKind::Read(site, _) if taken.contains_key(&site));
        let meets = |entry: &Entry| entry.call.arguments.iter().any(|argument| argument.any(&is_rival));
        if !entries.iter().any(meets) {
            taken.insert(id, entries);
        }
    }
    taken
}
