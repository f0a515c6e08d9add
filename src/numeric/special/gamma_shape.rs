//! How a quantile of a gamma moves with its shape, -(dF/da) / f: in the log of the value, which has numbers for it where
//! the value itself is too small for one.
//!
//! With K = x^a e^-x / Gamma(a), the density of log x: P = K S and Q = K C, S the series of the lower tail and C Legendre's
//! fraction for the upper one. The derivative is -P_a / K or Q_a / K, of which each form is a sum of positive terms on its
//! own side of the mean.

use super::dual::Dual;
use super::incomplete_gamma::{self, LARGE_SHAPE};
use super::{digamma, log1p_minus, stirling_error};

/// d log x / da for the quantile x = exp(`log_x`) of a gamma of shape `a` and rate 1, at a fixed probability.
pub fn log_gamma_slope(log_x: f64, a: f64) -> f64 {
    if a.is_nan() || a <= 0.0 || log_x.is_nan() {
        return f64::NAN;
    }
    if log_x == f64::NEG_INFINITY {
        return f64::INFINITY;
    }
    let x = log_x.exp();
    let excess = (x - a) / a;
    if a >= LARGE_SHAPE && excess.abs() < 0.3 {
        uniform(a, excess)
    } else if x < a + 1.0 {
        lower(log_x, a)
    } else if x.is_finite() {
        upper(log_x, a)
    } else {
        0.0
    }
}

/// (psi(1 + a) - log x) S + sum over n >= 1 of x^n / (a .. (a + n)) (1 / (a + 1) + .. + 1 / (a + n)), where the pole of
/// psi(a) has been cancelled by hand.
fn lower(log_x: f64, a: f64) -> f64 {
    let x = log_x.exp();
    let (mut term, mut sum) = (1.0 / a, 1.0 / a);
    let (mut harmonic, mut moved) = (0.0, 0.0);
    let mut denominator = a;
    while term * (1.0 + harmonic) > 1e-17 * sum.min(sum + moved) {
        denominator += 1.0;
        term *= x / denominator;
        harmonic += 1.0 / denominator;
        sum += term;
        moved += term * harmonic;
    }
    (digamma(1.0 + a) - log_x) * sum + moved
}

/// (log x - psi(a)) C + C_a.
fn upper(log_x: f64, a: f64) -> f64 {
    let fraction = incomplete_gamma::fraction(Dual::new(a, 1.0), log_x.exp());
    (log_x - digamma(a)) * fraction.value + fraction.slope
}

/// The derivative of Temme's expansion, divided by the density: with eta^2 / 2 = m - log(1 + m) at x = a (1 + m), and R
/// the remainder of the expansion, (m / eta - eta / 2 + (log(1 + m) - 1 / (2 a)) R + R_a) e^delta / a.
fn uniform(a: f64, excess: f64) -> f64 {
    let half_square = -log1p_minus(excess);
    let eta = excess.signum() * (2.0 * half_square).sqrt();
    // Their quotient is 1 + eta / 3 + .. at the mean.
    let ratio = if eta.abs() < 1e-8 { 1.0 + eta / 3.0 } else { excess / eta };
    let [zeroth, first] = incomplete_gamma::remainder(Dual::new(eta, 1.0));
    let remainder = zeroth.value + first.value / a;
    let moved = -(zeroth.slope + first.slope / a) * ratio / a - first.value / (a * a);
    let inner = ratio - 0.5 * eta + (excess.ln_1p() - 0.5 / a) * remainder + moved;
    stirling_error(a).exp() * inner / a
}
