//! log Gamma and its derivatives for positive arguments: by polynomials on [1, 2] and the recurrence below 7, by
//! Stirling's series above.
#![allow(clippy::excessive_precision, reason = "coefficients are quoted with the digits of their source")]

use crate::numeric::dispatch::Isa;
use crate::numeric::lanes::times_plus;
use crate::numeric::special::LOG_SQRT_TWO_PI;

use super::elementary::log;
use super::polynomial;

/// Where the series begins.
const SERIES: f64 = 7.0;

/// lgamma(1 + s) / (s (s - 1)) for s in [0, 1], in powers of s - 1/2: both zeros are factors, so that no digits are
/// lost near them. Interpolates at the Chebyshev points, with relative error 9e-18.
const BETWEEN_ZEROS: [f64; 21] = [
    1.182_096_944_546_714_5e-5,
    -1.852_780_399_703_296_2e-5,
    1.358_427_545_913_094_3e-5,
    -2.148_770_252_062_576e-5,
    4.281_642_862_794_779e-5,
    -6.793_733_027_397_047e-5,
    1.054_171_522_218_590_4e-4,
    -1.685_717_945_035_172e-4,
    2.713_027_354_511_400_5e-4,
    -4.380_351_613_258_053_4e-4,
    7.115_202_752_051_298e-4,
    -1.164_411_377_219_605e-3,
    1.922_916_232_122_792_3e-3,
    -3.212_074_220_607_290_8e-3,
    5.446_457_842_219_553e-3,
    -9.425_622_444_829_649e-3,
    1.679_709_863_121_395e-2,
    -3.130_848_750_105_327e-2,
    6.291_140_107_456_485e-2,
    -1.459_598_959_143_059_4e-1,
    4.831_289_505_409_809e-1,
];

/// digamma(1 + s) / (1 + s - root) for s in [0, 1], in powers of s - 1/2; relative error 1.6e-17.
const ABOUT_ROOT: [f64; 22] = [
    -1.731_226_180_272_739_4e-4,
    2.596_848_212_643_074_7e-4,
    -1.514_858_683_677_336_5e-4,
    2.272_331_660_987_376e-4,
    -4.821_990_530_566_789e-4,
    7.233_266_279_287_554e-4,
    -1.037_637_409_841_860_4e-3,
    1.556_631_747_448_683_8e-3,
    -2.345_267_632_540_769e-3,
    3.519_006_401_502_276e-3,
    -5.279_964_873_257_405e-3,
    7.926_944_646_403_797e-3,
    -1.190_821_800_156_864_4e-2,
    1.790_725_243_945_12e-2,
    -2.697_579_675_613_825e-2,
    4.076_083_381_242_074e-2,
    -6.192_213_327_306_453_4e-2,
    9.498_872_445_494_122e-2,
    -1.484_049_230_539_088_4e-1,
    2.405_424_842_407_742e-1,
    -4.236_274_212_814_605e-1,
    9.510_558_760_318_33e-1,
];

/// The positive root of digamma, less 1, in two parts.
const ROOT_HIGH: f64 = 4.616_321_449_683_622_5e-1;
const ROOT_LOW: f64 = 9.549_995_429_965_697e-17;

/// Stirling's series for log Gamma, times z: B_2k / (2k (2k - 1)) by powers of 1 / z^2.
const STIRLING: [f64; 9] = [
    43_867.0 / 244_188.0,
    -3617.0 / 122_400.0,
    1.0 / 156.0,
    -691.0 / 360_360.0,
    1.0 / 1188.0,
    -1.0 / 1680.0,
    1.0 / 1260.0,
    -1.0 / 360.0,
    1.0 / 12.0,
];

/// Its derivative, less log z - 1 / (2 z) and times -z^2: B_2k / (2k).
const DIGAMMA: [f64; 10] = [
    -174_611.0 / 6600.0,
    43_867.0 / 14_364.0,
    -3617.0 / 8160.0,
    1.0 / 12.0,
    -691.0 / 32_760.0,
    1.0 / 132.0,
    -1.0 / 240.0,
    1.0 / 252.0,
    -1.0 / 120.0,
    1.0 / 12.0,
];

