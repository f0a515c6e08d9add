//! What keeps a model from being read forwards, from priors to data.

use crate::data::BoundModel;
use crate::diagnostics::{Code, Diagnostic};
use crate::library::{Draw, Normaliser};
use crate::model::{DimKind, Distribution, Factor, Model, SiteId, SiteKind, Term, TermKind};
use crate::source::Span;

/// The latents, in declared order.
pub(super) fn latents(model: &Model) -> Vec<SiteId> {
    model.site_ids().filter(|id| matches!(model.site(*id).kind, SiteKind::Latent { .. })).collect()
}

/// The values that are learned, in declared order.
pub fn learned(model: &Model) -> Vec<SiteId> {
    model.site_ids().filter(|id| matches!(model.site(*id).kind, SiteKind::Learn(_))).collect()
}

/// The sites whose values are observed.
pub(super) fn observed_sites(model: &Model) -> Vec<SiteId> {
    let mut found: Vec<SiteId> = Vec::new();
    for factor in &model.factors {
        if let Factor::Observe { target: Term { kind: TermKind::Read(site, _), .. }, .. } = factor
            && !found.contains(site)
        {
            found.push(*site);
        }
    }
    found
}

/// What keeps a model from being read forwards, as far as the model alone tells.
pub(super) fn check(model: &Model) -> Result<(), Box<Diagnostic>> {
    let observed = observed_sites(model);
    if let Some(&site) = learned(model).first() {
        return Err(refuse(model.site(site).span, "is learned, and has no prior to draw from"));
    }
    for site in latents(model) {
        let declaration = model.site(site);
        let SiteKind::Latent { prior, .. } = &declaration.kind else { continue };
        if let Some(reason) = undrawable(prior) {
            return Err(refuse(declaration.span, reason));
        }
        if prior_reads(model, prior, &observed) {
            return Err(refuse(declaration.span, "has a prior that depends on the data it is to explain"));
        }
    }
    for factor in &model.factors {
        match factor {
            Factor::Potential { span, .. } => {
                return Err(refuse(*span, "is a number added to the density, which draws nothing"));
            }
            Factor::Observe { distribution, span, .. } => {
                if let Some(reason) = undrawable(distribution) {
                    return Err(refuse(*span, reason));
                }
            }
        }
    }
    let sized = model.dims.iter().find(|dim| match &dim.kind {
        DimKind::Size(term) | DimKind::Sub { filter: term, .. } => reads_any(model, term, &observed),
        DimKind::Range(first, last) => [first, last].iter().any(|term| reads_any(model, term, &observed)),
        DimKind::FromData | DimKind::Labels(_) => false,
    });
    match sized {
        Some(dim) => Err(refuse(dim.span, "has a size that depends on the data to be drawn")),
        None => Ok(()),
    }
}

pub(super) fn span_of(factor: &Factor) -> Span {
    match factor {
        Factor::Observe { span, .. } | Factor::Potential { span, .. } => *span,
    }
}

/// Why nothing can be drawn from a distribution.
fn undrawable(distribution: &Distribution) -> Option<&'static str> {
    match distribution {
        Distribution::Family(call) => {
            let improper = call.family.forms[call.form].normaliser == Normaliser::Improper;
            let impossible = improper || matches!(call.family.draw, Draw::Impossible);
            impossible.then_some("has an improper distribution, from which nothing can be drawn")
        }
        Distribution::Censored { .. } => {
            Some("is censored, and the model does not say when a value would be")
        }
        Distribution::If(_, yes, no) => undrawable(yes).or_else(|| undrawable(no)),
        Distribution::Truncated { base, .. } => undrawable(base),
        Distribution::Mixture { components, .. } => components.iter().find_map(undrawable),
        Distribution::MixtureOver { component, .. } => undrawable(component),
    }
}

fn prior_reads(model: &Model, distribution: &Distribution, sites: &[SiteId]) -> bool {
    let mut found = false;
    distribution.walk(&mut |term| found |= reads_any(model, term, sites));
    found
}

/// Whether a term reads one of some sites, through lets too.
fn reads_any(model: &Model, term: &Term, sites: &[SiteId]) -> bool {
    let mut seen: Vec<SiteId> = Vec::new();
    let mut left: Vec<SiteId> = Vec::new();
    let collect = |term: &Term, left: &mut Vec<SiteId>| {
        term.walk(&mut |part| {
            if let TermKind::Read(site, _) = part.kind {
                left.push(site);
            }
        });
    };
    collect(term, &mut left);
    while let Some(site) = left.pop() {
        if sites.contains(&site) {
            return true;
        }
        if seen.contains(&site) {
            continue;
        }
        seen.push(site);
        if let SiteKind::Let(value) = &model.site(site).kind {
            collect(value, &mut left);
        }
    }
    false
}

/// What is said where values read each other in a circle, so that none can be drawn first.
pub fn circular(bound: &BoundModel) -> Box<Diagnostic> {
    let span = bound.model().factors.first().map_or(Span::default(), span_of);
    refuse(span, "reads values that are drawn after it")
}

pub(super) fn refuse(span: Span, reason: &str) -> Box<Diagnostic> {
    let message = "no data can be drawn from this model, so it cannot be calibrated";
    Box::new(Diagnostic::new(Code(912), message).at(span, reason).help(
        "give every latent a proper prior, and every observed value a distribution that it is drawn from",
    ))
}
