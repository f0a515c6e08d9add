//! Calls of functions: those of the user, of the library, and the few forms that belong to the language.

use std::collections::HashMap;

use super::checker::Checker;
use super::errors;
use super::ir::*;
use super::scope::{Closure, Origin, Scope};
use super::supports::interval_of;
use super::terms;
use crate::diagnostics::Diagnostic;
use crate::library::{self, Action, Function, Grain, Parameter, Rank, Variadic};
use crate::source::Span;
use crate::syntax::ast::*;

/// The axes that a call acts on, bound in its scope.
struct Acted {
    over: Vec<AxisVar>,
    /// What the axes are called outside of the call, for functions that keep them.
    outside: Vec<(AxisVar, AxisVar)>,
}

impl<'t> Checker<'t> {
    /// `f(args over i: d where c by g)`
    pub fn call(&mut self, call: &'t Call, span: Span, scope: &mut Scope<'t>) -> Term {
        let name = call.function.text.as_str();
        if self.names.functions.contains_key(name) {
            return self.inlined(call, span, scope, Self::term).unwrap_or_else(|| terms::broken(span));
        }
        if let Some(term) = self.language_form(call, span, scope) {
            return term;
        }
        if let Some(function) = library::function(name) {
            return self.library_call(function, call, span, scope);
        }
        let diagnostic = self.unknown_function(&call.function, span);
        self.fail(span, diagnostic)
    }

    fn unknown_function(&self, name: &Name, span: Span) -> Diagnostic {
        if library::family(&name.text).is_some() || super::combinators::is_combinator(&name.text) {
            return errors::distribution_as_number(&name.text, span);
        }
        if let Some(form) = super::dialect::form(&name.text) {
            return errors::dialect(name, form);
        }
        let mut known: Vec<&str> = library::FUNCTIONS.iter().map(|row| row.name).collect();
        known.extend(self.names.functions.keys().copied());
        known.extend(LANGUAGE_FORMS);
        let indexed = self.names.arrays.get(name.text.as_str()).map(|array| array.span);
        errors::unknown_function(name, &known, indexed)
    }

    /// Elaborates the body of a function of the user with its arguments in place; `None` if that was reported.
    pub fn inlined<R>(
        &mut self,
        call: &'t Call,
        span: Span,
        scope: &mut Scope<'t>,
        elaborate: impl FnOnce(&mut Self, &'t Expr, &mut Scope<'t>) -> R,
    ) -> Option<R> {
        let declaration = self.names.functions.get(call.function.text.as_str())?.declaration;
        let name = declaration.name.text.as_str();
        if scope.inlining.contains(&name) {
            self.report(errors::recursive_function(&call.function, declaration.name.span));
            return None;
        }
        if let Some(clause) = clause_span(call) {
            self.report(errors::clause_not_taken(clause, name, "`over`, `where` or `by`"));
            return None;
        }
        let known: Vec<&str> = declaration.parameters.iter().map(|parameter| parameter.text.as_str()).collect();
        let placed = match place(&known, &call.arguments) {
            Ok(placed) if placed.iter().all(Option::is_some) => placed,
            Ok(_) => {
                self.report(errors::arity(&call.function, span, call.arguments.len(), &signature(name, &known)));
                return None;
            }
            Err(misfit) => {
                self.report(misfit.diagnostic(&call.function, span, &[signature(name, &known)], &known));
                return None;
            }
        };
        let caller = scope.frame;
        let closures: HashMap<&str, Closure> = known
            .iter()
            .zip(placed)
            .filter_map(|(name, expr)| Some((*name, Closure { expr: expr?, frame: caller })))
            .collect();
        scope.frames.push(closures);
        scope.frame = scope.frames.len() - 1;
        scope.inlining.push(name);
        let result = elaborate(self, &declaration.body, scope);
        scope.inlining.pop();
        scope.frame = caller;
        scope.frames.pop();
        Some(result)
    }

    fn library_call(
        &mut self,
        function: &'static Function,
        call: &'t Call,
        span: Span,
        scope: &mut Scope<'t>,
    ) -> Term {
        let Some(arguments) = self.library_arguments(function, call, span) else { return terms::broken(span) };
        let several = function.variadic == Variadic::Repeats && arguments.len() > 1 && clause_span(call).is_none();
        if function.action == Action::ElementWise || (function.action == Action::Reduce && several) {
            if let Some(clause) = clause_span(call) {
                return self.fail(span, errors::clause_not_taken(clause, function.name, "`over`, `where` or `by`"));
            }
            let arguments = self.argument_terms(function, &arguments, span, scope);
            return self.applied(function, arguments, span, scope);
        }
        self.acting(function, call, &arguments, span, scope)
    }

