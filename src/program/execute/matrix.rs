//! A constant matrix times a vector, and its transpose times a vector, for a block of rows. What is added up stays in
//! registers; the transposed product is kept in strands from block to block, row k in strand k mod 8, and these are
//! added in a tree when a stretch of rows is done. Where lanes are rows, each of the two products asks for half of the
//! columns of the next tile, so that memory is read all the time.
#![allow(clippy::needless_range_loop, reason = "loops of constant count over several arrays, to be unrolled")]

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Range;

use crate::numeric::dispatch::{Isa, Kernel};
use crate::numeric::lanes::{Lanes, Target, load, prefetch, store};
use crate::program::code::Tile;

use super::layout::{Layout, element};
use super::reduce::{STRANDS, first_lanes, tree, tree_of_lanes};
use super::rows::{Source, Vectors};

/// The part of a tile that belongs to a block of rows: column-major, `size` rows.
#[derive(Clone, Copy)]
pub(super) struct TileBlock<'a> {
    values: &'a [f64],
    /// The rows after these, as many, or none: they are on their way while these are worked on.
    next: &'a [f64],
    size: usize,
    columns: usize,
}

impl<'a> TileBlock<'a> {
    #[inline(always)]
    pub fn new(tile: &'a Tile, first: usize) -> Self {
        let length = tile.block * tile.columns;
        Self {
            values: &tile.values[first * tile.columns..][..length],
            next: tile.values.get(first * tile.columns + length..).unwrap_or(&[]),
            size: tile.block,
            columns: tile.columns,
        }
    }

    #[inline(always)]
    fn column(self, column: usize) -> &'a [f64] {
        &self.values[column * self.size..][..self.size]
    }

    /// Asks for some rows of a column of the rows after these.
    #[inline(always)]
    fn ask(self, column: usize, rows: Range<usize>) {
        let first = column * self.size;
        if let Some(numbers) = self.next.get(first + rows.start..first + rows.end) {
            prefetch(numbers);
        }
    }
}

/// out\[row] = sum over columns of tile[row, column] * vector[column]
pub(super) struct TimesVector<'a, const N: usize, L> {
    tile: TileBlock<'a>,
    vector: &'a [Cell<f64>],
    out: Target<'a, N>,
    layout: PhantomData<L>,
}

impl<'a, const N: usize, L: Layout<N>> TimesVector<'a, N, L> {
    #[inline(always)]
    pub fn new(tile: TileBlock<'a>, vector: &'a [Cell<f64>], out: Target<'a, N>) -> Self {
        Self { tile, vector, out, layout: PhantomData }
    }
}

impl<const N: usize, L: Layout<N>> Kernel for TimesVector<'_, N, L> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let mut first = 0;
        if I::ROOMY {
            while L::ROWS == 1 && first + 16 <= self.out.count() {
                self.add_rows::<I, 16>(first);
                first += 16;
            }
            while first + 8 <= self.out.count() {
                self.add_rows::<I, 8>(first);
                first += 8;
            }
        }
        while first + 4 <= self.out.count() {
            self.add_rows::<I, 4>(first);
            first += 4;
        }
        while first < self.out.count() {
            self.add_rows::<I, 1>(first);
            first += 1;
        }
    }
}

impl<const N: usize, L: Layout<N>> TimesVector<'_, N, L> {
    /// The vectors of rows from `first` on, K of them.
    #[inline(always)]
    fn add_rows<I: Isa, const K: usize>(&self, first: usize) {
        let vector = &self.vector[..self.tile.columns * L::ELEMENT];
        let columns = self.tile.values.chunks_exact(self.tile.size);
        let mut sums = [Lanes::ZERO; K];
        for (number, (column, factor)) in columns.zip(vector.chunks_exact(L::ELEMENT)).enumerate() {
            if number % 2 == 0 {
                self.tile.ask(number, first * L::ROWS..(first + K) * L::ROWS);
            }
            let column = &column[first * L::ROWS..][..K * L::ROWS];
            let factor = element::<N, L>(factor, 0);
            for k in 0..K {
                sums[k] = entries::<N, L>(column, k).times_plus::<I>(factor, sums[k]);
            }
        }
        for k in 0..K {
            self.out.set(first + k, sums[k]);
        }
    }
}

/// A vector of a column: of rows, or one row's number for all samples.
#[inline(always)]
fn entries<const N: usize, L: Layout<N>>(column: &[f64], vector: usize) -> Lanes<N> {
    if L::ROWS < N {
        return Lanes::splat(column[vector]);
    }
    entries_of_rows(column, vector)
}

#[inline(always)]
fn entries_of_rows<const N: usize>(column: &[f64], vector: usize) -> Lanes<N> {
    let mut result = Lanes::ZERO;
    result.0.copy_from_slice(&column[vector * N..][..N]);
    result
}

/// strands\[column, row mod 8] += tile[row, column] * x\[row], of so many rows
pub(super) struct TransposedTimesVector<'a, const N: usize, L> {
    tile: TileBlock<'a>,
    x: (Source<'a, N>, usize),
    strands: &'a [Cell<f64>],
    layout: PhantomData<L>,
}

impl<'a, const N: usize, L: Layout<N>> TransposedTimesVector<'a, N, L> {
    #[inline(always)]
    pub fn new(tile: TileBlock<'a>, x: (Source<'a, N>, usize), strands: &'a [Cell<f64>]) -> Self {
        let strands = &strands[..tile.columns * STRANDS * L::ELEMENT];
        Self { tile, x, strands, layout: PhantomData }
    }
}

