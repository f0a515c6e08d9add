//! Instructions of row groups on one block: operands are resolved here, the loops are in `elementwise` and `reduce`.

use std::cell::Cell;
use std::marker::PhantomData;

use crate::numeric::dispatch::{Isa, Kernel};
use crate::numeric::lanes::{Lanes, Stream, Target, times_plus, vectors};
use crate::program::code::{DROPPED, Factors, Operand, Place, RowGroup, RowOp};

use super::layout::Layout;
use super::{Ahead, Frame, elementwise, matrix, reduce};

/// Executes the block of rows from `first` on, `count` of them.
#[inline(always)]
pub(super) fn run<'a, I: Isa, const N: usize, L: Layout<N>>(
    frame: Frame<'a>,
    group: &'a RowGroup,
    (first, count): (usize, usize),
) {
    let block = Block::<N, L> { frame, size: group.block, first, count, layout: PhantomData };
    let tile = group.tile.filter(|_| frame.ahead == Ahead::Asks).map(|tile| &frame.code.tiles[tile]);
    if let Some(tile) = tile {
        matrix::touch(tile, first);
    }
    for (place, op) in group.ops.iter().enumerate() {
        if let Some(tile) = tile {
            matrix::ask(tile, first, (place, group.ops.len()));
        }
        block.run::<I>(op);
    }
}

/// A block of rows.
#[derive(Clone, Copy)]
struct Block<'a, const N: usize, L> {
    frame: Frame<'a>,
    /// Rows of a slot.
    size: usize,
    /// The block's first row.
    first: usize,
    /// Rows in this block.
    count: usize,
    layout: PhantomData<L>,
}

/// What an operand gives at each vector of a block.
#[derive(Clone, Copy)]
pub(super) enum Source<'a, const N: usize> {
    /// Vectors.
    Stream(Stream<'a, N>),
    /// Numbers, each for all lanes.
    Spread(Spread<'a>),
}

/// Numbers that are spread over the lanes.
#[derive(Clone, Copy)]
pub(super) struct Spread<'a>(pub Stream<'a, 1>);

/// A vector at each place. Loops are written over one of the kinds, so that it is not asked for at each vector.
pub(super) trait Vectors<const N: usize>: Copy {
    fn at(&self, index: usize) -> Lanes<N>;

    /// A lane of a vector, of which nothing else is read.
    fn number(&self, index: usize, lane: usize) -> f64;
}

impl<const N: usize> Vectors<N> for Spread<'_> {
    #[inline(always)]
    fn at(&self, index: usize) -> Lanes<N> {
        Lanes::splat(self.0.at(index).0[0])
    }

    #[inline(always)]
    fn number(&self, index: usize, _: usize) -> f64 {
        self.0.at(index).0[0]
    }
}

impl<const N: usize> Vectors<N> for Stream<'_, N> {
    #[inline(always)]
    fn at(&self, index: usize) -> Lanes<N> {
        Stream::at(self, index)
    }

    #[inline(always)]
    fn number(&self, index: usize, lane: usize) -> f64 {
        Stream::number(self, index, lane)
    }
}

impl<const N: usize> Vectors<N> for Source<'_, N> {
    #[inline(always)]
    fn at(&self, index: usize) -> Lanes<N> {
        match self {
            Self::Stream(stream) => Stream::at(stream, index),
            Self::Spread(spread) => spread.at(index),
        }
    }

    #[inline(always)]
    fn number(&self, index: usize, lane: usize) -> f64 {
        match self {
            Self::Stream(stream) => Stream::number(stream, index, lane),
            Self::Spread(spread) => spread.0.at(index).0[0],
        }
    }
}

