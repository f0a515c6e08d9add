//! Distributions: the family, its form, its arguments in order, its joint axes.

use std::sync::Arc;

use super::acting::twin;
use super::calls::{Misfit, place, signature};
use super::checker::Checker;
use super::extent::MAX_DEPTH;
use super::ir::*;
use super::like::Sort;
use super::scope::{Origin, Scope};
use super::{dialect, errors, joint, terms};
use crate::library::{self, Family, Form, Rank};
use crate::source::Span;
use crate::syntax::ast::*;

/// What a distribution is for.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its axes; `None` where any are right.
    pub axes: Option<Vec<AxisVar>>,
    /// What its numbers mean, if that is declared.
    pub value: Option<Kind>,
    /// Its name, and where it stands.
    pub name: String,
    /// Where that stands.
    pub span: Span,
    /// What the distribution is to it.
    pub role: Role,
}

/// What a distribution is to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its likelihood.
    Likelihood,
    /// What it is drawn from: a prior, or a prediction.
    Law,
}

impl Target {
    /// Nothing in particular: a distribution inside of an expression.
    pub fn cells(_scope: &Scope, span: Span) -> Self {
        Self { axes: None, value: None, name: "this expression".to_string(), span, role: Role::Law }
    }

    /// The same with one more axis.
    pub fn along(&self, axis: AxisVar) -> Self {
        let axes = self.axes.as_ref().map(|axes| {
            let mut axes = axes.clone();
            axes.push(axis);
            axes
        });
        Self { axes, ..self.clone() }
    }
}

/// A family as called.
#[derive(Clone, Copy)]
pub struct Called<'t> {
    /// The row.
    pub family: &'static Family,
    /// Its name as written.
    pub name: &'t str,
    /// Where the name is.
    pub name_span: Span,
    /// Arguments.
    pub arguments: &'t [Argument],
    /// `over`
    pub over: &'t [Binder],
    /// The whole call.
    pub span: Span,
}

impl<'t> Checker<'t> {
    /// Whether an expression is written as a distribution.
    pub fn names_distribution(&self, expr: &Expr) -> bool {
        let mut expr = expr;
        // Functions that call each other in a circle have no first word; they are reported where they are written out.
        for _ in 0..MAX_DEPTH {
            let name = match &expr.kind {
                ExprKind::Call(call) => call.function.text.as_str(),
                ExprKind::Name(name) => name.as_str(),
                ExprKind::If(_, then, _) => {
                    expr = then;
                    continue;
                }
                _ => return false,
            };
            match self.names.functions.get(name) {
                Some(function) => expr = &function.declaration.body,
                None => return library::family(name).is_some() || super::combinators::is_combinator(name),
            }
        }
        false
    }

    /// An expression as a distribution; `None` if it is none, which has then been said.
    pub fn distribution(
        &mut self,
        expr: &'t Expr,
        target: &Target,
        scope: &mut Scope<'t>,
    ) -> Option<Distribution> {
        if let Err(excess) = self.extent.enter(scope.inlining.len()) {
            self.report(errors::too_large(expr.span, excess));
            return None;
        }
        let found = self.elaborated_distribution(expr, target, scope);
        self.extent.leave();
        found
    }

    fn elaborated_distribution(
        &mut self,
        expr: &'t Expr,
        target: &Target,
        scope: &mut Scope<'t>,
    ) -> Option<Distribution> {
        match &expr.kind {
            ExprKind::If(condition, then, otherwise) => {
                let condition = self.condition(condition, scope);
                let then = self.distribution(then, target, scope);
                let otherwise = self.distribution(otherwise, target, scope);
                self.within(&condition, target, scope)?;
                Some(Distribution::If(Arc::new(condition), Arc::new(then?), Arc::new(otherwise?)))
            }
            ExprKind::Name(name) => self.named_distribution(name, expr, target, scope),
            ExprKind::Call(call) => self.called_distribution(call, expr, target, scope),
            ExprKind::Broken => None,
            _ => self.number_for_distribution(expr, target, scope),
        }
    }

