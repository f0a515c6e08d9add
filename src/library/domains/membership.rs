//! Tests of membership that several domains share.

use crate::library::spec::Membership;

/// No ends.
pub(super) const NO_ENDS: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

/// How far sums of data may be from what they must be: data files are rounded.
pub(super) const TOLERANCE: f64 = 1e-6;

/// Inside if every number is finite and passes.
pub(super) fn each(x: &[f64], passes: impl Fn(f64) -> bool, otherwise: &'static str) -> Membership {
    if x.iter().any(|x| !x.is_finite()) {
        return Membership::Outside("is not finite");
    }
    match x.iter().all(|&x| passes(x)) {
        true => Membership::Inside,
        false => Membership::Outside(otherwise),
    }
}

/// Inside only if both say so; the first reason counts.
pub(super) fn both(first: Membership, second: impl FnOnce() -> Membership) -> Membership {
    match first {
        Membership::Inside => second(),
        outside => outside,
    }
}

/// An integer between ends.
pub(super) fn integers(x: &[f64], ends: [f64; 2], otherwise: &'static str) -> Membership {
    both(each(x, |x| x.fract() == 0.0, "is not an integer"), || {
        each(x, |x| ends[0] <= x && x <= ends[1], otherwise)
    })
}
