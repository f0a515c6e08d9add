//! The regularised incomplete gamma functions P and Q, and their logs.

use super::dual::Dual;
use super::{LOG_SQRT_TWO_PI, log_normal_cdf, log1m_exp, log1p_minus, stirling_error};

/// P(a, x): the distribution function of a gamma with shape a and rate 1.
pub fn gamma_p(a: f64, x: f64) -> f64 {
    log_gamma_p(a, x).exp()
}

/// Q(a, x) = 1 - P(a, x), accurate where it is small.
pub fn gamma_q(a: f64, x: f64) -> f64 {
    log_gamma_q(a, x).exp()
}

/// log P(a, x)
pub fn log_gamma_p(a: f64, x: f64) -> f64 {
    log_tails(a, x).0
}

/// log Q(a, x)
pub fn log_gamma_q(a: f64, x: f64) -> f64 {
    log_tails(a, x).1
}

/// From here on, and near the mean, two terms of the uniform expansion are exact to double precision.
pub(super) const LARGE_SHAPE: f64 = 1e5;

/// (log P, log Q), the smaller of the two computed first.
pub(super) fn log_tails(a: f64, x: f64) -> (f64, f64) {
    if a.is_nan() || x.is_nan() || a <= 0.0 {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (f64::NEG_INFINITY, 0.0);
    }
    if x == f64::INFINITY {
        return (0.0, f64::NEG_INFINITY);
    }
    let excess = (x - a) / a;
    if a >= LARGE_SHAPE && excess.abs() < 0.3 {
        return uniform_expansion(a, excess);
    }
    if x < a + 1.0 {
        let log_p = log_kernel(a, x) - a.ln() + series(a, x).ln();
        (log_p, log1m_exp(log_p.min(0.0)))
    } else {
        let log_q = log_kernel(a, x) + continued_fraction(a, x).ln();
        (log1m_exp(log_q.min(0.0)), log_q)
    }
}

/// log(x^a e^-x / Gamma(a)), without the cancellation between its terms at large a.
pub(super) fn log_kernel(a: f64, x: f64) -> f64 {
    let excess = (x - a) / a;
    let deviance = if excess > -0.999 { a * log1p_minus(excess) } else { a * (x / a).ln() - (x - a) };
    deviance + 0.5 * a.ln() - LOG_SQRT_TWO_PI - stirling_error(a)
}

/// a sum over n of x^n / (a (a + 1) .. (a + n))
fn series(a: f64, x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    let mut denominator = a;
    while term > sum * 1e-17 {
        denominator += 1.0;
        term *= x / denominator;
        sum += term;
    }
    sum
}

/// Legendre's continued fraction for Gamma(a, x) e^x x^-a, by Lentz's method.
fn continued_fraction(a: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / b;
    let mut value = d;
    for i in 1..200_000 {
        let i = f64::from(i);
        let numerator = -i * (i - a);
        b += 2.0;
        d = 1.0 / not_zero(numerator * d + b, TINY);
        c = not_zero(b + numerator / c, TINY);
        value *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    value
}

/// The same with its derivative by what `a` moves with.
pub(super) fn fraction(a: Dual, x: f64) -> Dual {
    let one = Dual::fixed(1.0);
    let mut b = Dual::fixed(x + 1.0) - a;
    let mut c = Dual::fixed(1e300);
    let mut d = one / b;
    let mut value = d;
    for i in 1..200_000 {
        let i = Dual::fixed(f64::from(i));
        let numerator = i * (a - i);
        b = b + Dual::fixed(2.0);
        d = one / (numerator * d + b).or_tiny();
        c = (b + numerator / c).or_tiny();
        value = value * (d * c);
        if (d * c).is_unit(value) {
            break;
        }
    }
    value
}

pub(super) fn not_zero(x: f64, tiny: f64) -> f64 {
    if x.abs() < tiny { tiny } else { x }
}

/// N. M. Temme's expansion, uniform about the mean (DLMF 8.12), to order 1 / a.
fn uniform_expansion(a: f64, excess: f64) -> (f64, f64) {
    let half_square = -log1p_minus(excess);
    let eta = excess.signum() * (2.0 * half_square).sqrt();
    let [zeroth, first] = remainder(Dual::fixed(eta));
    let remainder = zeroth.value + first.value / a;
    let log_scale = -a * half_square - 0.5 * a.ln() - LOG_SQRT_TWO_PI;
    let z = eta * a.sqrt();
    // Each tail is its normal part and the remainder, relative to that part.
    let tail = |z: f64, remainder: f64| {
        let log_normal = log_normal_cdf(z);
        log_normal + (remainder * (log_scale - log_normal).exp()).ln_1p()
    };
    (tail(z, -remainder), tail(-z, remainder))
}

const ORDER_0: [f64; 12] = [
    -0.3333333333333333,
    0.08333333333333333,
    -0.014814814814814815,
    0.0011574074074074073,
    0.0003527336860670194,
    -0.0001787551440329218,
    3.919263178522438e-05,
    -2.185448510679992e-06,
    -1.85406221071516e-06,
    8.296711340953087e-07,
    -1.7665952736826078e-07,
    6.707853543401498e-09,
];
const ORDER_1: [f64; 7] = [
    -0.001851851851851852,
    -0.003472222222222222,
    0.0026455026455026454,
    -0.0009902263374485596,
    0.00020576131687242798,
    -4.018775720164609e-07,
    -1.8098550334489977e-05,
];

/// The terms of order 1 and 1 / a of the expansion's remainder, at eta.
pub(super) fn remainder(eta: Dual) -> [Dual; 2] {
    let at = |series: &[f64]| {
        series.iter().rev().fold(Dual::fixed(0.0), |sum, term| sum * eta + Dual::fixed(*term))
    };
    [at(&ORDER_0), at(&ORDER_1)]
}
