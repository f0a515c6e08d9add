//! The regularised incomplete beta function and its logs.

use super::dual::Dual;
use super::incomplete_gamma::not_zero;
use super::{LOG_SQRT_TWO_PI, log1m_exp, log1p_minus, stirling_error};

/// I_x(a, b): the distribution function of a beta.
pub fn beta_cdf(a: f64, b: f64, x: f64) -> f64 {
    log_beta_cdf(a, b, x).exp()
}

/// log I_x(a, b)
pub fn log_beta_cdf(a: f64, b: f64, x: f64) -> f64 {
    log_tails(a, b, x, 1.0 - x).0
}

/// log(1 - I_x(a, b)), accurate where it is small.
pub fn log_beta_ccdf(a: f64, b: f64, x: f64) -> f64 {
    log_tails(a, b, x, 1.0 - x).1
}

/// (log I, log(1 - I)) at x, with `y` = 1 - x given apart, so that neither end loses digits.
pub(super) fn log_tails(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if [a, b, x].iter().any(|v| v.is_nan()) || a <= 0.0 || b <= 0.0 {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (f64::NEG_INFINITY, 0.0);
    }
    if y <= 0.0 {
        return (0.0, f64::NEG_INFINITY);
    }
    let log_kernel = log_kernel(a, b, x, y);
    if x < (a + 1.0) / (a + b + 2.0) {
        let log_cdf = log_kernel - a.ln() + continued_fraction(a, b, x).ln();
        (log_cdf, log1m_exp(log_cdf.min(0.0)))
    } else {
        let log_ccdf = log_kernel - b.ln() + continued_fraction(b, a, y).ln();
        (log1m_exp(log_ccdf.min(0.0)), log_ccdf)
    }
}

/// log(x^a y^b / B(a, b)) as a deviance from the mode a / (a + b): nothing cancels at large a and b.
pub(super) fn log_kernel(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let total = a + b;
    // (x - p) total, from the side that keeps digits.
    let excess = if x < y { total * x - a } else { b - total * y };
    let deviance = deviance(a, excess / a, x * (total / a)) + deviance(b, -excess / b, y * (total / b));
    deviance + 0.5 * (a.ln() + b.ln() - total.ln()) - LOG_SQRT_TWO_PI + stirling_error(total)
        - stirling_error(a)
        - stirling_error(b)
}

/// shape (log(1 + excess) - excess), where `ratio` is 1 + excess.
fn deviance(shape: f64, excess: f64, ratio: f64) -> f64 {
    if excess > -0.9 { shape * log1p_minus(excess) } else { shape * (ratio.ln() - excess) }
}

/// The continued fraction of DLMF 8.17.22, by Lentz's method; about sqrt(max(a, b)) terms near the mode.
fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let mut c = 1.0;
    let mut d = 1.0 / not_zero(1.0 - (a + b) * x / (a + 1.0), TINY);
    let mut value = d;
    for m in 1..1_000_000 {
        let m = f64::from(m);
        let even = a + 2.0 * m;
        let first = m * (b - m) * x / ((even - 1.0) * even);
        let second = -(a + m) * (a + b + m) * x / (even * (even + 1.0));
        let mut change = 1.0;
        for numerator in [first, second] {
            d = 1.0 / not_zero(1.0 + numerator * d, TINY);
            c = not_zero(1.0 + numerator / c, TINY);
            change = d * c;
            value *= change;
        }
        if (change - 1.0).abs() < 1e-16 {
            break;
        }
    }
    value
}

/// The same with its derivative by what `a` and `b` move with.
pub(super) fn fraction([a, b]: [Dual; 2], x: f64) -> Dual {
    let (one, x) = (Dual::fixed(1.0), Dual::fixed(x));
    let total = a + b;
    let mut c = one;
    let mut d = one / (one - total * x / (a + one)).or_tiny();
    let mut value = d;
    for m in 1..1_000_000 {
        let m = Dual::fixed(f64::from(m));
        let even = a + m + m;
        let first = m * (b - m) * x / ((even - one) * even);
        let second = Dual::fixed(0.0) - (a + m) * (total + m) * x / (even * (even + one));
        let mut change = one;
        let mut whole = one;
        for numerator in [first, second] {
            d = one / (one + numerator * d).or_tiny();
            c = (one + numerator / c).or_tiny();
            change = d * c;
            whole = whole * change;
            value = value * change;
        }
        if change.is_unit(value) && whole.is_unit(value) {
            break;
        }
    }
    value
}
