//! Data that may be missing: `data y[obs]: real?`, `missing -1`, `is_missing(y)`. A missing value that is observed adds
//! nothing to the likelihood; any other use of one has to say what it is instead.

use std::collections::HashSet;

use super::checker::Checker;
use super::errors;
use super::ir::*;
use super::leaves;
use super::lints::{once, walk_all};
use super::scope::Scope;
use super::supports::literal;
use super::terms;
use super::types::anywhere;
use crate::diagnostics::Diagnostic;
use crate::library::Rank;
use crate::source::Span;
use crate::syntax::ast::{DataDeclaration, Expr, TypeExpr};

impl<'t> Checker<'t> {
    /// The site of the gaps of data that may be missing; it stands behind that of the data.
    pub fn gaps(&mut self, data: &'t DataDeclaration, ty: &TypeExpr, axes: &[AxisVar]) -> Option<SiteId> {
        let code = match &data.missing {
            Some(expr) => {
                let term = self.number(expr, &mut Scope::new());
                if literal(&term).is_none() && !terms::is_broken(&term) {
                    self.report(errors::unsupported(
                        expr.span,
                        "a code for missing values that is not a number",
                    ));
                }
                literal(&term)
            }
            None => None,
        };
        let Some(optional) = ty.optional else {
            if let Some(expr) = &data.missing {
                self.report(errors::never_missing(expr.span, &data.head.name.text, Some(self.text(ty.span))));
            }
            return None;
        };
        let of = self.reader?;
        let id = SiteId(of.0 + 1);
        let is_joint = self.model.site(of).domain.domain.rank != Rank::Scalar;
        let is_index = matches!(self.kind_foreseen(ty), Kind::Index(_));
        if is_joint || is_index {
            self.report(errors::unsupported(optional, "missing values of this type"));
        }
        self.model.sites[id.0] = Site {
            name: format!("is_missing({})", data.head.name.text),
            axes: axes.to_vec(),
            value: Kind::Bool,
            domain: anywhere(Kind::Bool),
            stage: Stage::Data,
            kind: SiteKind::Gaps { of, code },
            span: data.head.name.span,
            doc: None,
        };
        Some(id)
    }

    /// `?` says of data, and of nothing else, that values may be missing.
    pub fn refuse_optional(&mut self, ty: &TypeExpr) {
        if let Some(span) = ty.optional {
            self.report(errors::optional_not_data(span));
        }
    }

    /// `is_missing(y)`: at the cell that `y` stands for.
    pub fn is_missing(&mut self, data: &'t Expr, span: Span, scope: &mut Scope<'t>) -> Term {
        let read = self.number(data, scope);
        if terms::is_broken(&read) {
            return read;
        }
        match gaps_of(&self.model, &read) {
            Some(gaps) => Term { span, ..gaps },
            None => {
                let ty = match read.kind {
                    TermKind::Read(site, _)
                        if matches!(self.model.site(site).kind, SiteKind::Data { .. }) =>
                    {
                        Some(self.model.site(site).domain.domain.name)
                    }
                    _ => None,
                };
                let text = self.text(data.span);
                self.fail(span, errors::never_missing(data.span, text, ty))
            }
        }
    }
}

/// Whether what a read gives is missing, if it may be.
pub fn gaps_of(model: &Model, read: &Term) -> Option<Term> {
    let TermKind::Read(site, addresses) = &read.kind else { return None };
    let gaps = model.site(*site).gaps()?;
    Some(Term { kind: TermKind::Read(gaps, addresses.clone()), value: Kind::Bool, ..read.clone() })
}

/// Reads of data that may be missing, other than by `observe` or where they are known to be there; and values of joint
/// distributions of which a part may be missing.
pub fn check(model: &Model) -> Vec<Diagnostic> {
    if !model.sites.iter().any(|site| site.gaps().is_some()) {
        return Vec::new();
    }
    let guarded = guarded(model);
    let mut found = Vec::new();
    let mut observed: HashSet<Span> = HashSet::new();
    for factor in &model.factors {
        let Factor::Observe { target, distribution, gaps, span, site, .. } = factor else { continue };
        observed.insert(target.span);
        let is_joint = |distribution: &Distribution| {
            leaves(distribution).iter().any(|call| call.family.rank != Rank::Scalar)
        };
        if gaps.is_some() && is_joint(distribution) {
            let name = &model.site(*site).name;
            let what = format!("missing values inside of one value of a joint distribution (`{name}`)");
            found.push(errors::unsupported(*span, &what));
        }
    }
    walk_all(model, &mut |_, term| {
        let TermKind::Read(site, _) = term.kind else { return };
        let site = model.site(site);
        if let Some(gaps) = site.gaps()
            && !observed.contains(&term.span)
            && !guarded.contains(&term.span)
            && !term.axes.iter().any(|axis| is_where_present(model, axis.dim, gaps))
        {
            found.push(errors::may_be_missing(term.span, site));
        }
    });
    once(found)
}

/// Places of reads in a branch that is taken only where the value is there.
fn guarded(model: &Model) -> HashSet<Span> {
    let mut found = HashSet::new();
    walk_all(model, &mut |_, term| {
        if let TermKind::If(condition, yes, no) = &term.kind {
            note_present(model, condition, &mut |gaps, there| {
                let branch = if there { yes } else { no };
                branch.walk(&mut |part| {
                    if matches!(part.kind, TermKind::Read(site, _) if model.site(site).gaps() == Some(gaps)) {
                        found.insert(part.span);
                    }
                });
            });
        }
    });
    found
}

/// Calls `note` with the gaps that a condition tells of, and whether it holds where the value is there.
fn note_present(model: &Model, condition: &Term, note: &mut dyn FnMut(SiteId, bool)) {
    match &condition.kind {
        TermKind::Read(site, _) if matches!(model.site(*site).kind, SiteKind::Gaps { .. }) => {
            note(*site, false)
        }
        TermKind::Operate(Operator::Not, operands) => {
            note_present(model, &operands[0], &mut |gaps, there| note(gaps, !there));
        }
        TermKind::Operate(Operator::And, operands) => operands.iter().for_each(|operand| {
            note_present(model, operand, &mut |gaps, there| {
                if there {
                    note(gaps, there);
                }
            });
        }),
        _ => {}
    }
}

/// Whether the elements of a dim are those where a value is there.
fn is_where_present(model: &Model, dim: DimId, gaps: SiteId) -> bool {
    let DimKind::Sub { filter, .. } = &model.dim(dim).kind else { return false };
    let mut found = false;
    note_present(model, filter, &mut |of, there| found |= there && of == gaps);
    found
}
