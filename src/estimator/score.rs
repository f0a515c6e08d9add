//! The score function: what always works, and is noisiest.

use super::{Cost, Estimator, Facts, Refusal, Takes, beyond_an_end, cost};

/// The row.
pub static SCORE: Estimator = Estimator {
    name: "score",
    summary: "f times the slope of the guide's log density, each draw against the mean of the others",
    doc: "Needs nothing of the density but its value. Its noise is kept down by leaving out all terms that do not depend on \
          an element (Rao and Blackwell), and by a baseline from the other draws (Kool, van Hoof and Welling 2019).",
    takes: Takes::Score,
    refuse,
    why,
    cost: price,
};

fn refuse(facts: &Facts) -> Option<Refusal> {
    beyond_an_end(facts, SCORE.name)
}

fn why(_: &Facts) -> String {
    "by the score function over the terms that it reaches, each draw against the others".to_string()
}

fn price(facts: &Facts) -> Cost {
    cost::density(facts).scaled(2.0 * cost::SCORE_NOISE)
}
