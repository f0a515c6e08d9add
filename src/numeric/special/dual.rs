//! Numbers with their derivative by one parameter: what a continued fraction is differentiated with.

use std::ops::{Add, Div, Mul, Sub};

/// A number and its derivative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Dual {
    /// The number.
    pub value: f64,
    /// Its derivative.
    pub slope: f64,
}

impl Dual {
    /// The parameter itself, or a number that moves with it at a rate of `slope`.
    pub fn new(value: f64, slope: f64) -> Self {
        Self { value, slope }
    }

    /// A number that does not move.
    pub fn fixed(value: f64) -> Self {
        Self { value, slope: 0.0 }
    }

    /// Away from 0, where a continued fraction would divide by it.
    pub fn or_tiny(self) -> Self {
        const TINY: f64 = 1e-300;
        if self.value.abs() < TINY { Self::fixed(TINY) } else { self }
    }

    /// Whether a product is done that grows by this factor: neither it nor its derivative would change.
    pub fn is_unit(self, product: Self) -> bool {
        const ROUNDING: f64 = 3e-16;
        (self.value - 1.0).abs() <= ROUNDING
            && (self.slope * product.value).abs() <= ROUNDING * (product.slope.abs() + f64::MIN_POSITIVE)
    }
}

impl Add for Dual {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { value: self.value + other.value, slope: self.slope + other.slope }
    }
}

impl Sub for Dual {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { value: self.value - other.value, slope: self.slope - other.slope }
    }
}

impl Mul for Dual {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self { value: self.value * other.value, slope: self.slope * other.value + self.value * other.slope }
    }
}

impl Div for Dual {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        Self { value, slope: (self.slope - value * other.slope) / other.value }
    }
}
