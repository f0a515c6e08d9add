//! A constant matrix times a vector, and its transpose times a vector, for a block of rows.
#![allow(clippy::needless_range_loop, reason = "loops of constant count over several arrays, to be unrolled")]

use std::cell::Cell;
use std::marker::PhantomData;

use crate::numeric::dispatch::{Isa, Kernel};
use crate::numeric::lanes::{Lanes, Target};
use crate::program::code::Tile;

use super::layout::{Layout, element};
use super::reduce::{STRANDS, first_lanes, tree, tree_of_lanes};
use super::rows::Source;

/// Vectors of rows, or columns, that are held in registers together.
const TOGETHER: usize = 4;

/// The part of a tile that belongs to a block of rows: column-major, `size` rows.
#[derive(Clone, Copy)]
pub(super) struct TileBlock<'a> {
    values: &'a [f64],
    size: usize,
    columns: usize,
}

impl<'a> TileBlock<'a> {
    #[inline(always)]
    pub fn new(tile: &'a Tile, first: usize) -> Self {
        let length = tile.block * tile.columns;
        Self {
            values: &tile.values[first * tile.columns..][..length],
            size: tile.block,
            columns: tile.columns,
        }
    }

    #[inline(always)]
    fn column(self, column: usize) -> &'a [f64] {
        &self.values[column * self.size..][..self.size]
    }
}

/// A vector of a column: of rows, or one row's number for all samples.
#[inline(always)]
fn entries<const N: usize, L: Layout<N>>(column: &[f64], vector: usize) -> Lanes<N> {
    if L::ROWS < N {
        return Lanes::splat(column[vector]);
    }
    let column = &column[vector * N..][..N];
    let mut result = Lanes::ZERO;
    result.0.copy_from_slice(column);
    result
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
        times_vector::<I, N, L>(self.tile, self.vector, self.out);
    }
}

/// into[column] += sum over rows of tile[row, column] * x\[row], of so many rows
pub(super) struct TransposedTimesVector<'a, const N: usize, L> {
    tile: TileBlock<'a>,
    x: (Source<'a, N>, usize),
    into: &'a [Cell<f64>],
    layout: PhantomData<L>,
}

impl<'a, const N: usize, L: Layout<N>> TransposedTimesVector<'a, N, L> {
    #[inline(always)]
    pub fn new(tile: TileBlock<'a>, x: (Source<'a, N>, usize), into: &'a [Cell<f64>]) -> Self {
        Self { tile, x, into, layout: PhantomData }
    }
}

impl<const N: usize, L: Layout<N>> Kernel for TransposedTimesVector<'_, N, L> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        transposed_times_vector::<I, N, L>(self.tile, self.x, self.into);
    }
}

#[inline(always)]
fn times_vector<I: Isa, const N: usize, L: Layout<N>>(tile: TileBlock, vector: &[Cell<f64>], out: Target<N>) {
    let whole = out.count() / TOGETHER * TOGETHER;
    for first in (0..whole).step_by(TOGETHER) {
        add_rows::<I, N, L, TOGETHER>(tile, vector, (out, first));
    }
    for first in whole..out.count() {
        add_rows::<I, N, L, 1>(tile, vector, (out, first));
    }
}

/// The vectors of rows from `first` on, K of them.
#[inline(always)]
fn add_rows<I: Isa, const N: usize, L: Layout<N>, const K: usize>(
    tile: TileBlock,
    vector: &[Cell<f64>],
    (out, first): (Target<N>, usize),
) {
    let vector = &vector[..tile.columns * L::ELEMENT];
    let mut sums = [Lanes::ZERO; K];
    for (column, factor) in tile.values.chunks_exact(tile.size).zip(vector.chunks_exact(L::ELEMENT)) {
        let column = &column[first * L::ROWS..][..K * L::ROWS];
        let factor = element::<N, L>(factor, 0);
        for k in 0..K {
            sums[k] = entries::<N, L>(column, k).times_plus::<I>(factor, sums[k]);
        }
    }
    for k in 0..K {
        out.set(first + k, sums[k]);
    }
}

#[inline(always)]
fn transposed_times_vector<I: Isa, const N: usize, L: Layout<N>>(
    tile: TileBlock,
    x: (Source<N>, usize),
    into: &[Cell<f64>],
) {
    let whole = tile.columns / TOGETHER * TOGETHER;
    for first in (0..whole).step_by(TOGETHER) {
        add_columns::<I, N, L, TOGETHER>(tile, first, x, into);
    }
    for first in whole..tile.columns {
        add_columns::<I, N, L, 1>(tile, first, x, into);
    }
}

/// The columns from `first` on, K of them.
#[inline(always)]
fn add_columns<I: Isa, const N: usize, L: Layout<N>, const K: usize>(
    tile: TileBlock,
    first: usize,
    (x, count): (Source<N>, usize),
    into: &[Cell<f64>],
) {
    let mut columns: [&[f64]; K] = [&[]; K];
    for k in 0..K {
        columns[k] = tile.column(first + k);
    }
    let into = &into[first * L::ELEMENT..][..K * L::ELEMENT];
    if L::ROWS == 1 && N > 1 {
        let sums = strands_of_columns::<I, N, L, K>(columns, (x, count));
        for (k, cells) in into.chunks_exact(L::ELEMENT).enumerate() {
            cells.iter().zip(sums[k].0).for_each(|(cell, sum)| cell.set(cell.get() + sum));
        }
        return;
    }
    let mut sums = [Lanes::ZERO; K];
    let whole = count / N;
    for vector in 0..whole {
        let factor = x.at(vector);
        for k in 0..K {
            sums[k] = entries::<N, L>(columns[k], vector).times_plus::<I>(factor, sums[k]);
        }
    }
    if count % N > 0 {
        let factor = first_lanes(x.at(whole), count % N);
        for k in 0..K {
            sums[k] = entries::<N, L>(columns[k], whole).times_plus::<I>(factor, sums[k]);
        }
    }
    for k in 0..K {
        into[k].set(into[k].get() + tree_of_lanes(sums[k]));
    }
}

#[inline(always)]
fn strands_of_columns<I: Isa, const N: usize, L: Layout<N>, const K: usize>(
    columns: [&[f64]; K],
    (x, count): (Source<N>, usize),
) -> [Lanes<N>; K] {
    let columns = columns.map(|column| &column[..count]);
    let mut strands = [[Lanes::ZERO; STRANDS]; K];
    for strand in 0..STRANDS {
        let mut sums = [Lanes::ZERO; K];
        let mut row = strand;
        while row < count {
            let factor = x.at(row);
            for k in 0..K {
                sums[k] = entries::<N, L>(columns[k], row).times_plus::<I>(factor, sums[k]);
            }
            row += STRANDS;
        }
        for k in 0..K {
            strands[k][strand] = sums[k];
        }
    }
    strands.map(tree)
}
