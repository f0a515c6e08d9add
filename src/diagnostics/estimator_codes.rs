//! Rows of the catalogue about estimators, and about what this version does not carry out.

use super::codes::{Code, Row, Severity};

/// A row of this area; all of them stop the pipeline.
const fn row(code: u16, words: [&'static str; 5]) -> Row {
    let [slug, summary, explanation, wrong, right] = words;
    Row { code: Code(code), slug, severity: Severity::Error, summary, explanation, wrong, right }
}

/// The rows, by code.
pub static ROWS: &[Row] = &[
    row(
        801,
        [
            "unsupported::form",
            "a form of the language that is not supported yet",
            "The form is part of the language, and this version does not carry it out. Nothing is ignored silently.",
            "latent a ~ normal(0, 1)\nguide { latent a ~ normal(0, 1) }\npotential -a\n",
            "latent a ~ normal(0, 1)\npotential -a\n",
        ],
    ),
    row(
        804,
        [
            "estimator::unknown",
            "there is no such estimator",
            "The words after `using` are the names of estimators; `vic explain model.vi` shows which one each latent has.",
            "data y: real\nlatent a ~ normal(0, 1) using magic\nobserve y ~ normal(a, 1)\n",
            "data y: real\nlatent a ~ normal(0, 1) using reparam\nobserve y ~ normal(a, 1)\n",
        ],
    ),
    row(
        805,
        [
            "estimator::none",
            "no estimator is right for a latent",
            "Each latent's gradient is taken by the first estimator that is right for it, or by the one that `using` asks for. Here every one of them is refused, and the labels say why: a discrete latent has no pathwise gradient, and a continuous one cannot be summed out.",
            "data y: real\nlatent z ~ bernoulli(0.5) using reparam\nobserve y ~ normal(z, 1)\n",
            "data y: real\nlatent z ~ bernoulli(0.5)\nobserve y ~ normal(z, 1)\n",
        ],
    ),
    row(
        806,
        [
            "estimator::jump",
            "the density jumps where a continuous latent crosses a threshold",
            "A comparison turns a continuous latent into a step. The pathwise gradient does not see the step and would be wrong without a word, so it is refused. A smooth step has a gradient everywhere. A latent that is only compared with known numbers is summed out over the buckets between them, if the distribution function of its prior is known; and so is a discrete latent (an index into a dim). Any other is tried in bins, unless `using` asks for the pathwise gradient. Where a distribution of data ends at a latent (`uniform(0, theta)`), the density is nothing beyond, and no guide fits; `latent theta: real(max(y)..) ~ …` says that no datum is there.",
            "data y: real\ndata x: real\nlatent tau ~ normal(0, 1) using reparam\nobserve y ~ normal(if x < exp(tau) then 0 else 1, 1)\n",
            "data y: real\ndata x: real\nlatent tau ~ normal(0, 1)\nobserve y ~ normal(if x < tau then 0 else 1, 1)\n",
        ],
    ),
    row(
        807,
        [
            "estimator::not_summable",
            "a discrete latent that cannot be summed out",
            "Discrete latents are summed out exactly where each use of them is local (one element at a time) or a chain (`z[t]` with `z[t-1]`). The tables that this takes must not exceed `--max-states` elements. A latent for which this is not so stays in the guide, unless `using exact` asks for the sum, as here. The message says why it cannot be: which term joins which latents, over which plate, and how large their table would be.",
            "`observe y ~ normal(sum(z), 1)`, where `z` has an element for each of many cells",
            "`observe y ~ normal(z, 1)`, where each cell reads its own element",
        ],
    ),
];
