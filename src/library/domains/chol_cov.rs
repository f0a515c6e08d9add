//! Lower triangular factors of covariance matrices.

use crate::library::spec::{Domain, Measure, Rank, Transform};

use super::membership::NO_ENDS;
use super::triangles::{covariance_coordinates, covariance_factor, lower_triangular, with_diagonal};

/// `chol_cov`
pub static CHOL_COV: Domain = Domain {
    name: "chol_cov",
    words: "a lower triangular factor of a covariance matrix",
    rank: Rank::Matrix,
    transform: Some(Transform {
        free_size: with_diagonal,
        measure: Measure::UpToDiagonal,
        forward: covariance_factor,
        inverse: |x, _, n| covariance_coordinates(x, n),
    }),
    inside: &[
        (&[1.7, 0.0, -0.6, 0.3], NO_ENDS, 2),
        (&[0.4, 0.0, 0.0, 2.6, 1.8, 0.0, -0.4, 3.1, 0.6], NO_ENDS, 3),
    ],
    outside: &[(&[1.0, 0.0, -0.6, -0.9], NO_ENDS, 2), (&[0.8, 0.6, 0.0, 1.0], NO_ENDS, 2)],
    ..Domain::base(|x, _, n| lower_triangular(x, n))
};
