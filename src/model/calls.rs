//! Calls of functions: those of the user, written out in place, and those of the library.

use std::collections::HashMap;

use super::checker::Checker;
use super::errors;
use super::ir::*;
use super::like::Sort;
use super::names::Use;
use super::scope::{Closure, Scope};
use super::supports::interval_of;
use super::terms;
use crate::diagnostics::Diagnostic;
use crate::library::{self, Action, Function, Grain, Parameter, Variadic};
use crate::source::Span;
use crate::syntax::ast::*;

impl<'t> Checker<'t> {
    /// `f(args over i: d where c by g)`
    pub fn call(&mut self, call: &'t Call, span: Span, scope: &mut Scope<'t>) -> Term {
        let name = call.function.text.as_str();
        if self.names.functions.contains_key(name) {
            let written = self.inlined(call, span, scope, Self::term);
            return written.map_or_else(|| terms::broken(span), |term| self.called_at(span, term));
        }
        if let Some(term) = self.language_form(call, span, scope) {
            return term;
        }
        if let Some(function) = overload(name, call.arguments.len()) {
            return self.function_call(function, call, span, scope);
        }
        let diagnostic = self.unknown_function(call, span);
        self.fail(span, diagnostic)
    }

    /// A call by another language's name, with its arguments in the form of this one where they fit.
    pub fn dialect(&self, call: &Call, form: &str, span: Span) -> Diagnostic {
        let plain =
            call.arguments.iter().all(|argument| argument.name.is_none()) && clause_span(call).is_none();
        if !plain
            && clause_span(call).is_none()
            && let Some(text) = self.reworded(call, form)
        {
            return errors::dialect_as(&call.function, (span, &text));
        }
        let given: Vec<&str> = call.arguments.iter().map(|given| self.text(given.value.span)).collect();
        errors::dialect(&call.function, form, (span, plain.then_some(&given[..])))
    }

    /// `normal_lpdf(y, mu, sigma)` and the like of any family, in this language's form.
    fn suffixed(&self, call: &Call) -> Option<String> {
        let given: Vec<&str> = call.arguments.iter().map(|given| self.text(given.value.span)).collect();
        let (family, suffix) = call.function.text.rsplit_once('_')?;
        library::family(family)?;
        let rest = given.get(1..).unwrap_or_default().join(", ");
        let first = given.first().copied().unwrap_or("x");
        Some(match suffix {
            "lpdf" | "lpmf" | "lupdf" | "lupmf" => format!("log_prob({family}({rest}), {first})"),
            "cdf" => format!("cdf({family}({rest}), {first})"),
            "lcdf" => format!("log(cdf({family}({rest}), {first}))"),
            "lccdf" => format!("log(ccdf({family}({rest}), {first}))"),
            "rng" => format!("generate x ~ {family}({})", given.join(", ")),
            _ => return None,
        })
    }

    /// A call with keywords of other libraries in this language's words: `Normal(mu = a, sigma = s)`.
    fn reworded(&self, call: &Call, form: &str) -> Option<String> {
        let family = library::family(form.split('(').next()?)?;
        let known: Vec<&str> =
            family.forms.iter().flat_map(|form| form.parameters).map(|parameter| parameter.name).collect();
        let each = call.arguments.iter().map(|given| {
            let value = self.text(given.value.span);
            let Some(keyword) = &given.name else { return Some(value.to_string()) };
            let same = known.iter().find(|own| **own == keyword.text).copied();
            let own =
                same.or_else(|| super::dialect::parameters(&keyword.text).find(|own| known.contains(own)))?;
            Some(format!("{own} = {value}"))
        });
        let each: Option<Vec<String>> = each.collect();
        Some(format!("{}({})", family.name, each?.join(", ")))
    }

