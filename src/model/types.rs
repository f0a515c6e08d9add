//! Declared types: a scalar kind with a support, and the rows of the library behind them.

use std::sync::Arc;

use super::checker::Checker;
use super::errors;
use super::ir::*;
use super::like::Sort;
use super::scope::Scope;
use super::supports::literal;
use super::terms;
use crate::library::{self, Domain, End, Ends, Grain, Rank, ValueKind};
use crate::source::Span;
use crate::syntax::ast::{Expr, TypeExpr};

/// A declared type, looked up.
#[derive(Clone, Debug)]
pub struct Declared {
    /// What its numbers mean.
    pub value: Kind,
    /// Where they lie.
    pub domain: SiteDomain,
}

/// What lies between two ends that are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touching {
    /// One number, as among integers.
    One,
    /// Nothing to speak of.
    Empty,
}

/// The row of a name that the language itself needs.
pub fn row(name: &str) -> &'static Domain {
    library::domain(name).unwrap_or(library::DOMAINS[0])
}

/// A domain without ends or joint axes.
pub fn plain(domain: &'static Domain) -> SiteDomain {
    SiteDomain { domain, ends: [None, None], over: Vec::new(), twins: Vec::new() }
}

/// All numbers of a kind.
pub fn anywhere(value: Kind) -> SiteDomain {
    plain(row(match value {
        Kind::Real => "real",
        Kind::Int => "int",
        Kind::Index(_) => "index",
        Kind::Bool => "bool",
    }))
}

/// What the numbers of a domain mean.
pub fn kind_of(domain: &Domain) -> Kind {
    match domain.kind {
        ValueKind::Bool => Kind::Bool,
        ValueKind::Count | ValueKind::Index => Kind::Int,
        ValueKind::Continuous if domain.interval.grain == Grain::Integer => Kind::Int,
        ValueKind::Continuous => Kind::Real,
    }
}

/// Which ends were given.
fn ends_given(ends: &[Option<Arc<Term>>; 2]) -> Ends {
    match ends {
        [None, None] => Ends::None,
        [Some(_), None] => Ends::Lower,
        [None, Some(_)] => Ends::Upper,
        [Some(_), Some(_)] => Ends::Both,
    }
}

/// The row for numbers of a grain between given ends; none where the library has none.
pub fn between(grain: Grain, ends: [Option<Arc<Term>>; 2]) -> Option<SiteDomain> {
    let wanted = ends_given(&ends);
    let fits = |domain: &&&Domain| {
        domain.takes_ends == wanted && domain.interval.grain == grain && domain.rank == Rank::Scalar
    };
    let domain = match wanted {
        Ends::None => row(if grain == Grain::Integer { "int" } else { "real" }),
        _ => library::DOMAINS.iter().find(fits).copied()?,
    };
    Some(SiteDomain { domain, ends, over: Vec::new(), twins: Vec::new() })
}

/// The row of a type that a person may write.
pub fn written(name: &str) -> Option<&'static Domain> {
    library::domain(name).filter(|row| row.takes_ends == Ends::None && row.kind != ValueKind::Index)
}

impl<'t> Checker<'t> {
    /// Looks a declared type up, for a site with these axes. `None` if something was wrong with it.
    pub fn declared(
        &mut self,
        ty: &'t TypeExpr,
        axes: &[AxisVar],
        scope: &mut Scope<'t>,
    ) -> Option<Declared> {
        if let Some(domain) = written(&ty.name.text) {
            return self.declared_domain(ty, domain, axes, scope);
        }
        if self.names.dims.contains_key(ty.name.text.as_str()) {
            let dim = self.dim_named(&ty.name)?;
            return Some(Declared { value: Kind::Index(dim), domain: anywhere(Kind::Index(dim)) });
        }
        self.report(errors::unknown_type(&ty.name, self.names.like(Sort::Type, &ty.name.text)));
        None
    }

