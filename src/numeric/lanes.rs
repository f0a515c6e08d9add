//! The virtual vector: eight numbers that are computed alike, whatever the width of the machine's registers.
//!
//! The loops over the eight lanes have a constant count and no branch, so the compiler turns them into vector
//! instructions of the features that are on where they are inlined. Hence `#[inline(always)]` throughout.

use super::dispatch::Isa;

/// Number of lanes of the virtual vector.
pub const LANES: usize = 8;

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

    /// A function of each lane.
    #[inline(always)]
    pub fn map(self, function: impl Fn(f64) -> f64) -> Self {
        let mut result = [0.0; LANES];
        for lane in 0..LANES {
            result[lane] = function(self.0[lane]);
        }
        Self(result)
    }

    /// A function of the lanes of two.
    #[inline(always)]
    pub fn zip(self, other: Self, function: impl Fn(f64, f64) -> f64) -> Self {
        let mut result = [0.0; LANES];
        for lane in 0..LANES {
            result[lane] = function(self.0[lane], other.0[lane]);
        }
        Self(result)
    }

    /// Sum.
    #[inline(always)]
    pub fn plus(self, other: Self) -> Self {
        self.zip(other, |x, y| x + y)
    }

    /// Difference.
    #[inline(always)]
    pub fn minus(self, other: Self) -> Self {
        self.zip(other, |x, y| x - y)
    }

    /// Product.
    #[inline(always)]
    pub fn times(self, other: Self) -> Self {
        self.zip(other, |x, y| x * y)
    }

    /// Quotient.
    #[inline(always)]
    pub fn over(self, other: Self) -> Self {
        self.zip(other, |x, y| x / y)
    }

    /// self * factor + addend, rounded once where the machine can.
    #[inline(always)]
    pub fn times_plus<I: Isa>(self, factor: Self, addend: Self) -> Self {
        let mut result = [0.0; LANES];
        for lane in 0..LANES {
            result[lane] = times_plus::<I>(self.0[lane], factor.0[lane], addend.0[lane]);
        }
        Self(result)
    }

    /// Whether the property holds in some lane.
    #[inline(always)]
    pub fn any(self, property: impl Fn(f64) -> bool) -> bool {
        let mut found = false;
        for lane in 0..LANES {
            found |= property(self.0[lane]);
        }
        found
    }
}

/// x * factor + addend, rounded once where the machine can: a fused operation done in software would be slow.
#[inline(always)]
pub fn times_plus<I: Isa>(x: f64, factor: f64, addend: f64) -> f64 {
    if I::FUSED { x.mul_add(factor, addend) } else { x * factor + addend }
}
