//! Sines and cosines.
#![allow(clippy::excessive_precision, reason = "coefficients are quoted with the digits of their source")]

use crate::numeric::dispatch::Isa;

use super::elementary::ROUNDER;
use super::polynomial;

/// sin(2 pi x) and cos(2 pi x) for |x| < 2^49. Quarters of a turn are taken off exactly; what is left, r with
/// |r| <= 1/2, goes through the polynomials of sin(pi r / 2) / r and cos(pi r / 2) in r^2 that interpolate at the
/// Chebyshev points (relative errors 4e-18 and 5e-20).
#[inline(always)]
pub fn sine_and_cosine_of_turns<I: Isa>(x: f64) -> (f64, f64) {
    let quarters = 4.0 * x;
    let shifted = quarters + ROUNDER;
    let r = quarters - (shifted - ROUNDER);
    let square = r * r;
    let sine = r * polynomial::<I, 7>(
        square,
        [
            5.633_933_781_537_854e-8,
            -3.598_643_352_982_31e-6,
            1.604_411_507_421_909e-4,
            -4.681_754_132_340_976e-3,
            7.969_262_624_604_301e-2,
            -6.459_640_975_062_443e-1,
            std::f64::consts::FRAC_PI_2,
        ],
    );
    let cosine = polynomial::<I, 8>(
        square,
        [
            -6.321_256_869_628_588e-9,
            4.710_609_726_757_823e-7,
            -2.520_203_677_046_026e-5,
            9.192_602_741_829_158e-4,
            -2.086_348_076_331_121e-2,
            2.536_695_079_010_467e-1,
            -1.233_700_550_136_169_7,
            1.0,
        ],
    );
    let quarter = shifted.to_bits();
    let (first, second) = if quarter & 1 == 0 { (sine, cosine) } else { (cosine, sine) };
    // Signs: the sine's changes after two quarters, the cosine's after one and after three.
    let sine_sign = (quarter & 2) << 62;
    let cosine_sign = (quarter.wrapping_add(1) & 2) << 62;
    (f64::from_bits(first.to_bits() ^ sine_sign), f64::from_bits(second.to_bits() ^ cosine_sign))
}
