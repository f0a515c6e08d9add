//! Executes code for eight samples at once, or for one. Memory is seen through cells, so that an instruction may read
//! what it overwrites.

mod contract;
mod elementwise;
mod factor;
mod flat;
mod index;
mod layout;
mod linear;
mod matrix;
mod reduce;
mod rows;
mod scan;
mod small;
mod stretch;
mod substitute;
mod whole;

use std::cell::Cell;

use crate::numeric::dispatch::{InstructionSet, Isa, Kernel};
use crate::numeric::lanes::{LANES, Lanes, vectors};

use super::code::{Code, Group, Input, Offset, RowGroup, WholeOp};

pub(super) use stretch::{run_rows, run_stretch};

/// The samples that one memory is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Abreast {
    /// Each element is a vector of so many samples.
    Eight,
    /// Each element is a number.
    One,
}

impl Abreast {
    /// Numbers in memory for an element.
    pub fn lanes(self) -> usize {
        match self {
            Self::Eight => LANES,
            Self::One => 1,
        }
    }
}

/// What instructions see of the workspace: the memory of some samples, and scratch.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    pub code: &'a Code,
    pub memory: &'a [Cell<f64>],
    pub scratch: &'a [Cell<f64>],
    pub numbers: &'a [Cell<f64>],
    pub totals: &'a [Cell<f64>],
    pub set: InstructionSet,
    pub abreast: Abreast,
    pub ahead: Ahead,
}

/// Whether products ask for the rows after those that they read, or another part of the samples does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ahead {
    Asks,
    Follows,
}

/// An array read whole.
#[derive(Clone, Copy)]
pub(super) enum Elements<'a, const N: usize> {
    Lanes(&'a [Cell<Lanes<N>>]),
    Column(&'a [f64]),
}

impl<const N: usize> Elements<'_, N> {
    /// The element, the same for all samples if it is a constant.
    #[inline(always)]
    pub fn at(self, index: usize) -> Lanes<N> {
        match self {
            Self::Lanes(lanes) => lanes[index].get(),
            Self::Column(column) => Lanes::splat(column[index]),
        }
    }
}

impl<'a> Frame<'a> {
    /// An array in memory from its first element on; an element is a vector of the samples.
    #[inline(always)]
    pub fn array<const N: usize>(self, offset: Offset) -> &'a [Cell<Lanes<N>>] {
        &vectors(self.memory)[offset..]
    }

    #[inline(always)]
    pub fn elements<const N: usize>(self, input: Input) -> Elements<'a, N> {
        match input {
            Input::Array(offset) => Elements::Lanes(self.array(offset)),
            Input::Column(column) => Elements::Column(&self.code.columns[column]),
        }
    }

    /// Executes the groups in order.
    pub fn run(self, groups: &[Group]) {
        self.set.run(GroupsKernel { frame: self, groups });
    }

    /// Executes the block of rows that starts at `first`.
    fn run_block(self, group: &RowGroup, first: usize) {
        self.set.run(BlockKernel { frame: self, group, first });
    }

    #[inline(always)]
    fn block<I: Isa>(self, group: &RowGroup, first: usize) {
        let count = group.block.min(group.rows - first);
        match self.abreast {
            Abreast::Eight => rows::run::<I, LANES, layout::Samples>(self, group, (first, count)),
            Abreast::One => rows::run::<I, LANES, layout::Rows>(self, group, (first, count)),
        }
    }
}

struct GroupsKernel<'a> {
    frame: Frame<'a>,
    groups: &'a [Group],
}

impl Kernel for GroupsKernel<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        for group in self.groups {
            match group {
                Group::Flat(code) => flat::run::<I>(self.frame, code),
                Group::Rows(group) => run_rows(std::iter::once(self.frame), group),
                Group::Whole(op) => self.frame.set.run(WholeKernel { frame: self.frame, op }),
            }
        }
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
        self.frame.block::<I>(self.group, self.first);
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
        match self.frame.abreast {
            Abreast::Eight => whole::run::<I, LANES>(self.frame, self.op),
            Abreast::One => whole::run::<I, 1>(self.frame, self.op),
        }
    }
}
