//! Cholesky factors: an element is what is left of the matrix's when products are taken from it in the order of the columns,
//! over the pivot. Where lanes are samples, tiles of rows and columns stay in registers; for one sample, lanes are rows.
#![allow(clippy::needless_range_loop, reason = "loops of constant count over several arrays, to be unrolled")]

use std::cell::Cell;

use crate::numeric::dispatch::Isa;
use crate::numeric::lanes::{F8, LANES, Lanes, lanes, load, store, vectors};
use crate::program::code::Matrices;

use super::linear::{View, view};
use super::{Frame, small};

/// Lower factors; all NaN for the samples in which a pivot is not positive.
#[inline(always)]
pub(super) fn cholesky<I: Isa, const N: usize>(frame: Frame, x: &Matrices, out: &[Cell<Lanes<N>>]) {
    let from = frame.array::<N>(x.array);
    if x.size <= small::SIZE {
        return small::cholesky::<I, N>((x, from), out);
    }
    for &start in x.starts.iter() {
        let (matrix, l) = (view(x, from, start), view(x, out, start));
        if N == 1 && x.size >= LANES {
            by_rows::<I, N>(matrix, l, x.size, frame.numbers);
            continue;
        }
        let invalid = match I::ROOMY {
            true => by_tiles::<I, N, 4>(matrix, l, x.size),
            false => by_tiles::<I, N, 2>(matrix, l, x.size),
        };
        for j in 0..x.size {
            (0..j).for_each(|i| l.cell(i, j).set(Lanes::<N>::ZERO));
        }
        spoil(l, x.size, invalid);
    }
}

/// Factorises panels of C columns one after another; NaN where a pivot is not positive.
#[inline(always)]
fn by_tiles<I: Isa, const N: usize, const C: usize>(matrix: View<N>, l: View<N>, n: usize) -> Lanes<N> {
    let mut invalid = Lanes::<N>::ZERO;
    let mut j = 0;
    while j + C <= n {
        panel::<I, N, C, C>((matrix, l, n), j, &mut invalid);
        j += C;
    }
    while j < n {
        panel::<I, N, 1, C>((matrix, l, n), j, &mut invalid);
        j += 1;
    }
    invalid
}

/// C columns from j on: the tile on the diagonal, then R rows at a time.
#[inline(always)]
fn panel<I: Isa, const N: usize, const C: usize, const R: usize>(
    (matrix, l, n): (View<N>, View<N>, usize),
    j: usize,
    invalid: &mut Lanes<N>,
) {
    diagonal::<I, N, C>(matrix, l, j, invalid);
    let mut i = j + C;
    while i + R <= n {
        below::<I, N, R, C>(matrix, l, (i, j));
        i += R;
    }
    while i < n {
        below::<I, N, 1, C>(matrix, l, (i, j));
        i += 1;
    }
}

#[inline(always)]
fn diagonal<I: Isa, const N: usize, const C: usize>(
    matrix: View<N>,
    l: View<N>,
    j: usize,
    invalid: &mut Lanes<N>,
) {
    let mut rest = [[Lanes::ZERO; C]; C];
    for r in 0..C {
        for c in 0..=r {
            rest[r][c] = matrix.at(j + r, j + c);
        }
    }
    less_products::<I, N, C, C>(l, (j, j), &mut rest);
    for c in 0..C {
        for q in 0..c {
            rest[c][c] = rest[c][q].subtracted_from::<I>(rest[c][q], rest[c][c]);
        }
        let pivot = lanes!(x = rest[c][c] => x.sqrt());
        *invalid = lanes!(invalid = *invalid, pivot = pivot => if pivot > 0.0 { invalid } else { f64::NAN });
        rest[c][c] = pivot;
        for r in c + 1..C {
            for q in 0..c {
                rest[r][c] = rest[r][q].subtracted_from::<I>(rest[c][q], rest[r][c]);
            }
            rest[r][c] = rest[r][c].over(pivot);
        }
        for r in c..C {
            l.cell(j + r, j + c).set(rest[r][c]);
        }
    }
}

