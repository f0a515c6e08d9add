//! log Gamma and its derivatives for positive arguments: shifted above 7 by the recurrence, then Stirling's series.

use crate::numeric::dispatch::Isa;
use crate::numeric::lanes::times_plus;
use crate::numeric::special::LOG_SQRT_TWO_PI;

use super::elementary::log;
use super::polynomial;

const SHIFT: usize = 7;

/// The argument z >= 7 at which the series is summed, x (x + 1) ... (x + 6) and its derivative where it was shifted.
struct Shifted {
    z: f64,
    product: f64,
    derivative: f64,
}

#[inline(always)]
fn shift<I: Isa>(x: f64) -> Shifted {
    let below = x < SHIFT as f64;
    let mut product = x;
    let mut derivative = 1.0;
    for k in 1..SHIFT {
        let factor = x + k as f64;
        derivative = times_plus::<I>(derivative, factor, product);
        product *= factor;
    }
    Shifted {
        z: if below { x + SHIFT as f64 } else { x },
        product: if below { product } else { 1.0 },
        derivative: if below { derivative } else { 0.0 },
    }
}

/// Stirling's series for log Gamma, times z: sum over k of B_2k / (2k (2k - 1)) z^(2 - 2k).
#[inline(always)]
fn stirling<I: Isa>(square: f64) -> f64 {
    polynomial::<I, 8>(
        square,
        [
            -3617.0 / 122_400.0,
            1.0 / 156.0,
            -691.0 / 360_360.0,
            1.0 / 1188.0,
            -1.0 / 1680.0,
            1.0 / 1260.0,
            -1.0 / 360.0,
            1.0 / 12.0,
        ],
    )
}

/// Stirling's series for digamma, times z^2: sum over k of B_2k / (2k) z^(2 - 2k).
#[inline(always)]
fn digamma_series<I: Isa>(square: f64) -> f64 {
    polynomial::<I, 8>(
        square,
        [
            -3617.0 / 8160.0,
            1.0 / 12.0,
            -691.0 / 32_760.0,
            1.0 / 132.0,
            -1.0 / 240.0,
            1.0 / 252.0,
            -1.0 / 120.0,
            1.0 / 12.0,
        ],
    )
}

/// log Gamma(x) and digamma(x) for x > 0, from one logarithm of the shifted argument.
#[inline(always)]
pub fn lgamma_and_digamma<I: Isa>(x: f64) -> (f64, f64) {
    let Shifted { z, product, derivative } = shift::<I>(x);
    let log_z = log::<I>(z);
    let inverse = 1.0 / z;
    let square = inverse * inverse;
    let tail = times_plus::<I>(stirling::<I>(square), inverse, LOG_SQRT_TWO_PI - 0.5);
    let value = times_plus::<I>(z - 0.5, log_z - 1.0, tail) - log::<I>(product);
    let slope =
        log_z - times_plus::<I>(digamma_series::<I>(square), square, 0.5 * inverse) - derivative / product;
    (value, slope)
}

/// log Gamma(x) for x > 0.
#[inline(always)]
pub fn lgamma<I: Isa>(x: f64) -> f64 {
    lgamma_and_digamma::<I>(x).0
}

/// Digamma(x) for x > 0.
#[inline(always)]
pub fn digamma<I: Isa>(x: f64) -> f64 {
    lgamma_and_digamma::<I>(x).1
}

/// Trigamma(x) for x > 0: the sum of 1 / (x + k)^2 up to the shift, then the series.
#[inline(always)]
pub fn trigamma<I: Isa>(x: f64) -> f64 {
    let below = x < SHIFT as f64;
    let mut sum = 0.0;
    for k in 0..SHIFT {
        let inverse = 1.0 / (x + k as f64);
        sum = times_plus::<I>(inverse, inverse, sum);
    }
    let z = if below { x + SHIFT as f64 } else { x };
    let inverse = 1.0 / z;
    let square = inverse * inverse;
    let series = polynomial::<I, 9>(
        square,
        [
            -3617.0 / 510.0,
            7.0 / 6.0,
            -691.0 / 2730.0,
            5.0 / 66.0,
            -1.0 / 30.0,
            1.0 / 42.0,
            -1.0 / 30.0,
            1.0 / 6.0,
            1.0,
        ],
    );
    times_plus::<I>(series, inverse, 0.5 * square) + if below { sum } else { 0.0 }
}
