//! Increasing vectors.

use crate::graph::{Builder, Direction, Node};
use crate::library::spec::{Domain, Image, Measure, Membership, Place, Rank, Transform};

use super::membership::{NO_ENDS, both, each};

/// `ordered`
pub static ORDERED: Domain = Domain {
    name: "ordered",
    words: "a vector of increasing numbers",
    rank: Rank::Vector,
    transform: Some(Transform { free_size: |sizes| sizes[0], measure: Measure::All, forward, inverse }),
    arrange: Some(sort),
    inside: &[(&[-1.3, 0.4, 0.9, 7.7], NO_ENDS, 4), (&[2.2], NO_ENDS, 1)],
    outside: &[(&[0.4, -1.3, 0.9], NO_ENDS, 3)],
    ..Domain::base(|x, _, _| increasing(x))
};

/// x\[0] = u\[0], x\[k] = x[k-1] + exp(u\[k]).
fn forward(b: &mut Builder, free: Node, place: &Place) -> Image {
    let axis = place.over.axes[0];
    let u = on_joint_axis(b, free, place);
    let (zero, position) = (b.constant(0.0), b.iota(axis));
    let step = b.less(zero, position);
    let log_step = b.select(step, u, zero);
    let distance = b.exp(log_step);
    let increments = b.select(step, distance, u);
    let value = b.cumulative_sum(increments, axis, Direction::Forward);
    Image { value, log_abs_det: b.sum(log_step, &[axis]) }
}

/// The free vector, as long as the joint one, along the joint axis.
pub(super) fn on_joint_axis(b: &mut Builder, free: Node, place: &Place) -> Node {
    match place.free {
        Some(axis) => b.rename(free, &[(axis, place.over.axes[0])]),
        None => free,
    }
}

fn inverse(x: &[f64], _: [f64; 2], _: usize) -> Vec<f64> {
    let steps = x.windows(2).map(|pair| (pair[1] - pair[0]).ln());
    x.first().copied().into_iter().chain(steps).collect()
}

/// All orders of independent draws are as likely, so that sorted ones have the density on the ordered cone.
pub(super) fn sort(x: &mut [f64]) {
    x.sort_by(f64::total_cmp);
}

pub(super) fn increasing(x: &[f64]) -> Membership {
    both(each(x, |_| true, "is not finite"), || match x.windows(2).all(|pair| pair[0] < pair[1]) {
        true => Membership::Inside,
        false => Membership::Outside("is not increasing"),
    })
}
