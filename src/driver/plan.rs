//! Which latents are summed out, which have a gradient and which are kept, once sizes are known: the policy is asked again
//! after each sum that was tried in vain.

use std::collections::BTreeMap;

use crate::data::BoundModel;
use crate::diagnostics::Diagnostic;
use crate::estimator::{self, Choice, Estimator, Integral, Known, Measured, Takes};
use crate::inference::mixed::ascent::Account;
use crate::inference::mixed::pilot::{self, Trial};
use crate::inference::mixed::{MixedTarget, Rule};
use crate::inference::{Options, Unwatched};
use crate::lower::{self, Centring, Kept, Limits, Objective};
use crate::model::{AxisVar, SiteId};

use super::mixed::work;

/// The objective of a model, every latent centred. A discrete latent that cannot be summed out is kept, unless the model
/// asks for the sum.
///
/// # Errors
/// If a latent that the model wants summed out cannot be.
pub(super) fn lower(bound: &BoundModel, limits: &Limits) -> Result<Objective, Box<Diagnostic>> {
    let model = bound.model();
    let mut not_summed: Vec<(SiteId, String)> = Vec::new();
    let mut at_once: Vec<(SiteId, Vec<AxisVar>, Box<Diagnostic>)> = Vec::new();
    let mut given_up: Vec<SiteId> = Vec::new();
    loop {
        let (choices, mut refused) = estimator::choose(model, &known(bound, &not_summed));
        if !refused.is_empty() {
            return Err(Box::new(refused.remove(0)));
        }
        let stays = |choice: &&Choice| !matches!(choice.estimator.takes, Takes::Sum | Takes::Path);
        let centring = Centring {
            kept: choices.iter().filter(stays).map(|choice| choice.latent).collect(),
            integrated: integrated(&choices, &[Integral::Conjugate, Integral::Normal]),
            together: integrated(&choices, &[Integral::Normal]),
            at_once: at_once.iter().map(|(site, plates, _)| (*site, plates.clone())).collect(),
            ..Centring::default()
        };
        let count =
            |site, plates: &[AxisVar]| lower::assignments(bound, site, plates).unwrap_or(f64::INFINITY);
        let assignments: f64 = at_once.iter().map(|(site, plates, _)| count(*site, plates)).product();
        let refusal = match lower::lower(bound, &centring, limits) {
            Ok(objective) if at_once.is_empty() || is_affordable(&objective, assignments) => {
                return Ok(Objective { not_summed, ..objective });
            }
            Ok(_) => {
                given_up.extend(at_once.iter().map(|(site, ..)| *site));
                // What was said before the assignments were tried.
                at_once.drain(..).next().map(|(.., said)| said).expect("not empty")
            }
            Err(refusal) => refusal,
        };
        let is_summed = |id: &SiteId| {
            choices.iter().any(|choice| choice.latent == *id && choice.estimator.takes == Takes::Sum)
        };
        let is_tried = |id: &SiteId| at_once.iter().any(|(site, ..)| site == id);
        let is_new = |id: &SiteId| !given_up.contains(id) && is_summed(id) && !is_tried(id);
        if let Some(site) = lower::culprit(model, &refusal, is_new) {
            let plates = lower::plates(bound, &centring, limits, site);
            let meets = plates.len() < model.site(site).axes.len();
            if meets && assignments * count(site, &plates) <= ASSIGNMENTS.min(limits.max_states) {
                at_once.push((site, plates, refusal));
                continue;
            }
        }
        let is_free = |id: &SiteId| {
            let choice = choices.iter().find(|choice| choice.latent == *id);
            choice.is_some_and(|choice| choice.asked.is_none() && choice.estimator.takes == Takes::Sum)
        };
        let Some(site) = lower::culprit(model, &refusal, is_free) else { return Err(refusal) };
        not_summed.push((site, refusal.message.clone()));
    }
}

/// Assignments of values to the elements of latents that meet in a term, which are summed one by one at most: where nothing
/// else is left to fit, since a latent that is kept instead can miss states without a sign of it; and where each of
/// thousands of evaluations makes that sum.
const ASSIGNMENTS: f64 = 65_536.0;
const ASSIGNMENTS_OFTEN: f64 = 4096.0;
/// Elements that one evaluation may visit for the sake of such a sum.
const AFFORDABLE: f64 = 2e7;

