//! Continuous latents whose posterior given everything else is of the family of their prior.

use crate::library::{Conjugacy, Scale, conjugacy};

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
}

/// All likelihoods of a latent that is to be integrated out in closed form (`using exact`), where that is possible: its
/// prior is conjugate to each of them, and nothing else in the density reads it.
pub fn conjugate(model: &Model, latent: SiteId) -> Option<Vec<Entry<'_>>> {
    let SiteKind::Latent { prior: Distribution::Family(prior), using } = &model.site(latent).kind else {
        return None;
    };
    let asked = using.as_ref().is_some_and(|(name, _)| name == "exact");
    let discrete = |term: &Term| matches!(term.kind, TermKind::Read(site, _) if site == latent || is_discrete(model, site));
    if !asked || prior.arguments.iter().any(|argument| argument.any(&discrete)) {
        return None;
    }
    let reads = |term: &Term| matches!(term.kind, TermKind::Read(site, _) if site == latent);
    let mut others = false;
    for (k, site) in model.sites.iter().enumerate().filter(|(k, _)| *k != latent.0) {
        match &site.kind {
            SiteKind::Let(term) => others |= term.any(&reads),
            SiteKind::Latent { prior, .. } => prior.walk(&mut |term| others |= reads(term)),
            _ => {}
        }
        others |= model.sites[k].domain.ends.iter().flatten().any(|end| end.any(&reads));
    }
    if others {
        return None;
    }
    let mut entries = Vec::new();
    for factor in &model.factors {
        match factor {
            Factor::Observe { target, axes, distribution, gaps, .. } => {
                let mut found = false;
                distribution.walk(&mut |term| found |= reads(term));
                if found && gaps.is_some() {
                    return None;
                }
                if found {
                    let Distribution::Family(call) = distribution else { return None };
                    entries.push(entry((latent, prior), (target, axes), call)?);
                }
            }
            Factor::Potential { value, .. } if value.any(&reads) => return None,
            Factor::Potential { .. } => {}
        }
    }
    (!entries.is_empty()).then_some(entries)
}

/// Whether a latent takes separate values, or is computed from one.
fn is_discrete(model: &Model, site: SiteId) -> bool {
    match &model.site(site).kind {
        SiteKind::Latent { .. } => {
            model.site(site).value != Kind::Real || super::thresholds(model, site).is_some()
        }
        SiteKind::Let(term) => term.any(
            &|part| matches!(part.kind, TermKind::Read(read, _) if read != site && is_discrete(model, read)),
        ),
        _ => false,
    }
}

fn entry<'m>(
    (latent, prior): (SiteId, &FamilyCall),
    (target, axes): (&'m Term, &'m [AxisVar]),
    call: &'m FamilyCall,
) -> Option<Entry<'m>> {
    let pair = conjugacy(prior.family.name, call.family.name)?;
    if call.form != 0 {
        return None;
    }
    let known = |term: &Term| term.stage <= Stage::Data;
    let rest = call.arguments.iter().enumerate().filter(|(k, _)| *k != pair.argument);
    if !rest.map(|(_, argument)| argument).all(known) {
        return None;
    }
    let is_read = |term: &Term| match &term.kind {
        TermKind::Read(site, addresses) => {
            let fixed = |address: &Address| match address {
                Address::Here(_) => true,
                Address::At(position) => known(position),
            };
            *site == latent && addresses.iter().all(fixed)
        }
        _ => false,
    };
    let argument = &call.arguments[pair.argument];
    let (read, scale) = match &argument.kind {
        _ if is_read(argument) => (argument, None),
        TermKind::Operate(Operator::Multiply, operands) if pair.scale == Scale::Known => {
            match &operands[..] {
                [read, scale] | [scale, read] if is_read(read) && known(scale) => (read, Some(scale)),
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(Entry { pair, target, axes, call, read, scale })
}
