//! Quantiles of the Student t, and how they move with its degrees of freedom.

use super::beta_shape::logit_beta_slope;
use super::legendre::integrate;
use super::{log1p_minus, logit_beta_quantile, normal_quantile};

/// From here on the quantile is that of a normal with corrections in 1 / nu (Abramowitz and Stegun 26.7.5).
const NEARLY_NORMAL: f64 = 2e4;

/// Up to here the derivative is taken from that of the beta; beyond, its terms cancel.
const FEW: f64 = 10.0;

/// t with P(T <= t) = p, for `nu` > 0 degrees of freedom.
pub fn student_quantile(p: f64, nu: f64) -> f64 {
    if nu.is_nan() || nu <= 0.0 || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.5 {
        return 0.0;
    }
    if nu >= NEARLY_NORMAL {
        return corrected(normal_quantile(p), nu).0;
    }
    let (tail, side) = if p < 0.5 { (p, -1.0) } else { (1.0 - p, 1.0) };
    // nu / (nu + t^2) is a beta(nu / 2, 1 / 2).
    side * nu.sqrt() * (-0.5 * logit_beta_quantile(2.0 * tail, 0.5 * nu, 0.5)).exp()
}

/// dt / dnu for the quantile t at a fixed probability.
pub fn student_slope(t: f64, nu: f64) -> f64 {
    if t.is_nan() || nu.is_nan() || nu <= 0.0 {
        return f64::NAN;
    }
    let size = t.abs();
    let slope = if nu >= NEARLY_NORMAL {
        corrected(normal_part(size, nu), nu).1
    } else if nu < FEW {
        let logit = nu.ln() - 2.0 * size.ln();
        if size == 0.0 { 0.0 } else { size * (0.5 / nu - 0.25 * logit_beta_slope(logit, 0.5 * nu, 0.5)) }
    } else if size < 1.5 {
        -integrate(&[0.0, size], |s| log_density_slope(s, nu) * density_ratio(s, size, nu))
    } else {
        beyond(size, nu)
    };
    slope.copysign(slope * t)
}

/// The quantile that a normal one `z` turns into, and its derivative by nu.
fn corrected(z: f64, nu: f64) -> (f64, f64) {
    let square = z * z;
    let terms = [
        z * (square + 1.0) / 4.0,
        z * ((5.0 * square + 16.0) * square + 3.0) / 96.0,
        z * (((3.0 * square + 19.0) * square + 17.0) * square - 15.0) / 384.0,
        z * ((((79.0 * square + 776.0) * square + 1482.0) * square - 1920.0) * square - 945.0) / 92_160.0,
    ];
    let (mut value, mut slope, mut power) = (z, 0.0, 1.0);
    for (k, term) in terms.into_iter().enumerate() {
        power /= nu;
        value += term * power;
        slope -= (k as f64 + 1.0) * term * power / nu;
    }
    (value, slope)
}

/// The normal quantile that turns into `t`.
fn normal_part(t: f64, nu: f64) -> f64 {
    let mut z = t;
    for _ in 0..6 {
        z += (t - corrected(z, nu).0) / (1.0 + (3.0 * z * z + 1.0) / (4.0 * nu));
    }
    z
}

/// d log f(s) / dnu, without the cancellation between its terms at large nu.
fn log_density_slope(s: f64, nu: f64) -> f64 {
    let ratio = s * s / nu;
    let share = ratio / (1.0 + ratio);
    0.5 * half_step_gap(0.5 * nu) + 0.5 * log1p_minus(-share) + 0.5 * share / nu
}

/// f(s) / f(t).
fn density_ratio(s: f64, t: f64, nu: f64) -> f64 {
    (-0.5 * (nu + 1.0) * ((s - t) * (s + t) / (nu + t * t)).ln_1p()).exp()
}

/// The integral of d log f(s) / dnu f(s) / f(t) from t on, in the log of the ratio of densities.
fn beyond(t: f64, nu: f64) -> f64 {
    let half = 0.5 * (nu + 1.0);
    integrate(&[0.0, 1.0, 3.0, 7.0, 15.0, 45.0], |v| {
        let sum = (nu + t * t) * (v / half).exp();
        let s = (t * t + (nu + t * t) * (v / half).exp_m1()).sqrt();
        (-v).exp() * log_density_slope(s, nu) * sum / (2.0 * half * s)
    })
}

/// psi(x + 1/2) - psi(x) - 1 / (2 x)
fn half_step_gap(x: f64) -> f64 {
    let (mut x, mut gap) = (x, 0.0);
    while x < 20.0 {
        gap += 0.25 / (x * (x + 0.5) * (x + 1.0));
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    const SERIES: [f64; 5] = [1.0 / 8.0, -1.0 / 64.0, 1.0 / 128.0, -17.0 / 2048.0, 31.0 / 2048.0];
    gap + square * SERIES.iter().rev().fold(0.0, |sum, term| sum * square + term)
}
