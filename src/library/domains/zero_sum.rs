//! Vectors that sum to 0; over two axes, matrices whose rows and columns do.

use crate::graph::{Axis, Builder, Direction, Node};
use crate::library::spec::{Domain, Image, Measure, Membership, Place, Rank, Transform};

use super::membership::{NO_ENDS, TOLERANCE, both, each};

/// `zero_sum`
pub static ZERO_SUM: Domain = Domain {
    name: "zero_sum",
    words: "a vector that sums to 0",
    rank: Rank::Vector,
    transform: Some(Transform {
        free_size: |sizes| sizes.iter().map(|size| size.saturating_sub(1)).product(),
        measure: Measure::Subspace,
        forward,
        inverse,
    }),
    inside: &[
        (&[-1.3, 0.4, 0.9], NO_ENDS, 3),
        (&[1.5, -0.2, -3.1, 1.8], NO_ENDS, 4),
        (&[1.5, -0.3, -1.2, -1.5, 0.3, 1.2], NO_ENDS, 3),
    ],
    outside: &[(&[0.4, -1.3, 0.7], NO_ENDS, 3)],
    ..Domain::base(contains)
};

/// Coordinates in the orthonormal (Helmert) basis, so that lengths stay and the determinant is 1.
fn forward(b: &mut Builder, free: Node, place: &Place) -> Image {
    let Some(free_axis) = place.free else { return Image { value: free, log_abs_det: b.constant(0.0) } };
    let mut value = free;
    match place.over.axes[..] {
        [axis] => value = helmert(b, value, free_axis, axis),
        ref axes => {
            let freed: Vec<Axis> = axes.iter().map(|&axis| shorter(b, axis)).collect();
            value = unflatten(b, value, free_axis, &freed);
            for (&from, &to) in freed.iter().zip(axes) {
                value = helmert(b, value, from, to);
            }
        }
    }
    Image { value, log_abs_det: b.constant(0.0) }
}

fn shorter(b: &mut Builder, axis: Axis) -> Axis {
    let size = b.graph().axis_size(axis).saturating_sub(1);
    b.axis("free", size)
}

/// A flat axis as several, the last fastest.
fn unflatten(b: &mut Builder, flat: Node, axis: Axis, axes: &[Axis]) -> Node {
    let zero = b.constant(0.0);
    let place = axes.iter().fold(zero, |place, &axis| {
        let size = b.graph().axis_size(axis);
        let (before, here) = (b.times(place, size as f64), b.iota(axis));
        b.add(before, here)
    });
    b.gather(flat, &[(axis, place)])
}

/// The vector with these Helmert coordinates: basis vector i = 1, 2 … is (1 … 1, -i, 0 … 0) / sqrt(i (i + 1)).
/// x\[j] = (sum of w\[i] over i > j) - j w\[j], with w\[i] = u\[i] / sqrt(i (i + 1)): linear in time and memory.
pub(in crate::library) fn helmert(b: &mut Builder, u: Node, free: Axis, axis: Axis) -> Node {
    if b.graph().axis_size(free) == 0 {
        let zero = b.constant(0.0);
        return b.expand(zero, &[axis]);
    }
    let position = b.iota(free);
    let (i, next) = (b.plus(position, 1.0), b.plus(position, 2.0));
    let square = b.mul(i, next);
    let norm = b.sqrt(square);
    let w = b.div(u, norm);
    let above = b.cumulative_sum(w, free, Direction::Reverse);
    let (zero, j) = (b.constant(0.0), b.iota(axis));
    let last = b.graph().axis_size(free) as f64;
    let last = b.constant(last);
    let (is_not_last, is_not_first) = (b.less(j, last), b.less(zero, j));
    let ones = b.gather(above, &[(free, j)]);
    let ones = b.select(is_not_last, ones, zero);
    let before = b.plus(j, -1.0);
    let before = b.select(is_not_first, before, zero);
    let own = b.gather(w, &[(free, before)]);
    let own = b.mul(j, own);
    b.sub(ones, own)
}

/// The matrix that takes a vector to its Helmert coordinates, over both axes.
pub(in crate::library) fn helmert_matrix(b: &mut Builder, free: Axis, axis: Axis) -> Node {
    let (rows, columns) = (b.graph().axis_size(free), b.graph().axis_size(axis));
    let entry = |i: usize, j: usize| {
        let (own, i) = ([1.0, -((i + 1) as f64)], i + 1);
        let sign = if j < i {
            own[0]
        } else if j == i {
            own[1]
        } else {
            0.0
        };
        sign / ((i * (i + 1)) as f64).sqrt()
    };
    let values: Vec<f64> = match free < axis {
        true => (0..rows).flat_map(|i| (0..columns).map(move |j| entry(i, j))).collect(),
        false => (0..columns).flat_map(|j| (0..rows).map(move |i| entry(i, j))).collect(),
    };
    let mut axes = [free, axis];
    axes.sort();
    b.data(&axes, values)
}

/// Helmert coordinates of a vector: the inverse of `helmert` for vectors that sum to 0.
pub(super) fn helmert_coordinates(x: &[f64]) -> Vec<f64> {
    let mut before = 0.0;
    (1..x.len())
        .map(|i| {
            before += x[i - 1];
            let i_real = i as f64;
            (before - i_real * x[i]) / (i_real * (i_real + 1.0)).sqrt()
        })
        .collect()
}

fn inverse(x: &[f64], _: [f64; 2], n: usize) -> Vec<f64> {
    if x.len() <= n {
        return helmert_coordinates(x);
    }
    let rows: Vec<Vec<f64>> = x.chunks(n).map(helmert_coordinates).collect();
    let columns: Vec<Vec<f64>> =
        (0..n - 1).map(|k| helmert_coordinates(&rows.iter().map(|row| row[k]).collect::<Vec<_>>())).collect();
    (0..rows.len() - 1)
        .flat_map(|i| columns.iter().map(move |column| column[i]).collect::<Vec<_>>())
        .collect()
}

fn contains(x: &[f64], _: [f64; 2], n: usize) -> Membership {
    let small = |sum: f64| sum.abs() <= TOLERANCE * x.len() as f64;
    let rows = x.chunks(n.max(1)).all(|row| small(row.iter().sum()));
    let columns = x.len() <= n || (0..n).all(|k| small(x.iter().skip(k).step_by(n).sum()));
    both(each(x, |_| true, "is not finite"), || match rows && columns {
        true => Membership::Inside,
        false => Membership::Outside("does not sum to 0"),
    })
}
