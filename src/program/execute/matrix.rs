//! A constant matrix times a vector, and its transpose times a vector, for a block of rows.
#![allow(clippy::needless_range_loop, reason = "loops of constant count over several arrays, to be unrolled")]

use std::cell::Cell;

use crate::numeric::dispatch::Isa;
use crate::numeric::lanes::F8;
use crate::program::code::Tile;

use super::reduce::{STRANDS, tree};
use super::rows::Source;

/// Rows, or columns, that are held in registers together.
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

/// out\[row] = sum over columns of tile[row, column] * vector[column]
#[inline(always)]
pub(super) fn times_vector<I: Isa>(tile: TileBlock, vector: &[Cell<F8>], out: &[Cell<F8>]) {
    let vector = &vector[..tile.columns];
    let mut groups = out.chunks_exact(TOGETHER);
    let mut first = 0;
    for group in groups.by_ref() {
        let mut sums = [F8::ZERO; TOGETHER];
        for (column, factor) in tile.values.chunks_exact(tile.size).zip(vector) {
            let entries = &column[first..][..TOGETHER];
            let factor = factor.get();
            for k in 0..TOGETHER {
                sums[k] = F8::splat(entries[k]).times_plus::<I>(factor, sums[k]);
            }
        }
        for k in 0..TOGETHER {
            group[k].set(sums[k]);
        }
        first += TOGETHER;
    }
    for (k, cell) in groups.remainder().iter().enumerate() {
        let mut sum = F8::ZERO;
        for (column, factor) in vector.iter().enumerate() {
            sum = F8::splat(tile.column(column)[first + k]).times_plus::<I>(factor.get(), sum);
        }
        cell.set(sum);
    }
}

/// into[column] += sum over rows of tile[row, column] * x\[row]
#[inline(always)]
pub(super) fn transposed_times_vector<I: Isa>(tile: TileBlock, x: (Source, usize), into: &[Cell<F8>]) {
    let into = &into[..tile.columns];
    let mut groups = into.chunks_exact(TOGETHER);
    let mut first = 0;
    for group in groups.by_ref() {
        add_columns::<I, TOGETHER>(tile, first, x, group);
        first += TOGETHER;
    }
    for (k, cell) in groups.remainder().iter().enumerate() {
        add_columns::<I, 1>(tile, first + k, x, std::slice::from_ref(cell));
    }
}

/// The columns from `first` on, N of them.
#[inline(always)]
fn add_columns<I: Isa, const N: usize>(
    tile: TileBlock,
    first: usize,
    (x, count): (Source, usize),
    into: &[Cell<F8>],
) {
    let mut columns: [&[f64]; N] = [&[]; N];
    for k in 0..N {
        columns[k] = &tile.column(first + k)[..count];
    }
    let mut strands = [[F8::ZERO; STRANDS]; N];
    for strand in 0..STRANDS {
        let mut sums = [F8::ZERO; N];
        let mut row = strand;
        while row < count {
            let factor = x.at(row);
            for k in 0..N {
                sums[k] = F8::splat(columns[k][row]).times_plus::<I>(factor, sums[k]);
            }
            row += STRANDS;
        }
        for k in 0..N {
            strands[k][strand] = sums[k];
        }
    }
    for k in 0..N {
        into[k].set(into[k].get().plus(tree(strands[k])));
    }
}
