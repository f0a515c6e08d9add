//! Rows of the catalogue that are reported once the data are there: impossible data, doubtful columns, a fit without
//! a start.

use super::codes::{Code, Row, Severity};

/// The rows, by code.
pub static ROWS: &[Row] = &[
    Row {
        code: Code(760),
        slug: "data::out_of_support",
        severity: Severity::Error,
        summary: "observed data that their distribution can never produce",
        explanation: "A value lies outside of the support of the distribution it is observed with, so its density is \
                      zero whatever the latents are and no posterior exists. Correct or drop the value, or take a \
                      distribution that can produce it: `zero_inflated(p, D)` for zeros of a positive one.",
        wrong: "observe y ~ gamma(2, 1), with a 0 among the values of y",
        right: "observe y ~ gamma(2, 1), with all values above 0",
    },
    Row {
        code: Code(761),
        slug: "data::parameter",
        severity: Severity::Error,
        summary: "a parameter that is known from the data lies outside of where it must",
        explanation: "The parameter depends on data alone, so it has been computed, and it is nothing that the \
                      distribution allows: a scale that is not above 0, probabilities that do not sum to 1.",
        wrong: "let w[k] = [0.5, 0.6], in categorical(w)",
        right: "let w[k] = [0.4, 0.6], in categorical(w)",
    },
    Row {
        code: Code(901),
        slug: "run::start",
        severity: Severity::Error,
        summary: "the density is not finite where the fit would start",
        explanation: "A fit starts from positions where the log density is a finite number, and none of those tried \
                      was one. The report names the first term that is not finite, the cell, and the values of the \
                      latents it was computed from. The usual causes are a parameter that leaves its domain (a \
                      negative scale, a probability above 1), a logarithm or a root of a negative number, and numbers \
                      so large that they overflow.",
        wrong: "observe y ~ poisson(exp(b * x)), with values of x in the millions",
        right: "let z = (x - mean(x)) / sd(x)\nobserve y ~ poisson(exp(b * z))",
    },
];
