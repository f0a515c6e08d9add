//! A constant matrix times a vector, and its transpose times a vector, for a block of rows. What is added up stays in
//! registers; the transposed product is kept in strands from block to block, row k in strand k mod 8, and these are
//! added in a tree when a stretch of rows is done. While a block is worked on, memory brings the rows after it: each product
//! asks for a quarter of their columns as it goes, and all instructions of the block for the rest, in equal shares, since
//! a processor keeps some tens of requests only.
#![allow(clippy::needless_range_loop, reason = "loops of constant count over several arrays, to be unrolled")]

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Range;

use crate::numeric::dispatch::{InstructionSet, Isa, Kernel};
use crate::numeric::entry::{Entry, Lines, SINGLES_TOGETHER};
use crate::numeric::lanes::{Lanes, Target, load, prefetch, store};
use crate::program::rows::BLOCK;
use crate::program::tile::{Entries, Tile};

use super::Ahead;
use super::layout::{Layout, element};
use super::reduce::{STRANDS, tree, tree_of_lanes};
use super::rows::{Source, Vectors};

/// out\[row] = sum over columns of tile[row, column] * vector[column], of the rows from `first` on
#[inline(always)]
pub(super) fn times_vector<const N: usize, L: Layout<N>>(
    set: InstructionSet,
    (tile, first, ahead): (&Tile, usize, Ahead),
    vector: &[Cell<f64>],
    out: Target<N>,
) {
    let layout = PhantomData::<L>;
    match &tile.entries {
        Entries::Double(all) => {
            set.run(TimesVector { tile: TileBlock::new(tile, all, first).to_go(ahead), vector, out, layout });
        }
        Entries::Single(all) => {
            set.run(TimesVector { tile: TileBlock::new(tile, all, first).to_go(ahead), vector, out, layout });
        }
    }
}

/// strands\[column, row mod 8] += tile[row, column] * x\[row], of so many rows from `first` on
#[inline(always)]
pub(super) fn transposed_times_vector<const N: usize, L: Layout<N>>(
    set: InstructionSet,
    (tile, first, ahead): (&Tile, usize, Ahead),
    x: (Source<N>, usize),
    strands: &[Cell<f64>],
) {
    let (strands, layout) = (&strands[..tile.columns * STRANDS * L::ELEMENT], PhantomData::<L>);
    match &tile.entries {
        Entries::Double(all) => {
            set.run(TransposedTimesVector {
                tile: TileBlock::new(tile, all, first).to_go(ahead),
                x,
                strands,
                layout,
            });
        }
        Entries::Single(all) => {
            set.run(TransposedTimesVector {
                tile: TileBlock::new(tile, all, first).to_go(ahead),
                x,
                strands,
                layout,
            });
        }
    }
}

/// Asks for what instruction number `place` of so many asks for of the rows after the block that begins at `first`.
#[inline(always)]
pub(super) fn ask(tile: &Tile, first: usize, (place, instructions): (usize, usize)) {
    let share = |place: usize| tile.columns * place / instructions;
    let columns = (share(place)..share(place + 1)).filter(|column| column % 4 > 1);
    match &tile.entries {
        Entries::Double(all) => {
            let block = TileBlock::new(tile, all, first);
            columns.for_each(|column| block.ask(column, 0..tile.block));
        }
        Entries::Single(all) => {
            let block = TileBlock::new(tile, all, first);
            columns.for_each(|column| block.ask(column, 0..tile.block));
        }
    }
}

/// Touches the pages of the rows after the block that begins at `first`, one after another: finding a page takes as long
/// as reading some lines of it, and the processor finds several at once if it is asked for them at once.
#[inline(always)]
pub(super) fn touch(tile: &Tile, first: usize) {
    match &tile.entries {
        Entries::Double(all) => TileBlock::new(tile, all, first).touch(),
        Entries::Single(all) => TileBlock::new(tile, all, first).touch(),
    }
}

/// Bytes of memory that are found together.
const PAGE: usize = 4096;

/// The part of a tile that belongs to a block of rows: column-major, `size` rows.
#[derive(Clone, Copy)]
struct TileBlock<'a, E> {
    entries: &'a [E],
    /// The rows after these, as many, or none: they are on their way while these are worked on.
    next: &'a [E],
    size: usize,
    columns: usize,
}

