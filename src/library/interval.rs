//! Intervals of numbers with open or closed ends and integrality: what is known of a value before any data is read.

/// A set of numbers between two ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end; may be -inf.
    pub low: f64,
    /// Upper end; may be inf.
    pub high: f64,
    /// Whether the lower end is excluded.
    pub low_open: Bound,
    /// Whether the upper end is excluded.
    pub high_open: Bound,
    /// Whether all values are integers.
    pub grain: Grain,
}

/// Whether an end belongs to the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// It does.
    Closed,
    /// It does not.
    Open,
}

/// Integers, or all reals between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// Reals.
    Real,
    /// Integers.
    Integer,
}

impl Interval {
    /// All reals.
    pub const REAL: Self = Self::new(f64::NEG_INFINITY, f64::INFINITY, Bound::Open, Bound::Open, Grain::Real);
    /// Above 0.
    pub const POSITIVE: Self = Self::new(0.0, f64::INFINITY, Bound::Open, Bound::Open, Grain::Real);
    /// 0 or above.
    pub const NONNEG: Self = Self::new(0.0, f64::INFINITY, Bound::Closed, Bound::Open, Grain::Real);
    /// Strictly between 0 and 1.
    pub const UNIT: Self = Self::new(0.0, 1.0, Bound::Closed, Bound::Closed, Grain::Real);
    /// All integers.
    pub const INT: Self =
        Self::new(f64::NEG_INFINITY, f64::INFINITY, Bound::Open, Bound::Open, Grain::Integer);
    /// 0, 1, 2 …
    pub const COUNT: Self = Self::new(0.0, f64::INFINITY, Bound::Closed, Bound::Open, Grain::Integer);
    /// 0 or 1.
    pub const BOOL: Self = Self::new(0.0, 1.0, Bound::Closed, Bound::Closed, Grain::Integer);

    /// From its parts.
    pub const fn new(low: f64, high: f64, low_open: Bound, high_open: Bound, grain: Grain) -> Self {
        Self { low, high, low_open, high_open, grain }
    }

    /// A single number.
    pub fn point(value: f64) -> Self {
        let grain = if value.fract() == 0.0 { Grain::Integer } else { Grain::Real };
        Self::new(value, value, Bound::Closed, Bound::Closed, grain)
    }
}
