//! Elementary and special functions without branches, written once for one lane and inlined into vector loops.

pub mod circular;
pub mod elementary;
pub mod gamma;

#[cfg(test)]
mod tests;

use super::dispatch::Isa;
use super::lanes::times_plus;

/// A polynomial by Horner's rule, highest coefficient first.
#[inline(always)]
fn polynomial<I: Isa, const N: usize>(x: f64, coefficients: [f64; N]) -> f64 {
    let mut sum = coefficients[0];
    for &coefficient in &coefficients[1..] {
        sum = times_plus::<I>(sum, x, coefficient);
    }
    sum
}
