//! Calls that act along or over axes: reductions, functions along a dim, matrices, kernels.

use super::calls::clause_span;
use super::checker::Checker;
use super::errors;
use super::ir::*;
use super::scope::{Origin, Scope};
use super::terms;
use crate::library::{Action, Function, Rank};
use crate::source::Span;
use crate::syntax::ast::*;

/// The axes that a call acts on, bound in its scope.
struct Acted {
    over: Vec<AxisVar>,
    /// What the axes are called outside of the call, for functions that keep them.
    outside: Vec<(AxisVar, AxisVar)>,
}

/// What a reduction is given, under its own axes.
struct Operand {
    arguments: Vec<Term>,
    filter: Option<Term>,
    by: Option<Term>,
}

impl<'t> Checker<'t> {
    /// A call that acts along or over axes.
    pub fn acting(
        &mut self,
        (function, call): (&'static Function, &'t Call),
        arguments: &[Option<&'t Expr>],
        span: Span,
        scope: &mut Scope<'t>,
    ) -> Term {
        let reduces = function.action == Action::Reduce;
        if !reduces && (call.filter.is_some() || !call.by.is_empty()) {
            let clause = clause_span(call).unwrap_or(span);
            return self.fail(span, errors::clause_not_taken(clause, function.name, "`where` or `by`"));
        }
        let depth = scope.bound.len();
        let facts = scope.less.len();
        let named = std::mem::take(&mut scope.named);
        let acted = self.acted(call, function.action, scope);
        let filter = call.filter.as_deref().map(|filter| self.condition(filter, scope));
        if let Some(filter) = &filter {
            scope.less.extend(super::recursion::less_facts(filter));
        }
        let by = call.by.first().map(|by| self.term(by, scope));
        let arguments = self.argument_terms(function, arguments, span, scope);
        scope.bound.truncate(depth);
        scope.less.truncate(facts);
        let used = std::mem::replace(&mut scope.named, named);
        scope.named.extend(&used);
        let Some(acted) = acted else { return terms::broken(span) };
        let parts = arguments.iter().chain(&filter).chain(&by);
        if parts.clone().any(terms::is_broken) {
            return terms::broken(span);
        }
        if call.by.len() > 1 {
            return self.fail(span, errors::unsupported(call.by[1].span, "`by` with more than one key"));
        }
        match function.action {
            Action::Reduce => {
                let Some(over) = self.reduced(call, acted.over, terms::union(parts), (span, scope, &used))
                else {
                    return terms::broken(span);
                };
                self.reduce(function, Operand { arguments, filter, by }, over, (span, scope))
            }
            Action::Along => self.along(function, arguments, acted, span),
            Action::Matrix { result } => self.matrix(function, arguments, (acted, result), span),
            Action::Kernel => self.kernel(function, arguments, acted, (span, scope)),
            Action::ElementWise => terms::broken(span),
        }
    }

    /// Binds what follows `over`. Functions that keep the axis act on the current one where it has no variable.
    fn acted(&mut self, call: &'t Call, action: Action, scope: &mut Scope<'t>) -> Option<Acted> {
        self.check_apart(call.over.iter().filter_map(|binder| binder.variable.as_ref()));
        let mut acted = Acted { over: Vec::new(), outside: Vec::new() };
        for binder in &call.over {
            if let Some(filter) = &binder.filter {
                self.report(errors::unsupported(filter.span, "a condition inside of `over`"));
                return None;
            }
            let axis = self.over_axis(binder, action, scope)?;
            acted.outside.push((axis, scope.current(axis.dim)));
            scope.bind(binder.variable.as_ref().map(|name| name.text.as_str()), axis, Origin::Over);
            acted.over.push(axis);
        }
        Some(acted)
    }

    fn over_axis(&mut self, binder: &'t Binder, action: Action, scope: &Scope<'t>) -> Option<AxisVar> {
        let name = binder.dim.text.as_str();
        if binder.variable.is_none()
            && !self.names.dims.contains_key(name)
            && let Some(axis) = scope.variable(name)
        {
            return Some(axis);
        }
        let dim = self.dim_named(&binder.dim)?;
        let keeps = action != Action::Reduce && binder.variable.is_none();
        Some(if keeps { scope.current(dim) } else { scope.fresh(dim) })
    }

    /// The axes of a reduction: those said, or all that the operand has.
    fn reduced(
        &mut self,
        call: &Call,
        over: Vec<AxisVar>,
        axes: Vec<AxisVar>,
        (span, scope, named): (Span, &Scope<'t>, &std::collections::BTreeSet<AxisVar>),
    ) -> Option<Vec<AxisVar>> {
        if !call.over.is_empty() {
            return Some(over);
        }
        let kept: Vec<AxisVar> = axes.iter().copied().filter(|axis| scope.binds(*axis)).collect();
        let mixed = !kept.is_empty() && kept.len() < axes.len();
        if mixed || kept.iter().any(|axis| named.contains(axis)) {
            let operand = call.arguments.first().map_or("", |given| self.text(given.value.span));
            let sides = [&axes[..], &kept[..]];
            let diagnostic = errors::partial_reduction(&call.function, (span, operand), sides, &self.model);
            self.report(diagnostic);
            return None;
        }
        Some(axes)
    }

    fn reduce(
        &mut self,
        function: &'static Function,
        Operand { arguments, filter, by }: Operand,
        over: Vec<AxisVar>,
        (span, scope): (Span, &Scope<'t>),
    ) -> Term {
        let parts: Vec<&Term> = arguments.iter().chain(&filter).chain(&by).collect();
        if !self.aligned(&parts, scope) {
            return terms::broken(span);
        }
        let stage = terms::latest(parts.iter().copied());
        let mut axes: Vec<AxisVar> =
            terms::union(parts).into_iter().filter(|axis| !over.contains(axis)).collect();
        let group = match by.as_ref().map(|by| (by.value, by.span)) {
            Some((Kind::Index(dim), _)) => Some(AxisVar { dim, copy: 0 }),
            Some((_, at)) => return self.fail(span, errors::not_an_index(at)),
            None => None,
        };
        let current = group.map(|group| (group, scope.current(group.dim)));
        if let Some(group) = group {
            axes.push(group);
            axes.sort_unstable();
            axes.dedup();
        }
        let mut term = self.apply(function, arguments, (over, Vec::new(), axes), span);
        term.stage = stage;
        if let TermKind::Apply { filter: f, by: b, .. } = &mut term.kind {
            *f = filter.map(std::sync::Arc::new);
            *b = by.map(std::sync::Arc::new);
        }
        terms::rename(current.into_iter().collect(), term)
    }

    fn along(&mut self, function: &'static Function, arguments: Vec<Term>, acted: Acted, span: Span) -> Term {
        let mut axes = terms::union(&arguments);
        let over = if acted.over.is_empty() { axes.clone() } else { acted.over };
        if over.len() != 1 {
            let diagnostic = errors::joint_axis(span, function.name, &axes, &self.model);
            return self.fail(span, diagnostic);
        }
        axes.extend(&over);
        axes.sort_unstable();
        axes.dedup();
        let term = self.apply(function, arguments, (over, Vec::new(), axes), span);
        terms::rename(acted.outside, term)
    }

    fn matrix(
        &mut self,
        function: &'static Function,
        arguments: Vec<Term>,
        (acted, result): (Acted, Rank),
        span: Span,
    ) -> Term {
        let axes = terms::union(&arguments);
        let wanted = acted.over.first().map(|axis| axis.dim);
        let pairs: Vec<[AxisVar; 2]> = axes
            .windows(2)
            .filter(|pair| pair[0].dim == pair[1].dim && wanted.is_none_or(|dim| pair[0].dim == dim))
            .map(|pair| [pair[0], pair[1]])
            .collect();
        let [[first, second]] = pairs[..] else {
            return self.fail(span, errors::not_a_matrix(span, function.name, &axes, &self.model));
        };
        let kept = axes.into_iter().filter(|axis| match result {
            Rank::Scalar => *axis != first && *axis != second,
            Rank::Vector => *axis != second,
            Rank::Matrix | Rank::Positions => true,
        });
        let kept = kept.collect();
        self.apply(function, arguments, (vec![first], vec![second], kept), span)
    }

    fn kernel(
        &mut self,
        function: &'static Function,
        arguments: Vec<Term>,
        acted: Acted,
        (span, scope): (Span, &Scope<'t>),
    ) -> Term {
        let mut axes = terms::union(&arguments);
        let vectors = arguments.iter().zip(function.parameters).filter(|(_, p)| p.rank == Rank::Vector);
        let over =
            if acted.over.is_empty() { terms::union(vectors.map(|(term, _)| term)) } else { acted.over };
        let [axis] = over[..] else {
            let diagnostic = errors::joint_axis(span, function.name, &axes, &self.model);
            return self.fail(span, diagnostic);
        };
        let twin = twin(axis, scope);
        axes.extend([axis, twin]);
        axes.sort_unstable();
        axes.dedup();
        let term = self.apply(function, arguments, (vec![axis], vec![twin], axes), span);
        let pairs = acted.outside.into_iter().flat_map(|(from, to)| {
            let beside = AxisVar { dim: to.dim, copy: scope.fresh(to.dim).copy.max(to.copy + 1) };
            [(from, to), (twin, beside)]
        });
        terms::rename(pairs.collect(), term)
    }
}

/// The second axis of a matrix whose first is this one.
pub fn twin(axis: AxisVar, scope: &Scope) -> AxisVar {
    AxisVar { dim: axis.dim, copy: scope.fresh(axis.dim).copy.max(axis.copy + 1) }
}
