//! Instructions of row groups on one block: operands are resolved here, the loops are in `elementwise` and `reduce`.

use std::cell::Cell;

use crate::numeric::dispatch::Isa;
use crate::numeric::lanes::F8;
use crate::program::code::{DROPPED, Factors, Operand, Place, RowOp, Sign};

use super::{Frame, elementwise, matrix, reduce};

/// A block of rows.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    pub frame: Frame<'a>,
    /// Rows of a slot.
    pub size: usize,
    /// The block's first row.
    pub first: usize,
    /// Rows in this block.
    pub count: usize,
}

/// What an operand gives at each row of a block.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Lanes(&'a [Cell<F8>]),
    Column(&'a [f64]),
    Same(F8),
}

impl Source<'_> {
    #[inline(always)]
    pub fn at(&self, row: usize) -> F8 {
        match self {
            Self::Lanes(lanes) => lanes[row].get(),
            Self::Column(column) => F8::splat(column[row]),
            Self::Same(value) => *value,
        }
    }
}

impl<'a> Block<'a> {
    #[inline(always)]
    fn rows(self, place: Place) -> &'a [Cell<F8>] {
        match place {
            Place::Slot(slot) => &self.frame.scratch[slot * self.size..][..self.count],
            Place::Array(offset) => &self.frame.memory[offset + self.first..][..self.count],
        }
    }

    #[inline(always)]
    fn source(self, operand: Operand) -> Source<'a> {
        match operand {
            Operand::Rows(place) => Source::Lanes(self.rows(place)),
            Operand::Scalar(offset) => Source::Same(self.frame.memory[offset].get()),
            Operand::Column(column) => {
                Source::Column(&self.frame.code.columns[column][self.first..][..self.count])
            }
            Operand::Immediate(value) => Source::Same(F8::splat(value)),
        }
    }

    #[inline(always)]
    fn map(self, map: usize) -> &'a [u32] {
        &self.frame.code.maps[map][self.first..][..self.count]
    }

    #[inline(always)]
    pub fn run<I: Isa>(self, op: &RowOp) {
        match *op {
            RowOp::Load { out, array, map } => {
                let array = self.frame.array(array);
                for (out, &element) in self.rows(out).iter().zip(self.map(map)) {
                    out.set(array[element as usize].get());
                }
            }
            RowOp::Copy { out, x } => elementwise::copy(self.rows(out), self.source(x)),
            RowOp::Unary { op, out, x } => elementwise::unary::<I>(op, self.rows(out), self.source(x)),
            RowOp::Binary { op, out, x, y } => {
                elementwise::binary(op, self.rows(out), self.source(x), self.source(y));
            }
            RowOp::Select { out, condition, yes, no } => {
                let (yes, no) = (self.source(yes), self.source(no));
                elementwise::select(self.rows(out), self.source(condition), yes, no);
            }
            RowOp::MultiplyAdd { out, product, addend, signs } => {
                let operands = [self.source(product[0]), self.source(product[1]), self.source(addend)];
                match signs {
                    [Sign::Plus, Sign::Plus] => {
                        elementwise::multiply_add::<I, 1, 1>(self.rows(out), operands)
                    }
                    [Sign::Plus, Sign::Minus] => {
                        elementwise::multiply_add::<I, 1, -1>(self.rows(out), operands)
                    }
                    [Sign::Minus, Sign::Plus] => {
                        elementwise::multiply_add::<I, -1, 1>(self.rows(out), operands)
                    }
                    [Sign::Minus, Sign::Minus] => {
                        elementwise::multiply_add::<I, -1, -1>(self.rows(out), operands)
                    }
                }
            }
            RowOp::Pair { op, out, x } => {
                elementwise::pair::<I>(op, self.rows(out[0]), self.rows(out[1]), self.source(x));
            }
            RowOp::MatrixVector { out, tile, vector } => {
                let tile = matrix::TileBlock::new(&self.frame.code.tiles[tile], self.first);
                matrix::times_vector::<I>(tile, self.frame.array(vector), self.rows(out));
            }
            RowOp::TransposedMatrixVector { tile, x, into } => {
                let tile = matrix::TileBlock::new(&self.frame.code.tiles[tile], self.first);
                matrix::transposed_times_vector::<I>(
                    tile,
                    (self.source(x), self.count),
                    self.frame.array(into),
                );
            }
            RowOp::Sum { factors, into } => self.sum::<I>(factors, &self.frame.memory[into]),
            RowOp::SumInto { factors, map, into } => {
                self.sum_into::<I>(factors, self.map(map), self.frame.array(into));
            }
        }
    }

    #[inline(always)]
    fn sum<I: Isa>(self, factors: Factors, into: &Cell<F8>) {
        let sum = match factors {
            Factors::One(x) => reduce::sum(self.count, self.source(x)),
            Factors::Two(x, y) => reduce::dot::<I>(self.count, self.source(x), self.source(y)),
        };
        into.set(into.get().plus(sum));
    }

    #[inline(always)]
    fn sum_into<I: Isa>(self, factors: Factors, map: &[u32], into: &[Cell<F8>]) {
        let (x, y) = match factors {
            Factors::One(x) => (self.source(x), None),
            Factors::Two(x, y) => (self.source(x), Some(self.source(y))),
        };
        for (row, &element) in map.iter().enumerate() {
            if element == DROPPED {
                continue;
            }
            let cell = &into[element as usize];
            cell.set(match y {
                None => cell.get().plus(x.at(row)),
                Some(y) => x.at(row).times_plus::<I>(y.at(row), cell.get()),
            });
        }
    }
}
