//! Where values lie, before any data: intervals bottom-up, and what parameters demand of their arguments.

use super::checker::Checker;
use super::errors;
use super::ir::*;
use super::types;
use crate::library::{self, Bound, Domain, Grain, Interval, Parameter, Rank};

/// The number that a term is, if it is written in the model.
pub fn literal(term: &Term) -> Option<f64> {
    match &term.kind {
        TermKind::Number(value) => Some(*value),
        TermKind::Operate(Operator::Negate, operands) => literal(&operands[0]).map(|value| -value),
        _ => None,
    }
}

/// Where the numbers of a domain lie, its ends applied as far as they are literal.
pub fn site_interval(domain: &SiteDomain) -> Interval {
    let mut interval = domain.domain.interval;
    let [low, high] = &domain.ends;
    if let Some(low) = low.as_deref().and_then(literal) {
        (interval.low, interval.low_open) = (low, Bound::Closed);
    }
    if let Some(high) = high.as_deref().and_then(literal) {
        (interval.high, interval.high_open) = (high, Bound::Closed);
    }
    interval
}

/// All numbers of a kind.
fn of_kind(kind: Kind) -> Interval {
    match kind {
        Kind::Real => Interval::REAL,
        Kind::Int => Interval::INT,
        Kind::Bool => Interval::BOOL,
        Kind::Index(_) => Interval::COUNT,
    }
}

/// Coordinates of a dim.
fn coordinates(model: &Model, dim: DimId) -> Interval {
    let from = |low: f64, high: f64| Interval::new(low, high, Bound::Closed, Bound::Closed, Grain::Integer);
    match &model.dim(dim).kind {
        DimKind::Range(first, last) => {
            let (first, last) = (interval_of(model, first), interval_of(model, last));
            from(first.low, last.high)
        }
        DimKind::Size(size) => from(1.0, interval_of(model, size).high),
        DimKind::Sub { parent, .. } => coordinates(model, *parent),
        DimKind::FromData => from(1.0, f64::INFINITY),
        DimKind::Labels(labels) => from(1.0, labels.len() as f64),
    }
}

/// Where the values of a term lie.
pub fn interval_of(model: &Model, term: &Term) -> Interval {
    let of = |inner: &Term| interval_of(model, inner);
    match &term.kind {
        TermKind::Number(value) => Interval::point(*value),
        TermKind::Position(_) | TermKind::LabelPosition(..) => Interval::COUNT,
        TermKind::Size(_) => Interval::COUNT,
        TermKind::Read(site, _) => site_interval(&model.site(*site).domain),
        TermKind::Convert(Conversion::ToCoordinate(dim), _) => coordinates(model, *dim),
        TermKind::Convert(..) => Interval::COUNT,
        TermKind::Apply { function, arguments, .. } => {
            (function.range)(&arguments.iter().map(of).collect::<Vec<_>>())
        }
        TermKind::Operate(operator, operands) => {
            of_operator(*operator, &operands.iter().map(of).collect::<Vec<_>>(), term.value)
        }
        TermKind::If(_, then, otherwise) => of(then).union(of(otherwise)),
        TermKind::Stack(_, parts) => {
            parts.iter().map(of).reduce(Interval::union).unwrap_or(of_kind(term.value))
        }
        TermKind::Rename(_, inner) => of(inner),
        TermKind::OfDistribution(DistributionFunction::Cdf | DistributionFunction::Ccdf, ..) => {
            Interval::UNIT
        }
        TermKind::Member(..) => Interval::BOOL,
        TermKind::States(StatesOf::Probability, _) => Interval::UNIT,
        TermKind::OfDistribution(..) | TermKind::Replicate(_) | TermKind::States(..) | TermKind::Broken => {
            of_kind(term.value)
        }
    }
}

fn of_operator(operator: Operator, operands: &[Interval], value: Kind) -> Interval {
    match (operator, operands) {
        (Operator::Negate, [x]) => x.negate(),
        (Operator::Add, [x, y]) => x.add(*y),
        (Operator::Subtract, [x, y]) => x.subtract(*y),
        (Operator::Multiply, [x, y]) => x.multiply(*y),
        (Operator::Divide, [x, y]) => x.divide(*y),
        (Operator::Power, [x, y]) => x.power(*y),
        _ => of_kind(value),
    }
}

