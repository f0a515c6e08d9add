//! Whether observed data lie where their distributions have mass, as far as that is known before the fit.

use std::sync::Arc;

use crate::array::Array;
use crate::data::BoundModel;
use crate::diagnostics::{Code, Diagnostic};
use crate::library::{End, Grain, Interval, Membership, Rank, ValueKind, domain};
use crate::model::{
    Address, AxisVar, Distribution, DistributionFunction, Factor, FamilyCall, Kind, Model, Obligation,
    SiteId, SiteKind, Stage, Term, TermKind,
};
use crate::source::Span;
use crate::translate::evaluate;

/// How many offending cells are named.
const NAMED: usize = 3;

/// Data that their distribution cannot produce.
#[derive(Clone, Debug)]
pub struct Impossible {
    /// What is said, in terms of the model.
    pub diagnostic: Diagnostic,
    /// The data, where they are observed as they are.
    pub site: Option<SiteId>,
    /// The first few offending cells, row-major.
    pub cells: Vec<usize>,
}

/// One for each `observe` whose data its distribution cannot produce.
pub fn check(bound: &BoundModel) -> Vec<Impossible> {
    let checked = bound.model().factors.iter().filter_map(|factor| match factor {
        Factor::Observe { target, distribution, gaps, .. } => match distribution {
            Distribution::Family(call) => check_one(bound, (target, gaps.as_deref()), (call, None)),
            Distribution::Truncated { base, ends, span } => match &**base {
                Distribution::Family(call) => {
                    check_one(bound, (target, gaps.as_deref()), (call, Some((ends, *span))))
                }
                _ => None,
            },
            _ => None,
        },
        Factor::Potential { .. } => None,
    });
    checked.collect()
}

/// The ends of a truncation, and where it is written.
type Cut<'m> = (&'m [Option<Arc<Term>>; 2], Span);

