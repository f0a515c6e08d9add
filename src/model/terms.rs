//! Making terms: each constructor derives axes and stage from its children, and lets a broken child break the whole.

use std::sync::Arc;

use super::ir::*;
use crate::source::Span;

/// All axes of some terms, ascending.
pub fn union<'a>(terms: impl IntoIterator<Item = &'a Term>) -> Vec<AxisVar> {
    let mut axes: Vec<AxisVar> = terms.into_iter().flat_map(|term| term.axes.iter().copied()).collect();
    axes.sort_unstable();
    axes.dedup();
    axes
}

/// The latest stage of some terms.
pub fn latest<'a>(terms: impl IntoIterator<Item = &'a Term>) -> Stage {
    terms.into_iter().map(|term| term.stage).max().unwrap_or(Stage::Literal)
}

/// What stands for a piece that has been reported.
pub fn broken(span: Span) -> Term {
    Term { kind: TermKind::Broken, axes: Vec::new(), value: Kind::Real, stage: Stage::Literal, span }
}

/// Whether a term stands for a piece that has been reported.
pub fn is_broken(term: &Term) -> bool {
    matches!(term.kind, TermKind::Broken)
}

/// A number.
pub fn number(value: f64, kind: Kind, span: Span) -> Term {
    Term { kind: TermKind::Number(value), axes: Vec::new(), value: kind, stage: Stage::Literal, span }
}

/// The position along an axis.
pub fn position(axis: AxisVar, span: Span) -> Term {
    Term {
        kind: TermKind::Position(axis),
        axes: vec![axis],
        value: Kind::Index(axis.dim),
        stage: Stage::Data,
        span,
    }
}

/// Number of elements of a dim.
pub fn size(dim: DimId, span: Span) -> Term {
    Term { kind: TermKind::Size(dim), axes: Vec::new(), value: Kind::Int, stage: Stage::Data, span }
}

/// A conversion between positions and coordinates; a term that is broken stays so.
pub fn convert(conversion: Conversion, inner: Term, value: Kind) -> Term {
    if is_broken(&inner) {
        return inner;
    }
    let (axes, span) = (inner.axes.clone(), inner.span);
    let stage = inner.stage.max(Stage::Data);
    Term { kind: TermKind::Convert(conversion, Arc::new(inner)), axes, value, stage, span }
}

/// A term whose numbers are needed as numbers: positions become coordinates.
pub fn numeric(term: Term) -> Term {
    match term.value {
        Kind::Index(dim) => convert(Conversion::ToCoordinate(dim), term, Kind::Int),
        _ => term,
    }
}

/// An operator on its operands.
pub fn operate(operator: Operator, operands: Vec<Term>, value: Kind, span: Span) -> Term {
    if operands.iter().any(is_broken) {
        return broken(span);
    }
    let (axes, stage) = (union(&operands), latest(&operands));
    Term { kind: TermKind::Operate(operator, operands), axes, value, stage, span }
}

/// `if`.
pub fn choose(condition: Term, then: Term, otherwise: Term, value: Kind, span: Span) -> Term {
    let all = [&condition, &then, &otherwise];
    if all.iter().any(|term| is_broken(term)) {
        return broken(span);
    }
    let (axes, stage) = (union(all), latest(all));
    Term {
        kind: TermKind::If(Arc::new(condition), Arc::new(then), Arc::new(otherwise)),
        axes,
        value,
        stage,
        span,
    }
}

/// The same value with axes renamed; nothing where nothing changes.
pub fn rename(pairs: Vec<(AxisVar, AxisVar)>, inner: Term) -> Term {
    let pairs: Vec<_> =
        pairs.into_iter().filter(|(from, to)| from != to && inner.axes.contains(from)).collect();
    if pairs.is_empty() || is_broken(&inner) {
        return inner;
    }
    let renamed = |axis: &AxisVar| pairs.iter().find(|(from, _)| from == axis).map_or(*axis, |(_, to)| *to);
    let mut axes: Vec<AxisVar> = inner.axes.iter().map(renamed).collect();
    axes.sort_unstable();
    axes.dedup();
    let (value, stage, span) = (inner.value, inner.stage, inner.span);
    Term { kind: TermKind::Rename(pairs, Arc::new(inner)), axes, value, stage, span }
}

/// The terms directly inside of a distribution, those of nested distributions included.
pub fn distribution_terms(distribution: &Distribution) -> Vec<&Term> {
    match distribution {
        Distribution::Family(call) => call.arguments.iter().collect(),
        Distribution::If(condition, then, otherwise) => {
            let mut all = vec![&**condition];
            all.extend(distribution_terms(then));
            all.extend(distribution_terms(otherwise));
            all
        }
        Distribution::Truncated { base, ends, .. } => {
            distribution_terms(base).into_iter().chain(ends.iter().flatten().map(|end| &**end)).collect()
        }
        Distribution::Censored { base, right, left, upto, .. } => {
            let marks = [right, left, upto].into_iter().flatten().map(|mark| &**mark);
            distribution_terms(base).into_iter().chain(marks).collect()
        }
        Distribution::Mixture { weights, components, .. } => {
            weights.iter().chain(components.iter().flat_map(distribution_terms)).collect()
        }
        Distribution::MixtureOver { weights, component, .. } => {
            let mut all = vec![&**weights];
            all.extend(distribution_terms(component));
            all
        }
    }
}
