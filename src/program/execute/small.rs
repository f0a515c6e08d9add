//! Factors of matrices of few rows, and systems with them: all of one in registers. Where lanes are not samples they are
//! eight matrices, or eight right-hand sides. The operations on a number are those of `factor` and `substitute`.
#![allow(clippy::needless_range_loop, reason = "loops of constant count over several arrays, to be unrolled")]

use std::cell::Cell;

use crate::graph::Direction;
use crate::numeric::dispatch::Isa;
use crate::numeric::lanes::{LANES, Lanes, lanes};
use crate::program::code::{Lines, Matrices, Offset};

use super::Frame;

/// The most rows.
pub(super) const SIZE: usize = 3;

/// Where the numbers of some lanes begin in an array.
trait Places<const M: usize>: Copy {
    /// The element so far behind them.
    fn at(self, step: usize) -> Lanes<M>;
    fn set(self, step: usize, x: Lanes<M>);
}

/// Of elements that are vectors of samples.
#[derive(Clone, Copy)]
struct One<'a, const N: usize>(&'a [Cell<Lanes<N>>]);

/// Of numbers: the starts of eight places, of which so many are written.
#[derive(Clone, Copy)]
struct Eight<'a, const N: usize> {
    cells: &'a [Cell<Lanes<N>>],
    starts: [u32; LANES],
    count: usize,
}

impl<const N: usize> Places<N> for One<'_, N> {
    #[inline(always)]
    fn at(self, step: usize) -> Lanes<N> {
        self.0[step].get()
    }

    #[inline(always)]
    fn set(self, step: usize, x: Lanes<N>) {
        self.0[step].set(x);
    }
}

impl<'a, const N: usize> Eight<'a, N> {
    #[inline(always)]
    fn new(cells: &'a [Cell<Lanes<N>>], starts: &[u32]) -> Self {
        let mut filled = [starts[starts.len() - 1]; LANES];
        filled[..starts.len()].copy_from_slice(starts);
        Self { cells, starts: filled, count: starts.len() }
    }
}

impl<const N: usize> Places<LANES> for Eight<'_, N> {
    #[inline(always)]
    fn at(self, step: usize) -> Lanes<LANES> {
        let mut result = Lanes::ZERO;
        for lane in 0..LANES {
            result.0[lane] = self.cells[self.starts[lane] as usize + step].get().0[0];
        }
        result
    }

    #[inline(always)]
    fn set(self, step: usize, x: Lanes<LANES>) {
        for (&start, x) in self.starts[..self.count].iter().zip(x.0) {
            self.cells[start as usize + step].set(Lanes::splat(x));
        }
    }
}

/// Lower factors, as `factor` has them.
#[inline(always)]
pub(super) fn cholesky<I: Isa, const N: usize>(
    (x, from): (&Matrices, &[Cell<Lanes<N>>]),
    out: &[Cell<Lanes<N>>],
) {
    match x.size {
        0 => {}
        1 => factors::<I, N, 1>((x, from), out),
        2 => factors::<I, N, 2>((x, from), out),
        _ => factors::<I, N, SIZE>((x, from), out),
    }
}

#[inline(always)]
fn factors<I: Isa, const N: usize, const S: usize>(
    (x, from): (&Matrices, &[Cell<Lanes<N>>]),
    out: &[Cell<Lanes<N>>],
) {
    let strides = (x.row, x.column);
    if N == 1 {
        for starts in x.starts.chunks(LANES) {
            factor::<I, LANES, S, _>(Eight::new(from, starts), Eight::new(out, starts), strides);
        }
        return;
    }
    for &start in x.starts.iter() {
        factor::<I, N, S, _>(One(&from[start as usize..]), One(&out[start as usize..]), strides);
    }
}

