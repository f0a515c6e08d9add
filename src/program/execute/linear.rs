//! Linear algebra on batches of matrices: eight samples abreast, or one sample whose rows, or right-hand sides, are
//! abreast; where rows are exchanged, one sample at a time. The operations on a number are the same in all forms.
#![allow(clippy::needless_range_loop, reason = "loops of constant count over several arrays, to be unrolled")]

use std::cell::Cell;

use crate::graph::Direction;
use crate::numeric::dispatch::Isa;
use crate::numeric::lanes::{F8, LANES, Lanes, lanes, load, store};
use crate::program::code::{COLUMNS, Lines, Matrices, Offset};

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
        if N == 1 && x.size >= LANES {
            by_rows::<I, N>(matrix, l, x.size, frame.numbers);
            continue;
        }
        let mut invalid = Lanes::<N>::ZERO;
        for j in 0..x.size {
            (0..j).for_each(|i| l.cell(i, j).set(Lanes::<N>::ZERO));
            let [rest] = residuals::<I, N, 1>(matrix, l, j, j);
            let pivot = lanes!(x = rest => x.sqrt());
            invalid =
                lanes!(invalid = invalid, pivot = pivot => if pivot > 0.0 { invalid } else { f64::NAN });
            l.cell(j, j).set(pivot);
            let mut i = j + 1;
            while i + TOGETHER <= x.size {
                let rest = residuals::<I, N, TOGETHER>(matrix, l, i, j);
                (0..TOGETHER).for_each(|k| l.cell(i + k, j).set(rest[k].over(pivot)));
                i += TOGETHER;
            }
            for i in i..x.size {
                let [rest] = residuals::<I, N, 1>(matrix, l, i, j);
                l.cell(i, j).set(rest.over(pivot));
            }
        }
        if invalid.0.iter().any(|x| x.is_nan()) {
            spoil(l, x.size, invalid);
        }
    }
}

/// Rows that are computed together where lanes are samples: their chains of operations overlap.
const TOGETHER: usize = 4;

/// A[i, j] - sum over k < j of L[i, k] L[j, k], for the K rows from `i` on
#[inline(always)]
fn residuals<I: Isa, const N: usize, const K: usize>(
    matrix: View<N>,
    l: View<N>,
    i: usize,
    j: usize,
) -> [Lanes<N>; K] {
    let mut rest = [Lanes::ZERO; K];
    for k in 0..K {
        rest[k] = matrix.at(i + k, j);
    }
    for m in 0..j {
        let factor = l.at(j, m);
        for k in 0..K {
            rest[k] = l.at(i + k, m).subtracted_from::<I>(factor, rest[k]);
        }
    }
    rest
}

/// The factor of one sample, lanes are rows: the columns stand in `room` one after another, in whole vectors. What
/// stands above the diagonal there has no meaning.
#[inline(always)]
fn by_rows<I: Isa, const N: usize>(matrix: View<N>, l: View<N>, n: usize, room: &[Cell<f64>]) {
    let height = n.next_multiple_of(LANES);
    let mut invalid = 0.0;
    for j in 0..n {
        let column = &room[j * height..][..height];
        (j..n).for_each(|i| column[i].set(matrix.at(i, j).0[0]));
        let mut i = j / LANES * LANES;
        while i + TOGETHER * LANES <= height {
            subtract_columns::<I, TOGETHER>(room, height, (i, j));
            i += TOGETHER * LANES;
        }
        while i < height {
            subtract_columns::<I, 1>(room, height, (i, j));
            i += LANES;
        }
        let pivot = column[j].get().sqrt();
        invalid = if pivot > 0.0 { invalid } else { f64::NAN };
        column[j].set(pivot);
        (j + 1..n).for_each(|i| column[i].set(column[i].get() / pivot));
    }
    for j in 0..n {
        (0..j).for_each(|i| l.cell(i, j).set(Lanes::ZERO));
        (j..n).for_each(|i| l.cell(i, j).set(Lanes::splat(room[j * height + i].get())));
    }
    if f64::is_nan(invalid) {
        spoil(l, n, Lanes::splat(invalid));
    }
}

/// Takes the columns before j from column j, in K vectors of rows from `i` on.
#[inline(always)]
fn subtract_columns<I: Isa, const K: usize>(room: &[Cell<f64>], height: usize, (i, j): (usize, usize)) {
    let mut rest = [F8::ZERO; K];
    for k in 0..K {
        rest[k] = load(room, j * height + i + k * LANES);
    }
    for column in room[..j * height].chunks_exact(height) {
        let factor = F8::splat(column[j].get());
        for k in 0..K {
            rest[k] = load::<LANES>(column, i + k * LANES).subtracted_from::<I>(factor, rest[k]);
        }
    }
    for k in 0..K {
        store(room, j * height + i + k * LANES, rest[k]);
    }
}

#[cold]
fn spoil<const N: usize>(l: View<N>, size: usize, invalid: Lanes<N>) {
    for i in 0..size {
        for j in 0..size {
            l.cell(i, j).set(l.at(i, j).plus(invalid));
        }
    }
}

