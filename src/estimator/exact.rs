//! Exact sums: a discrete latent with finitely many values leaves the guide; its values are summed out.

use super::{Cost, Estimator, Facts, Refusal, Takes, cost};
use crate::model::{Kind, SiteKind, Stage, thresholds};

/// The row.
pub static EXACT: Estimator = Estimator {
    name: "exact",
    summary: "summed out exactly, by variable elimination over tables with plates; chains by the forward algorithm",
    doc: "No sampling noise at all, and a tighter bound than any guide over the latent could give. Needs terms that do \
          not mix all elements of the latent. Counts without an end are summed over a window, beyond which a negligible \
          share of the posterior lies; a continuous latent that is only compared with known numbers is summed over the \
          buckets between these, each with its prior mass. A continuous latent whose prior is conjugate to all that reads \
          it is integrated out in closed form (beta with bernoulli, binomial, geometric; gamma with poisson, exponential; \
          normal with normal, lognormal), and so are normal latents that enter the locations of normals linearly, all \
          together (Gelman et al. 2013, ch. 14): one factorisation of their precision for each evaluation.",
    takes: Takes::Sum,
    refuse,
    why,
    cost: price,
};

/// What the sum visits: the lowering knows it better once it is done.
fn price(facts: &Facts) -> Cost {
    cost::blanket(facts).times(&cost::values(facts))
}

fn refuse(facts: &Facts) -> Option<Refusal> {
    let site = facts.model.site(facts.latent);
    let refusal = |reason: String| Some(Refusal { estimator: EXACT.name, reason, span: site.span });
    if let Some(found) = facts.not_summed {
        return refusal(found.to_string());
    }
    match site.value {
        Kind::Bool | Kind::Index(_) => None,
        Kind::Real if is_bucketed(facts) => None,
        Kind::Real if facts.integral().is_some() => None,
        Kind::Real if is_asked(facts) => refusal(
            "it is continuous, and its prior is neither conjugate to everything that reads it nor normal with locations \
             that are affine in it"
                .to_string(),
        ),
        Kind::Real => refusal("it is continuous".to_string()),
        Kind::Int => {
            let known = |k: usize, end: f64| match &site.domain.ends[k] {
                Some(term) => term.stage <= Stage::Data,
                None => end.is_finite(),
            };
            if known(0, site.domain.domain.interval.low) {
                None
            } else {
                refusal("its values have no lower end that is known from data".to_string())
            }
        }
    }
}

fn why(facts: &Facts) -> String {
    let site = facts.model.site(facts.latent);
    let states = match site.value {
        Kind::Bool => "2 values".to_string(),
        Kind::Index(dim) => format!("one value for each `{}`", facts.model.dim(dim).name),
        Kind::Int if is_finite(facts) => "finitely many values".to_string(),
        Kind::Int => {
            return "a count without an end: the values that have mass are summed, without any noise"
                .to_string();
        }
        Kind::Real if pairs(facts).is_some() => {
            let pairs = pairs(facts).unwrap_or_default();
            return format!(
                "integrated out in closed form ({pairs}); drawn back from its posterior given all else"
            );
        }
        Kind::Real if facts.together.is_some() => return why_together(facts),
        Kind::Real => {
            return "continuous, but only compared with known numbers: summed over the buckets between these, without any \
                    noise"
                .to_string();
        }
    };
    format!("discrete, with {states}: summed, without any noise")
}

/// Names of at most so many others are given.
const NAMED: usize = 3;

fn why_together(facts: &Facts) -> String {
    let block = facts.together.into_iter().flatten().filter(|id| **id != facts.latent);
    let names: Vec<String> = block.map(|id| format!("`{}`", facts.model.site(*id).name)).collect();
    let beside = match names.len() {
        0 => String::new(),
        count if count <= NAMED => format!(" together with {}", names.join(", ")),
        count => format!(" together with {} and {} more", names[..NAMED].join(", "), count - NAMED),
    };
    format!(
        "normal given everything else: integrated out in closed form{beside}; drawn back from its posterior given all else"
    )
}

fn is_finite(facts: &Facts) -> bool {
    let site = facts.model.site(facts.latent);
    let end = &site.domain.ends[1];
    end.as_ref().map_or(site.domain.domain.interval.high.is_finite(), |end| end.stage <= Stage::Data)
}

/// Whether the density meets the latent in comparisons with known numbers alone.
fn is_bucketed(facts: &Facts) -> bool {
    facts.reach.compared[facts.latent.0] && thresholds(facts.model, facts.latent).is_some()
}

fn is_asked(facts: &Facts) -> bool {
    matches!(&facts.model.site(facts.latent).kind, SiteKind::Latent { using: Some(_), .. })
}

/// The conjugate pairs that a latent is part of.
fn pairs(facts: &Facts) -> Option<String> {
    let mut names: Vec<&str> = facts.conjugate?.iter().map(|entry| entry.pair.name).collect();
    names.dedup();
    Some(names.join(", "))
}
