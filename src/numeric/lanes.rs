//! The virtual vector: numbers that are computed alike, whatever the width of the machine's registers.
//!
//! The loops over the lanes have a constant count and no branch, so the compiler turns them into vector instructions of
//! the features that are on where they are inlined. Hence `#[inline(always)]` throughout.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
use std::cell::Cell;
use std::marker::PhantomData;

use super::dispatch::Isa;

/// Number of lanes of the virtual vector.
pub const LANES: usize = 8;

/// An expression of lanes, for all lanes of some vectors: `lanes!(x = vector, y = other => x + y)`.
///
/// A macro and not a method that takes a closure: a closure is compiled without the features of the function that it
/// ends up in unless it is inlined, which nothing guarantees.
macro_rules! lanes {
    ($first:ident = $vector:expr $(, $name:ident = $other:expr)* => $body:expr) => {{
        #[allow(clippy::redundant_locals, reason = "an argument may already have its name")]
        let $first = $vector;
        $(
            #[allow(clippy::redundant_locals, reason = "an argument may already have its name")]
            let $name = $other;
        )*
        let mut result = $first;
        for lane in 0..result.0.len() {
            let $first = $first.0[lane];
            $(let $name = $name.0[lane];)*
            result.0[lane] = $body;
        }
        result
    }};
}
pub(crate) use lanes;

/// As many numbers as it says.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
pub struct Lanes<const N: usize>(pub [f64; N]);

/// Eight numbers.
pub type F8 = Lanes<LANES>;

impl<const N: usize> Lanes<N> {
    /// All lanes 0.
    pub const ZERO: Self = Self([0.0; N]);

    /// The same number in all lanes.
    #[inline(always)]
    pub fn splat(x: f64) -> Self {
        Self([x; N])
    }

    /// Sum.
    #[inline(always)]
    pub fn plus(self, other: Self) -> Self {
        lanes!(x = self, y = other => x + y)
    }

    /// Difference.
    #[inline(always)]
    pub fn minus(self, other: Self) -> Self {
        lanes!(x = self, y = other => x - y)
    }

    /// Quotient.
    #[inline(always)]
    pub fn over(self, other: Self) -> Self {
        lanes!(x = self, y = other => x / y)
    }

    /// self * factor + addend, rounded once where the machine can.
    #[inline(always)]
    pub fn times_plus<I: Isa>(self, factor: Self, addend: Self) -> Self {
        if N == LANES {
            return I::multiply_add(self.resized(), factor.resized(), addend.resized()).resized();
        }
        each_times_plus::<I, N>(self, factor, addend)
    }

    /// Of the same length, which the compiler does not know to be the same.
    #[inline(always)]
    pub(super) fn resized<const M: usize>(self) -> Lanes<M> {
        assert!(N == M, "lanes are only resized to their own length");
        // SAFETY: of the same length, both are the same array of numbers, all of whose bits are allowed.
        unsafe { std::mem::transmute_copy(&self) }
    }

    /// The first lanes, and the other lanes of another vector.
    #[inline(always)]
    pub fn first_of(self, count: usize, other: Self) -> Self {
        let mut result = other;
        for lane in 0..N {
            result.0[lane] = if lane < count { self.0[lane] } else { other.0[lane] };
        }
        result
    }

    /// addend - self * factor, rounded once where the machine can.
    #[inline(always)]
    pub fn subtracted_from<I: Isa>(self, factor: Self, addend: Self) -> Self {
        lanes!(x = self => -x).times_plus::<I>(factor, addend)
    }
}

/// x y + z lane by lane.
#[inline(always)]
pub(super) fn each_times_plus<I: Isa, const N: usize>(x: Lanes<N>, y: Lanes<N>, z: Lanes<N>) -> Lanes<N> {
    lanes!(x = x, y = y, z = z => times_plus::<I>(x, y, z))
}

/// x * factor + addend, rounded once where the machine can: a fused operation done in software would be slow.
#[inline(always)]
pub fn times_plus<I: Isa>(x: f64, factor: f64, addend: f64) -> f64 {
    if I::FUSED { x.mul_add(factor, addend) } else { x * factor + addend }
}

/// Cells seen as vectors, one after another; what does not fill a vector is left off.
#[inline(always)]
pub fn vectors<const N: usize>(cells: &[Cell<f64>]) -> &[Cell<Lanes<N>>] {
    let count = cells.len() / N;
    // SAFETY: `Lanes<N>` is transparent over `[f64; N]` and a cell over what it holds, so `count` vectors have size,
    // alignment and interior mutability of the first `count * N <= cells.len()` cells, which stay borrowed for as long.
    unsafe { std::slice::from_raw_parts(cells.as_ptr().cast(), count) }
}

