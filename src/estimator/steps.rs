//! A warning where a comparison has taken the gradient from a continuous latent that cannot be summed out.

use super::choose::Choice;
use super::dependence::of_density;
use super::{Level, Takes};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Kind, Model};

/// One for each such latent.
pub fn steps(model: &Model, choices: &[Choice]) -> Vec<Diagnostic> {
    let dependence = of_density(model);
    let without = choices.iter().filter(|choice| {
        let site = model.site(choice.latent);
        let continuous = site.value == Kind::Real && site.domain.domain.transform.is_some();
        let sampled = !matches!(choice.estimator.takes, Takes::Sum | Takes::Path);
        continuous && sampled && dependence[choice.latent.0].level == Level::Jump
    });
    without
        .map(|choice| {
            let site = model.site(choice.latent);
            let name = &site.name;
            Diagnostic::new(
                Code(1021),
                format!("the density jumps as `{name}` moves, so it has no gradient in it"),
            )
            .at(dependence[choice.latent.0].span, format!("jumps as `{name}` moves"))
            .at(site.span, "tried in bins, which is coarse")
            .help(format!(
                "a smooth step has a gradient: `inv_logit((x - {name}) / width)` in place of `x > {name}`"
            ))
        })
        .collect()
}