impl<'a, const N: usize> Source<'a, N> {
    /// As vectors. What is spread is one number, in `room`: of numbers that differ from row to row no function is
    /// taken, since it would be a constant.
    #[inline(always)]
    pub fn stream(self, room: &'a mut Lanes<N>, count: usize) -> Stream<'a, N> {
        match self {
            Self::Stream(stream) => stream,
            Self::Spread(spread) => {
                if count > 0 {
                    *room = spread.at(0);
                }
                Stream::of_same(room, count)
            }
        }
    }

    /// The same vector of an array, or the same number if elements are numbers.
    #[inline(always)]
    pub fn same<L: Layout<N>>(memory: &'a [Cell<f64>], offset: usize, count: usize) -> Self {
        let cells = &memory[offset * L::ELEMENT..];
        match L::ELEMENT == N {
            true => Self::Stream(Stream::of_cells(cells, 0, count)),
            false => Self::Spread(Spread(Stream::of_cells(cells, 0, count))),
        }
    }
}

impl<'a, const N: usize, L: Layout<N>> Block<'a, N, L> {
    /// Number of vectors.
    #[inline(always)]
    fn vectors(self) -> usize {
        self.count.div_ceil(L::ROWS)
    }

    /// From the block's first row on.
    #[inline(always)]
    fn cells(self, place: Place) -> &'a [Cell<f64>] {
        match place {
            Place::Slot(slot) => &self.frame.scratch[slot * self.size * L::ELEMENT..],
            Place::Array(offset) => &self.frame.memory[(offset + self.first) * L::ELEMENT..],
        }
    }

    #[inline(always)]
    fn target(self, place: Place) -> Target<'a, N> {
        let numbers = match place {
            // A slot has room for whole vectors.
            Place::Slot(_) => self.vectors() * N,
            Place::Array(_) => self.count * L::ELEMENT,
        };
        Target::new(self.cells(place), numbers)
    }

    #[inline(always)]
    fn source(self, operand: &'a Operand) -> Source<'a, N> {
        let vectors = self.vectors();
        match operand {
            Operand::Rows(place) => Source::Stream(Stream::of_cells(self.cells(*place), N, vectors)),
            Operand::Scalar(offset) => Source::same::<L>(self.frame.memory, *offset, vectors),
            Operand::Column(column) => {
                let column = &self.frame.code.columns[*column][self.first..];
                match L::ROWS == N {
                    true => Source::Stream(Stream::of_numbers(column, N, vectors)),
                    false => Source::Spread(Spread(Stream::of_numbers(column, 1, vectors))),
                }
            }
            Operand::Immediate(value) => {
                Source::Spread(Spread(Stream::of_numbers(std::slice::from_ref(value), 0, vectors)))
            }
        }
    }

    #[inline(always)]
    fn map(self, map: usize) -> &'a [u32] {
        &self.frame.code.maps[map][self.first..][..self.count]
    }

    #[inline(always)]
    fn run<I: Isa>(self, op: &'a RowOp) {
        let set = self.frame.set;
        match op {
            RowOp::Load { out, array, map } => {
                let array = &self.frame.memory[*array * L::ELEMENT..];
                load::<N, L>(array, &self.cells(*out)[..self.count * L::ELEMENT], self.map(*map));
            }
            RowOp::Copy { out, x } => elementwise::copy(self.target(*out), self.source(x)),
            RowOp::Unary { op, out, x } => {
                set.run(elementwise::UnaryKernel { op: *op, out: self.target(*out), x: self.source(x) });
            }
            RowOp::Binary { op, out, x, y } => {
                let operands = [self.source(x), self.source(y)];
                set.run(elementwise::BinaryKernel { op: *op, out: self.target(*out), operands });
            }
            RowOp::Ternary { op, out, operands } => {
                elementwise::ternary(*op, self.target(*out), operands.each_ref().map(|x| self.source(x)));
            }
            RowOp::Select { out, condition, yes, no } => {
                let (yes, no) = (self.source(yes), self.source(no));
                elementwise::select(self.target(*out), self.source(condition), yes, no);
            }
            RowOp::MultiplyAdd { out, product, addend, signs } => {
                let operands = [self.source(&product[0]), self.source(&product[1]), self.source(addend)];
                set.run(elementwise::MultiplyAddKernel { signs: *signs, out: self.target(*out), operands });
            }
            RowOp::Pair { op, out, x } => {
                let out = [self.target(out[0]), self.target(out[1])];
                set.run(elementwise::PairKernel { op: *op, out, x: self.source(x) });
            }
            RowOp::MatrixVector { out, tile, vector } => {
                let tile = (&self.frame.code.tiles[*tile], self.first, self.frame.ahead);
                let vector = &self.frame.memory[*vector * L::ELEMENT..];
                matrix::times_vector::<N, L>(set, tile, vector, self.target(*out));
            }
            RowOp::TransposedMatrixVector { tile, x, strands } => {
                let tile = (&self.frame.code.tiles[*tile], self.first, self.frame.ahead);
                let strands = &self.frame.memory[*strands * L::ELEMENT..];
                matrix::transposed_times_vector::<N, L>(set, tile, (self.source(x), self.count), strands);
            }
            RowOp::Sum { factors, into } => {
                let into = &self.frame.memory[*into * L::ELEMENT..][..L::ELEMENT];
                reduce::add::<I, N, L>(self.count, self.factors(factors), into);
            }
            RowOp::SumInto { factors, map, into } => {
                let into = &self.frame.memory[*into * L::ELEMENT..];
                set.run(SumInto::<N, L>::new(self.factors(factors), self.map(*map), into));
            }
        }
    }

    #[inline(always)]
    fn factors(self, factors: &'a Factors) -> (Source<'a, N>, Option<Source<'a, N>>) {
        match factors {
            Factors::One(x) => (self.source(x), None),
            Factors::Two(x, y) => (self.source(x), Some(self.source(y))),
        }
    }
}

