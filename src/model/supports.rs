//! Where values lie, before any data: intervals bottom-up.

use super::ir::*;
use super::types;
use crate::library::{self, Bound, Grain, Interval};

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
pub fn of_kind(kind: Kind) -> Interval {
    match kind {
        Kind::Real => Interval::REAL,
        Kind::Int => Interval::INT,
        Kind::Bool => Interval::BOOL,
        Kind::Index(_) => Interval::COUNT,
    }
}

/// Coordinates of a dim.
pub fn coordinates(model: &Model, dim: DimId) -> Interval {
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
            let plain = of_operator(*operator, &operands.iter().map(of).collect::<Vec<_>>(), term.value);
            let between = (*operator == Operator::Add).then(|| blend(model, operands)).flatten();
            between.map_or(plain, |between| between.intersect(plain))
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

/// Where the value of an operator lies, given its operands.
pub fn of_operator(operator: Operator, operands: &[Interval], value: Kind) -> Interval {
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

/// `a + (b - a) w` with `w` between 0 and 1 lies between `a` and `b`, which intervals alone cannot see.
fn blend(model: &Model, sum: &[Term]) -> Option<Interval> {
    let [first, second] = sum else { return None };
    [(first, second), (second, first)].into_iter().find_map(|(start, step)| {
        let TermKind::Operate(Operator::Multiply, factors) = &step.kind else { return None };
        let [left, right] = &factors[..] else { return None };
        [(left, right), (right, left)].into_iter().find_map(|(way, share)| {
            let TermKind::Operate(Operator::Subtract, ends) = &way.kind else { return None };
            let [end, from] = &ends[..] else { return None };
            let within = same(start, from) && interval_of(model, share).is_subset(Interval::UNIT);
            within.then(|| interval_of(model, start).union(interval_of(model, end)))
        })
    })
}

/// Whether two terms are the same number or the same array read in the same way, at the cell itself.
fn same(first: &Term, second: &Term) -> bool {
    let here = |addresses: &[Address]| -> Option<Vec<AxisVar>> {
        let axis = |address: &Address| match address {
            Address::Here(axis) => Some(*axis),
            Address::At(_) => None,
        };
        addresses.iter().map(axis).collect()
    };
    match (&first.kind, &second.kind) {
        (TermKind::Number(a), TermKind::Number(b)) => a == b,
        (TermKind::Read(a, at), TermKind::Read(b, other)) => {
            a == b && here(at).is_some_and(|at| here(other) == Some(at))
        }
        _ => false,
    }
}

/// The domain with the narrowest known row for values of a let. Where it reads its own earlier elements, a row holds for
/// all of them if it holds for one whenever it holds for those before.
pub fn inferred(model: &mut Model, own: Option<SiteId>, term: &Term) -> SiteDomain {
    let names: &[&str] = match term.value {
        Kind::Real => &["unit", "positive", "nonneg"],
        Kind::Int => &["count"],
        Kind::Bool | Kind::Index(_) => &[],
    };
    let rows = names.iter().filter_map(|name| library::domain(name));
    let mut holds = |row: &'static library::Domain| {
        let Some(own) = own else { return interval_of(model, term).is_subset(row.interval) };
        let known = std::mem::replace(&mut model.sites[own.0].domain, types::plain(row));
        let holds = interval_of(model, term).is_subset(row.interval);
        model.sites[own.0].domain = known;
        holds
    };
    let within = rows.into_iter().find(|row| holds(row));
    within.map_or_else(|| types::anywhere(term.value), types::plain)
}
