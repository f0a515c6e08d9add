//! A warning where a comparison has taken the gradient from a continuous latent that cannot be summed out.

use std::collections::BTreeMap;

use super::choose::Choice;
use super::{Dependence, Level, Takes};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Kind, Model, Site};
use crate::source::Span;

/// One for each comparison, with the latents that it takes the gradient from.
pub fn steps(model: &Model, choices: &[Choice]) -> Vec<Diagnostic> {
    let mut by_place: BTreeMap<Span, Vec<&Site>> = BTreeMap::new();
    for choice in choices {
        let site = model.site(choice.latent);
        let continuous = site.value == Kind::Real && site.domain.domain.transform.is_some();
        let sampled = !matches!(choice.estimator.takes, Takes::Sum | Takes::Path);
        let Dependence { level, span } = choice.dependence;
        if continuous && sampled && level == Level::Jump {
            by_place.entry(span).or_default().push(site);
        }
    }
    by_place.into_iter().map(|(place, latents)| step(place, &latents)).collect()
}

fn step(place: Span, latents: &[&Site]) -> Diagnostic {
    let names: Vec<String> = latents.iter().map(|site| format!("`{}`", site.name)).collect();
    let (names, verb) = (names.join(" and "), if latents.len() == 1 { "moves" } else { "move" });
    let diagnostic = Diagnostic::new(
        Code(1021),
        format!("the density may jump as {names} {verb}: a comparison has no gradient"),
    )
    .at(place, "a step");
    let labelled = latents
        .iter()
        .fold(diagnostic, |diagnostic, site| diagnostic.at(site.span, "tried in bins, which is coarse"));
    labelled
        .help("a smooth step keeps the gradient: `inv_logit((b - a) / width)` in place of `a < b`")
        .help("where the two branches meet, as those of a broken line do: `low * min(t - k, 0) + high * max(t - k, 0)`")
}