/// The domain with the narrowest known row for values of a let.
pub fn inferred(model: &Model, term: &Term) -> SiteDomain {
    let interval = interval_of(model, term);
    let names: &[&str] = match term.value {
        Kind::Real => &["unit", "positive", "nonneg"],
        Kind::Int => &["count"],
        Kind::Bool | Kind::Index(_) => &[],
    };
    let rows = names.iter().filter_map(|name| library::domain(name));
    let within = rows.into_iter().find(|row| interval.is_subset(row.interval));
    within.map_or_else(|| types::anywhere(term.value), types::plain)
}

/// How a demand came out.
enum Verdict<'m> {
    Proven,
    Open,
    Refuted(Option<&'m Site>),
}

impl<'t> Checker<'t> {
    /// Checks arguments of a call against the domains of its parameters.
    pub fn demand(&mut self, owner: &str, parameters: &[Parameter], arguments: &[Term]) {
        for (parameter, term) in parameters.iter().zip(arguments) {
            self.demand_domain(owner, &format!("`{}`", parameter.name), parameter.domain, term);
        }
    }

    /// Checks one value against a domain; what stays open is checked at run time.
    pub fn demand_domain(&mut self, owner: &str, name: &str, domain: &str, term: &Term) {
        let Some(wanted) = library::domain(domain) else { return };
        match self.verdict(wanted, term) {
            Verdict::Proven => {}
            Verdict::Open if library::family(owner).is_none() => {}
            Verdict::Open => self.model.obligations.push(Obligation {
                value: term.clone(),
                domain: wanted,
                demanded_by: format!("{name} of `{owner}`"),
            }),
            Verdict::Refuted(site) => {
                let diagnostic = errors::parameter(term, (owner, name), wanted, site);
                self.report(diagnostic);
            }
        }
    }

    fn verdict(&self, wanted: &'static Domain, term: &Term) -> Verdict<'_> {
        if wanted.rank != Rank::Scalar {
            return self.joint_verdict(wanted, term);
        }
        let found = interval_of(&self.model, term);
        if found.is_subset(wanted.interval) {
            return Verdict::Proven;
        }
        if found.is_disjoint(wanted.interval) {
            return Verdict::Refuted(self.declared_site(term));
        }
        match self.declared_site(term) {
            Some(site) if beyond(found, wanted.interval) => Verdict::Refuted(Some(site)),
            _ => Verdict::Open,
        }
    }

    /// Joint facts come from declarations, not from arithmetic.
    fn joint_verdict(&self, wanted: &'static Domain, term: &Term) -> Verdict<'_> {
        if self.proves(wanted, term) {
            return Verdict::Proven;
        }
        match self.declared_site(term) {
            Some(site) if matches!(site.kind, SiteKind::Latent { .. }) && wanted.rank != Rank::Matrix => {
                Verdict::Refuted(Some(site))
            }
            _ => Verdict::Open,
        }
    }

    fn proves(&self, wanted: &'static Domain, term: &Term) -> bool {
        match &term.kind {
            TermKind::Read(site, _) => {
                let own = self.model.site(*site).domain.domain;
                let narrower = own.rank == wanted.rank
                    && own.interval.is_subset(wanted.interval)
                    && own.name.ends_with(wanted.name);
                std::ptr::eq(own, wanted) || narrower
            }
            TermKind::If(_, then, otherwise) => self.proves(wanted, then) && self.proves(wanted, otherwise),
            TermKind::Rename(_, inner) => self.proves(wanted, inner),
            _ => false,
        }
    }

    /// The site that a bare read is of, if its domain is as the user declared it.
    fn declared_site(&self, term: &Term) -> Option<&Site> {
        let TermKind::Read(site, _) = term.kind else { return None };
        let site = self.model.site(site);
        matches!(site.kind, SiteKind::Latent { .. } | SiteKind::Data { .. }).then_some(site)
    }
}

/// Whether a set goes beyond the ends of another by more than the ends themselves.
fn beyond(found: Interval, wanted: Interval) -> bool {
    found.low < wanted.low || found.high > wanted.high
}