    fn named_distribution(
        &mut self,
        name: &'t str,
        expr: &'t Expr,
        target: &Target,
        scope: &mut Scope<'t>,
    ) -> Option<Distribution> {
        if let Some(closure) = scope.parameter(name) {
            let here = std::mem::replace(&mut scope.frame, closure.frame);
            let found = self.distribution(closure.expr, target, scope);
            scope.frame = here;
            return found;
        }
        let Some(family) = library::family(name) else {
            if self.names.arrays.contains_key(name) || scope.variable(name).is_some() {
                return self.number_for_distribution(expr, target, scope);
            }
            let function = Name { text: name.to_string(), span: expr.span };
            let bare =
                Call { function, arguments: Vec::new(), over: Vec::new(), filter: None, by: Vec::new() };
            let diagnostic = self.unknown_distribution(&bare, expr.span);
            self.report(diagnostic);
            return None;
        };
        let span = expr.span;
        self.family_call(
            Called { family, name, name_span: span, arguments: &[], over: &[], span },
            target,
            scope,
        )
    }

    fn called_distribution(
        &mut self,
        call: &'t Call,
        expr: &'t Expr,
        target: &Target,
        scope: &mut Scope<'t>,
    ) -> Option<Distribution> {
        let name = call.function.text.as_str();
        if self.names.functions.contains_key(name) {
            return self.inlined(call, expr.span, scope, |checker, body, scope| {
                checker.distribution(body, target, scope)
            })?;
        }
        if super::combinators::is_combinator(name) {
            return self.combinator(call, expr.span, target, scope);
        }
        if let Some(family) = library::family(name) {
            if let Some(clause) = call.filter.as_ref().map(|f| f.span).or(call.by.first().map(|by| by.span)) {
                self.report(errors::clause_not_taken(clause, name, "`where` or `by`"));
                return None;
            }
            let called = Called {
                family,
                name,
                name_span: call.function.span,
                arguments: &call.arguments,
                over: &call.over,
                span: expr.span,
            };
            return self.family_call(called, target, scope);
        }
        if library::function(name).is_some() {
            return self.number_for_distribution(expr, target, scope);
        }
        let diagnostic = self.unknown_distribution(call, expr.span);
        self.report(diagnostic);
        None
    }

    /// A number stands where a distribution is wanted.
    fn number_for_distribution(
        &mut self,
        expr: &'t Expr,
        target: &Target,
        scope: &mut Scope<'t>,
    ) -> Option<Distribution> {
        let term = self.term(expr, scope);
        // Of a sum it is known that it is no distribution, whatever is wrong with its parts.
        if terms::is_broken(&term) && matches!(expr.kind, ExprKind::Binary(..)) {
            self.report(errors::number_right_of_tilde((expr.span, self.text(expr.span)), target));
        } else if !terms::is_broken(&term) {
            let diagnostic = errors::not_a_distribution((&term, self.text(term.span)), target, &self.model);
            self.report(diagnostic);
        }
        None
    }

    fn unknown_distribution(&self, call: &Call, span: Span) -> crate::diagnostics::Diagnostic {
        let name = &call.function;
        if let Some(form) = dialect::form(&name.text) {
            return self.dialect(call, form, span);
        }
        errors::unknown_distribution(name, self.names.like(Sort::Distribution, &name.text))
    }