impl<'a, E: Entry> TileBlock<'a, E> {
    #[inline(always)]
    fn new(tile: &'a Tile, all: &'a [E], first: usize) -> Self {
        let length = tile.block * tile.columns;
        Self {
            entries: &all[first * tile.columns..][..length],
            next: all.get(first * tile.columns + length..).unwrap_or(&[]),
            size: tile.block,
            columns: tile.columns,
        }
    }

    #[inline(always)]
    fn column(self, column: usize) -> &'a [E] {
        &self.entries[column * self.size..][..self.size]
    }

    /// Without what is after it, if that is not to be asked for.
    #[inline(always)]
    fn to_go(self, ahead: Ahead) -> Self {
        match ahead {
            Ahead::Asks => self,
            Ahead::Follows => Self { next: &[], ..self },
        }
    }

    #[inline(always)]
    fn touch(self) {
        let length = self.size * self.columns;
        for first in (0..length).step_by(PAGE / size_of::<E>()) {
            if let Some(number) = self.next.get(first..first + 1) {
                prefetch(number);
            }
        }
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

struct TimesVector<'a, const N: usize, L, E> {
    tile: TileBlock<'a, E>,
    vector: &'a [Cell<f64>],
    out: Target<'a, N>,
    layout: PhantomData<L>,
}

impl<const N: usize, L: Layout<N>, E: Entry> Kernel for TimesVector<'_, N, L, E> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let mut room = Room([0.0; SINGLES_TOGETHER * MOST_ROWS]);
        let mut first = 0;
        if I::ROOMY {
            while L::ROWS == 1 && first + 16 <= self.out.count() {
                self.add_rows::<I, 16>(first, &mut room.0);
                first += 16;
            }
            while first + 8 <= self.out.count() {
                self.add_rows::<I, 8>(first, &mut room.0);
                first += 8;
            }
        }
        while first + 4 <= self.out.count() {
            self.add_rows::<I, 4>(first, &mut room.0);
            first += 4;
        }
        while first < self.out.count() {
            self.add_rows::<I, 1>(first, &mut room.0);
            first += 1;
        }
    }
}

impl<const N: usize, L: Layout<N>, E: Entry> TimesVector<'_, N, L, E> {
    /// The vectors of rows from `first` on, K of them.
    #[inline(always)]
    fn add_rows<I: Isa, const K: usize>(&self, first: usize, room: &mut [f64]) {
        let mut sums = [Lanes::ZERO; K];
        match L::ROWS < N {
            true => self.add_samples::<I, K>(first, &mut sums, room),
            false => self.add_vectors::<I, K>(first, &mut sums),
        }
        for k in 0..K {
            self.out.set(first + k, sums[k]);
        }
    }

    /// Lanes are rows, or there is one.
    #[inline(always)]
    fn add_vectors<I: Isa, const K: usize>(&self, first: usize, sums: &mut [Lanes<N>; K]) {
        let vector = &self.vector[..self.tile.columns * L::ELEMENT];
        let columns = self.tile.entries.chunks_exact(self.tile.size);
        for (number, (column, factor)) in columns.zip(vector.chunks_exact(L::ELEMENT)).enumerate() {
            if number % 4 == 0 {
                self.tile.ask(number, first * L::ROWS..(first + K) * L::ROWS);
            }
            let column = &column[first * N..][..K * N];
            let factor = element::<N, L>(factor, 0);
            for k in 0..K {
                sums[k] = E::wide::<I, N>(&column[k * N..]).times_plus::<I>(factor, sums[k]);
            }
        }
    }

    /// Lanes are samples: an entry is the same for all of them.
    #[inline(always)]
    fn add_samples<I: Isa, const K: usize>(&self, first: usize, sums: &mut [Lanes<N>; K], room: &mut [f64]) {
        let vector = &self.vector[..self.tile.columns * L::ELEMENT];
        let mut number = 0;
        for factors in vector.chunks(E::TOGETHER.min(self.tile.columns) * L::ELEMENT) {
            let count = factors.len() / L::ELEMENT;
            let entries = &self.tile.entries[number * self.tile.size + first..];
            let lines = Lines { entries, distance: self.tile.size, count, length: K };
            let (entries, distance) = E::lines::<I>(lines, room);
            for (column, factor) in factors.chunks_exact(L::ELEMENT).enumerate() {
                if (number + column).is_multiple_of(4) {
                    self.tile.ask(number + column, first..first + K);
                }
                let (entries, factor) = (&entries[column * distance..][..K], element::<N, L>(factor, 0));
                for k in 0..K {
                    sums[k] = Lanes::splat(entries[k]).times_plus::<I>(factor, sums[k]);
                }
            }
            number += count;
        }
    }
}

