//! What is said of a fault besides its place.

use super::trace::{Culprit, Wrong};

pub(super) fn advice(culprit: Option<&Culprit<'_>>) -> String {
    match culprit.map(|culprit| &culprit.fault) {
        Some(Wrong::Outside { domain, .. }) => format!(
            "write it so that it is {} whatever the latents are (`exp(…)`, `inv_logit(…)`), or declare the latents so",
            domain.words
        ),
        Some(Wrong::Total { .. }) => {
            "divide by the sum of just these numbers, `v / sum(v)`, or take `softmax(…)`; or draw them from `dirichlet`"
                .to_string()
        }
        Some(Wrong::Joint { domain, .. }) => format!(
            "declare it as a latent that is {} by its type, or build it of one: for a covariance, scales and a factor of a correlation matrix",
            domain.words
        ),
        Some(Wrong::Value(value)) if value.is_infinite() => {
            "the numbers overflow: scale the data, `(x - mean(x)) / sd(x)`, or take narrower priors"
                .to_string()
        }
        Some(Wrong::Value(_)) => {
            "a logarithm or a root of a negative number, or 0 / 0: declare the latents so that it cannot be"
                .to_string()
        }
        None => {
            "check the data for values that the distribution can hardly produce, and the scales of the priors"
                .to_string()
        }
    }
}

/// Six digits at most; what is not finite in words.
pub fn number(value: f64) -> String {
    match value {
        _ if value.is_nan() => "not a number".to_string(),
        _ if value == f64::INFINITY => "infinite".to_string(),
        _ if value == f64::NEG_INFINITY => "minus infinity".to_string(),
        _ if value != 0.0 && !(1e-4..1e7).contains(&value.abs()) => format!("{value:.3e}"),
        _ => format!("{}", (value * 1e5).round() / 1e5),
    }
}
