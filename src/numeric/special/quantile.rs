//! Inverses of the incomplete gamma and beta functions.

use super::{incomplete_beta, incomplete_gamma, log1m_exp, normal_quantile, sigmoid};

/// A distribution function in an unbounded coordinate: its two log tails and log density there.
struct Tails {
    log_lower: f64,
    log_upper: f64,
    log_density: f64,
}

/// x with P(a, x) = p.
pub fn gamma_quantile(a: f64, p: f64) -> f64 {
    if !(a > 0.0 && (0.0..=1.0).contains(&p)) {
        return f64::NAN;
    }
    if p == 0.0 {
        return 0.0;
    }
    if p == 1.0 {
        return f64::INFINITY;
    }
    let tails = |t: f64| {
        let x = t.exp();
        let (log_lower, log_upper) = incomplete_gamma::log_tails(a, x);
        Tails { log_lower, log_upper, log_density: incomplete_gamma::log_kernel(a, x) }
    };
    // Wilson and Hilferty's cube where it is positive, else the leading term of P at 0.
    let cube = 1.0 - 1.0 / (9.0 * a) + normal_quantile(p) / (3.0 * a.sqrt());
    let start = if cube > 0.1 { a.ln() + 3.0 * cube.ln() } else { (p.ln() + super::lgamma(a + 1.0)) / a };
    solve(tails, p, start).exp()
}

/// x with I_x(a, b) = p.
pub fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    if !(a > 0.0 && b > 0.0 && (0.0..=1.0).contains(&p)) {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return p;
    }
    let tails = |t: f64| {
        let (x, y) = (sigmoid(t), sigmoid(-t));
        let (log_lower, log_upper) = incomplete_beta::log_tails(a, b, x, y);
        Tails { log_lower, log_upper, log_density: incomplete_beta::log_kernel(a, b, x, y) }
    };
    let start = (a / b).ln() + normal_quantile(p) * (1.0 / a + 1.0 / b).sqrt();
    sigmoid(solve(tails, p, start))
}

/// Newton's method on the log of the smaller tail, kept within a bracket that bisection can fall back to.
fn solve(tails: impl Fn(f64) -> Tails, p: f64, start: f64) -> f64 {
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut t = if start.is_finite() { start } else { 0.0 };
    let mut width = 1.0;
    for _ in 0..200 {
        let at = tails(t);
        // Positive where t is too large.
        let (gap, log_tail) = if p <= 0.5 {
            (at.log_lower - p.ln(), at.log_lower)
        } else {
            (log1m_exp(p.ln()) - at.log_upper, at.log_upper)
        };
        // Below this the gap is the rounding of the logs themselves.
        if gap.abs() <= 4e-16 * (1.0 + log_tail.abs()) {
            return t;
        }
        if gap >= 0.0 {
            high = t;
        } else {
            low = t;
        }
        let newton = t - gap / (at.log_density - log_tail).exp();
        let next = if newton > low && newton < high && (newton - t).abs() < 10.0 {
            newton
        } else if low.is_finite() && high.is_finite() {
            0.5 * (low + high)
        } else {
            width *= 2.0;
            t - width * gap.signum()
        };
        if (next - t).abs() <= 1e-16 * (1.0 + t.abs()) {
            return next;
        }
        t = next;
    }
    t
}
