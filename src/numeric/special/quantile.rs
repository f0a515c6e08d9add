//! Inverses of the incomplete gamma and beta functions.

use super::{incomplete_beta, incomplete_gamma, log1m_exp, normal_quantile, sigmoid};

/// A distribution function in an unbounded coordinate: its two log tails and log density there.
pub(super) struct Tails {
    pub log_lower: f64,
    pub log_upper: f64,
    pub log_density: f64,
}

/// Below this a gamma or beta, in its log or logit, is the leading term of its distribution function.
const FAR: f64 = -45.0;

/// x with P(a, x) = p.
pub fn gamma_quantile(a: f64, p: f64) -> f64 {
    log_gamma_quantile(p, a).exp()
}

/// log x with P(a, x) = p: finite where x itself is too small for a number.
pub fn log_gamma_quantile(p: f64, a: f64) -> f64 {
    if !(a > 0.0 && (0.0..=1.0).contains(&p)) {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let leading = (p.ln() + super::lgamma(a + 1.0)) / a;
    if leading < FAR {
        return leading;
    }
    let tails = |t: f64| {
        let x = t.exp();
        let (log_lower, log_upper) = incomplete_gamma::log_tails(a, x);
        Tails { log_lower, log_upper, log_density: incomplete_gamma::log_kernel(a, x) }
    };
    // Wilson and Hilferty's cube where it is positive, else the leading term of P at 0.
    let cube = 1.0 - 1.0 / (9.0 * a) + normal_quantile(p) / (3.0 * a.sqrt());
    let start = if cube > 0.1 { a.ln() + 3.0 * cube.ln() } else { leading };
    solve(tails, [p.ln(), log1m_exp(p.ln())], start)
}

/// x with I_x(a, b) = p.
pub fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    sigmoid(logit_beta_quantile(p, a, b))
}

/// logit x with I_x(a, b) = p.
pub fn logit_beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    if !(a > 0.0 && b > 0.0 && (0.0..=1.0).contains(&p)) {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let logs = [p.ln(), log1m_exp(p.ln())];
    let log_beta = super::log_beta(a, b);
    let lower = (logs[0] + a.ln() + log_beta) / a;
    if lower < FAR - b.ln_1p() {
        return lower;
    }
    let upper = -(logs[1] + b.ln() + log_beta) / b;
    if upper > a.ln_1p() - FAR {
        return upper;
    }
    let tails = |t: f64| {
        let (x, y) = (sigmoid(t), sigmoid(-t));
        let (log_lower, log_upper) = incomplete_beta::log_tails(a, b, x, y);
        Tails { log_lower, log_upper, log_density: incomplete_beta::log_kernel(a, b, x, y) }
    };
    let start = (a / b).ln() + normal_quantile(p) * (1.0 / a + 1.0 / b).sqrt();
    solve(tails, logs, start)
}

/// Newton's method on the log of the smaller tail, kept within a bracket that bisection can fall back to. `logs`: of what
/// is to be below, and above.
pub(super) fn solve(tails: impl Fn(f64) -> Tails, logs: [f64; 2], start: f64) -> f64 {
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut t = if start.is_finite() { start } else { 0.0 };
    let mut width = 1.0;
    for _ in 0..200 {
        let at = tails(t);
        // Positive where t is too large.
        let (gap, log_tail) = if logs[0] <= logs[1] {
            (at.log_lower - logs[0], at.log_lower)
        } else {
            (logs[1] - at.log_upper, at.log_upper)
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
