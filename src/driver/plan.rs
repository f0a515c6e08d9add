//! Which latents are summed out, which have a gradient and which are kept, once sizes are known: the policy is asked again
//! after each sum that was tried in vain.

use crate::data::BoundModel;
use crate::diagnostics::Diagnostic;
use crate::estimator::{self, Choice, Known, Takes};
use crate::inference::mixed::Rule;
use crate::lower::{self, Centring, Limits, Objective};
use crate::model::SiteId;

/// The objective of a model, every latent centred. A discrete latent that cannot be summed out is kept, unless the model
/// asks for the sum.
///
/// # Errors
/// If a latent that the model wants summed out cannot be.
pub(super) fn lower(bound: &BoundModel, limits: &Limits) -> Result<Objective, Box<Diagnostic>> {
    let model = bound.model();
    let mut not_summed: Vec<(SiteId, String)> = Vec::new();
    loop {
        let (choices, mut refused) = estimator::choose(model, &known(bound, &not_summed));
        if !refused.is_empty() {
            return Err(Box::new(refused.remove(0)));
        }
        let stays = |choice: &&Choice| !matches!(choice.estimator.takes, Takes::Sum | Takes::Path);
        let kept: Vec<SiteId> = choices.iter().filter(stays).map(|choice| choice.latent).collect();
        let refusal = match lower::lower(bound, &Centring { kept, ..Centring::default() }, limits) {
            Ok(objective) => return Ok(Objective { not_summed, ..objective }),
            Err(refusal) => refusal,
        };
        let is_free = |id: &SiteId| {
            let choice = choices.iter().find(|choice| choice.latent == *id);
            choice.is_some_and(|choice| choice.asked.is_none() && choice.estimator.takes == Takes::Sum)
        };
        let Some(site) = lower::culprit(model, &refusal, is_free) else { return Err(refusal) };
        not_summed.push((site, refusal.message.clone()));
    }
}

/// The same latents kept, within other limits.
///
/// # Errors
/// If a latent cannot be summed out within these.
pub(super) fn again(
    bound: &BoundModel,
    objective: &Objective,
    limits: &Limits,
) -> Result<Objective, Box<Diagnostic>> {
    let kept = objective.centring.kept.clone();
    let found = lower::lower(bound, &Centring { kept, ..Centring::default() }, limits)?;
    Ok(Objective { not_summed: objective.not_summed.clone(), ..found })
}

fn known(bound: &BoundModel, not_summed: &[(SiteId, String)]) -> Known {
    Known { sizes: bound.bindings().sizes.clone(), not_summed: not_summed.to_vec() }
}

/// How each latent's gradient is taken, now that the sizes are known and the sums have been tried.
pub fn choices(bound: &BoundModel, objective: &Objective) -> Vec<Choice> {
    estimator::choose(bound.model(), &known(bound, &objective.not_summed)).0
}

/// The rule of each latent that is kept.
pub(super) fn rules(bound: &BoundModel, objective: &Objective) -> Vec<Rule> {
    let choices = choices(bound, objective);
    let each = objective.kept.iter().map(|kept| {
        let choice = choices.iter().find(|choice| choice.latent == kept.site);
        match choice.map_or(Takes::Local, |choice| choice.estimator.takes) {
            Takes::Paired => Rule::Paired,
            Takes::Local if kept.changes.is_some() => Rule::Local,
            _ => Rule::Score,
        }
    });
    each.collect()
}
