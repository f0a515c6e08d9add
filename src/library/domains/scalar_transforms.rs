//! The ways to half-lines and intervals: exponential and logistic.

use crate::graph::{Builder, Node};
use crate::library::formula;
use crate::library::spec::{Image, Measure, Place, Transform};

/// x = exp(u)
pub(super) const EXPONENTIAL: Transform = Transform {
    free_size: |_| 1,
    measure: Measure::All,
    forward: |b, u, _| Image { value: b.exp(u), log_abs_det: u },
    inverse: |x, _, _| x.iter().map(|x| x.ln()).collect(),
};

/// x = low + exp(u)
pub(super) const ABOVE: Transform = Transform {
    free_size: |_| 1,
    measure: Measure::All,
    forward: |b, u, place| {
        let (low, exp) = (end(b, place, 0), b.exp(u));
        Image { value: b.add(low, exp), log_abs_det: u }
    },
    inverse: |x, ends, _| x.iter().map(|x| (x - ends[0]).ln()).collect(),
};

/// x = high - exp(u)
pub(super) const BELOW: Transform = Transform {
    free_size: |_| 1,
    measure: Measure::All,
    forward: |b, u, place| {
        let (high, exp) = (end(b, place, 1), b.exp(u));
        Image { value: b.sub(high, exp), log_abs_det: u }
    },
    inverse: |x, ends, _| x.iter().map(|x| (ends[1] - x).ln()).collect(),
};

/// x = 1 / (1 + exp(-u))
pub(super) const LOGISTIC: Transform = Transform {
    free_size: |_| 1,
    measure: Measure::All,
    forward: |b, u, _| Image { value: b.sigmoid(u), log_abs_det: log_logistic_slope(b, u) },
    inverse: |x, _, _| x.iter().map(|x| x.ln() - (-x).ln_1p()).collect(),
};

/// x = low + (high - low) / (1 + exp(-u))
pub(super) const BETWEEN: Transform = Transform {
    free_size: |_| 1,
    measure: Measure::All,
    forward: |b, u, place| {
        let (low, high) = (end(b, place, 0), end(b, place, 1));
        let (width, share) = (b.sub(high, low), b.sigmoid(u));
        let above = b.mul(width, share);
        let (log_width, slope) = (b.log(width), log_logistic_slope(b, u));
        Image { value: b.add(low, above), log_abs_det: b.add(log_width, slope) }
    },
    inverse: |x, ends, _| x.iter().map(|x| (x - ends[0]).ln() - (ends[1] - x).ln()).collect(),
};

/// log of the derivative of the logistic function, -softplus(u) - softplus(-u).
fn log_logistic_slope(b: &mut Builder, u: Node) -> Node {
    let (up, down) = (b.softplus(u), formula::log_sigmoid(b, u));
    b.sub(down, up)
}

fn end(b: &mut Builder, place: &Place, side: usize) -> Node {
    let unbounded = [f64::NEG_INFINITY, f64::INFINITY][side];
    place.ends[side].unwrap_or_else(|| b.constant(unbounded))
}