    /// A call of a family: form, arguments, joint axes.
    pub fn family_call(
        &mut self,
        called: Called<'t>,
        target: &Target,
        scope: &mut Scope<'t>,
    ) -> Option<Distribution> {
        let (form, placed) = self.form(called)?;
        let parameters = called.family.forms[form].parameters;
        let depth = scope.bound.len();
        let explicit = self.explicit_joint(called, target, scope)?;
        let joint_by_value =
            called.family.rank == Rank::Scalar && parameters.iter().any(|p| p.rank != Rank::Scalar);
        for axis in &explicit {
            scope.bind(None, *axis, Origin::Over);
        }
        if explicit.is_empty()
            && joint_by_value
            && let Some(Kind::Index(dim)) = target.value
        {
            scope.bind(None, scope.fresh(dim), Origin::Over);
        }
        let mut arguments = Vec::new();
        for (given, parameter) in placed.iter().zip(parameters) {
            arguments.push(match (given, parameter.rank) {
                (Some(expr), rank) if !matches!(rank, Rank::Scalar | Rank::Vector | Rank::Matrix) => {
                    self.term(expr, scope)
                }
                _ => self.argument(*given, parameter, called.span, scope),
            });
        }
        scope.bound.truncate(depth);
        if arguments.iter().any(terms::is_broken) {
            let call = FamilyCall {
                family: called.family,
                form,
                arguments,
                over: explicit,
                twins: Vec::new(),
                span: called.span,
            };
            let scalars = parameters.iter().all(|parameter| parameter.rank == Rank::Scalar);
            let misplaced = if scalars { self.misplaced(&call, target) } else { Vec::new() };
            self.demand_of_rest((called.name, &call), &misplaced);
            if let (Some(value), Role::Likelihood) = (target.value, target.role) {
                self.check_kind(value, &Distribution::Family(call), (target, target.span));
            }
            return None;
        }
        let over = self.joint_axes(called, (form, &arguments), explicit, (target, scope))?;
        let twins = self.twins(called.family, form, &over, (target, scope));
        let call = FamilyCall { family: called.family, form, arguments, over, twins, span: called.span };
        let misplaced = self.misplaced(&call, target);
        self.demand_of_rest((called.name, &call), &misplaced);
        self.check_category(&call, target).filter(|()| misplaced.is_empty())?;
        self.check_ends(&call)?;
        Some(Distribution::Family(call))
    }

    /// The form that the arguments fit.
    fn form(&mut self, called: Called<'t>) -> Option<(usize, Vec<Option<&'t Expr>>)> {
        let function = Name { text: called.name.to_string(), span: called.name_span };
        let mut misfit: Option<Misfit<'t>> = None;
        for (position, form) in called.family.forms.iter().enumerate() {
            match place(&form_names(form), called.arguments) {
                Ok(placed) if complete(form, &placed) => return Some((position, placed)),
                Ok(_) => {}
                Err(Misfit::Unknown(name, _)) if knows(called.family, name) => {}
                Err(wrong) => misfit = misfit.or(Some(wrong)),
            }
        }
        let signatures: Vec<String> =
            called.family.forms.iter().map(|form| signature(called.name, &form_names(form))).collect();
        let known: Vec<&str> = called.family.forms.iter().flat_map(form_names).collect();
        let diagnostic = match misfit {
            Some(unknown @ Misfit::Unknown(..)) => {
                unknown.diagnostic(&function, called.span, &signatures, &known)
            }
            Some(Misfit::Twice(name)) => errors::argument_twice(&function, name),
            _ => errors::arity(&function, called.span, called.arguments, &signatures),
        };
        self.report(diagnostic);
        None
    }

    /// What `over` says; the outer `None` if it was wrong.
    fn explicit_joint(
        &mut self,
        called: Called<'t>,
        target: &Target,
        scope: &Scope<'t>,
    ) -> Option<Vec<AxisVar>> {
        let mut over = Vec::new();
        for binder in called.over {
            let axis = match (&target.axes, called.family.rank) {
                (Some(axes), rank @ (Rank::Vector | Rank::Matrix)) => {
                    self.joint_axis_named((&binder.dim, rank), axes, scope)?
                }
                _ => scope.fresh(self.dim_named(&binder.dim)?),
            };
            over.push(axis);
        }
        Some(over)
    }

