//! Local expectation: exact in the one element, by sampling in the rest.

use super::{Cost, Estimator, Facts, Level, Refusal, Takes, beyond_an_end, cost};

/// The row.
pub static LOCAL: Estimator = Estimator {
    name: "local",
    summary: "each value of an element is tried while the rest is drawn, by delta kernels that see its Markov blanket only",
    doc: "E[f] over an element's own values is a sum, so only the rest is sampled: unbiased whatever f does, and the score \
          function's noise in the element itself is gone (Titsias and Lazaro-Gredilla 2015). Counts are tried over a window \
          that follows their mass, continuous latents over bins.",
    takes: Takes::Local,
    refuse,
    why,
    cost: price,
};

fn refuse(facts: &Facts) -> Option<Refusal> {
    let carried = facts.reach.carried[facts.latent.0].map(|span| {
        let name = &facts.model.site(facts.latent).name;
        let reason = format!("a recurrence carries `{name}` on, so that one element changes all that follow");
        Refusal { estimator: LOCAL.name, reason, span }
    });
    carried.or_else(|| beyond_an_end(facts, LOCAL.name))
}

fn why(facts: &Facts) -> String {
    if facts.is_discrete() {
        "each of its values is tried in its Markov blanket, the rest being drawn".to_string()
    } else if facts.dependence.level < Level::Jump {
        "its values are tried in bins, the rest being drawn".to_string()
    } else {
        "the density jumps as it moves: its values are tried in bins, the rest being drawn".to_string()
    }
}

fn price(facts: &Facts) -> Cost {
    cost::blanket(facts).times(&cost::values(facts))
}