/// R rows from i on, of the C columns from j on.
#[inline(always)]
fn below<I: Isa, const N: usize, const R: usize, const C: usize>(
    matrix: View<N>,
    l: View<N>,
    (i, j): (usize, usize),
) {
    let mut rest = [[Lanes::ZERO; C]; R];
    for r in 0..R {
        for c in 0..C {
            rest[r][c] = matrix.at(i + r, j + c);
        }
    }
    less_products::<I, N, R, C>(l, (i, j), &mut rest);
    for c in 0..C {
        for q in 0..c {
            let factor = l.at(j + c, j + q);
            for r in 0..R {
                rest[r][c] = rest[r][q].subtracted_from::<I>(factor, rest[r][c]);
            }
        }
        let pivot = l.at(j + c, j + c);
        for r in 0..R {
            rest[r][c] = rest[r][c].over(pivot);
            l.cell(i + r, j + c).set(rest[r][c]);
        }
    }
}

/// rest\[r, c] -= sum over m < j of L[i + r, m] L[j + c, m]
#[inline(always)]
fn less_products<I: Isa, const N: usize, const R: usize, const C: usize>(
    l: View<N>,
    (i, j): (usize, usize),
    rest: &mut [[Lanes<N>; C]; R],
) {
    let mut sums = *rest;
    for m in 0..j {
        let mut factors = [Lanes::ZERO; C];
        for c in 0..C {
            factors[c] = l.at(j + c, m);
        }
        for r in 0..R {
            let own = l.at(i + r, m);
            for c in 0..C {
                sums[r][c] = own.subtracted_from::<I>(factors[c], sums[r][c]);
            }
        }
    }
    *rest = sums;
}

/// Vectors of rows that are computed together.
const TOGETHER: usize = 4;

/// The factor of one sample, lanes are rows: the columns stand in `room` one after another, in whole vectors. What
/// stands above the diagonal there has no meaning.
#[inline(always)]
fn by_rows<I: Isa, const N: usize>(matrix: View<N>, l: View<N>, n: usize, room: &[Cell<f64>]) {
    let height = n.next_multiple_of(LANES);
    // Eight rows at a time: both what is read and what is written stays near.
    for first in (0..n).step_by(LANES) {
        let last = (first + LANES).min(n);
        for j in 0..last {
            (first.max(j)..last).for_each(|i| room[j * height + i].set(matrix.at(i, j).0[0]));
        }
    }
    let mut invalid = 0.0;
    for j in 0..n {
        let column = &room[j * height..][..height];
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
        for i in j / LANES..height / LANES {
            let rows = load::<LANES>(column, i * LANES).over(F8::splat(pivot));
            store(column, i * LANES, rows);
        }
        column[j].set(pivot);
    }
    for first in (0..n).step_by(LANES) {
        let last = (first + LANES).min(n);
        for j in 0..n {
            (first..last.min(j)).for_each(|i| l.cell(i, j).set(Lanes::ZERO));
            (first.max(j)..last).for_each(|i| l.cell(i, j).set(Lanes::splat(room[j * height + i].get())));
        }
    }
    spoil(l, n, Lanes::splat(invalid));
}

/// Takes the columns before j from column j, in K vectors of rows from `i` on.
#[inline(always)]
fn subtract_columns<I: Isa, const K: usize>(room: &[Cell<f64>], height: usize, (i, j): (usize, usize)) {
    let mut rest = [F8::ZERO; K];
    for k in 0..K {
        rest[k] = load(room, j * height + i + k * LANES);
    }
    for m in 0..j {
        let column = &room[m * height..][..height];
        let factor = F8::splat(column[j].get());
        let rows = &vectors::<LANES>(&column[i..])[..K];
        for k in 0..K {
            rest[k] = rows[k].get().subtracted_from::<I>(factor, rest[k]);
        }
    }
    for k in 0..K {
        store(room, j * height + i + k * LANES, rest[k]);
    }
}

/// Makes all of a factor NaN for the samples that have none.
#[inline(always)]
fn spoil<const N: usize>(l: View<N>, size: usize, invalid: Lanes<N>) {
    if invalid.0.iter().any(|x| x.is_nan()) {
        spoil_some(l, size, invalid);
    }
}

#[cold]
#[inline(never)]
fn spoil_some<const N: usize>(l: View<N>, size: usize, invalid: Lanes<N>) {
    for i in 0..size {
        for j in 0..size {
            let x = l.at(i, j);
            l.cell(i, j).set(lanes!(x = x, no = invalid => if no.is_nan() { no } else { x }));
        }
    }
}
