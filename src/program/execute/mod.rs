//! Executes code for a chunk of eight samples. Memory is seen through cells, so that an instruction may read what it
//! overwrites.

mod elementwise;
mod index;
mod linear;
mod matrix;
mod reduce;
mod rows;
mod scan;
mod whole;

use std::cell::Cell;

use crate::numeric::dispatch::{InstructionSet, Isa, Kernel};
use crate::numeric::lanes::F8;

use super::code::{Code, Group, Input, Offset, RowGroup, WholeOp};

/// What instructions see of the workspace: one chunk's memory, and scratch.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    pub code: &'a Code,
    pub memory: &'a [Cell<F8>],
    pub scratch: &'a [Cell<F8>],
    pub numbers: &'a [Cell<f64>],
    pub set: InstructionSet,
}

/// An array read whole.
#[derive(Clone, Copy)]
pub(super) enum Elements<'a> {
    Lanes(&'a [Cell<F8>]),
    Column(&'a [f64]),
}

impl Elements<'_> {
    /// The element, the same for all samples if it is a constant.
    #[inline(always)]
    pub fn at(self, index: usize) -> F8 {
        match self {
            Self::Lanes(lanes) => lanes[index].get(),
            Self::Column(column) => F8::splat(column[index]),
        }
    }
}

impl<'a> Frame<'a> {
    /// An array in memory from its first element on.
    #[inline(always)]
    pub fn array(self, offset: Offset) -> &'a [Cell<F8>] {
        &self.memory[offset..]
    }

    #[inline(always)]
    pub fn elements(self, input: Input) -> Elements<'a> {
        match input {
            Input::Array(offset) => Elements::Lanes(self.array(offset)),
            Input::Column(column) => Elements::Column(&self.code.columns[column]),
        }
    }

    /// Executes the groups in order.
    pub fn run(self, groups: &[Group]) {
        for group in groups {
            match group {
                Group::Rows(group) => {
                    self.clear(group);
                    for first in (0..group.rows).step_by(group.block) {
                        self.run_block(group, first);
                    }
                }
                Group::Whole(op) => self.run_whole(op),
            }
        }
    }

    /// Sets the accumulators of a group to 0.
    pub fn clear(self, group: &RowGroup) {
        for &(first, length) in &group.cleared {
            self.memory[first..first + length].iter().for_each(|cell| cell.set(F8::ZERO));
        }
    }

    /// Executes the block of rows that starts at `first`.
    pub fn run_block(self, group: &RowGroup, first: usize) {
        self.set.run(BlockKernel { frame: self, group, first });
    }

    pub fn run_whole(self, op: &WholeOp) {
        self.set.run(WholeKernel { frame: self, op });
    }
}

struct BlockKernel<'a> {
    frame: Frame<'a>,
    group: &'a RowGroup,
    first: usize,
}

impl Kernel for BlockKernel<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let count = self.group.block.min(self.group.rows - self.first);
        let block = rows::Block { frame: self.frame, size: self.group.block, first: self.first, count };
        for op in &self.group.ops {
            block.run::<I>(op);
        }
    }
}

struct WholeKernel<'a> {
    frame: Frame<'a>,
    op: &'a WholeOp,
}

impl Kernel for WholeKernel<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        whole::run::<I>(self.frame, self.op);
    }
}
