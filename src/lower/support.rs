//! Whether observed data lie where their distributions have mass, as far as that is known before the fit.

use crate::array::Array;
use crate::data::BoundModel;
use crate::diagnostics::{Code, Diagnostic};
use crate::library::{End, Interval, domain};
use crate::model::{AxisVar, Distribution, Factor, FamilyCall, Stage, Term};
use crate::translate::evaluate;

/// How many offending cells are named.
const NAMED: usize = 3;

/// One diagnostic for each `observe` whose data its distribution cannot produce.
pub fn check(bound: &BoundModel) -> Vec<Diagnostic> {
    let checked = bound.model().factors.iter().filter_map(|factor| match factor {
        Factor::Observe { target, distribution: Distribution::Family(call), .. } => {
            check_one(bound, target, call)
        }
        _ => None,
    });
    checked.collect()
}

fn check_one(bound: &BoundModel, target: &Term, call: &FamilyCall) -> Option<Diagnostic> {
    let allowed = domain(call.family.support.domain)?.interval;
    let values = evaluate(bound.model(), bound.bindings(), target)?;
    let ends = [0, 1].map(|side| end_values(bound, call, side));
    let outside = |flat: usize, value: f64| {
        let low = ends[0].as_ref().map_or(allowed.low, |end| end.at(flat, &values, &target.axes));
        let high = ends[1].as_ref().map_or(allowed.high, |end| end.at(flat, &values, &target.axes));
        !within(value, low, high, &allowed)
    };
    let wrong: Vec<(usize, f64)> =
        values.values.iter().copied().enumerate().filter(|&(flat, value)| outside(flat, value)).collect();
    let &(_, first) = wrong.first()?;
    let named: Vec<String> = wrong
        .iter()
        .take(NAMED)
        .map(|&(flat, value)| format!("{value}{}", place(bound, target, &values, flat)))
        .collect();
    let more = wrong.len().saturating_sub(NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let words = domain(call.family.support.domain).map_or("", |row| row.words);
    let message = format!(
        "`{}` can never produce {first}: its values are {words}{}",
        call.family.name,
        bounds_words(call)
    );
    Some(
        Diagnostic::new(Code(760), message)
            .at(target.span, format!("holds {}{rest}", named.join(", ")))
            .at(call.span, "this distribution")
            .help("correct or drop these values, or choose a distribution that allows them (`zero_inflated`, `truncated`)"),
    )
}

fn within(value: f64, low: f64, high: f64, allowed: &Interval) -> bool {
    let ends = Interval { low: low.max(allowed.low), high: high.min(allowed.high), ..*allowed };
    ends.contains(value)
}

fn bounds_words(call: &FamilyCall) -> &'static str {
    let bounded = call.family.support.ends.iter().any(|end| matches!(end, End::Argument(_)));
    if bounded { ", between the ends that its arguments set" } else { "" }
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
    if argument.stage > Stage::Data {
        return None;
    }
    let array = evaluate(bound.model(), bound.bindings(), argument)?;
    Some(EndValues { array, axes: argument.axes.clone() })
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
