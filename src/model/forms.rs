//! Forms of the language that look like calls of functions: `size`, `int`, `rep`, `transpose`, `log_prob` and its like.

use super::checker::Checker;
use super::errors;
use super::ir::*;
use super::names::ArrayState;
use super::scope::Scope;
use super::terms;
use crate::source::Span;
use crate::syntax::ast::*;

/// Names that look like functions and are forms of the language.
pub const LANGUAGE_FORMS: [&str; 8] =
    ["size", "int", "rep", "transpose", "log_prob", "cdf", "ccdf", "quantile"];

impl<'t> Checker<'t> {
    /// Calls whose arguments are not all numbers, or whose meaning is not a function of numbers.
    pub fn language_form(&mut self, call: &'t Call, span: Span, scope: &mut Scope<'t>) -> Option<Term> {
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
            ("int", Some(index)) => Some(Term { span, ..self.number(index, scope) }),
            ("rep", Some(observed)) => Some(self.replicate(observed, span, scope)),
            ("transpose", Some(matrix)) => Some(self.transposed(matrix, span, scope)),
            ("log_prob" | "cdf" | "ccdf" | "quantile", None) => self.of_distribution(call, span, scope),
            ("prob", Some(latent)) => Some(self.states_of(StatesOf::Probability, latent, span, scope)),
            ("best", Some(latent)) => Some(self.states_of(StatesOf::Best, latent, span, scope)),
            ("is_missing", Some(data)) => Some(self.is_missing(data, span, scope)),
            ("prob" | "best" | "is_missing" | "continuous", _) => {
                Some(self.fail(span, errors::unsupported(span, &format!("`{name}`"))))
            }
            ("size" | "rep" | "transpose" | "int", _) => {
                let shown = format!("{name}(x)");
                Some(self.fail(span, errors::arity(&call.function, span, &call.arguments, &[shown])))
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
            let broken =
                self.names.arrays.get(name.as_str()).map(|array| array.state) == Some(ArrayState::Broken);
            if broken || known.is_some_and(|site| self.unobservable.contains(&site)) {
                return terms::broken(span);
            }
            return self.fail(span, errors::nothing_to_replicate(observed.span));
        };
        let Factor::Observe { axes, .. } = &self.model.factors[factor] else {
            unreachable!("only `observe` enters the map of what is observed")
        };
        let axes = axes.clone();
        let dims: Vec<DimId> = axes.iter().map(|axis| axis.dim).collect();
        let Some(addresses) = self.bare_addresses(name, &dims, span, scope) else {
            return terms::broken(span);
        };
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

    /// `prob(z)`, `best(z)`: at the current cell, like an array.
    fn states_of(&mut self, of: StatesOf, latent: &'t Expr, span: Span, scope: &mut Scope<'t>) -> Term {
        let known = match &latent.kind {
            ExprKind::Name(name) => self.names.arrays.get(name.as_str()).map(|array| (name, array.id)),
            _ => None,
        };
        let discrete = |id: SiteId, model: &Model| {
            let site = model.site(id);
            matches!(site.kind, SiteKind::Latent { .. }) && site.value != Kind::Real
        };
        let Some((name, id)) = known.filter(|(_, id)| discrete(*id, &self.model)) else {
            // A latent with a mistake in its prior has been reported.
            if known.is_some_and(|(name, _)| self.names.arrays[name.as_str()].state == ArrayState::Broken) {
                return terms::broken(span);
            }
            return self.fail(latent.span, errors::no_states(latent.span, of));
        };
        let site = self.model.site(id);
        let (mut axes, mut value) = (site.axes.clone(), site.value);
        if of == StatesOf::Probability {
            match site.value {
                Kind::Index(dim) if axes.iter().all(|axis| axis.dim != dim) => {
                    axes.push(AxisVar { dim, copy: 0 })
                }
                Kind::Bool => {}
                _ => {
                    let diagnostic = errors::unsupported(span, "`prob` where the states are no dim apart");
                    return self.fail(span, diagnostic);
                }
            }
            value = Kind::Real;
        }
        let dims: Vec<DimId> = axes.iter().map(|axis| axis.dim).collect();
        let Some(addresses) = self.bare_addresses(name, &dims, span, scope) else {
            return terms::broken(span);
        };
        let mut sorted = axes.clone();
        sorted.sort_unstable();
        let term = Term { kind: TermKind::States(of, id), axes: sorted, value, stage: Stage::Draw, span };
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
        let kind =
            TermKind::OfDistribution(asked, std::sync::Arc::new(distribution), std::sync::Arc::new(value));
        Some(Term { kind, axes, value: Kind::Real, stage, span })
    }
}