impl<const N: usize, L: Layout<N>> Kernel for TransposedTimesVector<'_, N, L> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let Self { tile, x: (x, count), strands, .. } = self;
        match (L::ROWS, x) {
            (1, Source::Stream(x)) if N > 1 => samples::<I, N, _>(tile, (x, count), strands),
            (1, x) if N > 1 => samples::<I, N, _>(tile, (x, count), strands),
            _ => rows::<I, N>(tile, (x, count), strands),
        }
    }
}

/// Lanes are rows: eight vectors of `x`, or four, are held while the columns pass.
#[inline(always)]
fn rows<I: Isa, const N: usize>(tile: TileBlock, (x, count): (Source<N>, usize), strands: &[Cell<f64>]) {
    let vectors = count.div_ceil(N);
    let mut first = 0;
    if I::ROOMY {
        while first + 8 <= vectors {
            rows_together::<I, N, 8>(tile, (x, count), first, strands);
            first += 8;
        }
    }
    while first + 4 <= vectors {
        rows_together::<I, N, 4>(tile, (x, count), first, strands);
        first += 4;
    }
    while first < vectors {
        rows_together::<I, N, 1>(tile, (x, count), first, strands);
        first += 1;
    }
}

#[inline(always)]
fn rows_together<I: Isa, const N: usize, const K: usize>(
    tile: TileBlock,
    (x, count): (Source<N>, usize),
    first: usize,
    strands: &[Cell<f64>],
) {
    let mut factors = [Lanes::<N>::ZERO; K];
    for k in 0..K {
        factors[k] = x.at(first + k);
    }
    let last = count - (first + K - 1) * N;
    if last < N {
        factors[K - 1] = first_lanes(factors[K - 1], last);
    }
    for (number, cells) in strands.chunks_exact(N).enumerate() {
        if number % 2 == 1 {
            tile.ask(number, first * N..(first + K) * N);
        }
        let column = tile.column(number);
        let column = &column[first * N..][..K * N];
        let mut sum = load::<N>(cells, 0);
        for k in 0..K {
            sum = entries_of_rows(column, k).times_plus::<I>(factors[k], sum);
        }
        store(cells, 0, sum);
    }
}

/// Lanes are samples: all strands of some columns are held while the rows pass.
#[inline(always)]
fn samples<I: Isa, const N: usize, X: Vectors<N>>(tile: TileBlock, x: (X, usize), strands: &[Cell<f64>]) {
    let mut column = 0;
    while column + 3 <= tile.columns {
        match I::ROOMY {
            true => columns::<I, N, X, 3, 8>(tile, x, column, strands),
            false => columns::<I, N, X, 3, 2>(tile, x, column, strands),
        }
        column += 3;
    }
    while column < tile.columns {
        columns::<I, N, X, 1, 4>(tile, x, column, strands);
        column += 1;
    }
}

/// The columns from `first` on, K of them, G strands at a time.
#[inline(always)]
fn columns<I: Isa, const N: usize, X: Vectors<N>, const K: usize, const G: usize>(
    tile: TileBlock,
    (x, count): (X, usize),
    first: usize,
    strands: &[Cell<f64>],
) {
    let mut columns: [&[f64]; K] = [&[]; K];
    for k in 0..K {
        columns[k] = &tile.column(first + k)[..count];
        tile.ask(first + k, 0..tile.size);
    }
    let strands = &strands[first * STRANDS * N..][..K * STRANDS * N];
    for strand in (0..STRANDS).step_by(G) {
        let mut sums = [[Lanes::<N>::ZERO; G]; K];
        for k in 0..K {
            for g in 0..G {
                sums[k][g] = load(strands, (k * STRANDS + strand + g) * N);
            }
        }
        let mut row = strand;
        while row + G <= count {
            let mut entries = [&[] as &[f64]; K];
            for k in 0..K {
                entries[k] = &columns[k][row..row + G];
            }
            for g in 0..G {
                let factor = x.at(row + g);
                for k in 0..K {
                    sums[k][g] = Lanes::splat(entries[k][g]).times_plus::<I>(factor, sums[k][g]);
                }
            }
            row += STRANDS;
        }
        for g in 0..G {
            if row + g < count {
                let factor = x.at(row + g);
                for k in 0..K {
                    sums[k][g] = Lanes::splat(columns[k][row + g]).times_plus::<I>(factor, sums[k][g]);
                }
            }
        }
        for k in 0..K {
            for g in 0..G {
                store(strands, (k * STRANDS + strand + g) * N, sums[k][g]);
            }
        }
    }
}

/// into\[column] = the strands of the column, added in a tree
#[inline(always)]
pub(super) fn finish<const N: usize, L: Layout<N>>(strands: &[Cell<f64>], into: &[Cell<f64>]) {
    for (own, into) in strands.chunks_exact(STRANDS * L::ELEMENT).zip(into.chunks_exact(L::ELEMENT)) {
        if L::ELEMENT == 1 {
            into[0].set(tree_of_lanes::<STRANDS>(load(own, 0)));
            continue;
        }
        let mut sums = [Lanes::<N>::ZERO; STRANDS];
        for strand in 0..STRANDS {
            sums[strand] = load(own, strand * N);
        }
        store(into, 0, tree(sums));
    }
}
