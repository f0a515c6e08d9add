//! DisARM: antithetic pairs for coupled Bernoullis.

use super::{Cost, Estimator, Facts, Refusal, Takes, cost};
use crate::model::Kind;

/// The row.
pub static DISARM: Estimator = Estimator {
    name: "disarm",
    summary: "the score function over pairs that mirror each other, integrated over the mirror",
    doc: "Two evaluations of the whole density for all elements together, in place of one for each value of each element. \
          Unbiased for latents of two values (Dong, Mnih and Tucker 2020).",
    takes: Takes::Paired,
    refuse,
    why,
    cost: price,
};

fn refuse(facts: &Facts) -> Option<Refusal> {
    let site = facts.model.site(facts.latent);
    (site.value != Kind::Bool).then(|| Refusal {
        estimator: DISARM.name,
        reason: match site.value {
            Kind::Real => "it is continuous, and this is for latents of two values",
            _ => "it has more than two values",
        }
        .to_string(),
        span: site.span,
    })
}

fn why(_: &Facts) -> String {
    "two mirrored draws of the whole density".to_string()
}

fn price(facts: &Facts) -> Cost {
    cost::density(facts).scaled(2.0 * cost::DISARM_NOISE)
}
