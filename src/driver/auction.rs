//! Attempts at a posterior, made in turn until a fit can be trusted, with what each cost; the best is kept.

use crate::data::BoundModel;
use crate::estimator::Choice;
use crate::inference::{self, Fit, Options, Rung, Watch};
use crate::lower::{self, Objective};
use crate::program::Inexact;

use super::attempts::attempts;
use super::plan;
use super::replay::{Seeking, Sought};
use super::target::CompiledTarget;

/// A family that was tried in some parameterisation.
#[derive(Clone, Debug)]
pub struct Tried {
    /// How the latents were parameterised.
    pub parameterisation: String,
    /// The family; its evaluations and seconds are its own, with the search that led to it.
    pub rung: Rung,
}

/// What all attempts came to.
pub struct Outcome {
    /// The best fit.
    pub fit: Fit,
    /// Its objective, where that is not the one given.
    pub objective: Option<Objective>,
    /// All that was tried.
    pub tried: Vec<Tried>,
    /// Which of it was kept.
    pub kept: Option<usize>,
    /// How each latent's gradient was taken.
    pub choices: Vec<Choice>,
    /// Matrices that rounding to single precision was considered for.
    pub inexact: Vec<Inexact>,
}

/// The best fit of all that is tried.
pub fn fit(
    bound: &BoundModel,
    centred: &Objective,
    options: &Options,
    (threads, watch): (usize, &mut dyn Watch),
    mut sought: Option<&mut Sought>,
) -> Outcome {
    let mut best: Option<(Fit, Option<Objective>)> = None;
    let mut inexact = Vec::new();
    let (mut spent, mut tried, mut kept) = (0, Vec::<Tried>::new(), None);
    for attempt in attempts(bound.model(), centred, options) {
        let known = best.as_ref().map(|(fit, objective)| (fit, objective.as_ref().unwrap_or(centred)));
        if known.is_some_and(|(fit, _)| !attempt.is_wanted(fit, (options, spent))) {
            continue;
        }
        let began = watch.seconds();
        let left =
            Options { max_evaluations: options.max_evaluations.saturating_sub(spent), ..options.clone() };
        let watched: &mut dyn Watch = watch;
        let run = (threads, watched, sought.as_deref_mut());
        let Some(prepared) = attempt.prepare(bound, known, &left, run) else { continue };
        let objective = match &prepared.centring {
            None => None,
            // What was lowered centred can be lowered again: it differs in continuous latents only.
            Some(centring) => match lower::lower(bound, centring, &centred.limits) {
                Ok(objective) => Some(objective),
                Err(_) => continue,
            },
        };
        spent += prepared.evaluations;
        let density = objective.as_ref().unwrap_or(centred);
        let mut compiled = CompiledTarget::new(density, threads).labelled(bound, density);
        let left = Options {
            max_evaluations: options.max_evaluations.saturating_sub(spent),
            family: prepared.family,
            start: prepared.start,
            ..options.clone()
        };
        let mut found = match &mut sought {
            Some(sought) => {
                let place = (&objective.as_ref().unwrap_or(centred).centring, &centred.limits);
                inference::fit(&mut Seeking::new(&mut compiled, sought, place), &left, watch)
            }
            None => inference::fit(&mut compiled, &left, watch),
        };
        inexact = compiled.inexact().to_vec();
        found.faults = found.faults.after(spent);
        spent += found.evaluations;
        let first = tried.len();
        let name = prepared.name.or_else(|| kept.map(|k: usize| tried[k].parameterisation.clone()));
        let name = name.unwrap_or_default();
        let costs = own_costs(&found.rungs, (prepared.evaluations, began));
        tried.extend(costs.map(|rung| Tried { parameterisation: name.clone(), rung }));
        if best.as_ref().is_none_or(|(fit, _)| attempt.is_kept(&found, fit, options)) {
            let is_kept = |rung: &Rung| rung.family == found.family && rung.elbo == found.elbo;
            kept = found.rungs.iter().position(is_kept).map(|rung| first + rung);
            best = Some((found, objective));
        }
        let is_found = sought.as_ref().is_some_and(|sought| sought.found.is_some());
        if is_found || spent >= options.max_evaluations || watch.should_stop() {
            break;
        }
    }
    let (mut fit, objective) =
        best.unwrap_or_else(|| unreachable!("the latents themselves are always tried"));
    fit.evaluations = spent;
    Outcome { fit, objective, tried, kept, choices: plan::choices(bound, centred), inexact }
}

/// Rungs with what each cost itself, in place of what had been spent when it was done; the first with what led to it.
fn own_costs(rungs: &[Rung], (before, began): (u64, Option<f64>)) -> impl Iterator<Item = Rung> {
    let (mut evaluations, mut seconds) = (0, began);
    rungs.iter().enumerate().map(move |(k, rung)| {
        let own = Rung {
            evaluations: rung.evaluations - evaluations + if k == 0 { before } else { 0 },
            seconds: rung.seconds.zip(seconds).map(|(end, start)| end - start),
            ..rung.clone()
        };
        (evaluations, seconds) = (rung.evaluations, rung.seconds);
        own
    })
}
