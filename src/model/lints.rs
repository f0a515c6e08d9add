//! Warnings about a model without errors.

use std::collections::{HashMap, HashSet};

use super::doubts::{self, is_flat};
use super::ir::*;
use super::names::{Names, Use};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Source, Span};

/// All of them.
pub fn lints(model: &Model, source: &Source) -> Vec<Diagnostic> {
    let mut found = unused(model);
    found.extend(observed_twice(model));
    found.extend(real_equality(model));
    found.extend(index_as_number(model));
    found.extend(doubts::doubts(model, source));
    found
}

/// Calls `visit` with every term of a model, and the site whose declaration it stands in.
pub fn walk_all<'m>(model: &'m Model, visit: &mut dyn FnMut(Option<SiteId>, &'m Term)) {
    for id in model.site_ids() {
        model.site(id).walk(&mut |term| visit(Some(id), term));
    }
    let visit: &mut dyn FnMut(&'m Term) = &mut |term| visit(None, term);
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

/// Each once, in the order given: a function that is written out twice is found twice.
pub fn once(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut seen = HashSet::new();
    found.retain(|diagnostic| seen.insert(diagnostic.clone()));
    found
}

/// Data, latents and lets that nothing reads.
fn unused(model: &Model) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut read = vec![false; model.sites.len()];
    walk_all(model, &mut |reader, term| {
        if let TermKind::Read(site, _) = term.kind
            && reader != Some(site)
        {
            read[site.0] = true;
        }
    });
    for id in model.site_ids() {
        let site = model.site(id);
        let (code, words) = match site.kind {
            _ if read[id.0] => continue,
            // Without data its posterior is not its prior: there is none, which is said by itself.
            SiteKind::Latent { .. } if is_flat(site) => continue,
            SiteKind::Data { .. } => (1001, "nothing reads it"),
            SiteKind::Let(_) | SiteKind::Learn(_) => (1002, "nothing reads it"),
            SiteKind::Latent { .. } => (1003, "nothing depends on it: its posterior is its prior"),
            SiteKind::Gaps { .. } | SiteKind::Generate(_) | SiteKind::GenerateDraw(_) => continue,
        };
        let message = format!("`{}` is not used", site.name);
        found.push(Diagnostic::new(Code(code), message).at(site.span, words).help("remove it, or use it"));
    }
    found
}

/// Dims and functions that nothing names.
pub fn unused_names(names: &Names<'_>) -> Vec<Diagnostic> {
    let dims = names.dims.iter().filter(|(_, dim)| dim.use_ == Use::Unused);
    let dims = dims.map(|(name, dim)| {
        Diagnostic::new(Code(1016), format!("the dim `{name}` is not used"))
            .at(dim.span, "nothing is over it")
            .help("remove it, or declare something over it")
    });
    let functions = names.functions.iter().filter(|(_, function)| function.use_ == Use::Unused);
    let functions = functions.map(|(name, function)| {
        Diagnostic::new(Code(1017), format!("the function `{name}` is not used"))
            .at(function.declaration.name.span, "nothing calls it, so its body is not checked")
            .help("remove it, or call it")
    });
    dims.chain(functions).collect()
}

/// A site with two likelihood terms.
fn observed_twice(model: &Model) -> Vec<Diagnostic> {
    let mut seen: HashMap<SiteId, Span> = HashMap::new();
    let mut found = Vec::new();
    for factor in &model.factors {
        let Factor::Observe { site, span, axes, .. } = factor else { continue };
        let part = axes.iter().any(|axis| matches!(model.dim(axis.dim).kind, DimKind::Sub { .. }));
        match seen.get(site) {
            Some(first) if !part => found.push(
                Diagnostic::new(Code(1004), format!("`{}` is observed twice", model.site(*site).name))
                    .at(*span, "again here")
                    .at(*first, "first here")
                    .help("its likelihood counts twice; take one of the two out"),
            ),
            Some(_) => {}
            None => {
                seen.insert(*site, *span);
            }
        }
    }
    found
}

/// `==` between real numbers.
fn real_equality(model: &Model) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    walk_all(model, &mut |_, term| {
        if let TermKind::Operate(Operator::Equal | Operator::NotEqual, operands) = &term.kind
            && operands.iter().any(|operand| operand.value == Kind::Real && operand.stage > Stage::Data)
        {
            let diagnostic = Diagnostic::new(Code(1005), "real numbers are hardly ever equal")
                .at(term.span, "compared for equality")
                .help("compare with a tolerance: `abs(a - b) < 0.001`");
            found.push(diagnostic);
        }
    });
    once(found)
}

/// An index read from the data that is multiplied or divided, or added to a number that is not whole. Dims whose
/// coordinates the model gives are amounts: years, doses.
fn index_as_number(model: &Model) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    walk_all(model, &mut |_, term| {
        let TermKind::Operate(operator, operands) = &term.kind else { return };
        let whole = operands.iter().all(|operand| operand.value != Kind::Real);
        let scales = match operator {
            Operator::Multiply | Operator::Divide => true,
            Operator::Add | Operator::Subtract => !whole,
            _ => false,
        };
        for operand in operands.iter().filter(|_| scales) {
            // `int(i)` is the same conversion, at the place of the call.
            let TermKind::Convert(Conversion::ToCoordinate(dim), index) = &operand.kind else { continue };
            let TermKind::Read(id, _) = index.kind else { continue };
            if index.span != operand.span {
                continue;
            }
            let (site, dim) = (model.site(id), model.dim(*dim));
            if !matches!(site.kind, SiteKind::Data { .. }) || matches!(dim.kind, DimKind::Range(..)) {
                continue;
            }
            let message = format!("`{}` is an index, and its numbers are no amounts", site.name);
            found.push(
                Diagnostic::new(Code(1019), message)
                    .at(operand.span, "used as a number")
                    .at(site.span, format!("an index into {}", dim.name))
                    .help(format!(
                        "give each {} an effect, `latent b[{}] ~ …` and `b[{}]`, or compare it with one; `int({2})` if the numbers are amounts",
                        dim.name, dim.name, site.name
                    )),
            );
        }
    });
    once(found)
}