    fn unknown_function(&self, call: &Call, span: Span) -> Diagnostic {
        let name = &call.function;
        if library::family(&name.text).is_some() || super::combinators::is_combinator(&name.text) {
            return errors::distribution_as_number(&name.text, span);
        }
        if let Some(form) = super::dialect::form(&name.text) {
            return self.dialect(call, form, span);
        }
        if let Some(form) = self.suffixed(call) {
            return match name.text.ends_with("_rng") {
                true => errors::dialect_form(name, &form),
                false => errors::dialect_as(name, (span, &form)),
            };
        }
        let Some(array) = self.names.arrays.get(name.text.as_str()) else {
            return errors::unknown_function(name, self.names.like(Sort::Function, &name.text));
        };
        let single = array.axes.is_none() && self.model.site(array.id).axes.is_empty();
        let given: Vec<&str> = call.arguments.iter().map(|given| self.text(given.value.span)).collect();
        match given[..] {
            [factor] if single => errors::product_without_sign(name, array.span, factor),
            _ => errors::called_array(name, array.span),
        }
    }

    /// What a function comes to is said of its call: its body serves other calls, too.
    fn called_at(&self, span: Span, term: Term) -> Term {
        let in_body = self.body_at(span).is_some_and(|body| body.contains(term.span));
        if in_body { Term { span, ..term } } else { term }
    }

    /// The body of the user's function that is called at a place.
    pub fn body_at(&self, span: Span) -> Option<Span> {
        let (name, _) = self.text(span).split_once('(')?;
        Some(self.names.functions.get(name.trim_end())?.declaration.body.span)
    }

