//! Products of matrices that vary from sample to sample. An element is a sum in the order of the lines whatever is done
//! abreast, so its bits are the same for eight samples and for one. Hot loops count: iterators of two slices are not inlined
//! into code for wider vectors.
#![allow(clippy::needless_range_loop, reason = "loops of constant count over several arrays, to be unrolled")]

use std::cell::Cell;

use crate::numeric::dispatch::Isa;
use crate::numeric::lanes::{F8, LANES, Lanes, store, vectors};
use crate::program::code::{COLUMNS, Input, Lines, Offset};

use super::{Elements, Frame};

/// Elements of the result that are held in registers together where lanes are samples.
const TOGETHER: usize = 4;
/// Vectors that a line of columns has where lanes are columns.
const WIDTH: usize = COLUMNS / LANES;

/// What is multiplied, and how many elements, one after another, read the same line of the first.
type Operands<'a> = (&'a (Input, Lines), &'a (Input, Lines), usize);

/// out\[r] = sum over k of x[starts\[r] + steps\[k]] y[starts\[r] + steps\[k]]
#[inline(always)]
pub(super) fn run<I: Isa, const N: usize>(frame: Frame, (x, y, columns): Operands, out: Offset) {
    let length = x.1.starts.len() * columns;
    if N == 1 && columns >= LANES {
        return by_columns::<I>(frame, (x, y, columns), &frame.memory[out..][..length]);
    }
    if N == 1 {
        return by_elements::<I>(frame, (x, y, columns), &frame.memory[out..][..length]);
    }
    let out = &frame.array(out)[..length];
    let (a, b) = (frame.elements::<N>(x.0), frame.elements::<N>(y.0));
    let operands = ((a, &x.1), (b, &y.1), columns);
    let mut first = 0;
    while first < length {
        if I::ROOMY && is_block(&y.1.starts, (first, columns), length) {
            row_of_tiles::<I, N, ROWS>(operands, first, out);
            first += ROWS * columns;
        } else {
            row_of_tiles::<I, N, 1>(operands, first, out);
            first += columns;
        }
    }
}

/// Rows of the result that are held in registers together where lanes are samples.
const ROWS: usize = 4;

/// Whether from here on as many rows as are held together read the same lines of y.
fn is_block(starts: &[u32], (first, columns): (usize, usize), length: usize) -> bool {
    if starts.len() == columns {
        return first + ROWS * columns <= length;
    }
    let rows = starts[first..].chunks_exact(columns).take(ROWS);
    rows.len() == ROWS && rows.clone().all(|row| row == &starts[first..first + columns])
}

/// The lines of y that the elements of a row read.
#[inline(always)]
fn row_of_lines(starts: &[u32], (first, columns): (usize, usize)) -> &[u32] {
    let first = if starts.len() == columns { 0 } else { first };
    &starts[first..first + columns]
}

/// Two operands as lines, and the columns.
type Arrays<'a, const N: usize> = ((Elements<'a, N>, &'a Lines), (Elements<'a, N>, &'a Lines), usize);

/// R rows of the result that read the same lines of y.
#[inline(always)]
fn row_of_tiles<I: Isa, const N: usize, const R: usize>(
    operands: Arrays<N>,
    first: usize,
    out: &[Cell<Lanes<N>>],
) {
    let columns = operands.2;
    let mut column = 0;
    while column + TOGETHER <= columns {
        elements::<I, N, R, TOGETHER>(operands, (first, column), out);
        column += TOGETHER;
    }
    while column < columns {
        elements::<I, N, R, 1>(operands, (first, column), out);
        column += 1;
    }
}

/// K elements, in each of R rows, that read the same line of x.
#[inline(always)]
fn elements<I: Isa, const N: usize, const R: usize, const K: usize>(
    ((a, x), (b, y), columns): Arrays<N>,
    (first, column): (usize, usize),
    out: &[Cell<Lanes<N>>],
) {
    let (mut rows, mut starts) = ([0; R], [0; K]);
    starts.copy_from_slice(&row_of_lines(&y.starts, (first, columns))[column..column + K]);
    rows.copy_from_slice(&x.starts[first / columns..][..R]);
    let first = first + column;
    let mut sums = [[Lanes::ZERO; K]; R];
    let (left, right) = (&x.steps[..], &y.steps[..x.steps.len()]);
    for step in 0..left.len() {
        let (p, q) = (left[step], right[step]);
        let mut factors = [Lanes::ZERO; K];
        for k in 0..K {
            factors[k] = b.at((starts[k] + q) as usize);
        }
        for r in 0..R {
            let factor = a.at((rows[r] + p) as usize);
            for k in 0..K {
                sums[r][k] = factor.times_plus::<I>(factors[k], sums[r][k]);
            }
        }
    }
    for r in 0..R {
        for k in 0..K {
            out[first + r * columns + k].set(sums[r][k]);
        }
    }
}