/// The second derivative, less 1 / (2 z^2) and times z: the Bernoulli numbers B_2k, from B_0 on.
const TRIGAMMA: [f64; 14] = [
    1_425_517.0 + 1.0 / 6.0,
    -236_364_091.0 / 2730.0,
    854_513.0 / 138.0,
    -174_611.0 / 330.0,
    43_867.0 / 798.0,
    -3617.0 / 510.0,
    7.0 / 6.0,
    -691.0 / 2730.0,
    5.0 / 66.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    1.0 / 6.0,
    1.0,
];

/// How x comes to lie at 1 + s: log Gamma(x) is log Gamma(1 + s) plus or minus log(argument), and `ratio` is the
/// derivative of that logarithm. Where the series is used, the argument is x.
struct Shifted {
    s: f64,
    argument: f64,
    ratio: f64,
    sign: f64,
}

/// For x in [k, k + 1), k = 1 .. 6, the argument is (x - 1) .. (x - k + 1), and x itself below 1 and from 7 on.
#[inline(always)]
fn shift<I: Isa>(x: f64) -> Shifted {
    let below = x < 1.0;
    let itself = below | (x >= SERIES);
    let mut product = if itself { x } else { 1.0 };
    let mut derivative = if itself { 1.0 } else { 0.0 };
    let mut whole = if below { 0.0 } else { 1.0 };
    for k in 1..SERIES as usize - 1 {
        let factor = x - k as f64;
        let applies = (factor >= 1.0) & !itself;
        derivative = if applies { times_plus::<I>(derivative, factor, product) } else { derivative };
        product = if applies { product * factor } else { product };
        whole = if applies { k as f64 + 1.0 } else { whole };
    }
    let sign = if below { -1.0 } else { 1.0 };
    Shifted { s: x - whole, argument: product, ratio: derivative / product, sign }
}

/// log Gamma(x) and digamma(x) for x > 0, from one logarithm and one division.
#[inline(always)]
pub fn lgamma_and_digamma<I: Isa>(x: f64) -> (f64, f64) {
    let Shifted { s, argument, ratio, sign } = shift::<I>(x);
    let log = log::<I>(argument);
    let centred = s - 0.5;
    let between = s * (s - 1.0) * polynomial::<I, 21>(centred, BETWEEN_ZEROS);
    let about = (s - ROOT_HIGH - ROOT_LOW) * polynomial::<I, 22>(centred, ABOUT_ROOT);
    let square = ratio * ratio;
    let tail = times_plus::<I>(polynomial::<I, 9>(square, STIRLING), ratio, LOG_SQRT_TWO_PI - 0.5);
    let slope_tail = times_plus::<I>(polynomial::<I, 10>(square, DIGAMMA), square, 0.5 * ratio);
    let far = x >= SERIES;
    let value =
        if far { times_plus::<I>(x - 0.5, log - 1.0, tail) } else { times_plus::<I>(sign, log, between) };
    let slope = if far { log - slope_tail } else { times_plus::<I>(sign, ratio, about) };
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

/// Trigamma(x) for x > 0: the sum of 1 / (x + k)^2 up to the series, as one fraction of positive terms.
#[inline(always)]
pub fn trigamma<I: Isa>(x: f64) -> f64 {
    let below = x < SERIES;
    let (mut numerator, mut denominator) = (1.0, x * x);
    for k in 1..SERIES as usize {
        let factor = x + k as f64;
        let square = factor * factor;
        numerator = times_plus::<I>(numerator, square, denominator);
        denominator *= square;
    }
    let sum = numerator / denominator;
    let inverse = 1.0 / if below { x + SERIES } else { x };
    let square = inverse * inverse;
    let series = times_plus::<I>(polynomial::<I, 14>(square, TRIGAMMA), inverse, 0.5 * square);
    if below { series + sum } else { series }
}
