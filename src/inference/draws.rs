//! Standard-normal draws: keyed random streams, and the structured (antithetic, moment-matched) sets that fixed-draw
//! objectives and proposals are built from.

use nalgebra::{DMatrix, SymmetricEigen};

use crate::numeric::random::Generator;

/// What a stream of random numbers is for; streams of different purposes are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Starting points of paths.
    Start = 1,
    /// Draws that score the Gaussians along a path.
    Path = 2,
    /// The fixed draws of the objective.
    Objective = 3,
    /// Draws of a proposal.
    Proposal = 4,
    /// Directions that probe how curvature changes.
    Probe = 5,
    /// The draws handed to the caller when no weights are used.
    Result = 6,
    /// Weights of a flow's networks, and the draws that train it.
    Flow = 7,
}

/// The stream of `purpose`, number `index`, of a seed: always the same numbers.
pub fn stream(seed: u64, purpose: Purpose, index: u64) -> Generator {
    Generator::new(seed, (purpose as u64) << 32 | index)
}

/// Up to this many coordinates the fixed draws have all second moments of the standard normal.
pub const EXACT_MOMENTS: usize = 256;

/// How many fixed draws an objective of `dimension` coordinates uses.
pub fn objective_draws(dimension: usize) -> usize {
    let covered = if dimension <= EXACT_MOMENTS { dimension } else { 64 };
    (2 * covered + 16).max(32).next_multiple_of(8)
}

/// `2 * pairs` rows of `dimension` standard normals, row-major: row 2k + 1 is minus row 2k, and the second moments are
/// those of the standard normal: all of them where the rows suffice (pairs >= 2 * dimension or the set is small),
/// otherwise the diagonal ones.
pub fn structured(pairs: usize, dimension: usize, generator: &mut Generator) -> Vec<f64> {
    let mut normals = vec![0.0; pairs * dimension];
    generator.normals(&mut normals);
    let mut half = DMatrix::from_row_slice(pairs, dimension, &normals);
    if pairs >= dimension && dimension <= 256 {
        whiten(&mut half);
    } else {
        orthogonal_rows(&mut half);
    }
    let mut rows = Vec::with_capacity(2 * pairs * dimension);
    for row in half.row_iter() {
        rows.extend(row.iter());
        rows.extend(row.iter().map(|x| -x));
    }
    rows
}

/// Multiplies by the inverse square root of the second-moment matrix, so that it becomes the identity.
fn whiten(half: &mut DMatrix<f64>) {
    let moments = half.tr_mul(half) / half.nrows() as f64;
    let eigen = SymmetricEigen::new(moments);
    let floor = 1e-10 * eigen.eigenvalues.max();
    let roots = eigen.eigenvalues.map(|value| value.max(floor).sqrt().recip());
    let root = &eigen.eigenvectors * DMatrix::from_diagonal(&roots) * eigen.eigenvectors.transpose();
    *half = &*half * root;
}

/// Makes the rows orthogonal with their own lengths kept on average, then each column's second moment one.
fn orthogonal_rows(half: &mut DMatrix<f64>) {
    let (pairs, dimension) = half.shape();
    if pairs <= 256 && pairs <= dimension {
        let directions = half.transpose().qr().q().transpose();
        *half = directions * (dimension as f64).sqrt();
    }
    for mut column in half.column_iter_mut() {
        let scale = (column.norm_squared() / pairs as f64).sqrt();
        column.unscale_mut(scale.max(1e-12));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_moments_are_the_identity() {
        for (pairs, dimension) in [(16, 3), (16, 16), (500, 7)] {
            let rows = structured(pairs, dimension, &mut stream(3, Purpose::Objective, 0));
            let count = 2 * pairs;
            for i in 0..dimension {
                for j in 0..dimension {
                    let moment: f64 =
                        (0..count).map(|k| rows[k * dimension + i] * rows[k * dimension + j]).sum::<f64>()
                            / count as f64;
                    let expected = if i == j { 1.0 } else { 0.0 };
                    assert!((moment - expected).abs() < 1e-9, "{pairs} {dimension} {i} {j} {moment}");
                }
                let mean: f64 = (0..count).map(|k| rows[k * dimension + i]).sum();
                assert!(mean.abs() < 1e-9);
            }
        }
    }

    #[test]
    fn wide_sets_have_unit_diagonal_moments_and_streams_repeat() {
        let rows = structured(8, 40, &mut stream(3, Purpose::Objective, 0));
        let again = structured(8, 40, &mut stream(3, Purpose::Objective, 0));
        assert_eq!(rows, again);
        assert_ne!(rows, structured(8, 40, &mut stream(3, Purpose::Objective, 1)));
        for i in 0..40 {
            let moment: f64 = (0..16).map(|k| rows[k * 40 + i].powi(2)).sum::<f64>() / 16.0;
            assert!((moment - 1.0).abs() < 1e-9);
        }
    }
}
