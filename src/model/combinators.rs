//! Distributions made of distributions: `truncated`, `censored`, `mixture`, `zero_inflated`, `hurdle`.

use std::sync::Arc;

use super::checker::Checker;
use super::distributions::Target;
use super::errors;
use super::ir::*;
use super::scope::{Origin, Scope};
use super::terms;
use super::types::Touching;
use crate::library::{self, Family, ValueKind};
use crate::source::Span;
use crate::syntax::ast::*;

/// Their names.
pub const COMBINATORS: [&str; 5] = ["truncated", "censored", "mixture", "zero_inflated", "hurdle"];

/// Whether a name is one of them.
pub fn is_combinator(name: &str) -> bool {
    COMBINATORS.contains(&name)
}

impl<'t> Checker<'t> {
    /// A call of a combinator.
    pub fn combinator(
        &mut self,
        call: &'t Call,
        span: Span,
        target: &Target,
        scope: &mut Scope<'t>,
    ) -> Option<Distribution> {
        match call.function.text.as_str() {
            "truncated" => self.truncated(call, span, target, scope),
            "censored" => self.censored(call, span, target, scope),
            "mixture" if call.over.is_empty() => self.mixture(call, span, target, scope),
            "mixture" => self.mixture_over(call, span, target, scope),
            _ => self.inflated(call, span, target, scope),
        }
    }

    fn wrong_arguments(&mut self, call: &Call, span: Span, form: &str) -> Option<Distribution> {
        let written: Vec<&str> = call.arguments.iter().map(|given| self.text(given.value.span)).collect();
        self.report(errors::combinator((&call.function, span), &call.arguments, &written, form));
        None
    }

    fn truncated(
        &mut self,
        call: &'t Call,
        span: Span,
        target: &Target,
        scope: &mut Scope<'t>,
    ) -> Option<Distribution> {
        let [Argument { name: None, value: base }, Argument { name: None, value: range }] =
            &call.arguments[..]
        else {
            return self.wrong_arguments(call, span, "truncated(D, a..b)");
        };
        let ExprKind::Range(low, high) = &range.kind else {
            return self.wrong_arguments(call, span, "truncated(D, a..b)");
        };
        let base = self.distribution(base, target, scope);
        let mut ends = [None, None];
        for (end, written) in ends.iter_mut().zip([low, high]) {
            if let Some(expr) = written {
                let term = self.number(expr, scope);
                self.within(&term, target, scope)?;
                *end = Some(Arc::new(term));
            }
        }
        let base = base?;
        let counts = super::priors::counts(&base);
        let touching = if counts { Touching::One } else { Touching::Empty };
        if let [Some(low), Some(high)] = &ends
            && self.is_empty(range.span, [low, high], (touching, ".."))
        {
            return None;
        }
        if !(counts && (is_above_zero(&ends) || super::priors::are_known(&ends))) {
            self.check_truncatable(&base, span)?;
        }
        Some(Distribution::Truncated { base: Arc::new(base), ends, span })
    }

    fn censored(
        &mut self,
        call: &'t Call,
        span: Span,
        target: &Target,
        scope: &mut Scope<'t>,
    ) -> Option<Distribution> {
        const FORM: &str = "censored(D, right = flag, left = flag, upto = high)";
        let Some((Argument { name: None, value: base }, marks)) = call.arguments.split_first() else {
            return self.wrong_arguments(call, span, FORM);
        };
        let base = self.distribution(base, target, scope);
        let [mut right, mut left, mut upto] = [None, None, None];
        for mark in marks {
            let Some(name) = &mark.name else { return self.wrong_arguments(call, span, FORM) };
            let place = match name.text.as_str() {
                "right" => &mut right,
                "left" => &mut left,
                "upto" => &mut upto,
                _ => {
                    let known = ["right", "left", "upto"];
                    self.report(errors::unknown_argument(
                        (&call.function, name),
                        marks,
                        &[FORM.to_string()],
                        &known,
                    ));
                    return None;
                }
            };
            let term = match name.text.as_str() {
                "upto" => self.number(&mark.value, scope),
                _ => self.condition(&mark.value, scope),
            };
            self.within(&term, target, scope)?;
            *place = Some(Arc::new(term));
        }
        if marks.is_empty() {
            return self.wrong_arguments(call, span, FORM);
        }
        let base = base?;
        self.check_truncatable(&base, span)?;
        Some(Distribution::Censored { base: Arc::new(base), right, left, upto, span })
    }

