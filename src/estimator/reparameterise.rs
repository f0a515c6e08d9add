//! Reparameterisation: the gradient goes inside of the expectation through a differentiable sampler.

use super::{Cost, Estimator, Facts, Level, Refusal, Takes, cost};
use crate::model::Kind;

/// The row.
pub static REPARAMETERISE: Estimator = Estimator {
    name: "reparam",
    summary: "the gradient passes through the sampler z = T(m + C e), with fixed structured draws of e",
    doc: "Right where the log density is continuous in the latent and differentiable almost everywhere; silently \
          biased where it jumps. Kingma and Welling (2014). Where a Gaussian's weights are bad, the sampler is the \
          quantile of the family that matches the latent's domain, differentiated implicitly: Figurnov, Mohamed and Mnih \
          (2018).",
    takes: Takes::Path,
    refuse,
    why,
    cost: price,
};

/// The density and its gradient, which visits as much again, twice.
fn price(facts: &Facts) -> Cost {
    cost::density(facts).scaled(3.0)
}

fn refuse(facts: &Facts) -> Option<Refusal> {
    let site = facts.model.site(facts.latent);
    let refusal = |reason: String, span| Some(Refusal { estimator: REPARAMETERISE.name, reason, span });
    if site.value != Kind::Real || site.domain.domain.transform.is_none() {
        return refusal(format!("`{}` is discrete: it has no differentiable sampler", site.name), site.span);
    }
    if facts.dependence.level >= Level::Jump {
        return refusal(
            format!(
                "the density jumps as `{}` moves: a gradient through the sampler would be biased",
                site.name
            ),
            facts.dependence.span,
        );
    }
    None
}

fn why(facts: &Facts) -> String {
    match facts.dependence.level {
        Level::Absent => "nothing but its own prior depends on it, smoothly".to_string(),
        Level::Smooth => "every path from it to the density is smooth".to_string(),
        Level::Kink => "every path from it to the density is continuous, with corners".to_string(),
        Level::Jump | Level::End => unreachable!("refused"),
    }
}