#[inline(always)]
fn factor<I: Isa, const M: usize, const S: usize, P: Places<M>>(
    from: P,
    out: P,
    (row, column): (usize, usize),
) {
    let mut l = [[Lanes::<M>::ZERO; S]; S];
    for i in 0..S {
        for j in 0..=i {
            l[i][j] = from.at(i * row + j * column);
        }
    }
    let mut invalid = Lanes::<M>::ZERO;
    for j in 0..S {
        for i in j..S {
            for m in 0..j {
                l[i][j] = l[i][m].subtracted_from::<I>(l[j][m], l[i][j]);
            }
            l[i][j] = if i == j { lanes!(x = l[j][j] => x.sqrt()) } else { l[i][j].over(l[j][j]) };
        }
        let pivot = l[j][j];
        invalid = lanes!(invalid = invalid, pivot = pivot => if pivot > 0.0 { invalid } else { f64::NAN });
    }
    for i in 0..S {
        for j in 0..S {
            let x = l[i][j];
            out.set(i * row + j * column, lanes!(x = x, no = invalid => if no.is_nan() { no } else { x }));
        }
    }
}

/// Substitution, as `substitute` has it.
#[inline(always)]
pub(super) fn solve<I: Isa, const N: usize>(
    frame: Frame,
    l: &Matrices,
    sides: (&(Offset, Lines), &(Offset, Lines)),
    direction: Direction,
) {
    match l.size {
        0 => {}
        1 => solutions::<I, N, 1>(frame, l, sides, direction),
        2 => solutions::<I, N, 2>(frame, l, sides, direction),
        _ => solutions::<I, N, SIZE>(frame, l, sides, direction),
    }
}

#[inline(always)]
fn solutions<I: Isa, const N: usize, const S: usize>(
    frame: Frame,
    l: &Matrices,
    (b, x): (&(Offset, Lines), &(Offset, Lines)),
    direction: Direction,
) {
    let (matrix, known, unknown) = (frame.array::<N>(l.array), frame.array::<N>(b.0), frame.array::<N>(x.0));
    // Row and column by step: the first step solves the row that has one coefficient.
    let (mut steps, mut rows, mut columns) = ([(0, 0); S], [0; S], [0; S]);
    for step in 0..S {
        let i = if direction == Direction::Forward { step } else { S - 1 - step };
        steps[step] = (b.1.steps[i] as usize, x.1.steps[i] as usize);
        let (row, column) =
            if direction == Direction::Forward { (l.row, l.column) } else { (l.column, l.row) };
        (rows[step], columns[step]) = (i * row, i * column);
    }
    let lines = l.starts.len();
    for first in (0..lines).step_by(if N == 1 { LANES } else { 1 }) {
        if N == 1 {
            let own = first..(first + LANES).min(lines);
            let matrix = Eight::new(matrix, &l.starts[own.clone()]);
            let known = Eight::new(known, &b.1.starts[own.clone()]);
            let unknown = Eight::new(unknown, &x.1.starts[own]);
            substitute::<I, LANES, S, _>([matrix, known, unknown], (&rows, &columns), &steps);
        } else {
            let [matrix, known, unknown] =
                [(matrix, &l.starts), (known, &b.1.starts), (unknown, &x.1.starts)]
                    .map(|(cells, starts)| One(&cells[starts[first] as usize..]));
            substitute::<I, N, S, _>([matrix, known, unknown], (&rows, &columns), &steps);
        }
    }
}

#[inline(always)]
fn substitute<I: Isa, const M: usize, const S: usize, P: Places<M>>(
    [matrix, known, unknown]: [P; 3],
    (rows, columns): (&[usize; S], &[usize; S]),
    steps: &[(usize, usize); S],
) {
    let mut found = [Lanes::<M>::ZERO; S];
    for step in 0..S {
        let mut rest = known.at(steps[step].0);
        for before in 0..step {
            let entry = matrix.at(rows[step] + columns[before]);
            rest = entry.subtracted_from::<I>(found[before], rest);
        }
        found[step] = rest.over(matrix.at(rows[step] + columns[step]));
    }
    for step in 0..S {
        unknown.set(steps[step].1, found[step]);
    }
}
