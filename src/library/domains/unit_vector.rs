//! Vectors of length 1.

use crate::graph::{Builder, Node};
use crate::library::Law;
use crate::library::interval::Interval;
use crate::library::spec::{Domain, Image, Measure, Membership, Place, Rank, Transform};

use super::membership::{NO_ENDS, TOLERANCE, both, each};
use super::ordered::on_joint_axis;

/// `unit_vector`
pub static UNIT_VECTOR: Domain = Domain {
    name: "unit_vector",
    words: "a vector of length 1",
    rank: Rank::Vector,
    interval: Interval::closed(-1.0, 1.0),
    transform: Some(Transform {
        free_size: |sizes| sizes[0],
        measure: Measure::Sphere,
        forward,
        inverse: |x, _, _| x.to_vec(),
    }),
    inside: &[(&[0.6, -0.8], NO_ENDS, 2), (&[0.48, 0.64, -0.6], NO_ENDS, 3)],
    outside: &[(&[0.4, 0.5, 0.2], NO_ENDS, 3)],
    exempt: &[(
        Law::RoundTrip,
        "it has one unconstrained number more than dimensions, so there is no determinant",
    )],
    ..Domain::base(contains)
};

/// x = u / r with r = |u|, whose length is redundant and given a chi density: with respect to area on the sphere,
/// log volume = -r^2 / 2 - (K / 2 - 1) log 2 - lgamma(K / 2).
fn forward(b: &mut Builder, free: Node, place: &Place) -> Image {
    let axis = place.over.axes[0];
    let u = on_joint_axis(b, free, place);
    let squares = b.square(u);
    let square = b.sum(squares, &[axis]);
    let length = b.sqrt(square);
    let half_size = b.graph().axis_size(axis) as f64 / 2.0;
    let constant = (half_size - 1.0) * std::f64::consts::LN_2 + libm::lgamma(half_size);
    let exponent = b.times(square, -0.5);
    Image { value: b.div(u, length), log_abs_det: b.plus(exponent, -constant) }
}

fn contains(x: &[f64], _: [f64; 2], _: usize) -> Membership {
    let square: f64 = x.iter().map(|x| x * x).sum();
    both(each(x, |_| true, "is not finite"), || match (square - 1.0).abs() <= TOLERANCE {
        true => Membership::Inside,
        false => Membership::Outside("does not have length 1"),
    })
}
