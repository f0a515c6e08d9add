//! Linear algebra on batches of matrices, eight samples abreast; where rows are exchanged, one sample at a time.

use std::cell::Cell;

use crate::graph::Direction;
use crate::numeric::dispatch::Isa;
use crate::numeric::lanes::{Lanes, lanes};
use crate::program::code::{Lines, Matrices, Offset};

use super::Frame;

/// A matrix of a batch.
#[derive(Clone, Copy)]
struct View<'a, const N: usize> {
    cells: &'a [Cell<Lanes<N>>],
    row: usize,
    column: usize,
}

impl<'a, const N: usize> View<'a, N> {
    #[inline(always)]
    fn cell(self, i: usize, j: usize) -> &'a Cell<Lanes<N>> {
        &self.cells[i * self.row + j * self.column]
    }

    #[inline(always)]
    fn at(self, i: usize, j: usize) -> Lanes<N> {
        self.cell(i, j).get()
    }
}

fn view<'a, const N: usize>(matrices: &Matrices, array: &'a [Cell<Lanes<N>>], start: u32) -> View<'a, N> {
    View { cells: &array[start as usize..], row: matrices.row, column: matrices.column }
}

/// Lower factors, column by column; all NaN for the samples in which a pivot is not positive.
#[inline(always)]
pub(super) fn cholesky<I: Isa, const N: usize>(frame: Frame, x: &Matrices, out: &[Cell<Lanes<N>>]) {
    for &start in x.starts.iter() {
        let (matrix, l) = (view(x, frame.array::<N>(x.array), start), view(x, out, start));
        let mut invalid = Lanes::<N>::ZERO;
        for j in 0..x.size {
            (0..j).for_each(|i| l.cell(i, j).set(Lanes::<N>::ZERO));
            let pivot = lanes!(x = residual::<I, N>(matrix, l, j, j) => x.sqrt());
            invalid =
                lanes!(invalid = invalid, pivot = pivot => if pivot > 0.0 { invalid } else { f64::NAN });
            l.cell(j, j).set(pivot);
            for i in j + 1..x.size {
                l.cell(i, j).set(residual::<I, N>(matrix, l, i, j).over(pivot));
            }
        }
        if invalid.0.iter().any(|x| x.is_nan()) {
            spoil(l, x.size, invalid);
        }
    }
}

/// A[i, j] - sum over k < j of L[i, k] L[j, k]
#[inline(always)]
fn residual<I: Isa, const N: usize>(matrix: View<N>, l: View<N>, i: usize, j: usize) -> Lanes<N> {
    let mut rest = matrix.at(i, j);
    for k in 0..j {
        rest = l.at(i, k).subtracted_from::<I>(l.at(j, k), rest);
    }
    rest
}

#[cold]
fn spoil<const N: usize>(l: View<N>, size: usize, invalid: Lanes<N>) {
    for i in 0..size {
        for j in 0..size {
            l.cell(i, j).set(l.at(i, j).plus(invalid));
        }
    }
}

/// Substitution, forward for L x = b and backward for L' x = b.
#[inline(always)]
pub(super) fn solve_triangular<I: Isa, const N: usize>(
    frame: Frame,
    l: &Matrices,
    (b, x): (&(Offset, Lines), &(Offset, Lines)),
    direction: Direction,
) {
    let n = l.size;
    for (batch, &start) in l.starts.iter().enumerate() {
        let matrix = view(l, frame.array::<N>(l.array), start);
        let known = &frame.array::<N>(b.0)[b.1.starts[batch] as usize..];
        let unknown = &frame.array::<N>(x.0)[x.1.starts[batch] as usize..];
        for step in 0..n {
            let (i, solved) = match direction {
                Direction::Forward => (step, 0..step),
                Direction::Reverse => (n - 1 - step, n - step..n),
            };
            let mut rest = known[b.1.steps[i] as usize].get();
            for j in solved {
                let entry = match direction {
                    Direction::Forward => matrix.at(i, j),
                    Direction::Reverse => matrix.at(j, i),
                };
                rest = entry.subtracted_from::<I>(unknown[x.1.steps[j] as usize].get(), rest);
            }
            unknown[x.1.steps[i] as usize].set(rest.over(matrix.at(i, i)));
        }
    }
}

