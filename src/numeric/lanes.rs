//! The virtual vector: eight numbers that are computed alike, whatever the width of the machine's registers.
//!
//! The loops over the eight lanes have a constant count and no branch, so the compiler turns them into vector
//! instructions of the features that are on where they are inlined. Hence `#[inline(always)]` throughout.

use super::dispatch::Isa;

/// Number of lanes of the virtual vector.
pub const LANES: usize = 8;

/// An expression of lanes, for all lanes of some vectors: `lanes!(x = vector, y = other => x + y)`.
///
/// A macro and not a method that takes a closure: a closure is compiled without the features of the function that it
/// ends up in unless it is inlined, which nothing guarantees.
macro_rules! lanes {
    ($($name:ident = $vector:expr),+ => $body:expr) => {{
        $(let $name: $crate::numeric::lanes::F8 = $vector;)+
        let mut result = [0.0; $crate::numeric::lanes::LANES];
        for lane in 0..$crate::numeric::lanes::LANES {
            $(let $name = $name.0[lane];)+
            result[lane] = $body;
        }
        $crate::numeric::lanes::F8(result)
    }};
}
pub(crate) use lanes;

/// Eight numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct F8(pub [f64; LANES]);

impl F8 {
    /// All lanes 0.
    pub const ZERO: Self = Self([0.0; LANES]);

    /// The same number in all lanes.
    #[inline(always)]
    pub fn splat(x: f64) -> Self {
        Self([x; LANES])
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
        lanes!(x = self, y = factor, z = addend => times_plus::<I>(x, y, z))
    }

    /// addend - self * factor, rounded once where the machine can.
    #[inline(always)]
    pub fn subtracted_from<I: Isa>(self, factor: Self, addend: Self) -> Self {
        lanes!(x = self, y = factor, z = addend => times_plus::<I>(-x, y, z))
    }
}

/// x * factor + addend, rounded once where the machine can: a fused operation done in software would be slow.
#[inline(always)]
pub fn times_plus<I: Isa>(x: f64, factor: f64, addend: f64) -> f64 {
    if I::FUSED { x.mul_add(factor, addend) } else { x * factor + addend }
}
