//! Numbers as they are stored, in double precision or in single: what vector kernels need of either.
#![allow(clippy::needless_range_loop, reason = "loops of constant count, to be unrolled")]

use super::dispatch::Isa;
use super::lanes::{LANES, Lanes};

/// A number as it is stored.
pub trait Entry: Copy {
    /// Lines that are to be asked for together: where they are copied, there is not room for any number.
    const TOGETHER: usize;

    /// The first numbers, widened.
    fn wide<I: Isa, const N: usize>(entries: &[Self]) -> Lanes<N>;

    /// Lines as numbers to be read one by one: those that are stored, or `room` filled with them, and how far apart lines
    /// begin there. A vector that is the same number in all lanes is cheap only if the number is read from memory.
    fn lines<'a, I: Isa>(lines: Lines<'a, Self>, room: &'a mut [f64]) -> (&'a [f64], usize);
}

/// `count` lines of `length` numbers, `distance` apart.
#[derive(Clone, Copy)]
pub struct Lines<'a, E> {
    /// From the first number of the first line on.
    pub entries: &'a [E],
    /// From the beginning of a line to that of the next.
    pub distance: usize,
    /// Lines.
    pub count: usize,
    /// Numbers in a line.
    pub length: usize,
}

/// Lines of single precision that are widened together.
pub const SINGLES_TOGETHER: usize = 8;

impl Entry for f64 {
    const TOGETHER: usize = usize::MAX;

    #[inline(always)]
    fn wide<I: Isa, const N: usize>(entries: &[Self]) -> Lanes<N> {
        let mut result = Lanes::ZERO;
        result.0.copy_from_slice(&entries[..N]);
        result
    }

    #[inline(always)]
    fn lines<'a, I: Isa>(lines: Lines<'a, Self>, _: &'a mut [f64]) -> (&'a [f64], usize) {
        (lines.entries, lines.distance)
    }
}

impl Entry for f32 {
    const TOGETHER: usize = SINGLES_TOGETHER;

    #[inline(always)]
    fn wide<I: Isa, const N: usize>(entries: &[Self]) -> Lanes<N> {
        if N == LANES {
            let mut all = [0.0; LANES];
            all.copy_from_slice(&entries[..LANES]);
            return I::widen(all).resized();
        }
        let mut result = Lanes::ZERO;
        for lane in 0..N {
            result.0[lane] = f64::from(entries[lane]);
        }
        result
    }

    #[inline(always)]
    fn lines<'a, I: Isa>(lines: Lines<'a, Self>, room: &'a mut [f64]) -> (&'a [f64], usize) {
        let Lines { entries, distance, count, length } = lines;
        for line in 0..count {
            let from = &entries[line * distance..][..length];
            let to = &mut room[line * length..][..length];
            let (whole, rest) = to.as_chunks_mut::<LANES>();
            let (vectors, left) = from.as_chunks::<LANES>();
            whole.iter_mut().zip(vectors).for_each(|(to, from)| *to = Self::wide::<I, LANES>(from).0);
            rest.iter_mut().zip(left).for_each(|(to, &from)| *to = f64::from(from));
        }
        (room, length)
    }
}
