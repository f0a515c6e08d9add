//! Exponentials, logarithms and their relatives.
#![allow(clippy::excessive_precision, reason = "coefficients are quoted with the digits of their source")]

use crate::numeric::dispatch::Isa;
use crate::numeric::lanes::times_plus;

use super::polynomial;

/// 1.5 * 2^52: adding it rounds to an integer, which then stands in the low bits.
pub(super) const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// log 2, in two parts of which the first has trailing zeros (fdlibm).
const LN2_HIGH: f64 = 6.931_471_803_691_238_164_90e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_700_02e-10;

/// x = k log 2 + r with |r| <= log(2) / 2, and 2^k as a product of two factors, neither of which overflows.
struct Reduced {
    r: f64,
    first: f64,
    second: f64,
}

#[inline(always)]
fn reduce<I: Isa>(x: f64) -> Reduced {
    let shifted = times_plus::<I>(x, std::f64::consts::LOG2_E, ROUNDER);
    let k = shifted - ROUNDER;
    let r = times_plus::<I>(k, -LN2_LOW, times_plus::<I>(k, -LN2_HIGH, x));
    let power = (shifted.to_bits() as i64).wrapping_sub(ROUNDER.to_bits() as i64);
    // The bias makes the halving a logical shift, which every vector instruction set has.
    let half = ((power.wrapping_add(4096) as u64 >> 1) as i64).wrapping_sub(2048);
    Reduced { r, first: power_of_two(half), second: power_of_two(power.wrapping_sub(half)) }
}

#[inline(always)]
fn power_of_two(k: i64) -> f64 {
    f64::from_bits((k.wrapping_add(1023) as u64) << 52)
}

/// (exp(r) - 1 - r) / r^2 for |r| <= log(2) / 2, by its series.
#[inline(always)]
fn exp_remainder<I: Isa>(r: f64) -> f64 {
    polynomial::<I, 12>(
        r,
        [
            1.605_904_383_682_161_3e-10,
            2.087_675_698_786_810e-9,
            2.505_210_838_544_172e-8,
            2.755_731_922_398_589e-7,
            2.755_731_922_398_589_3e-6,
            2.480_158_730_158_730e-5,
            1.984_126_984_126_984e-4,
            1.388_888_888_888_889e-3,
            8.333_333_333_333_333e-3,
            4.166_666_666_666_666_4e-2,
            1.666_666_666_666_666_6e-1,
            0.5,
        ],
    )
}

