//! The benchmark models written by hand: value and gradient in one fused pass, the best that is to be had of the same
//! arithmetic. They use the engine's lanes and elementary functions, and nothing else of it.

pub mod eight_schools;
pub mod logistic;
pub mod negative_binomial;

use vic::numeric::lanes::{F8, LANES, Lanes};

/// Eight numbers from a slice.
#[inline(always)]
pub fn load(slice: &[f64]) -> F8 {
    let mut lanes = [0.0; LANES];
    lanes.copy_from_slice(&slice[..LANES]);
    Lanes(lanes)
}

/// Sum of the lanes.
#[inline(always)]
pub fn total(x: F8) -> f64 {
    let x = x.0;
    ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]))
}