    fn joint_axes(
        &mut self,
        called: Called<'t>,
        (form, arguments): (usize, &[Term]),
        explicit: Vec<AxisVar>,
        (target, scope): (&Target, &Scope<'t>),
    ) -> Option<Vec<AxisVar>> {
        let parameters = called.family.forms[form].parameters;
        let cells = target.axes.clone().unwrap_or_default();
        let vectors = parameters.iter().any(|parameter| parameter.rank != Rank::Scalar);
        if !explicit.is_empty() || (called.family.rank == Rank::Scalar && !vectors) {
            return Some(explicit);
        }
        let found = match called.family.rank {
            Rank::Scalar => {
                let joint = arguments.iter().zip(parameters).filter(|(_, p)| p.rank == Rank::Vector);
                let beyond = terms::union(joint.map(|(term, _)| term));
                let beyond: Vec<AxisVar> = beyond.into_iter().filter(|axis| !cells.contains(axis)).collect();
                match (&beyond[..], target.value) {
                    ([axis], _) => Some(*axis),
                    ([], Some(Kind::Index(dim))) => Some(scope.fresh(dim)),
                    _ => None,
                }
            }
            Rank::Matrix => joint::repeated(&cells),
            _ => joint::evidence(arguments, parameters, &cells),
        };
        if found.is_none() {
            let diagnostic = errors::joint_axis(called.span, called.name, &cells, &self.model);
            self.report(diagnostic);
        }
        found.map(|axis| vec![axis])
    }

    fn twins(
        &self,
        family: &Family,
        form: usize,
        over: &[AxisVar],
        (target, scope): (&Target, &Scope<'t>),
    ) -> Vec<AxisVar> {
        let matrix = family.forms[form].parameters.iter().any(|parameter| parameter.rank == Rank::Matrix);
        match (family.rank, &target.axes) {
            (Rank::Matrix, Some(axes)) => joint::twins_among(over, axes),
            (Rank::Matrix, None) => over.iter().map(|axis| twin(*axis, scope)).collect(),
            _ if matrix => over.iter().map(|axis| twin(*axis, scope)).collect(),
            _ => Vec::new(),
        }
    }

    /// The indices that a bare array may want: `mu[county]`, with the place of the array.
    pub fn gather(&self, term: &Term, dim: DimId) -> Option<(Span, Vec<String>)> {
        let mut place = None;
        term.walk(&mut |inner| {
            if let TermKind::Read(site, addresses) = &inner.kind
                && addresses.len() == 1
                && matches!(addresses[0], Address::Here(axis) if axis.dim == dim)
                && place.is_none()
            {
                place = Some((*site, inner.span));
            }
        });
        let (site, span) = place?;
        let name = &self.model.site(site).name;
        let read: Vec<String> =
            self.index_data_of(dim).into_iter().map(|index| format!("{name}[{index}]")).collect();
        (!read.is_empty()).then_some((span, read))
    }

    /// Whether a condition of distributions varies over the cells only.
    pub fn within(&mut self, term: &Term, target: &Target, _scope: &Scope<'t>) -> Option<()> {
        if terms::is_broken(term) {
            return None;
        }
        let Some(cells) = &target.axes else { return Some(()) };
        let Some(extra) = term.axes.iter().find(|axis| !cells.contains(axis)) else { return Some(()) };
        let name = self.model.dim(extra.dim).name.clone();
        let gather = self.gather(term, extra.dim);
        let diagnostic = errors::extra_axes(term, (target, cells), (&name, gather), &self.model);
        self.report(diagnostic);
        None
    }
}

fn form_names(form: &Form) -> Vec<&'static str> {
    form.parameters.iter().map(|parameter| parameter.name).collect()
}

fn complete(form: &Form, placed: &[Option<&Expr>]) -> bool {
    placed
        .iter()
        .zip(form.parameters)
        .all(|(given, parameter)| given.is_some() || parameter.default.is_some())
}

fn knows(family: &Family, name: &Name) -> bool {
    family.forms.iter().any(|form| form.parameters.iter().any(|parameter| parameter.name == name.text))
}