    /// Elaborates the body of a function of the user with its arguments in place; `None` if that was reported.
    pub fn inlined<R>(
        &mut self,
        call: &'t Call,
        span: Span,
        scope: &mut Scope<'t>,
        elaborate: impl FnOnce(&mut Self, &'t Expr, &mut Scope<'t>) -> R,
    ) -> Option<R> {
        let function = self.names.functions.get_mut(call.function.text.as_str())?;
        function.use_ = Use::Used;
        let declaration = function.declaration;
        let name = declaration.name.text.as_str();
        // A function that could not be read has lost its parameters, too.
        if matches!(declaration.body.kind, ExprKind::Broken) {
            return None;
        }
        if scope.inlining.contains(&name) {
            self.report(errors::recursive_function(&call.function, declaration.name.span));
            return None;
        }
        if let Some(clause) = clause_span(call) {
            self.report(errors::clause_not_taken(clause, name, "`over`, `where` or `by`"));
            return None;
        }
        let known: Vec<&str> =
            declaration.parameters.iter().map(|parameter| parameter.text.as_str()).collect();
        let placed = match place(&known, &call.arguments) {
            Ok(placed) if placed.iter().all(Option::is_some) => placed,
            Ok(_) => {
                self.report(errors::arity(&call.function, span, &call.arguments, &[signature(name, &known)]));
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
        self.calls.push(span);
        let result = elaborate(self, &declaration.body, scope);
        self.calls.pop();
        scope.inlining.pop();
        scope.frame = caller;
        scope.frames.pop();
        Some(result)
    }

    fn function_call(
        &mut self,
        function: &'static Function,
        call: &'t Call,
        span: Span,
        scope: &mut Scope<'t>,
    ) -> Term {
        let Some(arguments) = self.function_arguments(function, call, span) else {
            return terms::broken(span);
        };
        let several =
            function.variadic == Variadic::Repeats && arguments.len() > 1 && clause_span(call).is_none();
        if function.action == Action::ElementWise || (function.action == Action::Reduce && several) {
            if let Some(clause) = clause_span(call) {
                return self
                    .fail(span, errors::clause_not_taken(clause, function.name, "`over`, `where` or `by`"));
            }
            let arguments = self.argument_terms(function, &arguments, span, scope);
            return self.applied(function, arguments, span, scope);
        }
        self.acting((function, call), &arguments, span, scope)
    }

    /// The arguments in canonical order; an empty place takes its default.
    fn function_arguments(
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
        let lacks =
            placed.iter().zip(function.parameters).any(|(given, p)| given.is_none() && p.default.is_none());
        if lacks {
            self.report(errors::arity(&call.function, span, &call.arguments, &[shown]));
            return None;
        }
        Some(placed)
    }

    /// Arguments as terms, in canonical order.
    pub fn argument_terms(
        &mut self,
        function: &Function,
        arguments: &[Option<&'t Expr>],
        span: Span,
        scope: &mut Scope<'t>,
    ) -> Vec<Term> {
        let last = function.parameters.last();
        let parameters = function.parameters.iter().chain(std::iter::repeat(last).flatten());
        arguments
            .iter()
            .zip(parameters)
            .map(|(given, parameter)| self.argument(*given, parameter, span, scope))
            .collect()
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
    fn applied(
        &mut self,
        function: &'static Function,
        arguments: Vec<Term>,
        span: Span,
        scope: &Scope<'t>,
    ) -> Term {
        let all: Vec<&Term> = arguments.iter().collect();
        if all.iter().any(|term| terms::is_broken(term)) || !self.aligned(&all, scope) {
            return terms::broken(span);
        }
        let axes = terms::union(&arguments);
        self.apply(function, arguments, (Vec::new(), Vec::new(), axes), span)
    }

    /// A call with its axes, the kind of its values, and its demands.
    pub fn apply(
        &mut self,
        function: &'static Function,
        arguments: Vec<Term>,
        (over, twins, axes): (Vec<AxisVar>, Vec<AxisVar>, Vec<AxisVar>),
        span: Span,
    ) -> Term {
        self.demand((function.name, span), (function.parameters, &over), &arguments);
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
}

/// The row of this name that takes so many arguments; several rows may share a name (`max(x)`, `max(x, y)`).
fn overload(name: &str, given: usize) -> Option<&'static Function> {
    let takes = |row: &&&Function| {
        let needed = row.parameters.iter().filter(|parameter| parameter.default.is_none()).count();
        given >= needed && (given <= row.parameters.len() || row.variadic == Variadic::Repeats)
    };
    let mut rows = library::FUNCTIONS.iter().filter(|row| row.name == name);
    rows.clone().find(takes).or_else(|| rows.next()).copied()
}

/// Where the first clause of a call stands, if it has one.
pub fn clause_span(call: &Call) -> Option<Span> {
    let over = call.over.first().map(|binder| binder.dim.span);
    over.or_else(|| call.filter.as_ref().map(|filter| filter.span))
        .or_else(|| call.by.first().map(|by| by.span))
}

/// `normal(mean, sd)`
pub fn signature(name: &str, parameters: &[&str]) -> String {
    format!("{name}({})", parameters.join(", "))
}

/// Why arguments do not fit parameters.
pub enum Misfit<'t> {
    /// There are more than places.
    TooMany(&'t [Argument]),
    /// No parameter has this keyword.
    Unknown(&'t Name, &'t [Argument]),
    /// The place has been given already.
    Twice(&'t Name),
}

impl Misfit<'_> {
    /// As said to a person.
    pub fn diagnostic(
        &self,
        function: &Name,
        span: Span,
        signatures: &[String],
        known: &[&str],
    ) -> Diagnostic {
        match self {
            Misfit::TooMany(given) => errors::arity(function, span, given, signatures),
            Misfit::Unknown(keyword, given) => {
                errors::unknown_argument((function, keyword), given, signatures, known)
            }
            Misfit::Twice(keyword) => errors::argument_twice(function, keyword),
        }
    }
}

/// Each argument at the place of its parameter: the unnamed in order, the named by keyword.
pub fn place<'t>(
    parameters: &[&str],
    arguments: &'t [Argument],
) -> Result<Vec<Option<&'t Expr>>, Misfit<'t>> {
    let mut placed: Vec<Option<&Expr>> = vec![None; parameters.len()];
    let places: HashMap<&str, usize> =
        parameters.iter().enumerate().rev().map(|(at, name)| (*name, at)).collect();
    for argument in arguments {
        let Some(name) = &argument.name else { continue };
        let at = *places.get(name.text.as_str()).ok_or(Misfit::Unknown(name, arguments))?;
        if placed[at].replace(&argument.value).is_some() {
            return Err(Misfit::Twice(name));
        }
    }
    let unnamed = arguments.iter().filter(|argument| argument.name.is_none());
    for argument in unnamed {
        let free = placed.iter_mut().find(|place| place.is_none()).ok_or(Misfit::TooMany(arguments))?;
        *free = Some(&argument.value);
    }
    Ok(placed)
}
