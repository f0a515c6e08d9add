//! Covariance matrices.

use crate::graph::{Builder, Node};
use crate::library::formula::{factorise, times_transpose};
use crate::library::spec::{Domain, Image, Measure, Place, Rank, Transform};

use super::membership::NO_ENDS;
use super::triangles::{
    covariance_coordinates, covariance_factor, positive_definite, weighted_log_diagonal, with_diagonal,
};

/// `cov`
pub static COV: Domain = Domain {
    name: "cov",
    words: "a covariance matrix (symmetric, positive definite)",
    rank: Rank::Matrix,
    transform: Some(Transform { free_size: with_diagonal, measure: Measure::UpToDiagonal, forward, inverse }),
    inside: &[
        (&[1.7, -0.6, -0.6, 0.9], NO_ENDS, 2),
        (&[2.0, 0.3, -0.2, 0.3, 1.1, 0.45, -0.2, 0.45, 0.8], NO_ENDS, 3),
    ],
    outside: &[(&[1.0, 0.6, 0.5, 1.0], NO_ENDS, 2), (&[1.0, 1.6, 1.6, 1.0], NO_ENDS, 2)],
    ..Domain::base(|x, _, n| positive_definite(x, n))
};

/// S = L L'. With respect to the elements up to the diagonal, L to S has determinant 2^n product L[j, j]^(n - j).
fn forward(b: &mut Builder, free: Node, place: &Place) -> Image {
    let factor = covariance_factor(b, free, place);
    let squaring = weighted_log_diagonal(b, factor.value, place, 0.0);
    let size = b.graph().axis_size(place.over.axes[0]) as f64;
    let squaring = b.plus(squaring, size * std::f64::consts::LN_2);
    let value = times_transpose(b, factor.value, &place.over);
    Image { value, log_abs_det: b.add(factor.log_abs_det, squaring) }
}

fn inverse(x: &[f64], _: [f64; 2], n: usize) -> Vec<f64> {
    factorise(x, n).map_or(vec![f64::NAN; n * (n + 1) / 2], |factor| covariance_coordinates(&factor, n))
}
