//! Warnings about a model without errors.

use super::ir::*;
use crate::diagnostics::{Code, Diagnostic};

/// All of them.
pub fn lints(model: &Model) -> Vec<Diagnostic> {
    let mut found = unused(model);
    found.extend(observed_twice(model));
    found.extend(real_equality(model));
    found
}

/// Calls `visit` with every term of a site's own definition.
fn walk_site(site: &Site, visit: &mut dyn FnMut(&Term)) {
    match &site.kind {
        SiteKind::Data { default, .. } => default.iter().for_each(|term| term.walk(visit)),
        SiteKind::Let(value) | SiteKind::Generate(value) => value.walk(visit),
        SiteKind::Latent { prior, .. } => prior.walk(visit),
        SiteKind::GenerateDraw(distribution) => distribution.walk(visit),
    }
    site.domain.ends.iter().flatten().for_each(|end| end.walk(visit));
}

/// Calls `visit` with every term of a model outside of its sites.
fn walk_rest(model: &Model, visit: &mut dyn FnMut(&Term)) {
    for factor in &model.factors {
        match factor {
            Factor::Observe { target, distribution, .. } => {
                target.walk(visit);
                distribution.walk(visit);
            }
            Factor::Potential { value, .. } => value.walk(visit),
        }
    }
    for dim in &model.dims {
        match &dim.kind {
            DimKind::Size(term) | DimKind::Sub { filter: term, .. } => term.walk(visit),
            DimKind::Range(first, last) => [first, last].into_iter().for_each(|term| term.walk(visit)),
            DimKind::FromData | DimKind::Labels(_) => {}
        }
    }
}

/// For each site, whether anything but its own definition reads it.
fn sites_read(model: &Model) -> Vec<bool> {
    let mut read = vec![false; model.sites.len()];
    for id in model.site_ids() {
        walk_site(model.site(id), &mut |term| {
            if let TermKind::Read(other, _) = term.kind
                && other != id
            {
                read[other.0] = true;
            }
        });
    }
    walk_rest(model, &mut |term| {
        if let TermKind::Read(other, _) = term.kind {
            read[other.0] = true;
        }
    });
    read
}

/// Data, latents and lets that nothing reads.
fn unused(model: &Model) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let read = sites_read(model);
    for id in model.site_ids().filter(|id| !read[id.0]) {
        let site = model.site(id);
        let (code, words) = match site.kind {
            SiteKind::Data { .. } => (1001, "nothing reads it"),
            SiteKind::Let(_) => (1002, "nothing reads it"),
            SiteKind::Latent { .. } => (1003, "nothing depends on it: its posterior is its prior"),
            SiteKind::Generate(_) | SiteKind::GenerateDraw(_) => continue,
        };
        let message = format!("`{}` is not used", site.name);
        found.push(Diagnostic::new(Code(code), message).at(site.span, words).help("remove it, or use it"));
    }
    found
}

/// A site with two likelihood terms.
fn observed_twice(model: &Model) -> Vec<Diagnostic> {
    let mut seen: Vec<(SiteId, crate::source::Span)> = Vec::new();
    let mut found = Vec::new();
    for factor in &model.factors {
        let Factor::Observe { site, span, axes, .. } = factor else { continue };
        let part = axes.iter().any(|axis| matches!(model.dim(axis.dim).kind, DimKind::Sub { .. }));
        match seen.iter().find(|(other, _)| other == site) {
            Some((_, first)) if !part => found.push(
                Diagnostic::new(Code(1004), format!("`{}` is observed twice", model.site(*site).name))
                    .at(*span, "again here")
                    .at(*first, "first here")
                    .help("its likelihood counts twice; take one of the two out"),
            ),
            _ => seen.push((*site, *span)),
        }
    }
    found
}

/// `==` between real numbers.
fn real_equality(model: &Model) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut visit = |term: &Term| {
        if let TermKind::Operate(Operator::Equal | Operator::NotEqual, operands) = &term.kind
            && operands.iter().any(|operand| operand.value == Kind::Real && operand.stage > Stage::Data)
        {
            let diagnostic = Diagnostic::new(Code(1005), "real numbers are hardly ever equal")
                .at(term.span, "compared for equality")
                .help("compare with a tolerance: `abs(a - b) < 0.001`");
            if !found.contains(&diagnostic) {
                found.push(diagnostic);
            }
        }
    };
    model.sites.iter().for_each(|site| walk_site(site, &mut visit));
    walk_rest(model, &mut visit);
    found
}