/// out\[row] = array[map\[row]]
#[inline(always)]
pub(super) fn load<const N: usize, L: Layout<N>>(array: &[Cell<f64>], out: &[Cell<f64>], map: &[u32]) {
    if L::ELEMENT == 1 {
        for (out, &element) in out.iter().zip(map) {
            out.set(array[element as usize].get());
        }
        return;
    }
    for (out, &element) in vectors::<N>(out).iter().zip(map) {
        out.set(vectors::<N>(array)[element as usize].get());
    }
}

/// into[map\[row]] += the product of the factors
pub(super) struct SumInto<'a, const N: usize, L> {
    factors: (Source<'a, N>, Option<Source<'a, N>>),
    map: &'a [u32],
    into: &'a [Cell<f64>],
    layout: PhantomData<L>,
}

impl<'a, const N: usize, L: Layout<N>> SumInto<'a, N, L> {
    #[inline(always)]
    pub fn new(
        factors: (Source<'a, N>, Option<Source<'a, N>>),
        map: &'a [u32],
        into: &'a [Cell<f64>],
    ) -> Self {
        Self { factors, map, into, layout: PhantomData }
    }
}

impl<const N: usize, L: Layout<N>> Kernel for SumInto<'_, N, L> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let (x, y) = self.factors;
        match (x, y) {
            (Source::Stream(x), None) => self.sums::<I, _, false>([x, x]),
            (Source::Stream(x), Some(Source::Stream(y))) => self.sums::<I, _, true>([x, y]),
            (x, y) => match y {
                None => self.sums::<I, _, false>([x, x]),
                Some(y) => self.sums::<I, _, true>([x, y]),
            },
        }
    }
}

impl<const N: usize, L: Layout<N>> SumInto<'_, N, L> {
    #[inline(always)]
    fn sums<I: Isa, X: Vectors<N>, const PRODUCT: bool>(&self, [x, y]: [X; 2]) {
        for (row, &element) in self.map.iter().enumerate().filter(|(_, element)| **element != DROPPED) {
            let element = element as usize;
            if L::ELEMENT == 1 {
                let (cell, at) = (&self.into[element], (row / L::ROWS, row % L::ROWS));
                let a = x.number(at.0, at.1);
                cell.set(match PRODUCT {
                    true => times_plus::<I>(a, y.number(at.0, at.1), cell.get()),
                    false => cell.get() + a,
                });
            } else {
                let (cell, a) = (&vectors::<N>(self.into)[element], x.at(row));
                cell.set(match PRODUCT {
                    true => a.times_plus::<I>(y.at(row), cell.get()),
                    false => cell.get().plus(a),
                });
            }
        }
    }
}
