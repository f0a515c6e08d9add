//! The von Mises, for angles: latents between -pi and pi with a von Mises prior, whose ends are one point.

use std::f64::consts::{PI, TAU};

use super::{Closure, Guide, GuideParameter, GuideRange, Seen};
use crate::graph::{Binary, Builder, Node, Unary};
use crate::library::formula::{log_sigmoid, total};
use crate::library::{Over, Rank, families};
use crate::numeric::special::sigmoid;

const MOST_CONCENTRATION: GuideRange = GuideRange::Below(1e6);

/// The row.
pub(super) static VON_MISES: Guide = Guide {
    name: "von_mises",
    summary: "von Mises of the angle, around the circle",
    domains: &["interval"],
    rank: Rank::Scalar,
    priors: &["von_mises"],
    parameters: &[
        GuideParameter { name: "loc", range: GuideRange::Real },
        GuideParameter { name: "concentration", range: MOST_CONCENTRATION },
    ],
    sample: |b, a, u, _| sample(b, a, u),
    log_density: |b, a, x, _| log_density(b, a, x),
    start,
    closure: Closure::Circle,
};

/// The logit of the share of the circle, counted from -pi, that the angle has come.
fn sample(b: &mut Builder, a: &[Node], u: Node) -> Node {
    let turned = b.binary(Binary::VonMisesQuantile, u, a[1]);
    let angle = b.add(a[0], turned);
    let turns = b.times(angle, 1.0 / TAU);
    let turns = b.plus(turns, 0.5);
    let whole = b.unary(Unary::Floor, turns);
    let share = b.sub(turns, whole);
    let one = b.constant(1.0);
    let rest = b.sub(one, share);
    let (log, log_rest) = (b.log(share), b.log(rest));
    b.sub(log, log_rest)
}

/// The density of the angle, and log(2 pi x (1 - x)), x its share.
fn log_density(b: &mut Builder, a: &[Node], x: Node) -> Node {
    let family = families::family("von_mises").expect("a row of the library");
    let (share, opposite) = (b.sigmoid(x), b.neg(x));
    let angle = b.times(share, TAU);
    let angle = b.plus(angle, -PI);
    let density = (family.log_density)(b, a, angle, &Over::default());
    let (low, high) = (log_sigmoid(b, x), log_sigmoid(b, opposite));
    let constant = b.constant(TAU.ln());
    let each = total(b, &[density, low, high, constant]);
    b.sum_all(each)
}

/// As wide as the coordinate's standard deviation says at its mean; at least a bit narrower than the circle.
fn start(seen: &Seen) -> Vec<Vec<f64>> {
    let angle = |mean: &f64| TAU * sigmoid(*mean) - PI;
    let elements = seen.mean.iter().zip(seen.deviation).map(|(mean, deviation)| {
        let width = TAU * sigmoid(*mean) * sigmoid(-mean) * deviation;
        MOST_CONCENTRATION.free(width.powi(-2).clamp(0.3, 1e5))
    });
    vec![seen.mean.iter().map(angle).collect(), elements.collect()]
}
