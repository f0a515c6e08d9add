//! How a quantile of a beta moves with its first shape, -(dF/da) / f, in the logit of the value. For the second one it
//! is that of the mirrored beta, with the other sign.

use super::dual::Dual;
use super::{digamma, incomplete_beta, sigmoid, softplus};

/// d logit x / da for the quantile x = sigmoid(`logit_x`) of a beta(a, b), at a fixed probability.
///
/// With K = x^a (1 - x)^b / B(a, b), the density of logit x: I = K G / a below, 1 - I = K H / b above, G and H the
/// continued fractions; the derivative is -I_a / K.
pub fn logit_beta_slope(logit_x: f64, a: f64, b: f64) -> f64 {
    if [logit_x, a, b].iter().any(|v| v.is_nan()) || a <= 0.0 || b <= 0.0 {
        return f64::NAN;
    }
    if logit_x.is_infinite() {
        return if logit_x < 0.0 { f64::INFINITY } else { 0.0 };
    }
    let (x, y, log_x) = (sigmoid(logit_x), sigmoid(-logit_x), -softplus(-logit_x));
    let gap = digamma_gap(a, b);
    if x < (a + 1.0) / (a + b + 2.0) {
        let fraction = incomplete_beta::fraction([Dual::new(a, 1.0), Dual::fixed(b)], x);
        ((1.0 / a - gap - log_x) * fraction.value - fraction.slope) / a
    } else {
        let fraction = incomplete_beta::fraction([Dual::fixed(b), Dual::new(a, 1.0)], y);
        ((log_x + gap) * fraction.value + fraction.slope) / b
    }
}

/// psi(a + b) - psi(a) for a, b > 0, which is -E log x: by differences that do not cancel.
fn digamma_gap(a: f64, b: f64) -> f64 {
    let mut a = a;
    let mut gap = 0.0;
    if b > a {
        return digamma(a + b) - digamma(a);
    }
    while a < 12.0 {
        gap += b / (a * (a + b));
        a += 1.0;
    }
    let total = a + b;
    // log(total / a) + 1 / (2 a) - 1 / (2 total) + sum over k of B_2k / 2k (a^-2k - total^-2k).
    let step = b / (a * total);
    gap += (b / a).ln_1p() + 0.5 * step;
    let (p, q) = (1.0 / (a * a), 1.0 / (total * total));
    let difference = step * (1.0 / a + 1.0 / total);
    const SERIES: [f64; 6] =
        [1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32_760.0];
    // p^k - q^k = (p - q) (p^(k - 1) + .. + q^(k - 1)).
    let (mut powers, mut last) = (1.0, 1.0);
    for coefficient in SERIES {
        gap += coefficient * difference * powers;
        last *= q;
        powers = powers * p + last;
    }
    gap
}
