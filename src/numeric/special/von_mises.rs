//! Quantiles of the von Mises distribution about 0, and how they move with its concentration: by quadrature over the half
//! circle, as far as the density reaches.

use std::f64::consts::PI;

use super::legendre::integrate;
use super::quantile::{Tails, solve};
use super::{log1m_exp, normal_quantile, sigmoid};

/// Exponent beyond which a density is nothing.
const REACH: f64 = 40.0;
const PANELS: usize = 5;

/// The angle, between -pi and pi, below which lies a share p, for a concentration k >= 0.
pub fn von_mises_quantile(p: f64, k: f64) -> f64 {
    if !(k >= 0.0 && k.is_finite() && (0.0..=1.0).contains(&p)) {
        return f64::NAN;
    }
    let (tail, side) = if p < 0.5 { (p, -1.0) } else { (1.0 - p, 1.0) };
    if tail == 0.0 || tail == 0.5 {
        return side * if tail == 0.0 { PI } else { 0.0 };
    }
    let log_upper = std::f64::consts::LN_2 + tail.ln();
    let logs = [log1m_exp(log_upper), log_upper];
    let total = relative(0.0, PI, 0.0, k, |_| 1.0).ln();
    // theta = pi sigmoid(t), for the half of the density above 0.
    let tails = |t: f64| {
        let theta = PI * sigmoid(t);
        let height = -2.0 * k * (0.5 * theta).sin().powi(2);
        let log_density = height + (theta * sigmoid(-t)).ln() - total;
        // Only the smaller side is looked at.
        match logs[0] <= logs[1] {
            true => {
                let log_lower = relative(0.0, theta, 0.0, k, |_| 1.0).ln() - total;
                Tails { log_lower, log_upper: f64::NAN, log_density }
            }
            false => {
                let log_upper = height + relative(theta, PI, theta, k, |_| 1.0).ln() - total;
                Tails { log_lower: f64::NAN, log_upper, log_density }
            }
        }
    };
    let normal = -normal_quantile(tail) / k.sqrt().max(1e-3);
    let share = ((1.0 - 2.0 * tail).min(normal / PI)).clamp(1e-12, 0.9);
    let t = solve(tails, logs, (share / (1.0 - share)).ln());
    side * PI * sigmoid(t)
}

/// dtheta / dk for the quantile theta at a fixed probability.
pub fn von_mises_slope(theta: f64, k: f64) -> f64 {
    if !(k >= 0.0 && k.is_finite() && theta.abs() <= PI) {
        return f64::NAN;
    }
    let size = theta.abs();
    // E(1 - cos): cos - E cos is this less 1 - cos.
    let spread = relative(0.0, PI, 0.0, k, versine) / relative(0.0, PI, 0.0, k, |_| 1.0);
    let moved = if versine(size) <= spread {
        -relative(0.0, size, size, k, |s| spread - versine(s))
    } else {
        -relative(size, PI, size, k, |s| versine(s) - spread)
    };
    moved * theta.signum()
}

/// 1 - cos
fn versine(s: f64) -> f64 {
    2.0 * (0.5 * s).sin().powi(2)
}

/// The integral from `from` to `to`, in the half circle, of f(s) exp(k (cos s - cos at)).
fn relative(from: f64, to: f64, at: f64, k: f64, f: impl Fn(f64) -> f64) -> f64 {
    let reach = (0.5 * from).sin().powi(2) + 0.5 * REACH / k;
    let to = if reach < 1.0 { to.min(2.0 * reach.sqrt().asin()) } else { to };
    let mut edges = [from; PANELS + 1];
    edges.iter_mut().enumerate().for_each(|(i, edge)| *edge += (to - from) * i as f64 / PANELS as f64);
    integrate(&edges, |s| f(s) * (-2.0 * k * (0.5 * (s + at)).sin() * (0.5 * (s - at)).sin()).exp())
}
