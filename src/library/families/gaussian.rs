//! What the multivariate normal families share: densities from a factor of the covariance, and draws.

use crate::graph::{Builder, Direction, Node};
use crate::library::formula::{HALF_LOG_TWO_PI, diagonal, factorise};
use crate::library::spec::Over;
use crate::numeric::random::Generator;

/// Lower factor of a covariance matrix.
pub(super) fn factor(b: &mut Builder, covariance: Node, over: &Over) -> Node {
    let covariance = b.expand(covariance, &[over.axes[0], over.twins[0]]);
    b.cholesky(covariance, over.axes[0], over.twins[0])
}

/// Squared length of the solution z of factor z = residual.
pub(super) fn squared_distance(b: &mut Builder, residual: Node, factor: Node, over: &Over) -> Node {
    let (row, column) = (over.axes[0], over.twins[0]);
    let residual = b.expand(residual, &[row]);
    let z = b.solve_triangular(factor, residual, row, column, Direction::Forward);
    b.contract(z, z, &[column])
}

/// Sum of the logs of the diagonal: half the log determinant of the covariance.
pub(super) fn log_diagonal(b: &mut Builder, factor: Node, over: &Over) -> Node {
    let factor = b.expand(factor, &[over.axes[0], over.twins[0]]);
    let diagonal = diagonal(b, factor, over);
    let logs = b.log(diagonal);
    b.sum(logs, &over.axes)
}

/// log density of a residual whose covariance is factor factor'.
pub(super) fn log_density(b: &mut Builder, residual: Node, factor: Node, over: &Over) -> Node {
    let factor = b.expand(factor, &[over.axes[0], over.twins[0]]);
    let square = squared_distance(b, residual, factor, over);
    let exponent = b.times(square, -0.5);
    let volume = log_diagonal(b, factor, over);
    let density = b.sub(exponent, volume);
    let size = b.graph().axis_size(over.axes[0]) as f64;
    b.plus(density, -size * HALF_LOG_TWO_PI)
}

/// Factor times noise: a centred value with the covariance factor factor'.
pub(super) fn image(b: &mut Builder, factor: Node, noise: Node, over: &Over) -> Node {
    let (row, column) = (over.axes[0], over.twins[0]);
    let factor = b.expand(factor, &[row, column]);
    let noise = b.rename(noise, &[(row, column)]);
    b.contract(factor, noise, &[column])
}

/// A centred draw with this covariance; NaN where it is not positive definite.
pub(super) fn draw(rng: &mut Generator, covariance: &[f64], n: usize) -> Vec<f64> {
    let Some(factor) = factorise(covariance, n) else { return vec![f64::NAN; n] };
    let mut noise = vec![0.0; n];
    rng.normals(&mut noise);
    times(&factor, &noise, n)
}

/// Matrix times vector.
pub(super) fn times(matrix: &[f64], vector: &[f64], n: usize) -> Vec<f64> {
    matrix.chunks(n.max(1)).map(|row| row.iter().zip(vector).map(|(m, v)| m * v).sum()).collect()
}