fn is_affordable(objective: &Objective, assignments: f64) -> bool {
    let is_alone = objective.layout.dimension == 0;
    (is_alone || assignments <= ASSIGNMENTS_OFTEN) && work(objective, &[objective.log_joint]) <= AFFORDABLE
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
    let centring = Centring { of: BTreeMap::new(), ..objective.centring.clone() };
    let found = lower::lower(bound, &centring, limits)?;
    Ok(Objective { not_summed: objective.not_summed.clone(), ..found })
}

/// The continuous latents that are integrated out by one of these forms.
fn integrated(choices: &[Choice], forms: &[Integral]) -> Vec<SiteId> {
    let is_of = |choice: &&Choice| choice.integral.is_some_and(|integral| forms.contains(&integral));
    choices.iter().filter(is_of).map(|choice| choice.latent).collect()
}

fn known(bound: &BoundModel, not_summed: &[(SiteId, String)]) -> Known {
    Known { sizes: bound.bindings().sizes.clone(), not_summed: not_summed.to_vec() }
}

/// How each latent's gradient is taken, now that the sizes are known and the sums have been tried.
pub fn choices(bound: &BoundModel, objective: &Objective) -> Vec<Choice> {
    let mut choices = estimator::choose(bound.model(), &known(bound, &objective.not_summed)).0;
    for choice in &mut choices {
        let own = objective.centring.at_once.iter().find(|(site, _)| *site == choice.latent);
        let Some((_, plates)) = own else { continue };
        let all = lower::assignments(bound, choice.latent, plates).unwrap_or(f64::INFINITY);
        let names: Vec<String> =
            plates.iter().map(|axis| format!("`{}`", bound.model().dim(axis.dim).name)).collect();
        let each = if names.is_empty() { String::new() } else { format!(" of each {}", names.join(" and ")) };
        choice.why = format!(
            "discrete, with elements that meet in one term: all {all} assignments{each} are summed, without any noise"
        );
    }
    choices
}

/// The rule of each latent that is kept.
pub(super) fn rules(objective: &Objective, choices: &[Choice]) -> Vec<Rule> {
    let each = objective.kept.iter().map(|kept| {
        let choice = choices.iter().find(|choice| choice.latent == kept.site);
        rule(kept, choice.map_or(Takes::Local, |choice| choice.estimator.takes))
    });
    each.collect()
}

fn rule(kept: &Kept, takes: Takes) -> Rule {
    match takes {
        Takes::Paired => Rule::Paired,
        Takes::Local if kept.changes.is_some() => Rule::Local,
        _ => Rule::Score,
    }
}

/// The choices after a pilot at the start of the fit, where prices do not decide; evaluations that it took.
pub(super) fn piloted(
    bound: &BoundModel,
    objective: &Objective,
    target: &mut dyn MixedTarget,
    options: &Options,
) -> (Vec<Choice>, u64) {
    let mut choices = choices(bound, objective);
    let place = |site: SiteId| choices.iter().position(|choice| choice.latent == site);
    let open: Vec<Vec<&'static Estimator>> = objective
        .kept
        .iter()
        .map(|kept| place(kept.site).map_or(vec![], |place| choices[place].open()))
        .collect();
    let candidates: Vec<Vec<Rule>> = objective.kept.iter().zip(&open).map(distinct).collect();
    let mut watch = Unwatched;
    let limit = options.max_evaluations;
    let mut account = Account { target, watch: &mut watch, limit, spent: 0.0, best: None };
    let trials = pilot::trials(&mut account, &candidates, options.seed);
    let spent = account.spent as u64;
    for ((kept, rows), trials) in objective.kept.iter().zip(&open).zip(trials) {
        let named = |trial: &Trial| {
            let estimator = rows.iter().copied().find(|row| rule(kept, row.takes) == trial.rule)?;
            Some(Measured { estimator, variance: trial.variance, evaluations: trial.evaluations })
        };
        let measured: Vec<Measured> = trials.iter().filter_map(named).collect();
        if let Some(choice) = choices.iter_mut().find(|choice| choice.latent == kept.site) {
            *choice = choice.clone().after(measured);
        }
    }
    (choices, spent)
}

/// The rules of rows, each once.
fn distinct((kept, rows): (&Kept, &Vec<&'static Estimator>)) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for row in rows {
        let rule = rule(kept, row.takes);
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    rules
}
