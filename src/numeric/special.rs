//! Special functions of scalars: the reference that graph operations mean and that vector kernels are held to.

mod beta_shape;
mod dual;
mod gamma_shape;
#[cfg(test)]
mod implicit_tests;
mod incomplete_beta;
mod incomplete_gamma;
mod legendre;
mod normal;
mod polygamma;
mod quantile;
mod student;
#[cfg(test)]
mod tests;
mod von_mises;

pub use beta_shape::logit_beta_slope;
pub use gamma_shape::log_gamma_slope;
pub use incomplete_beta::{beta_cdf, log_beta_ccdf, log_beta_cdf};
pub use incomplete_gamma::{gamma_p, gamma_q, log_gamma_p, log_gamma_q};
pub use normal::{log_normal_cdf, normal_cdf, normal_quantile};
pub use polygamma::{digamma, polygamma, trigamma};
pub use quantile::{beta_quantile, gamma_quantile, log_gamma_quantile, logit_beta_quantile};
pub use student::{student_quantile, student_slope};
pub use von_mises::{von_mises_quantile, von_mises_slope};

/// log(sqrt(2 pi))
pub const LOG_SQRT_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// 1 / (1 + exp(-x)), without overflow.
pub fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

/// log(1 + exp(x)), accurate in both tails.
pub fn softplus(x: f64) -> f64 {
    if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }
}

/// log(1 - exp(x)) for x <= 0, by the branch that loses no digits (Maechler 2012).
pub fn log1m_exp(x: f64) -> f64 {
    if x > -std::f64::consts::LN_2 { (-x.exp_m1()).ln() } else { (-x.exp()).ln_1p() }
}

/// log |Gamma(x)|
pub fn lgamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// Error function.
pub fn erf(x: f64) -> f64 {
    libm::erf(x)
}

/// 1 - erf(x), accurate where it is small.
pub fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// lgamma(x) less its Stirling approximation (x - 1/2) log x - x + log sqrt(2 pi), for x > 0.
pub fn stirling_error(x: f64) -> f64 {
    if x < 10.0 {
        return lgamma(x) - ((x - 0.5) * x.ln() - x + LOG_SQRT_TWO_PI);
    }
    // Bernoulli numbers B_2k / (2k (2k - 1)).
    const SERIES: [f64; 8] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
        -3617.0 / 122_400.0,
    ];
    let square = 1.0 / (x * x);
    SERIES.iter().rev().fold(0.0, |sum, term| sum * square + term) / x
}

/// log B(a, b) for a, b > 0; keeps its digits when one of them is large, where three lgammas would cancel.
pub fn log_beta(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    if large < 10.0 {
        return lgamma(a) + lgamma(b) - lgamma(a + b);
    }
    let total = small + large;
    let correction = stirling_error(large) - stirling_error(total);
    // lgamma(large) - lgamma(total), by Stirling, with log(large / total) taken at the small end.
    let ratio = (large - 0.5) * (-(small / total)).ln_1p() - small * total.ln() + small;
    lgamma(small) + ratio + correction
}

/// log(1 + x) - x for x > -1, accurate near 0.
pub fn log1p_minus(x: f64) -> f64 {
    if !(-0.4..=0.6).contains(&x) {
        return x.ln_1p() - x;
    }
    // log(1 + x) = 2 atanh(r), r = x / (2 + x); the terms of first order combine to -r x exactly.
    let r = x / (2.0 + x);
    let square = r * r;
    let series = (0..40).rev().fold(0.0, |sum, k| sum * square + 1.0 / f64::from(2 * k + 3));
    2.0 * r * square * series - r * x
}
