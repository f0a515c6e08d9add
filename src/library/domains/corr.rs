//! Correlation matrices.

use crate::graph::{Builder, Node};
use crate::library::formula::{factorise, times_transpose};
use crate::library::interval::Interval;
use crate::library::spec::{Domain, Image, Measure, Membership, Place, Rank, Transform};

use super::membership::{NO_ENDS, TOLERANCE, both};
use super::triangles::{
    below_diagonal, correlation_coordinates, correlation_factor, positive_definite, weighted_log_diagonal,
};

/// `corr`
pub static CORR: Domain = Domain {
    name: "corr",
    words: "a correlation matrix",
    rank: Rank::Matrix,
    within: Some("cov"),
    interval: Interval::closed(-1.0, 1.0),
    transform: Some(Transform {
        free_size: below_diagonal,
        measure: Measure::BelowDiagonal,
        forward,
        inverse,
    }),
    inside: &[
        (&[1.0, -0.6, -0.6, 1.0], NO_ENDS, 2),
        (&[1.0, 0.3, -0.2, 0.3, 1.0, 0.45, -0.2, 0.45, 1.0], NO_ENDS, 3),
    ],
    outside: &[
        (&[1.0, 0.6, 0.5, 1.0], NO_ENDS, 2),
        (&[2.0, 0.6, 0.6, 1.0], NO_ENDS, 2),
        (&[1.0, 1.6, 1.6, 1.0], NO_ENDS, 2),
    ],
    ..Domain::base(|x, _, n| both(positive_definite(x, n), || unit_diagonal(x, n)))
};

/// R = L L'. With respect to the elements below the diagonal, L to R has log determinant sum (n - 1 - j) log L[j, j].
fn forward(b: &mut Builder, free: Node, place: &Place) -> Image {
    let factor = correlation_factor(b, free, place);
    let squaring = weighted_log_diagonal(b, factor.value, place, -1.0);
    let value = times_transpose(b, factor.value, &place.over);
    Image { value, log_abs_det: b.add(factor.log_abs_det, squaring) }
}

fn inverse(x: &[f64], _: [f64; 2], n: usize) -> Vec<f64> {
    factorise(x, n).map_or(vec![f64::NAN; n * (n - 1) / 2], |factor| correlation_coordinates(&factor, n))
}

fn unit_diagonal(x: &[f64], n: usize) -> Membership {
    match (0..n).all(|k| (x[k * n + k] - 1.0).abs() <= TOLERANCE) {
        true => Membership::Inside,
        false => Membership::Outside("has a diagonal other than 1"),
    }
}
