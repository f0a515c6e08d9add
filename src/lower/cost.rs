//! What summing a discrete latent out will cost, as far as the model alone tells.

use crate::model::{
    Address, DimId, Distribution, Factor, Kind, Model, Operator, Site, SiteId, SiteKind, Term, TermKind,
};

use super::states::is_summed;

/// The axes that the sum is expected to visit, by name: the latent's cells, its states (twice where it reads its own
/// element before) and those of the discrete latents over no more cells that it meets in a term.
pub fn expected_axes(model: &Model, id: SiteId) -> Vec<String> {
    let site = model.site(id);
    let mut axes: Vec<String> = site.axes.iter().map(|axis| model.dim(axis.dim).name.clone()).collect();
    axes.push(states_name(model, site));
    let back = prior(site).map_or(0, |prior| reaches(prior, id));
    axes.extend(std::iter::repeat_n(states_name(model, site), back));
    for other in met(model, id) {
        let dims = |site: &Site| -> Vec<DimId> { site.axes.iter().map(|axis| axis.dim).collect() };
        let (own, its) = (dims(site), dims(model.site(other)));
        let inner = its.iter().all(|dim| own.contains(dim));
        if inner && (its.len() < own.len() || other < id) {
            axes.push(states_name(model, model.site(other)));
        }
    }
    axes
}

fn states_name(model: &Model, site: &Site) -> String {
    match site.value {
        Kind::Index(dim) => model.dim(dim).name.clone(),
        Kind::Real => format!("buckets of {}", site.name),
        _ => format!("values of {}", site.name),
    }
}

fn prior(site: &Site) -> Option<&Distribution> {
    match &site.kind {
        SiteKind::Latent { prior, .. } => Some(prior),
        _ => None,
    }
}

/// Discrete latents that occur in a term of the density beside this one.
fn met(model: &Model, id: SiteId) -> Vec<SiteId> {
    let mut groups: Vec<Vec<SiteId>> = Vec::new();
    for site in model.site_ids() {
        if let Some(prior) = prior(model.site(site)) {
            groups.push(reads(prior).into_iter().chain([site]).collect());
        }
    }
    for factor in &model.factors {
        let mut group = Vec::new();
        match factor {
            Factor::Observe { distribution, .. } => group.extend(reads(distribution)),
            Factor::Potential { value, .. } => value.walk(&mut |term| read_of(term, &mut group)),
        }
        groups.push(group);
    }
    let discrete =
        |other: &SiteId| *other != id && prior(model.site(*other)).is_some() && is_summed(model, *other);
    let beside = groups.into_iter().filter(|group| group.contains(&id)).flatten();
    let mut found: Vec<SiteId> = beside.filter(discrete).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// At how many places a distribution reads other elements of a latent: `z[t-1]` and `z[t-2]` are two.
fn reaches(distribution: &Distribution, id: SiteId) -> usize {
    let mut places: Vec<Option<u64>> = Vec::new();
    distribution.walk(&mut |term| {
        let TermKind::Read(site, addresses) = &term.kind else { return };
        let at = addresses.iter().find_map(|address| match address {
            Address::At(position) => Some(position),
            Address::Here(_) => None,
        });
        let place = at.and_then(|position| match &position.kind {
            TermKind::Operate(Operator::Subtract, operands) => match operands[1].kind {
                TermKind::Number(lag) => Some(lag.to_bits()),
                _ => None,
            },
            _ => None,
        });
        if *site == id && !places.contains(&place) {
            places.push(place);
        }
    });
    places.len()
}

/// The arrays that a distribution reads.
fn reads(distribution: &Distribution) -> Vec<SiteId> {
    let mut found = Vec::new();
    distribution.walk(&mut |term| read_of(term, &mut found));
    found
}

fn read_of(term: &Term, found: &mut Vec<SiteId>) {
    if let TermKind::Read(site, _) = &term.kind {
        found.push(*site);
    }
}

/// The product of axes as a formula: `time * state^2`.
pub fn formula(axes: &[String]) -> String {
    let mut powers: Vec<(&str, usize)> = Vec::new();
    for axis in axes {
        match powers.iter_mut().find(|(known, _)| known == axis) {
            Some((_, power)) => *power += 1,
            None => powers.push((axis, 1)),
        }
    }
    let each = powers
        .iter()
        .map(|(axis, power)| if *power == 1 { axis.to_string() } else { format!("{axis}^{power}") });
    let each: Vec<String> = each.collect();
    if each.is_empty() { "1".to_string() } else { each.join(" * ") }
}
