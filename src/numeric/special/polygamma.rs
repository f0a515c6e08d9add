//! Derivatives of log Gamma.

use std::f64::consts::PI;

/// B_2k / (2k)!, k = 1 ..: the Euler-Maclaurin coefficients.
const BERNOULLI_OVER_FACTORIAL: [f64; 10] = [
    1.0 / 12.0,
    -1.0 / 720.0,
    1.0 / 30_240.0,
    -1.0 / 1_209_600.0,
    1.0 / 47_900_160.0,
    -691.0 / 1_307_674_368_000.0,
    1.0 / 74_724_249_600.0,
    -3617.0 / 10_670_622_842_880_000.0,
    43867.0 / 5_109_094_217_170_944_000.0,
    -174611.0 / 802_857_662_698_291_200_000.0,
];

/// Below this, arguments of negative sign are given up on: their poles are no longer resolved usefully.
const MOST_NEGATIVE: f64 = -1e6;

/// First derivative of log Gamma; NaN at the poles.
pub fn digamma(x: f64) -> f64 {
    if x <= 0.0 {
        if x == x.floor() {
            return f64::NAN;
        }
        // Reduced first, so that the tangent sees a small argument.
        let fraction = x - x.round();
        return digamma(1.0 - x) - PI / (PI * fraction).tan();
    }
    let mut x = x;
    let mut shift = 0.0;
    while x < 10.0 {
        shift += 1.0 / x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let mut power = square;
    let mut series = 0.0;
    let mut factorial = 1.0;
    for (k, coefficient) in BERNOULLI_OVER_FACTORIAL.iter().enumerate() {
        // B_2k / (2k x^2k), with (2k - 1)! made up on the way.
        series += coefficient * factorial * power;
        let even = 2.0 * (k as f64 + 1.0);
        factorial *= even * (even + 1.0);
        power *= square;
    }
    x.ln() - 0.5 / x - series - shift
}

/// Second derivative of log Gamma.
pub fn trigamma(x: f64) -> f64 {
    polygamma(1, x)
}

/// Derivative `order` + 1 of log Gamma; NaN at the poles.
pub fn polygamma(order: u8, x: f64) -> f64 {
    if order == 0 {
        return digamma(x);
    }
    if x.is_nan() || x < MOST_NEGATIVE || (x <= 0.0 && x == x.floor()) {
        return f64::NAN;
    }
    if x == f64::INFINITY {
        return 0.0;
    }
    let n = f64::from(order);
    let sign = if order % 2 == 1 { 1.0 } else { -1.0 };
    let factorial: f64 = (1..=order).map(f64::from).product();
    sign * factorial * hurwitz_zeta(n + 1.0, x)
}

/// Sum over k >= 0 of (x + k)^-s, by Euler-Maclaurin after a direct start.
fn hurwitz_zeta(s: f64, x: f64) -> f64 {
    let mut x = x;
    let mut sum = 0.0;
    while x < 10.0 + s {
        sum += x.powi(-(s as i32));
        x += 1.0;
    }
    let power = x.powf(-s);
    sum += power * (x / (s - 1.0) + 0.5);
    let mut term = s * power / x;
    for (k, coefficient) in BERNOULLI_OVER_FACTORIAL.iter().enumerate() {
        sum += coefficient * term;
        let even = 2.0 * (k as f64 + 1.0);
        term *= (s + even - 1.0) * (s + even) / (x * x);
    }
    sum
}
