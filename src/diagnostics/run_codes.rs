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
        wrong: "latent a ~ normal(0, 1)\npotential sqrt(-(a^2))",
        right: "latent a: real(-1..1) ~ normal(0, 1)\npotential sqrt(1 - a^2)",
    },
    Row {
        code: Code(910),
        slug: "compare::different_data",
        severity: Severity::Error,
        summary: "models that do not observe the same data cannot be compared",
        explanation: "Log densities of different data differ for reasons that have nothing to do with the models, and so do \
                      evidence and leave-one-out prediction. The cells that are observed, by name, and the observed \
                      values have to be the same. A transformed value is other data: to compare a model of `log(y)` with \
                      one of `y`, observe `y ~ lognormal(m, s)`, whose density is one of `y`.",
        wrong: "observe log_y ~ normal(m, s), beside a model with observe y ~ gamma(a, b)",
        right: "observe y ~ lognormal(m, s), beside a model with observe y ~ gamma(a, b)",
    },
    Row {
        code: Code(911),
        slug: "compare::nothing_observed",
        severity: Severity::Error,
        summary: "a model without `observe` has no data to predict",
        explanation: "Leave-one-out prediction asks how well each observed value is predicted from all others. A `potential` \
                      adds a number to the density, and does not say which data it stands for.",
        wrong: "potential -0.5 * (y - m)^2",
        right: "observe y ~ normal(m, 1)",
    },
    Row {
        code: Code(912),
        slug: "calibrate::not_generative",
        severity: Severity::Error,
        summary: "a model from which no data can be drawn cannot be calibrated",
        explanation: "Simulation-based calibration draws latents from their priors and data from their distributions, and \
                      fits what it has drawn. That needs priors that can be drawn from (`flat` has no draws) without knowing \
                      the data, and distributions that say how each observed value comes about (a `potential` does \
                      not, and `censored` does not say when a value is censored).",
        wrong: "latent a ~ flat",
        right: "latent a ~ normal(0, 10)",
    },
    Row {
        code: Code(920),
        slug: "run::too_many_coordinates",
        severity: Severity::Error,
        summary: "the family that was asked for needs more than this many coordinates allow",
        explanation: "A full-rank Gaussian is fitted to a fixed set of draws, and its bound over fixed draws has a maximum only \
                      where the draws are more than the coordinates (Giordano, Ingram and Broderick 2024). Where that \
                      many draws are not affordable, the request is refused rather than answered with another family. \
                      Without `--family` a family that suits the number of coordinates is taken.",
        wrong: "vic fit model.vi --family full-rank, for a model with 5000 coordinates",
        right: "vic fit model.vi",
    },
    Row {
        code: Code(921),
        slug: "run::unsuited_family",
        severity: Severity::Error,
        summary: "the family that was asked for has nothing to work with in this model",
        explanation: "A block Gaussian needs latents that fall into groups, given what all of them share. Partly centred and \
                      informed families need a latent whose prior has a location or a scale that is itself a latent. A \
                      flow needs two coordinates. Beside a discrete latent that stays in the guide there is none of these.",
        wrong: "vic fit model.vi --family block, for a regression",
        right: "vic fit model.vi",
    },
];