/// The vector that begins at a cell.
#[inline(always)]
pub fn load<const N: usize>(cells: &[Cell<f64>], at: usize) -> Lanes<N> {
    vectors::<N>(&cells[at..at + N])[0].get()
}

/// Writes the vector that begins at a cell.
#[inline(always)]
pub fn store<const N: usize>(cells: &[Cell<f64>], at: usize, vector: Lanes<N>) {
    vectors::<N>(&cells[at..at + N])[0].set(vector);
}

/// Asks for numbers that are read soon, as far as the second-level cache: the first is full of what is read now.
#[inline(always)]
pub fn prefetch<E>(numbers: &[E]) {
    #[cfg(target_arch = "x86_64")]
    for line in numbers.chunks(LANES * size_of::<f64>() / size_of::<E>()) {
        // SAFETY: the instruction belongs to the baseline of this architecture, and reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = numbers;
}

/// Vectors at equal distances, so many of them.
#[derive(Clone, Copy)]
pub struct Stream<'a, const N: usize> {
    first: *const f64,
    step: usize,
    count: usize,
    numbers: PhantomData<&'a [Cell<f64>]>,
}

impl<'a, const N: usize> Stream<'a, N> {
    /// `count` vectors, the first of them at the start of `cells`, `step` numbers apart.
    #[inline(always)]
    pub fn of_cells(cells: &'a [Cell<f64>], step: usize, count: usize) -> Self {
        assert!(count == 0 || (count - 1) * step + N <= cells.len(), "vectors lie within their array");
        Self { first: cells.as_ptr().cast(), step, count, numbers: PhantomData }
    }

    /// The same of numbers that do not change.
    #[inline(always)]
    pub fn of_numbers(numbers: &'a [f64], step: usize, count: usize) -> Self {
        assert!(count == 0 || (count - 1) * step + N <= numbers.len(), "vectors lie within their array");
        Self { first: numbers.as_ptr(), step, count, numbers: PhantomData }
    }

    /// The same vector, so many times.
    #[inline(always)]
    pub fn of_same(vector: &'a Lanes<N>, count: usize) -> Self {
        Self { first: vector.0.as_ptr(), step: 0, count, numbers: PhantomData }
    }

    /// The vector of that number.
    #[inline(always)]
    pub fn at(&self, index: usize) -> Lanes<N> {
        assert!(index < self.count, "a vector of the stream");
        // SAFETY: by the constructors, `index * step + N` numbers from `first` on are borrowed for the life of `self`,
        // either unchanging or in cells, which one thread alone sees. `Lanes<N>` is `N` numbers with their alignment.
        unsafe { self.first.add(index * self.step).cast::<Lanes<N>>().read() }
    }

    /// One lane of the vector of that number.
    #[inline(always)]
    pub fn number(&self, index: usize, lane: usize) -> f64 {
        assert!(index < self.count && lane < N, "a lane of a vector of the stream");
        // SAFETY: as above, and the lane is one of the vector's.
        unsafe { self.first.add(index * self.step + lane).read() }
    }
}

/// Vectors to be written, one after another.
#[derive(Clone, Copy)]
pub struct Target<'a, const N: usize> {
    vectors: &'a [Cell<Lanes<N>>],
    /// Lanes of the last vector that are written.
    last: usize,
}

impl<'a, const N: usize> Target<'a, N> {
    /// Room for so many numbers; `cells` go on to the end of the last vector, whose other lanes stay as they are.
    #[inline(always)]
    pub fn new(cells: &'a [Cell<f64>], numbers: usize) -> Self {
        let count = numbers.div_ceil(N);
        Self { vectors: &vectors(cells)[..count], last: numbers + N - count * N }
    }

    /// Number of vectors.
    #[inline(always)]
    pub fn count(&self) -> usize {
        self.vectors.len()
    }

    /// Writes a vector.
    #[inline(always)]
    pub fn set(&self, index: usize, vector: Lanes<N>) {
        let cell = &self.vectors[index];
        // By lanes, and not by a call: what is called takes its argument from memory, where it would be put each time.
        let whole = self.last == N || index + 1 < self.vectors.len();
        cell.set(if whole { vector } else { vector.first_of(self.last, cell.get()) });
    }
}