    fn mixture(
        &mut self,
        call: &'t Call,
        span: Span,
        target: &Target,
        scope: &mut Scope<'t>,
    ) -> Option<Distribution> {
        const FORM: &str = "mixture(w, D1, D2)` or `mixture(w, D over k)";
        let Some((weight, rest)) = call.arguments.split_first() else {
            return self.wrong_arguments(call, span, FORM);
        };
        if rest.len() < 2 {
            return self.wrong_arguments(call, span, FORM);
        }
        let mut components = Vec::new();
        for component in rest {
            components.push(self.distribution(&component.value, target, scope));
        }
        let weights = match &weight.value.kind {
            ExprKind::Array(elements) if elements.len() == rest.len() => {
                let mut weights = Vec::new();
                for element in elements {
                    weights.push(self.weight("mixture", element, (target, scope))?);
                }
                self.demand_total(("mixture", "the list"), &weights, weight.value.span);
                weights
            }
            _ if rest.len() == 2 => {
                let first = self.weight("mixture", &weight.value, (target, scope))?;
                let second = remainder(&first);
                vec![first, second]
            }
            _ => return self.wrong_arguments(call, span, "mixture([w1, w2, w3], D1, D2, D3)"),
        };
        let components: Option<Vec<Distribution>> = components.into_iter().collect();
        Some(Distribution::Mixture { weights, components: components?, span })
    }

    /// The probability of a component.
    fn weight(
        &mut self,
        owner: &str,
        expr: &'t Expr,
        (target, scope): (&Target, &mut Scope<'t>),
    ) -> Option<Term> {
        let term = self.number(expr, scope);
        self.within(&term, target, scope)?;
        self.demand_domain(owner, "the weight", "unit", &term);
        Some(term)
    }

    fn mixture_over(
        &mut self,
        call: &'t Call,
        span: Span,
        target: &Target,
        scope: &mut Scope<'t>,
    ) -> Option<Distribution> {
        let ([weights, component], [binder]) = (&call.arguments[..], &call.over[..]) else {
            return self.wrong_arguments(call, span, "mixture(w, D over k)");
        };
        let axis = scope.fresh(self.dim_named(&binder.dim)?);
        scope.bind(binder.variable.as_ref().map(|name| name.text.as_str()), axis, Origin::Over);
        let inner = target.along(axis);
        let weights = self.number(&weights.value, scope);
        let component = self.distribution(&component.value, &inner, scope);
        scope.bound.pop();
        self.within(&weights, &inner, scope)?;
        self.demand_probabilities(("mixture", "the weight"), &weights, axis);
        let component = Arc::new(component?);
        Some(Distribution::MixtureOver { weights: Arc::new(weights), component, axis, span })
    }

    /// Zero with probability p, else D (`zero_inflated`) or D above zero (`hurdle`). What is certain to be 0 is an
    /// event of probability 0.
    fn inflated(
        &mut self,
        call: &'t Call,
        span: Span,
        target: &Target,
        scope: &mut Scope<'t>,
    ) -> Option<Distribution> {
        let name = call.function.text.as_str();
        let [probability, base] = &call.arguments[..] else {
            return self.wrong_arguments(call, span, &format!("{name}(p, D)"));
        };
        let probability = self.weight(name, &probability.value, (target, scope));
        let base = self.distribution(&base.value, target, scope)?;
        let probability = probability?;
        if !super::priors::counts(&base) {
            self.report(errors::unsupported(
                span,
                &format!("`{name}` of a distribution that is not of counts"),
            ));
            return None;
        }
        let zero = never(span)?;
        let other = if name == "hurdle" {
            let low = Some(Arc::new(terms::number(1.0, Kind::Int, span)));
            Distribution::Truncated { base: Arc::new(base), ends: [low, None], span }
        } else {
            base
        };
        let weights = vec![probability.clone(), remainder(&probability)];
        Some(Distribution::Mixture { weights, components: vec![zero, other], span })
    }
}

/// The distribution of an event that never happens: all its mass is at 0.
fn never(span: Span) -> Option<Distribution> {
    let event = |row: &&&Family| {
        let parameters = row.forms.first().map_or(&[][..], |form| form.parameters);
        row.kind == ValueKind::Bool && parameters.len() == 1 && parameters[0].domain == "unit"
    };
    let family = library::FAMILIES.iter().find(event).copied()?;
    let arguments = vec![terms::number(0.0, Kind::Real, span)];
    Some(Distribution::Family(FamilyCall {
        family,
        form: 0,
        arguments,
        over: Vec::new(),
        twins: Vec::new(),
        span,
    }))
}

/// 1 - w
fn remainder(weight: &Term) -> Term {
    let one = terms::number(1.0, Kind::Int, weight.span);
    terms::operate(Operator::Subtract, vec![one, weight.clone()], Kind::Real, weight.span)
}

/// Whether the ends leave out 0 and nothing else that a count can be.
fn is_above_zero(ends: &[Option<Arc<Term>>; 2]) -> bool {
    match ends {
        [Some(low), None] => matches!(low.kind, TermKind::Number(low) if low == 1.0),
        _ => false,
    }
}