/// One sample, lanes are elements.
#[inline(always)]
fn by_elements<I: Isa>(frame: Frame, (x, y, columns): Operands, out: &[Cell<f64>]) {
    let (a, b) = (frame.elements::<1>(x.0), frame.elements::<1>(y.0));
    for (chunk, cells) in out.chunks(LANES).enumerate() {
        let (mut i, mut j) = ([0; LANES], [0; LANES]);
        for lane in 0..LANES {
            let element = chunk * LANES + lane.min(cells.len() - 1);
            i[lane] = x.1.starts[element / columns];
            j[lane] = y.1.starts[element % y.1.starts.len()];
        }
        let mut sum = F8::ZERO;
        let steps = (&x.1.steps[..], &y.1.steps[..x.1.steps.len()]);
        for step in 0..steps.0.len() {
            let (p, q) = (steps.0[step], steps.1[step]);
            let (mut left, mut right) = (F8::ZERO, F8::ZERO);
            for lane in 0..LANES {
                left.0[lane] = a.at((i[lane] + p) as usize).0[0];
                right.0[lane] = b.at((j[lane] + q) as usize).0[0];
            }
            sum = left.times_plus::<I>(right, sum);
        }
        cells.iter().zip(sum.0).for_each(|(cell, sum)| cell.set(sum));
    }
}

/// One sample, lanes are columns: those of the second operand are packed, line after line, for all rows that read them.
#[inline(always)]
fn by_columns<I: Isa>(frame: Frame, (x, y, columns): Operands, out: &[Cell<f64>]) {
    let (a, b) = (frame.elements::<1>(x.0), frame.elements::<1>(y.0));
    let depth = x.1.steps.len();
    let packed = &frame.numbers[..depth * COLUMNS];
    for column in (0..columns).step_by(COLUMNS) {
        let count = COLUMNS.min(columns - column);
        let mut known = None;
        for first in (0..out.len()).step_by(columns) {
            let starts = &row_of_lines(&y.1.starts, (first, columns))[column..][..count];
            if known != Some(starts) {
                pack((b, &y.1.steps), starts, packed);
                known = Some(starts);
            }
            let out = &out[first + column..][..count];
            match count.div_ceil(LANES) {
                WIDTH => row::<I, WIDTH>((a, x.1.starts[first / columns], &x.1.steps), packed, out),
                3 => row::<I, 3>((a, x.1.starts[first / columns], &x.1.steps), packed, out),
                2 => row::<I, 2>((a, x.1.starts[first / columns], &x.1.steps), packed, out),
                _ => row::<I, 1>((a, x.1.starts[first / columns], &x.1.steps), packed, out),
            }
        }
    }
}

/// Lays out columns line by line; those that there are not are 0.
fn pack((b, steps): (Elements<1>, &[u32]), starts: &[u32], packed: &[Cell<f64>]) {
    for (line, &q) in packed.chunks_exact(COLUMNS).zip(steps) {
        for (cell, &j) in line.iter().zip(starts) {
            cell.set(b.at((j + q) as usize).0[0]);
        }
        line[starts.len()..].iter().for_each(|cell| cell.set(0.0));
    }
}

/// A row of the result, W vectors of columns.
#[inline(always)]
fn row<I: Isa, const W: usize>(
    (a, i, steps): (Elements<1>, u32, &[u32]),
    packed: &[Cell<f64>],
    out: &[Cell<f64>],
) {
    let mut sums = [F8::ZERO; W];
    let lines = &vectors::<LANES>(packed)[..steps.len() * WIDTH];
    for step in 0..steps.len() {
        let factor = F8::splat(a.at((i + steps[step]) as usize).0[0]);
        let line = &lines[step * WIDTH..][..W];
        for k in 0..W {
            sums[k] = factor.times_plus::<I>(line[k].get(), sums[k]);
        }
    }
    for (cells, sum) in out.chunks(LANES).zip(sums) {
        match cells.len() {
            LANES => store(cells, 0, sum),
            _ => cells.iter().zip(sum.0).for_each(|(cell, sum)| cell.set(sum)),
        }
    }
}