/// Inverses.
pub(super) fn inverse<const N: usize>(frame: Frame, x: &Matrices, out: &[Cell<Lanes<N>>]) {
    let n = x.size;
    for &start in x.starts.iter() {
        let (matrix, result) = (view(x, frame.array::<N>(x.array), start), view(x, out, start));
        for lane in 0..N {
            let (a, right) = extract(frame, matrix, n, lane);
            right.iter().enumerate().for_each(|(k, cell)| cell.set(if k / n == k % n { 1.0 } else { 0.0 }));
            eliminate(n, a, right);
            for (k, value) in right.iter().enumerate() {
                let cell = result.cell(k / n, k % n);
                let mut lanes = cell.get();
                lanes.0[lane] = value.get();
                cell.set(lanes);
            }
        }
    }
}

/// Logarithms of absolute determinants.
pub(super) fn log_abs_det<const N: usize>(frame: Frame, x: &Matrices, out: &[Cell<Lanes<N>>]) {
    for (cell, &start) in out.iter().zip(x.starts.iter()) {
        let matrix = view(x, frame.array::<N>(x.array), start);
        let mut result = Lanes::<N>::ZERO;
        for lane in 0..N {
            let (a, _) = extract(frame, matrix, x.size, lane);
            result.0[lane] = eliminate(x.size, a, &[]);
        }
        cell.set(result);
    }
}

/// One sample's matrix, row-major, in the scratch of numbers; with as much room beside it.
fn extract<'a, const N: usize>(
    frame: Frame<'a>,
    matrix: View<N>,
    n: usize,
    lane: usize,
) -> (&'a [Cell<f64>], &'a [Cell<f64>]) {
    let (a, right) = frame.numbers[..2 * n * n].split_at(n * n);
    a.iter().enumerate().for_each(|(k, cell)| cell.set(matrix.at(k / n, k % n).0[lane]));
    (a, right)
}

/// Gauss-Jordan elimination with exchange of rows: turns `right`, n rows, into the solution; returns log |det|.
fn eliminate(n: usize, a: &[Cell<f64>], right: &[Cell<f64>]) -> f64 {
    let width = right.len() / n.max(1);
    let mut log_determinant = 0.0;
    for k in 0..n {
        let size = |&i: &usize| a[i * n + k].get().abs();
        let pivot = (k..n).max_by(|i, j| size(i).total_cmp(&size(j))).unwrap_or(k);
        exchange(&a[..n * n], n, (k, pivot));
        exchange(right, width, (k, pivot));
        let scale = a[k * n + k].get();
        log_determinant += scale.abs().ln();
        scale_row(&a[k * n..][..n], scale);
        scale_row(&right[k * width..][..width], scale);
        for i in (0..n).filter(|&i| i != k) {
            let factor = a[i * n + k].get();
            subtract_row(&a[i * n..][..n], factor, &a[k * n..][..n]);
            subtract_row(&right[i * width..][..width], factor, &right[k * width..][..width]);
        }
    }
    log_determinant
}

fn exchange(a: &[Cell<f64>], width: usize, (i, j): (usize, usize)) {
    if i != j {
        (0..width).for_each(|k| a[i * width + k].swap(&a[j * width + k]));
    }
}

fn scale_row(row: &[Cell<f64>], scale: f64) {
    row.iter().for_each(|cell| cell.set(cell.get() / scale));
}

fn subtract_row(row: &[Cell<f64>], factor: f64, other: &[Cell<f64>]) {
    row.iter().zip(other).for_each(|(cell, other)| cell.set(cell.get() - factor * other.get()));
}
