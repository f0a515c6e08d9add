//! What the lanes are: eight samples, or eight rows of one sample, or one row of one sample.
//!
//! The same operations are done to the same numbers in the same order in each, so results have the same bits.

use std::cell::Cell;

use crate::numeric::lanes::{LANES, Lanes, load};

/// An arrangement of a program's memory. Vectors have `N` lanes.
pub(super) trait Layout<const N: usize>: Copy {
    /// Numbers in memory for an element of an array.
    const ELEMENT: usize;
    /// Rows that a vector holds.
    const ROWS: usize;
}

/// An element is a vector of eight samples.
#[derive(Clone, Copy)]
pub(super) struct Samples;

/// Eight rows of one sample, an element is a number.
#[derive(Clone, Copy)]
pub(super) struct Rows;

/// One row of one sample.
#[derive(Clone, Copy)]
pub(super) struct Single;

impl Layout<LANES> for Samples {
    const ELEMENT: usize = LANES;
    const ROWS: usize = 1;
}

impl Layout<LANES> for Rows {
    const ELEMENT: usize = 1;
    const ROWS: usize = LANES;
}

impl Layout<1> for Single {
    const ELEMENT: usize = 1;
    const ROWS: usize = 1;
}

/// An element of an array in memory, in all lanes if it is one number.
#[inline(always)]
pub(super) fn element<const N: usize, L: Layout<N>>(memory: &[Cell<f64>], element: usize) -> Lanes<N> {
    match L::ELEMENT {
        1 => Lanes::splat(memory[element].get()),
        _ => load(memory, element * N),
    }
}
