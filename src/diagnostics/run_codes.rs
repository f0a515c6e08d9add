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
    Row {
        code: Code(902),
        slug: "run::fault",
        severity: Severity::Warning,
        summary: "on the way of a fit the density was not a number",
        explanation: "The log density, its slope or its curvature could not be computed somewhere on the way, and the \
                      result suffers: draws were lost, or the fit cannot be trusted. What is not a number counts as \
                      impossible, which is right only if the model means it so. The report names the expression, the \
                      cell, the latents' values, and the number of the evaluation: `vic fit` with the same model, data \
                      and options and `--replay` with that number shows the latents and all terms of the density there. \
                      Steps that a fit rejected on the way to a result that can be trusted are not reported.",
        wrong: "latent a ~ normal(1, 1)\nobserve y ~ normal(log(a), 1)",
        right: "latent a: positive ~ normal(1, 1)\nobserve y ~ normal(log(a), 1)",
    },
    Row {
        code: Code(903),
        slug: "run::fatal",
        severity: Severity::Error,
        summary: "the fit has no result: the density was not a number wherever it went",
        explanation: "There are positions with a finite density, but from none of them could the fit go on: the density, \
                      its slope or its curvature is not a number all around. The report names the first such place, and \
                      `--replay` shows it, as for V0902.",
        wrong: "latent a ~ normal(0, 1)\npotential log(0.0001 - a^2)",
        right: "latent a: real(-0.01..0.01) ~ normal(0, 1)\npotential log(0.0001 - a^2)",
    },
];
