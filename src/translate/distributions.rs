//! Distributions as graph: log densities, distribution functions, normalisers.

use std::sync::Arc;

use crate::graph::{Binary, Node, Unary};
use crate::library::{End, Normaliser, OfNoise, OfValue, Rank, ValueKind, domain, log_probability};
use crate::model::demands::beyond;
use crate::model::supports::interval_of;
use crate::model::{Distribution, FamilyCall, Stage, Term, leaves};

use super::Translator;

/// A family's canonical arguments as nodes, with its joint axes.
pub(super) struct Called {
    pub(super) arguments: Vec<Node>,
    pub(super) over: crate::library::Over,
}

impl Translator<'_> {
    /// Log density of a distribution at a value: one number per cell, joint axes summed out.
    pub fn log_density(&mut self, distribution: &Distribution, value: Node) -> Node {
        match distribution {
            Distribution::Family(call) => self.family_log_density(call, value),
            Distribution::If(condition, yes, no) => {
                self.choose(condition, |t| t.log_density(yes, value), |t| t.log_density(no, value))
            }
            Distribution::Truncated { base, ends, .. } => self.truncated(base, ends, value),
            Distribution::Censored { base, right, left, upto, .. } => {
                let exact = self.log_density(base, value);
                let exact = self.interval_censored(base, upto, value, exact);
                let exact = self.one_sided(right, exact, |t| t.log_ccdf(base, value));
                self.one_sided(left, exact, |t| t.log_cdf(base, value))
            }
            Distribution::Mixture { weights, components, .. } => self.mixture(weights, components, value),
            Distribution::MixtureOver { weights, component, axis, .. } => {
                let weights = self.term(weights);
                let weights = log_probability(&mut self.builder, weights);
                let density = self.log_density(component, value);
                let axis = self.axis(*axis);
                let each = self.builder.add(weights, density);
                self.builder.log_sum_exp(each, &[axis])
            }
        }
    }

    /// The same, and 0 where the value is missing: what is not seen has probability 1, whatever it may be.
    pub fn log_density_where_present(
        &mut self,
        distribution: &Distribution,
        value: Node,
        gaps: Option<&Term>,
    ) -> Node {
        match gaps {
            Some(gaps) => {
                self.choose(gaps, |t| t.builder.constant(0.0), |t| t.log_density(distribution, value))
            }
            None => self.log_density(distribution, value),
        }
    }

    /// Canonical arguments of a call.
    pub(super) fn called(&mut self, call: &FamilyCall) -> Called {
        let over = self.over(&call.over, &call.twins);
        let given: Vec<Node> = call.arguments.iter().map(|argument| self.term(argument)).collect();
        let form = &call.family.forms[call.form];
        Called { arguments: (form.canonical)(&mut self.builder, &given, &over), over }
    }

    /// Canonical arguments of a call that is not joint.
    pub fn canonical(&mut self, call: &FamilyCall) -> Vec<Node> {
        self.called(call).arguments
    }

    /// The value that a family makes of standard-normal noise.
    pub fn of_noise(&mut self, call: &FamilyCall, noise: Node, whitening: OfNoise) -> Node {
        let Called { arguments, over } = self.called(call);
        whitening(&mut self.builder, &arguments, noise, &over)
    }

    fn family_log_density(&mut self, call: &FamilyCall, value: Node) -> Node {
        let form = &call.family.forms[call.form];
        if form.parameters.is_empty() {
            return self.flat(value);
        }
        let inside = self.inside(call, value);
        let value = match inside {
            Some(inside) => {
                let harmless = self.builder.constant(0.5);
                self.builder.select(inside, value, harmless)
            }
            None => value,
        };
        let density = match form.log_density {
            Some(own) => {
                let over = self.over(&call.over, &call.twins);
                let given: Vec<Node> = call.arguments.iter().map(|argument| self.term(argument)).collect();
                own(&mut self.builder, &given, value, &over)
            }
            None => {
                let Called { arguments, over } = self.called(call);
                (call.family.log_density)(&mut self.builder, &arguments, value, &over)
            }
        };
        let density = match inside {
            Some(inside) => {
                let never = self.builder.constant(f64::NEG_INFINITY);
                self.builder.select(inside, density, never)
            }
            None => density,
        };
        self.obliged(call, density)
    }

    /// A density where all parameters are allowed, and no number elsewhere. Formulas often give a number there, as
    /// `poisson(-1)` does for 0: what checking a model has left open is looked at here.
    fn obliged(&mut self, call: &FamilyCall, density: Node) -> Node {
        let parameters = call.family.forms[call.form].parameters;
        let mut density = density;
        for (parameter, term) in parameters.iter().zip(&call.arguments) {
            let wanted = domain(parameter.domain).filter(|domain| domain.rank == Rank::Scalar);
            let Some(wanted) = wanted.map(|domain| domain.interval) else { continue };
            let found = interval_of(self.model(), term);
            if term.stage <= Stage::Data || !beyond(found, wanted) {
                continue;
            }
            let value = self.term(term);
            let undefined = self.builder.constant(f64::NAN);
            for (end, side) in [(wanted.low, 0), (wanted.high, 1)] {
                let reaches = if side == 0 { found.low < end } else { found.high > end };
                if reaches {
                    let end = self.builder.constant(end);
                    let (low, high) = if side == 0 { (end, value) } else { (value, end) };
                    let allowed = self.builder.binary(Binary::LessEqual, low, high);
                    density = self.builder.select(allowed, density, undefined);
                }
            }
        }
        density
    }

    /// The improper uniform density: 0 in every cell.
    fn flat(&mut self, value: Node) -> Node {
        let axes = self.builder.axes_of(value).to_vec();
        let zero = self.builder.constant(0.0);
        self.builder.expand(zero, &axes)
    }

    /// Whether a value is between the ends that arguments set, where the family has such ends: elsewhere the
    /// density is 0, and a latent end makes it jump.
    fn inside(&mut self, call: &FamilyCall, value: Node) -> Option<Node> {
        let ends = call.family.support.ends;
        if !ends.iter().any(|end| matches!(end, End::Argument(_))) {
            return None;
        }
        let called = self.called(call);
        let within = ends.into_iter().enumerate().filter_map(|(side, end)| {
            let end = match end {
                End::Argument(k) => called.arguments[k],
                End::At(number) => self.builder.constant(number),
                End::None => return None,
            };
            let (low, high) = if side == 0 { (end, value) } else { (value, end) };
            Some(self.builder.binary(Binary::LessEqual, low, high))
        });
        let within: Vec<Node> = within.collect();
        within.into_iter().reduce(|a, b| self.builder.binary(Binary::And, a, b))
    }

    fn mixture(&mut self, weights: &[Term], components: &[Distribution], value: Node) -> Node {
        let each: Vec<Node> = weights
            .iter()
            .zip(components)
            .map(|(weight, component)| {
                let weight = self.term(weight);
                let weight = log_probability(&mut self.builder, weight);
                let density = self.log_density(component, value);
                self.builder.add(weight, density)
            })
            .collect();
        let axis = self.builder.axis("component", each.len());
        let stacked = self.builder.stack(axis, &each);
        self.builder.log_sum_exp(stacked, &[axis])
    }

    fn one_sided(
        &mut self,
        flag: &Option<Arc<Term>>,
        exact: Node,
        tail: impl FnOnce(&mut Self) -> Node,
    ) -> Node {
        let Some(flag) = flag else { return exact };
        let flag = self.term(flag);
        let tail = tail(self);
        self.builder.select(flag, tail, exact)
    }

    fn interval_censored(
        &mut self,
        base: &Distribution,
        upto: &Option<Arc<Term>>,
        low: Node,
        exact: Node,
    ) -> Node {
        let Some(upto) = upto else { return exact };
        let high = self.term(upto);
        let above = self.log_cdf(base, high);
        let below = self.log_cdf(base, low);
        self.log_difference(above, below)
    }

    /// log(exp(a) - exp(b)), a > b.
    fn log_difference(&mut self, a: Node, b: Node) -> Node {
        let gap = self.builder.sub(b, a);
        let ratio = self.builder.unary(Unary::Expm1, gap);
        let rest = self.builder.neg(ratio);
        let rest = self.builder.log(rest);
        self.builder.add(a, rest)
    }

    /// The density divided by the probability of lying between the ends.
    fn truncated(&mut self, base: &Distribution, ends: &[Option<Arc<Term>>; 2], value: Node) -> Node {
        let density = self.log_density(base, value);
        if leaves_constant_out(base) {
            return density;
        }
        let [low, high] = ends.clone().map(|end| end.map(|end| self.term(&end)));
        let density = self.cut_outside(density, value, low, high);
        if let Some(mass) = self.mass_of_counts(base, ends, [low, high]) {
            return self.builder.sub(density, mass);
        }
        let low = low.map(|low| self.just_below(base, low));
        let mass = match (low, high) {
            (Some(low), Some(high)) => {
                let above = self.log_cdf(base, high);
                let below = self.log_cdf(base, low);
                self.log_difference(above, below)
            }
            (Some(low), None) => self.log_ccdf(base, low),
            (None, Some(high)) => self.log_cdf(base, high),
            (None, None) => return density,
        };
        self.builder.sub(density, mass)
    }

    /// Log probability of a single count, or of all counts above 0: no distribution function is needed.
    fn mass_of_counts(
        &mut self,
        base: &Distribution,
        ends: &[Option<Arc<Term>>; 2],
        [low, high]: [Option<Node>; 2],
    ) -> Option<Node> {
        if value_kind(base) != ValueKind::Count {
            return None;
        }
        match (low, high) {
            (Some(low), Some(high)) if low == high => Some(self.log_density(base, low)),
            (Some(low), None) if low == self.builder.constant(1.0) => {
                let zero = self.builder.constant(0.0);
                let none = self.log_density(base, zero);
                Some(self.log_difference(zero, none))
            }
            _ if has_distribution_function(base) => None,
            (Some(low), None) => {
                let (zero, last) = (self.builder.constant(0.0), self.builder.plus(low, -1.0));
                let range = (0.0, self.outermost(&ends[0], f64::max)? - 1.0);
                let below = self.mass_between(base, range, (zero, last));
                Some(self.log_difference(zero, below))
            }
            (low, Some(high)) => {
                let low = low.unwrap_or_else(|| self.builder.constant(0.0));
                let range = (self.outermost(&ends[0], f64::min)?, self.outermost(&ends[1], f64::max)?);
                Some(self.mass_between(base, range, (low, high)))
            }
            (None, None) => None,
        }
    }

    /// The outermost value of an end that is known from data; counts begin at 0.
    fn outermost(&self, end: &Option<Arc<Term>>, outer: fn(f64, f64) -> f64) -> Option<f64> {
        let Some(end) = end else { return Some(0.0) };
        super::evaluate(self.model, self.bindings, end)?.values.iter().copied().reduce(outer)
    }

    /// Log probability of the counts between two ends, which lie from `first` to `last`, summed one by one.
    fn mass_between(
        &mut self,
        base: &Distribution,
        (first, last): (f64, f64),
        (low, high): (Node, Node),
    ) -> Node {
        let axis = self.builder.axis("counts", (last - first).max(0.0) as usize + 1);
        let position = self.builder.iota(axis);
        let value = self.builder.plus(position, first);
        let density = self.log_density(base, value);
        let density = self.cut_outside(density, value, Some(low), Some(high));
        let density = self.builder.expand(density, &[axis]);
        self.builder.log_sum_exp(density, &[axis])
    }

    /// -inf where a known value lies outside of the ends (latents are inside by their transform).
    fn cut_outside(&mut self, density: Node, value: Node, low: Option<Node>, high: Option<Node>) -> Node {
        let above = low.map(|low| self.builder.binary(Binary::LessEqual, low, value));
        let below = high.map(|high| self.builder.binary(Binary::LessEqual, value, high));
        above.into_iter().chain(below).fold(density, |density, inside| {
            let never = self.builder.constant(f64::NEG_INFINITY);
            self.builder.select(inside, density, never)
        })
    }

    /// For integers, P(X >= low) = P(X > low - 1).
    fn just_below(&mut self, base: &Distribution, low: Node) -> Node {
        match value_kind(base) {
            ValueKind::Continuous => low,
            ValueKind::Count | ValueKind::Bool | ValueKind::Index => self.builder.plus(low, -1.0),
        }
    }

    /// log P(X <= x).
    pub fn log_cdf(&mut self, distribution: &Distribution, x: Node) -> Node {
        self.of_value(distribution, x, |call| call.family.log_cdf)
    }

    /// log P(X > x).
    pub fn log_ccdf(&mut self, distribution: &Distribution, x: Node) -> Node {
        self.of_value(distribution, x, |call| call.family.log_ccdf)
    }

    /// The value below which probability `p` lies.
    pub fn quantile(&mut self, distribution: &Distribution, p: Node) -> Node {
        self.of_value(distribution, p, |call| call.family.quantile)
    }

    fn of_value(
        &mut self,
        distribution: &Distribution,
        x: Node,
        which: fn(&FamilyCall) -> Option<OfValue>,
    ) -> Node {
        match distribution {
            Distribution::Family(call) => {
                let function = which(call)
                    .expect("the checker asks for distribution functions only where there are such");
                let called = self.called(call);
                function(&mut self.builder, &called.arguments, x)
            }
            Distribution::If(condition, yes, no) => {
                self.choose(condition, |t| t.of_value(yes, x, which), |t| t.of_value(no, x, which))
            }
            _ => unreachable!("the checker asks for distribution functions of plain distributions only"),
        }
    }

    /// Mean and standard deviation of each family at the leaves of a distribution, where they are known.
    pub fn moments(&mut self, distribution: &Distribution) -> Vec<(Node, Node)> {
        match distribution {
            Distribution::Family(call) => {
                let Some(moments) = call.family.moments else { return vec![] };
                let Called { arguments, over } = self.called(call);
                vec![moments(&mut self.builder, &arguments, &over)]
            }
            Distribution::If(_, yes, no) => {
                [yes, no].into_iter().flat_map(|part| self.moments(part)).collect()
            }
            Distribution::Truncated { base, .. } | Distribution::Censored { base, .. } => self.moments(base),
            Distribution::Mixture { components, .. } => {
                components.iter().flat_map(|part| self.moments(part)).collect()
            }
            Distribution::MixtureOver { component, .. } => self.moments(component),
        }
    }

    /// A density over `count` values, normalised by their number where its form leaves that to us.
    pub fn with_domain_size(&mut self, distribution: &Distribution, density: Node, count: usize) -> Node {
        let Distribution::Family(call) = distribution else { return density };
        match call.family.forms[call.form].normaliser {
            Normaliser::DomainSize => self.builder.plus(density, -(count as f64).ln()),
            Normaliser::Included | Normaliser::Improper => density,
        }
    }
}

/// Whether a density is only known up to a constant anyway, or normalised by the size of its domain.
fn leaves_constant_out(base: &Distribution) -> bool {
    let Distribution::Family(call) = base else { return false };
    call.family.forms[call.form].normaliser != Normaliser::Included
}

/// Whether the distribution functions of all leaves are known.
fn has_distribution_function(base: &Distribution) -> bool {
    leaves(base).iter().all(|call| call.family.log_cdf.is_some() && call.family.log_ccdf.is_some())
}

/// What kind of number a distribution's values are.
pub(super) fn value_kind(distribution: &Distribution) -> ValueKind {
    match distribution {
        Distribution::Family(call) => call.family.kind,
        Distribution::If(_, yes, _) => value_kind(yes),
        Distribution::Truncated { base, .. } | Distribution::Censored { base, .. } => value_kind(base),
        Distribution::Mixture { components, .. } => {
            components.first().map_or(ValueKind::Continuous, value_kind)
        }
        Distribution::MixtureOver { component, .. } => value_kind(component),
    }
}
