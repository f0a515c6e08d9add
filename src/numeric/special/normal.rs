//! The standard normal distribution: distribution function, its log, and quantile.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use super::{LOG_SQRT_TWO_PI, erf, erfc};

/// What sqrt(1/2) is more than its nearest double.
const FRAC_1_SQRT_2_LOW: f64 = -4.833646656726457e-17;

/// Distribution function of the standard normal. In the tail a rounding of -x / sqrt(2) would be enlarged x^2 times;
/// it is made good to first order.
pub fn normal_cdf(x: f64) -> f64 {
    let t = -x * FRAC_1_SQRT_2;
    let lost = (-x).mul_add(FRAC_1_SQRT_2, -t) - x * FRAC_1_SQRT_2_LOW;
    let correction = FRAC_2_SQRT_PI * (-t * t).exp() * lost;
    0.5 * if correction.is_finite() { erfc(t) - correction } else { erfc(t) }
}

/// Log of [`normal_cdf`], accurate in both tails.
pub fn log_normal_cdf(x: f64) -> f64 {
    if x > 0.0 {
        (-normal_cdf(-x)).ln_1p()
    } else if x > -15.0 {
        normal_cdf(x).ln()
    } else {
        -0.5 * x * x - (-x).ln() - LOG_SQRT_TWO_PI + tail_series(x).ln_1p()
    }
}

/// Sum over k >= 1 of (-1)^k (2k - 1)!! / x^2k: what the distribution function is short of its leading term.
fn tail_series(x: f64) -> f64 {
    let square = 1.0 / (x * x);
    (1..=12).rev().fold(0.0, |sum, k| -f64::from(2 * k - 1) * square * (1.0 + sum))
}

/// Quantile of the standard normal; -inf at 0, inf at 1, NaN outside.
pub fn normal_quantile(p: f64) -> f64 {
    if p.is_nan() || !(0.0..=1.0).contains(&p) {
        f64::NAN
    } else if p > 0.5 {
        -lower_quantile(1.0 - p)
    } else {
        lower_quantile(p)
    }
}

fn lower_quantile(p: f64) -> f64 {
    if p == 0.0 {
        return f64::NEG_INFINITY;
    }
    if p < TAIL { newton_on_log(tail_start(p), p) } else { halley(central_start(p), p) }
}

/// One step on log cdf(x) = log p: in the tail the density itself would underflow.
fn newton_on_log(x: f64, p: f64) -> f64 {
    let log_cdf = log_normal_cdf(x);
    let hazard = (-0.5 * x * x - LOG_SQRT_TWO_PI - log_cdf).exp();
    x - (log_cdf - p.ln()) / hazard
}

fn halley(x: f64, p: f64) -> f64 {
    // About the centre, p - 1/2 is exact and keeps the digits of a small quantile.
    let gap = if p < 0.25 { normal_cdf(x) - p } else { 0.5 * erf(x * FRAC_1_SQRT_2) - (p - 0.5) };
    let step = gap * (0.5 * x * x + LOG_SQRT_TWO_PI).exp();
    x - step / (1.0 + 0.5 * x * step)
}

// Rational approximations with relative error 1.15e-9 (P. J. Acklam, 2003); one step then gives all digits.
const TAIL: f64 = 0.02425;
const CENTRE_NUMERATOR: [f64; 6] = [
    -3.969683028665376e1,
    2.209460984245205e2,
    -2.759285104469687e2,
    1.38357751867269e2,
    -3.066479806614716e1,
    2.506628277459239,
];
const CENTRE_DENOMINATOR: [f64; 6] = [
    -5.447609879822406e1,
    1.615858368580409e2,
    -1.556989798598866e2,
    6.680131188771972e1,
    -1.328068155288572e1,
    1.0,
];
const TAIL_NUMERATOR: [f64; 6] = [
    -7.784894002430293e-3,
    -3.223964580411365e-1,
    -2.400758277161838,
    -2.549732539343734,
    4.374664141464968,
    2.938163982698783,
];
const TAIL_DENOMINATOR: [f64; 5] =
    [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1.0];

fn central_start(p: f64) -> f64 {
    let q = p - 0.5;
    let r = q * q;
    q * polynomial(&CENTRE_NUMERATOR, r) / polynomial(&CENTRE_DENOMINATOR, r)
}

fn tail_start(p: f64) -> f64 {
    let q = (-2.0 * p.ln()).sqrt();
    polynomial(&TAIL_NUMERATOR, q) / polynomial(&TAIL_DENOMINATOR, q)
}

/// Horner's rule, highest power first.
fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, coefficient| sum * x + coefficient)
}
