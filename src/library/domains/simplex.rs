//! Vectors of probabilities.

use crate::graph::{Builder, Node};
use crate::library::interval::Interval;
use crate::library::spec::{Domain, Image, Measure, Membership, Place, Rank, Transform};

use super::membership::{NO_ENDS, TOLERANCE, both, each};
use super::zero_sum::{helmert, helmert_coordinates};

/// `simplex`
pub static SIMPLEX: Domain = Domain {
    name: "simplex",
    words: "a vector of probabilities that sum to 1",
    rank: Rank::Vector,
    interval: Interval::UNIT,
    transform: Some(Transform {
        free_size: |sizes| sizes[0].saturating_sub(1),
        measure: Measure::AllButLast,
        forward,
        inverse,
    }),
    inside: &[
        (&[0.13, 0.4, 0.47], NO_ENDS, 3),
        (&[0.97, 0.01, 0.015, 0.005], NO_ENDS, 4),
        (&[1.0], NO_ENDS, 1),
    ],
    outside: &[(&[0.4, 0.5, 0.2], NO_ENDS, 3), (&[-0.4, 0.8, 0.6], NO_ENDS, 3)],
    ..Domain::base(contains)
};

/// x = softmax(z), z summing to 0 with orthonormal coordinates u: no element is special. With respect to the first
/// K - 1 elements, log |det dx/du| = sum(log x) + log(K) / 2.
fn forward(b: &mut Builder, free: Node, place: &Place) -> Image {
    let axis = place.over.axes[0];
    let z = match place.free {
        Some(free_axis) => helmert(b, free, free_axis, axis),
        None => free,
    };
    let normaliser = b.log_sum_exp(z, &[axis]);
    let log = b.sub(z, normaliser);
    let size = b.graph().axis_size(axis) as f64;
    let logs = b.sum(log, &[axis]);
    Image { value: b.exp(log), log_abs_det: b.plus(logs, 0.5 * size.ln()) }
}

fn inverse(x: &[f64], _: [f64; 2], _: usize) -> Vec<f64> {
    let logs: Vec<f64> = x.iter().map(|x| x.ln()).collect();
    helmert_coordinates(&logs)
}

fn contains(x: &[f64], _: [f64; 2], _: usize) -> Membership {
    let sum: f64 = x.iter().sum();
    both(each(x, |x| (0.0..=1.0).contains(&x), "is not between 0 and 1"), || {
        match (sum - 1.0).abs() <= TOLERANCE {
            true => Membership::Inside,
            false => Membership::Outside("does not sum to 1"),
        }
    })
}
