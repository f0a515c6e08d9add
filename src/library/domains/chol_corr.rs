//! Lower triangular factors of correlation matrices.

use crate::library::interval::Interval;
use crate::library::spec::{Domain, Measure, Membership, Rank, Transform};

use super::membership::{NO_ENDS, TOLERANCE, both};
use super::triangles::{below_diagonal, correlation_coordinates, correlation_factor, lower_triangular};

/// `chol_corr`
pub static CHOL_CORR: Domain = Domain {
    name: "chol_corr",
    words: "a lower triangular factor of a correlation matrix",
    rank: Rank::Matrix,
    within: Some("chol_cov"),
    interval: Interval::closed(-1.0, 1.0),
    transform: Some(Transform {
        free_size: below_diagonal,
        measure: Measure::BelowDiagonal,
        forward: correlation_factor,
        inverse: |x, _, n| correlation_coordinates(x, n),
    }),
    inside: &[
        (&[1.0, 0.0, -0.6, 0.8], NO_ENDS, 2),
        (&[1.0, 0.0, 0.0, 0.6, 0.8, 0.0, -0.48, 0.64, 0.6], NO_ENDS, 3),
    ],
    outside: &[(&[1.0, 0.0, -0.6, 0.9], NO_ENDS, 2), (&[0.8, 0.6, 0.0, 1.0], NO_ENDS, 2)],
    ..Domain::base(|x, _, n| both(lower_triangular(x, n), || unit_rows(x, n)))
};

fn unit_rows(x: &[f64], n: usize) -> Membership {
    let length = |row: &[f64]| row.iter().map(|x| x * x).sum::<f64>();
    match x.chunks(n).all(|row| (length(row) - 1.0).abs() <= TOLERANCE) {
        true => Membership::Inside,
        false => Membership::Outside("has a row that does not have length 1"),
    }
}