#[inline(always)]
fn clamp(x: f64, low: f64, high: f64) -> f64 {
    // Comparisons are false for NaN, which therefore passes.
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// exp(x)
#[inline(always)]
pub fn exp<I: Isa>(x: f64) -> f64 {
    let Reduced { r, first, second } = reduce::<I>(clamp(x, -746.0, 710.0));
    let tail = times_plus::<I>(exp_remainder::<I>(r), r * r, r);
    (1.0 + tail) * first * second
}

/// exp(x) - 1, accurate near 0
#[inline(always)]
pub fn expm1<I: Isa>(x: f64) -> f64 {
    let Reduced { r, first, second } = reduce::<I>(clamp(x, -746.0, 710.0));
    let tail = times_plus::<I>(exp_remainder::<I>(r), r * r, r);
    let scale = first * second;
    let large = (1.0 + tail) * first * second;
    let small = times_plus::<I>(scale, tail, scale - 1.0);
    with_signed_zero(x, if x > 40.0 { large } else { small })
}

/// log(x), after fdlibm's `e_log.c`: log(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)), s = f / (2 + f).
#[inline(always)]
pub fn log<I: Isa>(x: f64) -> f64 {
    let denormal = x < f64::MIN_POSITIVE;
    let scaled = if denormal { x * 18_014_398_509_481_984.0 } else { x };
    // Bits of sqrt(1/2), so that the mantissa comes to lie in [sqrt(1/2), sqrt(2)).
    const HALF_ROOT: u64 = 0x3fe6_a09e_667f_3bcd;
    let shifted = scaled.to_bits().wrapping_add(0x3ff0_0000_0000_0000 - HALF_ROOT);
    let mantissa = f64::from_bits((shifted & 0x000f_ffff_ffff_ffff).wrapping_add(HALF_ROOT));
    // An integer below 2^52 in the low bits of 2^52 reads as 2^52 + the integer.
    let exponent =
        f64::from_bits(0x4330_0000_0000_0000 | (shifted >> 52)) - (4_503_599_627_370_496.0 + 1023.0);
    let k = if denormal { exponent - 54.0 } else { exponent };
    log_of_extremes(x, log_near_one::<I>(mantissa - 1.0, k))
}

/// k log 2 + log(1 + f), for 1 + f in [sqrt(1/2), sqrt(2)].
#[inline(always)]
fn log_near_one<I: Isa>(f: f64, k: f64) -> f64 {
    let s = f / (2.0 + f);
    let z = s * s;
    let series = z * log_series::<I>(z);
    let half_square = 0.5 * f * f;
    let correction = times_plus::<I>(s, half_square + series, k * LN2_LOW);
    times_plus::<I>(k, LN2_HIGH, -((half_square - correction) - f))
}

#[inline(always)]
fn log_of_extremes(x: f64, regular: f64) -> f64 {
    let positive = if x == f64::INFINITY { x } else { regular };
    let not_negative = if x == 0.0 { f64::NEG_INFINITY } else { positive };
    if x >= 0.0 { not_negative } else { f64::NAN }
}

#[inline(always)]
fn log_series<I: Isa>(z: f64) -> f64 {
    polynomial::<I, 7>(
        z,
        [
            1.479_819_860_511_658_591e-1,
            1.531_383_769_920_937_332e-1,
            1.818_357_216_161_805_012e-1,
            2.222_219_843_214_978_396e-1,
            2.857_142_874_366_239_149e-1,
            3.999_999_999_940_941_908e-1,
            6.666_666_666_666_735_130e-1,
        ],
    )
}

/// log(1 + x), accurate near 0: the rounding of 1 + x is made good to first order.
#[inline(always)]
pub fn log1p<I: Isa>(x: f64) -> f64 {
    let u = 1.0 + x;
    let lost = (x - (u - 1.0)) / u;
    let result = log::<I>(u);
    with_signed_zero(x, if u > 0.0 && u < f64::INFINITY { result + lost } else { result })
}

/// A function with f(-0) = -0, whose computation loses the sign.
#[inline(always)]
fn with_signed_zero(x: f64, result: f64) -> f64 {
    if x == 0.0 { x } else { result }
}

/// tanh(x) = t / (t + 2), t = exp(2 x) - 1
#[inline(always)]
pub fn tanh<I: Isa>(x: f64) -> f64 {
    let t = expm1::<I>(2.0 * clamp(x.abs(), 0.0, 22.0));
    (t / (t + 2.0)).copysign(x)
}

/// log(1 + exp(x)) and its derivative 1 / (1 + exp(-x)), from one exponential.
#[inline(always)]
pub fn softplus_and_sigmoid<I: Isa>(x: f64) -> (f64, f64) {
    let e = exp::<I>(-x.abs());
    let positive_part = if x > 0.0 { x } else { 0.0 };
    let numerator = if x >= 0.0 { 1.0 } else { e };
    (positive_part + log1p_of_fraction::<I>(e), numerator / (1.0 + e))
}

/// log(1 + x) for x in [0, 1]: the exponent of 1 + x is 0 or 1, and what is left of it is known without rounding.
#[inline(always)]
fn log1p_of_fraction<I: Isa>(x: f64) -> f64 {
    let large = x > std::f64::consts::SQRT_2 - 1.0;
    let f = if large { 0.5 * x - 0.5 } else { x };
    let k = if large { 1.0 } else { 0.0 };
    log_near_one::<I>(f, k)
}

/// log(1 + exp(x))
#[inline(always)]
pub fn softplus<I: Isa>(x: f64) -> f64 {
    softplus_and_sigmoid::<I>(x).0
}

/// 1 / (1 + exp(-x))
#[inline(always)]
pub fn sigmoid<I: Isa>(x: f64) -> f64 {
    let e = exp::<I>(-x.abs());
    let numerator = if x >= 0.0 { 1.0 } else { e };
    numerator / (1.0 + e)
}
