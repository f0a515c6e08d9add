//! Products of matrices that vary from sample to sample. An element is a sum in the order of the lines whatever is done
//! abreast, so its bits are the same for eight samples and for one.
#![allow(clippy::needless_range_loop, reason = "loops of constant count over several arrays, to be unrolled")]

use std::cell::Cell;

use crate::numeric::dispatch::Isa;
use crate::numeric::lanes::{F8, LANES, Lanes, load};
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
    let length = x.1.starts.len();
    if N == 1 && columns >= LANES {
        return by_columns::<I>(frame, (x, y, columns), &frame.memory[out..][..length]);
    }
    let out = &frame.array(out)[..length];
    let (a, b) = (frame.elements::<N>(x.0), frame.elements::<N>(y.0));
    for first in (0..length).step_by(columns) {
        let i = x.1.starts[first];
        let mut column = 0;
        while column + TOGETHER <= columns {
            elements::<I, N, TOGETHER>((a, i, &x.1), (b, &y.1), (first + column, out));
            column += TOGETHER;
        }
        while column < columns {
            elements::<I, N, 1>((a, i, &x.1), (b, &y.1), (first + column, out));
            column += 1;
        }
    }
}

/// K elements that read the same line of x.
#[inline(always)]
fn elements<I: Isa, const N: usize, const K: usize>(
    (a, i, x): (Elements<N>, u32, &Lines),
    (b, y): (Elements<N>, &Lines),
    (first, out): (usize, &[Cell<Lanes<N>>]),
) {
    let mut starts = [0; K];
    starts.copy_from_slice(&y.starts[first..first + K]);
    let mut sums = [Lanes::ZERO; K];
    for (&p, &q) in x.steps.iter().zip(y.steps.iter()) {
        let factor = a.at((i + p) as usize);
        for k in 0..K {
            sums[k] = factor.times_plus::<I>(b.at((starts[k] + q) as usize), sums[k]);
        }
    }
    for k in 0..K {
        out[first + k].set(sums[k]);
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
            let starts = &y.1.starts[first + column..][..count];
            if known != Some(starts) {
                pack((b, &y.1.steps), starts, packed);
                known = Some(starts);
            }
            let out = &out[first + column..][..count];
            match count.div_ceil(LANES) {
                WIDTH => row::<I, WIDTH>((a, x.1.starts[first], &x.1.steps), packed, out),
                3 => row::<I, 3>((a, x.1.starts[first], &x.1.steps), packed, out),
                2 => row::<I, 2>((a, x.1.starts[first], &x.1.steps), packed, out),
                _ => row::<I, 1>((a, x.1.starts[first], &x.1.steps), packed, out),
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
    for (line, &p) in packed.chunks_exact(COLUMNS).zip(steps) {
        let factor = F8::splat(a.at((i + p) as usize).0[0]);
        for k in 0..W {
            sums[k] = factor.times_plus::<I>(load(line, k * LANES), sums[k]);
        }
    }
    for (cell, sum) in out.iter().zip(sums.iter().flat_map(|sum| sum.0)) {
        cell.set(sum);
    }
}
