//! Increasing vectors of positive numbers.

use crate::graph::{Builder, Direction, Node};
use crate::library::interval::Interval;
use crate::library::spec::{Domain, Image, Measure, Place, Rank, Transform};

use super::membership::{NO_ENDS, both, each};
use super::ordered::{increasing, on_joint_axis, sort};

/// `positive_ordered`
pub static POSITIVE_ORDERED: Domain = Domain {
    name: "positive_ordered",
    words: "a vector of increasing positive numbers",
    rank: Rank::Vector,
    interval: Interval::POSITIVE,
    transform: Some(Transform { free_size: |sizes| sizes[0], measure: Measure::All, forward, inverse }),
    arrange: Some(sort),
    inside: &[(&[0.03, 0.4, 0.9, 7.7], NO_ENDS, 4), (&[2.2], NO_ENDS, 1)],
    outside: &[(&[0.4, 0.3, 0.9], NO_ENDS, 3), (&[-0.4, 0.3], NO_ENDS, 2)],
    ..Domain::base(|x, _, _| both(increasing(x), || each(x, |x| x > 0.0, "is not above 0")))
};

/// x\[k] = x[k-1] + exp(u\[k]), from 0.
fn forward(b: &mut Builder, free: Node, place: &Place) -> Image {
    let axis = place.over.axes[0];
    let u = on_joint_axis(b, free, place);
    let steps = b.exp(u);
    let value = b.cumulative_sum(steps, axis, Direction::Forward);
    Image { value, log_abs_det: b.sum(u, &[axis]) }
}

fn inverse(x: &[f64], _: [f64; 2], _: usize) -> Vec<f64> {
    let below = std::iter::once(0.0).chain(x.iter().copied());
    x.iter().zip(below).map(|(x, below)| (x - below).ln()).collect()
}