    fn declared_domain(
        &mut self,
        ty: &'t TypeExpr,
        domain: &'static Domain,
        axes: &[AxisVar],
        scope: &mut Scope<'t>,
    ) -> Option<Declared> {
        let value = kind_of(domain);
        let ends = match &ty.bounds {
            Some((low, high)) => {
                [self.end(low.as_ref(), value, scope)?, self.end(high.as_ref(), value, scope)?]
            }
            None => [None, None],
        };
        let touching = if value == Kind::Int { Touching::One } else { Touching::Empty };
        if let [Some(low), Some(high)] = &ends
            && self.is_empty(ty.span, [low, high], (touching, ".."))
        {
            return None;
        }
        if ends.iter().any(Option::is_some) {
            let Some(between) = between(domain.interval.grain, ends) else {
                self.report(errors::unsupported(ty.span, "a range of integers that is open on one side"));
                return None;
            };
            return Some(Declared { value, domain: between });
        }
        let (over, twins) = self.type_axes(ty, domain, axes, scope)?;
        Some(Declared { value, domain: SiteDomain { domain, ends, over, twins } })
    }

    /// Whether no number lies between two ends that are written in the model, which is then said.
    pub fn is_empty(&mut self, span: Span, ends: [&Term; 2], (touching, between): (Touching, &str)) -> bool {
        let [Some(low), Some(high)] = ends.map(literal) else { return false };
        let is_empty = low > high || (low == high && touching == Touching::Empty);
        if is_empty {
            let written = ends.map(|end| (end.span, self.text(end.span)));
            self.report(errors::empty_interval(span, [low, high], (Some(written), between)));
        }
        is_empty
    }

    /// Arguments that are the ends of the support have numbers between them.
    pub fn check_ends(&mut self, call: &FamilyCall) -> Option<()> {
        let [End::Argument(low), End::Argument(high)] = call.family.support.ends else { return Some(()) };
        let (Some(low), Some(high)) = (call.arguments.get(low), call.arguments.get(high)) else {
            return Some(());
        };
        (!self.is_empty(call.span, [low, high], (Touching::Empty, ", "))).then_some(())
    }

    /// One end of an interval; the outer `None` if it was wrong.
    fn end(
        &mut self,
        end: Option<&'t Expr>,
        value: Kind,
        scope: &mut Scope<'t>,
    ) -> Option<Option<Arc<Term>>> {
        let Some(expr) = end else { return Some(None) };
        let term = terms::numeric(self.term(expr, scope));
        if terms::is_broken(&term) {
            return None;
        }
        if value == Kind::Int && term.value == Kind::Real {
            self.report(errors::not_an_integer(&term, "an end of a range of integers", &self.model));
            return None;
        }
        Some(Some(Arc::new(term)))
    }

    /// The joint axes of a type and their twins.
    fn type_axes(
        &mut self,
        ty: &'t TypeExpr,
        domain: &Domain,
        axes: &[AxisVar],
        scope: &Scope<'t>,
    ) -> Option<(Vec<AxisVar>, Vec<AxisVar>)> {
        if domain.rank == Rank::Scalar {
            if let Some(name) = ty.over.first() {
                self.report(errors::clause_not_taken(name.span, &ty.name.text, "over"));
            }
            return Some((Vec::new(), Vec::new()));
        }
        let mut over = Vec::new();
        for name in &ty.over {
            over.push(self.joint_axis_named((name, domain.rank), axes, scope)?);
        }
        if domain.rank == Rank::Matrix && over.len() != 1 {
            over = match super::joint::repeated(axes) {
                Some(axis) => vec![axis],
                None => over,
            };
        }
        if over.is_empty() && axes.len() == 1 {
            over = axes.to_vec();
        }
        if over.is_empty() {
            self.report(errors::joint_axis(ty.span, &ty.name.text, axes, &self.model));
            return None;
        }
        let twins = match domain.rank {
            Rank::Matrix => super::joint::twins_among(&over, axes),
            _ => Vec::new(),
        };
        Some((over, twins))
    }
}