/// Rows whose entries are read together where lanes are samples, at most, and columns.
const MOST_ROWS: usize = 16;
const MOST_COLUMNS: usize = 3;

/// Room for entries that are widened, filled anew by all that use it one after another; its vectors lie in one line of the
/// cache each.
#[repr(align(64))]
struct Room<const LENGTH: usize>([f64; LENGTH]);

struct TransposedTimesVector<'a, const N: usize, L, E> {
    tile: TileBlock<'a, E>,
    x: (Source<'a, N>, usize),
    strands: &'a [Cell<f64>],
    layout: PhantomData<L>,
}

impl<const N: usize, L: Layout<N>, E: Entry> Kernel for TransposedTimesVector<'_, N, L, E> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let Self { tile, x: (x, count), strands, .. } = self;
        match (L::ROWS, x) {
            (1, Source::Stream(x)) if N > 1 => samples::<I, N, _, E>(tile, (x, count), strands),
            (1, x) if N > 1 => samples::<I, N, _, E>(tile, (x, count), strands),
            _ => rows::<I, N, E>(tile, (x, count), strands),
        }
    }
}

/// Lanes are rows: eight vectors of `x`, or four, are held while the columns pass.
#[inline(always)]
fn rows<I: Isa, const N: usize, E: Entry>(
    tile: TileBlock<E>,
    (x, count): (Source<N>, usize),
    strands: &[Cell<f64>],
) {
    let vectors = count.div_ceil(N);
    let mut first = 0;
    if I::ROOMY {
        while first + 8 <= vectors {
            rows_together::<I, N, 8, E>(tile, (x, count), first, strands);
            first += 8;
        }
    }
    while first + 4 <= vectors {
        rows_together::<I, N, 4, E>(tile, (x, count), first, strands);
        first += 4;
    }
    while first < vectors {
        rows_together::<I, N, 1, E>(tile, (x, count), first, strands);
        first += 1;
    }
}

#[inline(always)]
fn rows_together<I: Isa, const N: usize, const K: usize, E: Entry>(
    tile: TileBlock<E>,
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
        factors[K - 1] = factors[K - 1].first_of(last, Lanes::ZERO);
    }
    for (number, cells) in strands.chunks_exact(N).enumerate() {
        if number % 4 == 1 {
            tile.ask(number, first * N..(first + K) * N);
        }
        let column = tile.column(number);
        let column = &column[first * N..][..K * N];
        let mut sum = load::<N>(cells, 0);
        for k in 0..K {
            sum = E::wide::<I, N>(&column[k * N..]).times_plus::<I>(factors[k], sum);
        }
        store(cells, 0, sum);
    }
}

/// Lanes are samples: all strands of some columns are held while the rows pass.
#[inline(always)]
fn samples<I: Isa, const N: usize, X: Vectors<N>, E: Entry>(
    tile: TileBlock<E>,
    x: (X, usize),
    strands: &[Cell<f64>],
) {
    let mut room = Room([0.0; MOST_COLUMNS * BLOCK]);
    let room = &mut room.0;
    let mut column = 0;
    while column + MOST_COLUMNS <= tile.columns {
        match I::ROOMY {
            true => columns::<I, N, X, E, MOST_COLUMNS, 8>(tile, x, (column, room), strands),
            false => columns::<I, N, X, E, MOST_COLUMNS, 2>(tile, x, (column, room), strands),
        }
        column += MOST_COLUMNS;
    }
    while column < tile.columns {
        columns::<I, N, X, E, 1, 4>(tile, x, (column, room), strands);
        column += 1;
    }
}

/// The columns from `first` on, K of them, G strands at a time.
#[inline(always)]
fn columns<I: Isa, const N: usize, X: Vectors<N>, E: Entry, const K: usize, const G: usize>(
    tile: TileBlock<E>,
    (x, count): (X, usize),
    (first, room): (usize, &mut [f64]),
    strands: &[Cell<f64>],
) {
    for column in (first..first + K).filter(|column| column % 4 == 1) {
        tile.ask(column, 0..tile.size);
    }
    let lines = Lines { entries: tile.column(first), distance: tile.size, count: 1, length: tile.size };
    let mut columns: [&[f64]; K] = [&[]; K];
    for (k, room) in room.chunks_exact_mut(BLOCK).take(K).enumerate() {
        let lines = Lines { entries: tile.column(first + k), ..lines };
        columns[k] = &E::lines::<I>(lines, &mut room[..tile.size]).0[..count];
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
