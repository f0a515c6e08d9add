//! `learn`: values that are found by maximisation, with where their search starts.

use super::checker::Checker;
use super::distributions::Target;
use super::errors;
use super::ir::*;
use super::scope::Scope;
use super::statements::{site, target};
use super::terms;
use super::types::{self, Declared};
use crate::source::Span;
use crate::syntax::ast::{Expr, LearnDeclaration};

/// What a start is called in messages.
const START: &str = "where a search starts";

impl<'t> Checker<'t> {
    /// The site of a `learn`.
    pub(super) fn learn(&mut self, learn: &'t LearnDeclaration, doc: Option<&String>) -> Option<Site> {
        let name = &learn.head.name;
        let mut scope = Scope::new();
        let axes = self.begin(&learn.head, Kind::Real, &mut scope)?;
        let declared = match &learn.ty {
            Some(ty) => {
                self.refuse_optional(ty);
                let declared = self.declared(ty, &axes, &mut scope)?;
                Some((self.searched(declared, ty.span)?, ty.span))
            }
            None => None,
        };
        let target = target(name, axes.clone(), declared.as_ref().map(|(declared, _)| declared.value));
        let (init, domain) = self.init(learn.init.as_ref(), declared, (&target, &mut scope))?;
        Some(site(name, axes, (Kind::Real, domain), (Stage::Model, SiteKind::Learn(init)), doc))
    }

    /// A type that can be searched: of real numbers, between ends that are known.
    fn searched(&mut self, declared: Declared, span: Span) -> Option<Declared> {
        let is_late = |term: &Term| term.stage > Stage::Data;
        if let Some(end) = declared.domain.ends.iter().flatten().find(|end| is_late(end)) {
            self.report(errors::not_known_from_data(end, "an end of a learned value", &self.model));
            return None;
        }
        if declared.value != Kind::Real {
            self.report(errors::learned_in_steps(span));
            return None;
        }
        Some(declared)
    }

    /// Where the search starts, and the values it may take.
    fn init(
        &mut self,
        init: Option<&'t Expr>,
        declared: Option<(Declared, Span)>,
        (target, scope): (&Target, &mut Scope<'t>),
    ) -> Option<(Init, SiteDomain)> {
        let own =
            declared.as_ref().map_or_else(|| types::anywhere(Kind::Real), |(own, _)| own.domain.clone());
        let Some(expr) = init else { return Some((Init::Middle, own)) };
        if self.names_distribution(expr) {
            let drawn = self.distribution(expr, target, scope)?;
            let settled = self.settle(declared, drawn, target)?;
            let mut late = None;
            settled.prior.walk(&mut |term| late = late.or((term.stage > Stage::Data).then_some(term)));
            if let Some(late) = late {
                let diagnostic = errors::not_known_from_data(late, START, &self.model);
                self.report(diagnostic);
                return None;
            }
            if settled.value != Kind::Real {
                self.report(errors::learned_in_steps(expr.span));
                return None;
            }
            return Some((Init::Drawn(settled.prior), settled.domain));
        }
        let value = self.number(expr, scope);
        if terms::is_broken(&value) {
            return None;
        }
        if value.stage > Stage::Data {
            self.report(errors::not_known_from_data(&value, START, &self.model));
            return None;
        }
        self.within(&value, target, scope)?;
        Some((Init::Value(value), own))
    }
}