    /// The arguments in canonical order; an empty place takes its default.
    fn library_arguments(
        &mut self,
        function: &Function,
        call: &'t Call,
        span: Span,
    ) -> Option<Vec<Option<&'t Expr>>> {
        let mut known: Vec<&str> = function.parameters.iter().map(|parameter| parameter.name).collect();
        let shown = signature(function.name, &known);
        if function.variadic == Variadic::Repeats {
            let last = known.last().copied().unwrap_or("");
            known.resize(known.len().max(call.arguments.len()), last);
        }
        let placed = match place(&known, &call.arguments) {
            Ok(placed) => placed,
            Err(misfit) => {
                self.report(misfit.diagnostic(&call.function, span, &[shown], &known));
                return None;
            }
        };
        let lacks = placed.iter().zip(function.parameters).any(|(given, p)| given.is_none() && p.default.is_none());
        if lacks {
            self.report(errors::arity(&call.function, span, call.arguments.len(), &shown));
            return None;
        }
        Some(placed)
    }

    fn argument_terms(
        &mut self,
        function: &Function,
        arguments: &[Option<&'t Expr>],
        span: Span,
        scope: &mut Scope<'t>,
    ) -> Vec<Term> {
        let last = function.parameters.last();
        let parameters = function.parameters.iter().chain(std::iter::repeat(last).flatten());
        arguments.iter().zip(parameters).map(|(given, parameter)| self.argument(*given, parameter, span, scope)).collect()
    }

    /// One argument; positions become coordinates, and a bool is demanded where one is wanted.
    pub fn argument(
        &mut self,
        given: Option<&'t Expr>,
        parameter: &Parameter,
        span: Span,
        scope: &mut Scope<'t>,
    ) -> Term {
        match given {
            Some(expr) if parameter.domain == "bool" => self.condition(expr, scope),
            Some(expr) => self.number(expr, scope),
            None => terms::number(parameter.default.unwrap_or(0.0), Kind::Real, span),
        }
    }

    /// A cell-by-cell call.
    fn applied(&mut self, function: &'static Function, arguments: Vec<Term>, span: Span, scope: &Scope<'t>) -> Term {
        let all: Vec<&Term> = arguments.iter().collect();
        if all.iter().any(|term| terms::is_broken(term)) || !self.aligned(&all, scope) {
            return terms::broken(span);
        }
        let axes = terms::union(&arguments);
        self.apply(function, arguments, (Vec::new(), Vec::new()), axes, span)
    }

    fn apply(
        &mut self,
        function: &'static Function,
        arguments: Vec<Term>,
        (over, twins): (Vec<AxisVar>, Vec<AxisVar>),
        axes: Vec<AxisVar>,
        span: Span,
    ) -> Term {
        self.demand(function.name, function.parameters, &arguments);
        let intervals: Vec<_> = arguments.iter().map(|term| interval_of(&self.model, term)).collect();
        let range = (function.range)(&intervals);
        let value = match range.grain {
            Grain::Real => Kind::Real,
            Grain::Integer if range.low >= 0.0 && range.high <= 1.0 => Kind::Bool,
            Grain::Integer => Kind::Int,
        };
        let stage = terms::latest(&arguments);
        let kind = TermKind::Apply { function, arguments, over, twins, filter: None, by: None };
        Term { kind, axes, value, stage, span }
    }

    /// A call that acts along or over axes.
    fn acting(
        &mut self,
        function: &'static Function,
        call: &'t Call,
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
                let Some(over) = self.reduced(call, acted.over, terms::union(parts), (span, scope, &used)) else {
                    return terms::broken(span);
                };
                self.reduce(function, arguments, (filter, by), over, (span, scope))
            }
            Action::Along => self.along(function, arguments, acted, span),
            Action::Matrix { result } => self.matrix(function, arguments, (acted, result), span),
            Action::Kernel => self.kernel(function, arguments, acted, (span, scope)),
            Action::ElementWise => terms::broken(span),
        }
    }

    /// Binds what follows `over`. Functions that keep the axis act on the current one where it has no variable.
    fn acted(&mut self, call: &'t Call, action: Action, scope: &mut Scope<'t>) -> Option<Acted> {
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
            self.report(errors::partial_reduction(&call.function, span, [&axes, &kept], &self.model));
            return None;
        }
        Some(axes)
    }

    fn reduce(
        &mut self,
        function: &'static Function,
        arguments: Vec<Term>,
        (filter, by): (Option<Term>, Option<Term>),
        over: Vec<AxisVar>,
        (span, scope): (Span, &Scope<'t>),
    ) -> Term {
        let parts: Vec<&Term> = arguments.iter().chain(&filter).chain(&by).collect();
        if !self.aligned(&parts, scope) {
            return terms::broken(span);
        }
        let stage = terms::latest(parts.iter().copied());
        let mut axes: Vec<AxisVar> = terms::union(parts).into_iter().filter(|axis| !over.contains(axis)).collect();
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
        let mut term = self.apply(function, arguments, (over, Vec::new()), axes, span);
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
        let term = self.apply(function, arguments, (over, Vec::new()), axes, span);
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
        self.apply(function, arguments, (vec![first], vec![second]), kept, span)
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
        let over = if acted.over.is_empty() { terms::union(vectors.map(|(term, _)| term)) } else { acted.over };
        let [axis] = over[..] else {
            let diagnostic = errors::joint_axis(span, function.name, &axes, &self.model);
            return self.fail(span, diagnostic);
        };
        let twin = twin(axis, scope);
        axes.extend([axis, twin]);
        axes.sort_unstable();
        axes.dedup();
        let term = self.apply(function, arguments, (vec![axis], vec![twin]), axes, span);
        let pairs = acted.outside.into_iter().flat_map(|(from, to)| {
            let beside = AxisVar { dim: to.dim, copy: scope.fresh(to.dim).copy.max(to.copy + 1) };
            [(from, to), (twin, beside)]
        });
        terms::rename(pairs.collect(), term)
    }

    /// Calls whose arguments are not all numbers, or whose meaning is not a function of numbers.
    fn language_form(&mut self, call: &'t Call, span: Span, scope: &mut Scope<'t>) -> Option<Term> {
        let name = call.function.text.as_str();
        let one = match &call.arguments[..] {
            [Argument { name: None, value }] => Some(value),
            _ => None,
        };
        match (name, one) {
            ("size", Some(Expr { kind: ExprKind::Name(dim), span: at })) => {
                let dim = self.dim_named(&Name { text: dim.clone(), span: *at });
                Some(dim.map_or_else(|| terms::broken(span), |dim| terms::size(dim, span)))
            }
            ("int", Some(index)) => Some(self.number(index, scope)),
            ("rep", Some(observed)) => Some(self.replicate(observed, span, scope)),
            ("transpose", Some(matrix)) => Some(self.transposed(matrix, span, scope)),
            ("log_prob" | "cdf" | "ccdf" | "quantile", None) => self.of_distribution(call, span, scope),
            ("prob" | "best" | "is_missing" | "continuous", _) => {
                Some(self.fail(span, errors::unsupported(span, &format!("`{name}`"))))
            }
            ("size" | "rep" | "transpose" | "int", _) => {
                let shown = format!("{name}(x)");
                Some(self.fail(span, errors::arity(&call.function, span, call.arguments.len(), &shown)))
            }
            _ => None,
        }
    }

    fn transposed(&mut self, matrix: &'t Expr, span: Span, scope: &mut Scope<'t>) -> Term {
        let term = self.number(matrix, scope);
        let pair = term.axes.windows(2).find(|pair| pair[0].dim == pair[1].dim);
        match pair.map(|pair| [(pair[0], pair[1]), (pair[1], pair[0])]) {
            Some(swap) => terms::rename(swap.to_vec(), term),
            None if terms::is_broken(&term) => term,
            None => self.fail(span, errors::not_a_matrix(span, "transpose", &term.axes, &self.model)),
        }
    }

    /// `rep(y)`: at the current cell, like an array.
    fn replicate(&mut self, observed: &'t Expr, span: Span, scope: &mut Scope<'t>) -> Term {
        let ExprKind::Name(name) = &observed.kind else {
            return self.fail(span, errors::nothing_to_replicate(observed.span));
        };
        let known = self.names.arrays.get(name.as_str()).map(|array| array.id);
        let Some((site, factor)) = known.and_then(|site| Some((site, *self.observed.get(&site)?))) else {
            return self.fail(span, errors::nothing_to_replicate(observed.span));
        };
        let Factor::Observe { axes, .. } = &self.model.factors[factor] else {
            unreachable!("only `observe` enters the map of what is observed")
        };
        let axes = axes.clone();
        let dims: Vec<DimId> = axes.iter().map(|axis| axis.dim).collect();
        let Some(addresses) = self.bare_addresses(name, &dims, span, scope) else { return terms::broken(span) };
        let value = self.model.site(site).value;
        let mut sorted = axes.clone();
        sorted.sort_unstable();
        let term = Term { kind: TermKind::Replicate(factor), axes: sorted, value, stage: Stage::Draw, span };
        let pairs = axes.into_iter().zip(addresses).filter_map(|(from, address)| match address {
            Address::Here(to) => Some((from, to)),
            Address::At(_) => None,
        });
        terms::rename(pairs.collect(), term)
    }

    /// `log_prob(D, x)` and its like; `None` where the first argument is no distribution.
    fn of_distribution(&mut self, call: &'t Call, span: Span, scope: &mut Scope<'t>) -> Option<Term> {
        let [first, second] = &call.arguments[..] else { return None };
        let asked = match call.function.text.as_str() {
            "log_prob" => DistributionFunction::LogProbability,
            "cdf" => DistributionFunction::Cdf,
            "ccdf" => DistributionFunction::Ccdf,
            "quantile" if self.names_distribution(&first.value) => DistributionFunction::Quantile,
            _ => return None,
        };
        let value = self.number(&second.value, scope);
        let target = super::distributions::Target::cells(scope, span);
        let Some(distribution) = self.distribution(&first.value, &target, scope) else {
            return Some(terms::broken(span));
        };
        if terms::is_broken(&value) {
            return Some(value);
        }
        let mut parts = terms::distribution_terms(&distribution);
        parts.push(&value);
        let (axes, stage) = (terms::union(parts.iter().copied()), terms::latest(parts));
        let kind = TermKind::OfDistribution(asked, std::sync::Arc::new(distribution), std::sync::Arc::new(value));
        Some(Term { kind, axes, value: Kind::Real, stage, span })
    }
}

