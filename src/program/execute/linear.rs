//! Linear algebra on batches of matrices: how a matrix lies in memory, and elimination with exchange of rows, one sample
//! at a time. Factors are in `factor`, triangular systems in `substitute`, what is very small in `small`.

use std::cell::Cell;

use crate::numeric::lanes::Lanes;
use crate::program::code::Matrices;

use super::Frame;

/// A matrix of a batch.
#[derive(Clone, Copy)]
pub(super) struct View<'a, const N: usize> {
    pub cells: &'a [Cell<Lanes<N>>],
    pub row: usize,
    pub column: usize,
}

impl<'a, const N: usize> View<'a, N> {
    #[inline(always)]
    pub fn cell(self, i: usize, j: usize) -> &'a Cell<Lanes<N>> {
        &self.cells[i * self.row + j * self.column]
    }

    #[inline(always)]
    pub fn at(self, i: usize, j: usize) -> Lanes<N> {
        self.cell(i, j).get()
    }

    /// The matrix seen with rows for columns.
    #[inline(always)]
    pub fn transposed(self) -> Self {
        Self { cells: self.cells, row: self.column, column: self.row }
    }
}

pub(super) fn view<'a, const N: usize>(
    matrices: &Matrices,
    array: &'a [Cell<Lanes<N>>],
    start: u32,
) -> View<'a, N> {
    View { cells: &array[start as usize..], row: matrices.row, column: matrices.column }
}

/// Inverses.
#[inline(always)]
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
#[inline(always)]
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
#[inline(always)]
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

#[inline(always)]
fn exchange(a: &[Cell<f64>], width: usize, (i, j): (usize, usize)) {
    if i != j {
        (0..width).for_each(|k| a[i * width + k].swap(&a[j * width + k]));
    }
}

#[inline(always)]
fn scale_row(row: &[Cell<f64>], scale: f64) {
    row.iter().for_each(|cell| cell.set(cell.get() / scale));
}

#[inline(always)]
fn subtract_row(row: &[Cell<f64>], factor: f64, other: &[Cell<f64>]) {
    row.iter().zip(other).for_each(|(cell, other)| cell.set(cell.get() - factor * other.get()));
}