/// A triangular system with several right-hand sides.
#[derive(Clone, Copy)]
struct System<'a, const N: usize> {
    matrix: View<'a, N>,
    size: usize,
    direction: Direction,
}

impl<const N: usize> System<'_, N> {
    /// The row that is solved in a step, and the unknowns that are known by then.
    #[inline(always)]
    fn row(self, step: usize) -> (usize, std::ops::Range<usize>) {
        match self.direction {
            Direction::Forward => (step, 0..step),
            Direction::Reverse => (self.size - 1 - step, self.size - step..self.size),
        }
    }

    /// The coefficient of unknown j in row i.
    #[inline(always)]
    fn entry(self, i: usize, j: usize) -> Lanes<N> {
        match self.direction {
            Direction::Forward => self.matrix.at(i, j),
            Direction::Reverse => self.matrix.at(j, i),
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
    let (known, unknown) = (frame.array::<N>(b.0), frame.array::<N>(x.0));
    let mut first = 0;
    for starts in l.starts.chunk_by(|a, b| a == b) {
        let matrix = view(l, frame.array::<N>(l.array), starts[0]);
        let system = System { matrix, size: l.size, direction };
        let last = first + starts.len();
        let together = if N == 1 { COLUMNS } else { TOGETHER };
        while first < last {
            let sides = first..last.min(first + together);
            first = sides.end;
            let (b, x) = ((known, &b.1, sides.clone()), (unknown, &x.1, sides.clone()));
            match (N, sides.len()) {
                (1, count) if count >= LANES => by_sides::<I, N>(system, (b, x), frame.numbers),
                (_, TOGETHER) => substitute::<I, N, TOGETHER>(system, (b, x), 0),
                (_, count) => {
                    (0..count).for_each(|k| substitute::<I, N, 1>(system, (b.clone(), x.clone()), k))
                }
            }
        }
    }
}

/// Some lines of an array.
type Sides<'a, const N: usize> = (&'a [Cell<Lanes<N>>], &'a Lines, std::ops::Range<usize>);

/// Solves for K right-hand sides.
#[inline(always)]
fn substitute<I: Isa, const N: usize, const K: usize>(
    system: System<N>,
    ((known, b, sides), (unknown, x, _)): (Sides<N>, Sides<N>),
    from: usize,
) {
    let (mut from_known, mut to_unknown) = ([0; K], [0; K]);
    from_known.copy_from_slice(&b.starts[sides.start + from..][..K]);
    to_unknown.copy_from_slice(&x.starts[sides.start + from..][..K]);
    for step in 0..system.size {
        let (i, solved) = system.row(step);
        let mut rest = [Lanes::ZERO; K];
        for k in 0..K {
            rest[k] = known[(from_known[k] + b.steps[i]) as usize].get();
        }
        for j in solved {
            let entry = system.entry(i, j);
            for k in 0..K {
                let found = unknown[(to_unknown[k] + x.steps[j]) as usize].get();
                rest[k] = entry.subtracted_from::<I>(found, rest[k]);
            }
        }
        for k in 0..K {
            unknown[(to_unknown[k] + x.steps[i]) as usize].set(rest[k].over(system.matrix.at(i, i)));
        }
    }
}

/// One sample, lanes are right-hand sides, which stand in `room` line after line.
#[inline(always)]
fn by_sides<I: Isa, const N: usize>(
    system: System<N>,
    ((known, b, sides), (unknown, x, _)): (Sides<N>, Sides<N>),
    room: &[Cell<f64>],
) {
    let (from, to) = (&b.starts[sides.clone()], &x.starts[sides]);
    let room = &room[..system.size * COLUMNS];
    for (line, &step) in room.chunks_exact(COLUMNS).zip(b.steps.iter()) {
        line.iter().zip(from).for_each(|(cell, &k)| cell.set(known[(k + step) as usize].get().0[0]));
        line[from.len()..].iter().for_each(|cell| cell.set(0.0));
    }
    for step in 0..system.size {
        let (i, solved) = system.row(step);
        let mut rest = [F8::ZERO; COLUMNS / LANES];
        for k in 0..COLUMNS / LANES {
            rest[k] = load(room, i * COLUMNS + k * LANES);
        }
        for j in solved {
            let entry = F8::splat(system.entry(i, j).0[0]);
            for k in 0..COLUMNS / LANES {
                rest[k] = entry.subtracted_from::<I>(load(room, j * COLUMNS + k * LANES), rest[k]);
            }
        }
        let diagonal = F8::splat(system.matrix.at(i, i).0[0]);
        for k in 0..COLUMNS / LANES {
            store(room, i * COLUMNS + k * LANES, rest[k].over(diagonal));
        }
    }
    for (line, &step) in room.chunks_exact(COLUMNS).zip(x.steps.iter()) {
        let cells = line.iter().zip(to);
        cells.for_each(|(cell, &k)| unknown[(k + step) as usize].set(Lanes::splat(cell.get())));
    }
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