/// The second axis of a matrix whose first is this one.
pub fn twin(axis: AxisVar, scope: &Scope) -> AxisVar {
    AxisVar { dim: axis.dim, copy: scope.fresh(axis.dim).copy.max(axis.copy + 1) }
}

/// Names that look like functions and are forms of the language.
const LANGUAGE_FORMS: [&str; 8] = ["size", "int", "rep", "transpose", "log_prob", "cdf", "ccdf", "quantile"];

/// Where the first clause of a call stands, if it has one.
pub fn clause_span(call: &Call) -> Option<Span> {
    let over = call.over.first().map(|binder| binder.dim.span);
    over.or_else(|| call.filter.as_ref().map(|filter| filter.span)).or_else(|| call.by.first().map(|by| by.span))
}

/// `normal(mean, sd)`
pub fn signature(name: &str, parameters: &[&str]) -> String {
    format!("{name}({})", parameters.join(", "))
}

/// Why arguments do not fit parameters.
pub enum Misfit<'t> {
    /// There are more than places.
    TooMany(usize),
    /// No parameter has this keyword.
    Unknown(&'t Name),
    /// The place has been given already.
    Twice(&'t Name),
}

impl Misfit<'_> {
    /// As said to a person.
    pub fn diagnostic(&self, function: &Name, span: Span, signatures: &[String], known: &[&str]) -> Diagnostic {
        match self {
            Misfit::TooMany(given) => errors::arity(function, span, *given, &signatures.join(" or ")),
            Misfit::Unknown(keyword) => errors::unknown_argument(function, keyword, signatures, known),
            Misfit::Twice(keyword) => errors::argument_twice(function, keyword),
        }
    }
}

/// Each argument at the place of its parameter: the unnamed in order, the named by keyword.
pub fn place<'t>(parameters: &[&str], arguments: &'t [Argument]) -> Result<Vec<Option<&'t Expr>>, Misfit<'t>> {
    let mut placed: Vec<Option<&Expr>> = vec![None; parameters.len()];
    let mut next = 0;
    for argument in arguments {
        let at = match &argument.name {
            Some(name) => {
                let at = parameters.iter().position(|parameter| *parameter == name.text);
                at.ok_or(Misfit::Unknown(name))?
            }
            None => {
                next += 1;
                next - 1
            }
        };
        match (placed.get_mut(at), &argument.name) {
            (None, _) => return Err(Misfit::TooMany(arguments.len())),
            (Some(Some(_)), Some(name)) => return Err(Misfit::Twice(name)),
            (Some(Some(_)), None) => return Err(Misfit::TooMany(arguments.len())),
            (Some(free), _) => *free = Some(&argument.value),
        }
    }
    Ok(placed)
}