fn check_one(
    bound: &BoundModel,
    (target, gaps): (&Term, Option<&Term>),
    (call, cut): (&FamilyCall, Option<Cut<'_>>),
) -> Option<Impossible> {
    let allowed = domain(call.family.support.domain)?.interval;
    let values = evaluate(bound.model(), bound.bindings(), target)?;
    let ends = [0, 1].map(|side| {
        let cut = cut.and_then(|(ends, _)| values_of(bound, ends[side].as_ref()?));
        cut.or_else(|| end_values(bound, call, side))
    });
    let missing = gaps.and_then(|gaps| evaluate(bound.model(), bound.bindings(), gaps));
    let is_missing = |flat: usize| missing.as_ref().is_some_and(|missing| missing.values[flat] != 0.0);
    let outside = |flat: usize, value: f64| {
        let low = ends[0].as_ref().map_or(allowed.low, |end| end.at(flat, &values, &target.axes));
        let high = ends[1].as_ref().map_or(allowed.high, |end| end.at(flat, &values, &target.axes));
        !within(value, low, high, &allowed)
    };
    let impossible = impossible(bound, target, call).filter(|_| cut.is_none());
    let outside = |flat: usize, value: f64| {
        outside(flat, value) || impossible.as_ref().is_some_and(|impossible| impossible[flat])
    };
    let wrong: Vec<(usize, f64)> = values
        .values
        .iter()
        .copied()
        .enumerate()
        .filter(|&(flat, value)| !is_missing(flat) && outside(flat, value))
        .collect();
    let &(_, first) = wrong.first()?;
    let named: Vec<String> = wrong
        .iter()
        .take(NAMED)
        .map(|&(flat, value)| format!("{value}{}", place(bound, target, &values, flat)))
        .collect();
    let more = wrong.len().saturating_sub(NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let words = domain(call.family.support.domain).map_or("", |row| row.words);
    let by_parameters = impossible.as_ref().is_some_and(|impossible| impossible[wrong[0].0])
        && within(first, allowed.low, allowed.high, &allowed)
        && ends.iter().all(Option::is_none);
    let allowed_words = match by_parameters {
        true => "these parameters leave it no probability".to_string(),
        false => format!("it gives {}", allowed_words(words, &ends, wrong[0].0, (&values, target))),
    };
    let truncated = if cut.is_some() { "truncated " } else { "" };
    let message = format!("{truncated}`{}` can never produce {first}: {allowed_words}", call.family.name);
    let diagnostic = Diagnostic::new(Code(760), message)
        .at(target.span, format!("holds {}{rest}", named.join(", ")))
        .at(cut.map_or(call.span, |(_, span)| span), "observed with this distribution")
        .help(what_to_do((target, call), &wrong, bound.model()));
    let site = match &target.kind {
        TermKind::Read(site, addresses)
            if addresses.iter().all(|address| matches!(address, Address::Here(_))) =>
        {
            Some(*site).filter(|site| bound.model().site(*site).axes == target.axes)
        }
        _ => None,
    };
    let cells = wrong.iter().take(NAMED).map(|&(flat, _)| flat).collect();
    Some(Impossible { diagnostic, site, cells })
}

/// Which values have no probability, where all parameters are known from data: the log density is minus infinity.
fn impossible(bound: &BoundModel, target: &Term, call: &FamilyCall) -> Option<Vec<bool>> {
    let known = call.arguments.iter().all(|argument| argument.stage <= Stage::Data);
    if !known || call.family.kind != ValueKind::Count || call.family.rank != Rank::Scalar {
        return None;
    }
    let distribution = Arc::new(Distribution::Family(call.clone()));
    let kind = TermKind::OfDistribution(
        DistributionFunction::LogProbability,
        distribution,
        Arc::new(target.clone()),
    );
    let term = Term { kind, value: Kind::Real, ..target.clone() };
    let density = evaluate(bound.model(), bound.bindings(), &term)?;
    Some(density.values.iter().map(|value| *value == f64::NEG_INFINITY || value.is_nan()).collect())
}

/// Zeros among positive numbers are a kind of data of its own.
fn what_to_do((target, call): (&Term, &FamilyCall), wrong: &[(usize, f64)], model: &Model) -> String {
    let allowed = domain(call.family.support.domain).map(|row| row.interval);
    let above = allowed.is_some_and(|allowed| allowed.low == 0.0 && allowed.grain == Grain::Real);
    if above && wrong.iter().all(|&(_, value)| value == 0.0) {
        let name = call.family.name;
        let cells: Vec<&str> = target.axes.iter().map(|axis| model.dim(axis.dim).name.as_str()).collect();
        if let (TermKind::Read(site, _), [dim]) = (&target.kind, &cells[..]) {
            let data = &model.site(*site).name;
            return format!(
                "if these zeros are real, model them apart: `let zero[{dim}] = {data} == 0`, `observe zero ~ bernoulli(p)` and `observe {data}[i: {dim} where {data} > 0] ~ {name}(…)`; else correct or drop them"
            );
        }
    }
    "correct or drop these values, or choose a distribution that can produce them".to_owned()
}

/// What the distribution gives, with the ends that it has at the offending cell.
fn allowed_words(
    words: &str,
    ends: &[Option<EndValues>; 2],
    flat: usize,
    (values, target): (&Array, &Term),
) -> String {
    let [low, high] = ends.each_ref().map(|end| end.as_ref().map(|end| end.at(flat, values, &target.axes)));
    match (low, high) {
        (None, None) => words.to_string(),
        (Some(low), Some(high)) => format!("values from {low} to {high}"),
        (Some(low), None) => format!("values from {low}"),
        (None, Some(high)) => format!("values up to {high}"),
    }
}

/// Ends that arguments set belong to the support, even where the domain itself is open (towards infinity).
fn within(value: f64, low: f64, high: f64, allowed: &Interval) -> bool {
    let outside = value < low || value > high;
    allowed.contains(value) && !outside
}

/// Parameters that are known from data and lie outside of where they must.
pub fn check_parameters(bound: &BoundModel) -> Vec<Diagnostic> {
    let model = bound.model();
    let mut found: Vec<Diagnostic> = Vec::new();
    for obligation in &model.obligations {
        let term = &obligation.value;
        // The claims of lets are checked where the lets are computed.
        let claimed = |value: &Term| value.span == term.span;
        let claim =
            model.sites.iter().any(|site| matches!(&site.kind, SiteKind::Let(value) if claimed(value)));
        if term.stage > Stage::Data || claim {
            continue;
        }
        let Some(values) = evaluate(model, bound.bindings(), term) else { continue };
        let fact = match obligation.domain.rank {
            Rank::Scalar => {
                let outside = |&value: &f64| !obligation.domain.interval.contains(value);
                values.values.iter().position(outside).map(|flat| at_place(bound, term, &values, flat))
            }
            Rank::Vector => outside_together(bound, obligation, &values),
            _ => None,
        };
        let Some(fact) = fact else { continue };
        let message = format!("{} must be {}", obligation.demanded_by, obligation.domain.words);
        let diagnostic = Diagnostic::new(Code(761), message).at(term.span, fact);
        found.push(diagnostic.help("it depends on data alone: correct the data, or the expression"));
    }
    found
}

/// `is 7 at obs 3`
fn at_place(bound: &BoundModel, term: &Term, values: &Array, flat: usize) -> String {
    format!("is {}{}", values.values[flat], place(bound, term, values, flat))
}

/// What is wrong with values that a joint domain takes together along its axis.
fn outside_together(bound: &BoundModel, obligation: &Obligation, values: &Array) -> Option<String> {
    const NO_ENDS: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];
    let (term, domain) = (&obligation.value, obligation.domain);
    let along = obligation.over.first();
    let axis = along.and_then(|along| term.axes.iter().position(|axis| axis == along));
    // A number that does not vary over the axis stands there as often as the axis is long.
    let times = match (along, axis) {
        (Some(along), None) => bound.bindings().sizes[along.dim.0].unwrap_or(1),
        _ => 1,
    };
    let size = axis.map_or(1, |axis| values.shape[axis]);
    let stride: usize = axis.map_or(1, |axis| values.shape[axis + 1..].iter().product());
    let starts = (0..values.values.len()).filter(|flat| (flat / stride).is_multiple_of(size));
    starts.into_iter().find_map(|start| {
        let together = (0..size).map(|nth| values.values[start + nth * stride]);
        let together: Vec<f64> = together.flat_map(|value| std::iter::repeat_n(value, times)).collect();
        let Membership::Outside(_) = (domain.contains)(&together, NO_ENDS, together.len()) else {
            return None;
        };
        let outside = together.iter().position(|&value| !domain.interval.contains(value));
        Some(match outside {
            Some(nth) => at_place(bound, term, values, start + nth / times * stride),
            None => {
                let total: f64 = together.iter().sum();
                format!("sums to {}", (total * 1e6).round() / 1e6)
            }
        })
    })
}

/// Values of an end that is known from data.
struct EndValues {
    array: Array,
    axes: Vec<AxisVar>,
}

impl EndValues {
    /// The end at the cell of a value.
    fn at(&self, flat: usize, values: &Array, axes: &[AxisVar]) -> f64 {
        let position = positions(flat, &values.shape);
        let offset = self.axes.iter().zip(&self.array.shape).fold(0, |offset, (axis, size)| {
            let place = axes.iter().position(|known| known == axis);
            offset * size + place.map_or(0, |place| position[place])
        });
        self.array.values.get(offset).copied().unwrap_or(f64::NAN)
    }
}

fn end_values(bound: &BoundModel, call: &FamilyCall, side: usize) -> Option<EndValues> {
    let End::Argument(k) = call.family.support.ends[side] else { return None };
    let argument = call.arguments.get(k).filter(|_| call.form == 0 || k == 0)?;
    values_of(bound, argument)
}

/// The values of an end, if they are known from data.
fn values_of(bound: &BoundModel, end: &Term) -> Option<EndValues> {
    if end.stage > Stage::Data {
        return None;
    }
    let array = evaluate(bound.model(), bound.bindings(), end)?;
    Some(EndValues { array, axes: end.axes.clone() })
}

fn positions(mut flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut position = vec![0; shape.len()];
    for (place, &size) in shape.iter().enumerate().rev() {
        position[place] = flat % size.max(1);
        flat /= size.max(1);
    }
    position
}

/// ` at obs 17`
fn place(bound: &BoundModel, target: &Term, values: &Array, flat: usize) -> String {
    let named = target.axes.iter().zip(positions(flat, &values.shape)).map(|(axis, position)| {
        let name = &bound.model().dim(axis.dim).name;
        format!("{name} {}", bound.bindings().coordinates[axis.dim.0].name(position))
    });
    let named: Vec<String> = named.collect();
    if named.is_empty() { String::new() } else { format!(" at {}", named.join(", ")) }
}
