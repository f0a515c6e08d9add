//! The generalised gamma, for latents on a half-line (Stacy 1962; Prentice 1974): the log of the distance from the end is
//! that of a gamma, moved, scaled and perhaps mirrored. Gamma, inverse gamma, Weibull, half-normal and their powers are
//! members, the log-normal is the limit of large shapes.

use super::{Closure, Guide, GuideParameter, GuideRange, Seen};
use crate::graph::{Binary, Builder, Node, Unary};
use crate::library::Rank;
use crate::library::formula::total;

/// Beyond, it is a log-normal: a skewness of 1 / 70.
const MOST_SHAPE: GuideRange = GuideRange::Below(5000.0);

/// The row.
pub(super) static GAMMA: Guide = Guide {
    name: "gamma",
    summary: "generalised gamma: a gamma, or inverse gamma, of a power of the distance from the end",
    domains: &["positive", "nonneg", "lower", "upper"],
    rank: Rank::Scalar,
    priors: &[],
    parameters: &[
        GuideParameter { name: "mean of the log", range: GuideRange::Real },
        GuideParameter { name: "sd of the log", range: GuideRange::Positive },
        GuideParameter { name: "shape", range: MOST_SHAPE },
        // Its sign says on which side the long tail of the log lies; it has no derivative.
        GuideParameter { name: "side", range: GuideRange::Real },
    ],
    sample,
    log_density: |b, a, x, _| log_density(b, a, x),
    start,
    closure: Closure::Open,
};

/// Mean psi(a) and standard deviation sqrt(psi'(a)) of the log of a gamma.
fn moments(b: &mut Builder, shape: Node) -> (Node, Node) {
    let variance = b.unary(Unary::Polygamma(1), shape);
    (b.unary(Unary::Polygamma(0), shape), b.sqrt(variance))
}

fn side(b: &mut Builder, side: Node) -> Node {
    b.unary(Unary::Sign, side)
}

/// mean + sd side (log G - psi(a)) / sqrt(psi'(a)), G a gamma of shape a.
fn sample(b: &mut Builder, a: &[Node], u: Node, _: &super::GuideAxes) -> Node {
    let (centre, spread) = moments(b, a[2]);
    let side = side(b, a[3]);
    // The mirrored half takes the mirrored uniform, so that draws increase with u on both.
    let (zero, one) = (b.constant(0.0), b.constant(1.0));
    let (rest, is_mirrored) = (b.sub(one, u), b.less(side, zero));
    let u = b.select(is_mirrored, rest, u);
    let log = b.binary(Binary::LogGammaQuantile, u, a[2]);
    let (gap, scale) = (b.sub(log, centre), b.div(a[1], spread));
    let scale = b.mul(scale, side);
    let moved = b.mul(scale, gap);
    b.add(a[0], moved)
}

/// a t - e^t - lgamma(a) + log sqrt(psi'(a)) - log sd, t the log of the gamma.
fn log_density(b: &mut Builder, a: &[Node], x: Node) -> Node {
    let (centre, spread) = moments(b, a[2]);
    let side = side(b, a[3]);
    let gap = b.sub(x, a[0]);
    let scale = b.div(spread, a[1]);
    let scale = b.mul(scale, side);
    let moved = b.mul(scale, gap);
    let t = b.add(centre, moved);
    let (power, decay, constant) = (b.mul(a[2], t), b.exp(t), b.lgamma(a[2]));
    let (decay, constant) = (b.neg(decay), b.neg(constant));
    let (log_spread, log_scale) = (b.log(spread), b.log(a[1]));
    let volume = b.sub(log_spread, log_scale);
    let each = total(b, &[power, decay, constant, volume]);
    b.sum_all(each)
}

/// The log of a gamma of shape a has a skewness between -2 and 0, near -1 / sqrt(a + 1 / 4).
fn start(seen: &Seen) -> Vec<Vec<f64>> {
    let shape = |skewness: &f64| MOST_SHAPE.free((skewness.powi(-2) - 0.25).clamp(0.05, 500.0));
    let side = |skewness: &f64| if *skewness > 0.0 { -1.0 } else { 1.0 };
    vec![
        seen.mean.to_vec(),
        seen.deviation.iter().map(|sd| sd.ln()).collect(),
        seen.skewness.iter().map(shape).collect(),
        seen.skewness.iter().map(side).collect(),
    ]
}
