//! Triangular matrices from flat vectors, in graph and in numbers: what the matrix domains share.

use crate::graph::{Binary, Builder, Direction, Node};
use crate::library::spec::{Image, Membership, Place};

use super::membership::TOLERANCE;

/// n (n - 1) / 2
pub(super) fn below_diagonal(sizes: &[usize]) -> usize {
    sizes[0] * sizes[0].saturating_sub(1) / 2
}

/// n (n + 1) / 2
pub(super) fn with_diagonal(sizes: &[usize]) -> usize {
    sizes[0] * (sizes[0] + 1) / 2
}

/// 1 strictly below the diagonal, 0 elsewhere.
pub(super) fn is_below(b: &mut Builder, place: &Place) -> Node {
    let (row, column) = (b.iota(place.over.axes[0]), b.iota(place.over.twins[0]));
    b.less(column, row)
}

/// A flat vector at (i, j): element i (i + offset) / 2 + j, row by row. Meaningless above the triangle.
fn read_triangle(b: &mut Builder, free: Node, place: &Place, offset: f64) -> Node {
    let Some(free_axis) = place.free else { return free };
    if b.graph().axis_size(free_axis) == 0 {
        return b.constant(0.0);
    }
    let (row, column) = (b.iota(place.over.axes[0]), b.iota(place.over.twins[0]));
    let (shifted, zero) = (b.plus(row, offset), b.constant(0.0));
    let double = b.mul(row, shifted);
    let start = b.times(double, 0.5);
    let position = b.add(start, column);
    let last = b.graph().axis_size(free_axis) as f64 - 1.0;
    let last = b.constant(last);
    let position = b.binary(Binary::Min, position, last);
    let position = b.binary(Binary::Max, position, zero);
    b.gather(free, &[(free_axis, position)])
}

/// The factor of a correlation matrix. With z = tanh(u) the canonical partial correlations (Lewandowski, Kurowicka and
/// Joe 2009): L[i, j] = z[i, j] product of sqrt(1 - z[i, k]^2) over k < j, and 1 for z[i, i].
/// The determinant is that of the elements below the diagonal.
pub(super) fn correlation_factor(b: &mut Builder, free: Node, place: &Place) -> Image {
    let (row, column) = (place.over.axes[0], place.over.twins[0]);
    let (zero, one) = (b.constant(0.0), b.constant(1.0));
    let below = is_below(b, place);
    let flat = read_triangle(b, free, place, -1.0);
    let u = b.select(below, flat, zero);
    let z = b.unary(crate::graph::Unary::Tanh, u);
    let log_rest = log_sech(b, u);
    let up_to = b.cumulative_sum(log_rest, column, Direction::Forward);
    let before = b.sub(up_to, log_rest);
    let length = b.exp(before);
    let (rows, columns) = (b.iota(row), b.iota(column));
    let on = b.equal(rows, columns);
    let direction = b.select(on, one, z);
    let value = b.mul(direction, length);
    let slope = b.times(log_rest, 2.0);
    let slope = b.add(slope, before);
    let slopes = b.select(below, slope, zero);
    Image { value, log_abs_det: b.sum(slopes, &[row, column]) }
}

/// log(1 - tanh(u)^2) / 2 = log 2 - |u| - log(1 + exp(-2 |u|)), written without a corner: log 2 + u - softplus(2 u).
fn log_sech(b: &mut Builder, u: Node) -> Node {
    let double = b.times(u, 2.0);
    let softplus = b.softplus(double);
    let difference = b.sub(u, softplus);
    b.plus(difference, std::f64::consts::LN_2)
}

/// The factor of a covariance matrix: u below the diagonal, exp(u) on it.
pub(super) fn covariance_factor(b: &mut Builder, free: Node, place: &Place) -> Image {
    let (row, column) = (place.over.axes[0], place.over.twins[0]);
    let zero = b.constant(0.0);
    let flat = read_triangle(b, free, place, 1.0);
    let below = is_below(b, place);
    let (rows, columns) = (b.iota(row), b.iota(column));
    let on = b.equal(rows, columns);
    let log_diagonal = b.select(on, flat, zero);
    let diagonal = b.exp(log_diagonal);
    let diagonal = b.select(on, diagonal, zero);
    let value = b.select(below, flat, diagonal);
    Image { value, log_abs_det: b.sum(log_diagonal, &[row, column]) }
}

/// Sum over j of (n - j + extra) log L[j, j], j from 0: the determinant of L to L L' for extra = -1 (unit rows).
pub(super) fn weighted_log_diagonal(b: &mut Builder, factor: Node, place: &Place, extra: f64) -> Node {
    let axis = place.over.axes[0];
    let diagonal = crate::library::formula::diagonal(b, factor, &place.over);
    let logs = b.log(diagonal);
    let (position, size) = (b.iota(axis), b.graph().axis_size(axis) as f64);
    let total = b.constant(size + extra);
    let weights = b.sub(total, position);
    b.contract(weights, logs, &[axis])
}

/// Unconstrained numbers of a correlation factor.
pub(super) fn correlation_coordinates(factor: &[f64], n: usize) -> Vec<f64> {
    let mut free = Vec::new();
    for row in factor.chunks(n.max(1)).enumerate() {
        let (i, row) = row;
        let mut rest: f64 = 1.0;
        for &element in &row[..i] {
            free.push((element / rest.sqrt()).atanh());
            rest -= element * element;
        }
    }
    free
}

/// Unconstrained numbers of a covariance factor.
pub(super) fn covariance_coordinates(factor: &[f64], n: usize) -> Vec<f64> {
    let element = |i: usize, j: usize| if i == j { factor[i * n + j].ln() } else { factor[i * n + j] };
    (0..n).flat_map(|i| (0..=i).map(move |j| element(i, j))).collect()
}

/// The lower factor of a matrix; none where it is not positive definite.
pub(super) fn factorise(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    let square = nalgebra::DMatrix::from_row_slice(n, n, matrix);
    let factor = square.cholesky()?.l();
    Some((0..n * n).map(|k| factor[(k / n, k % n)]).collect())
}

/// Inside if the matrix is symmetric and positive definite.
pub(super) fn positive_definite(x: &[f64], n: usize) -> Membership {
    if x.len() != n * n || x.iter().any(|x| !x.is_finite()) {
        return Membership::Outside("is not a square matrix of finite numbers");
    }
    let scale = x.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let symmetric = (0..n * n).all(|k| (x[k] - x[k % n * n + k / n]).abs() <= TOLERANCE * scale);
    if !symmetric {
        return Membership::Outside("is not symmetric");
    }
    match factorise(x, n) {
        Some(_) => Membership::Inside,
        None => Membership::Outside("is not positive definite"),
    }
}

/// Inside if the matrix is lower triangular with a positive diagonal.
pub(super) fn lower_triangular(x: &[f64], n: usize) -> Membership {
    if x.len() != n * n || x.iter().any(|x| !x.is_finite()) {
        return Membership::Outside("is not a square matrix of finite numbers");
    }
    let triangular = (0..n * n).all(|k| k % n <= k / n || x[k] == 0.0);
    match (triangular, (0..n).all(|k| x[k * n + k] > 0.0)) {
        (true, true) => Membership::Inside,
        (false, _) => Membership::Outside("has numbers above its diagonal"),
        (_, false) => Membership::Outside("has a diagonal that is not positive"),
    }
}
