//! Parameterisations of the latents, tried in turn until a fit can be trusted: the latents themselves, or what is left
//! of them when location and scale, or covariance, are taken out (non-centred).

use crate::data::BoundModel;
use crate::estimator::Choice;
use crate::inference::{self, Fit, Options, Rung, Verdict, Watch};
use crate::lower::{self, Centring, Objective};
use crate::model::{Model, SiteId};

use super::plan;
use super::replay::{Seeking, Sought};
use super::target::CompiledTarget;

/// A k-hat below which another parameterisation would not change the verdict.
const GOOD: f64 = 0.5;

/// Beyond so many coordinates a Gaussian given the scales serves better than taking the scales out.
const MOST: usize = 64;

/// A family that was tried in some parameterisation.
#[derive(Clone, Debug)]
pub struct Tried {
    /// How the latents were parameterised.
    pub parameterisation: &'static str,
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
}

/// The best fit of all parameterisations that are tried.
pub fn fit(
    bound: &BoundModel,
    centred: &Objective,
    options: &Options,
    (threads, watch): (usize, &mut dyn Watch),
    mut sought: Option<&mut Sought>,
) -> Outcome {
    let mut best: Option<(Fit, Option<Objective>)> = None;
    let (mut spent, mut tried, mut kept) = (0, Vec::new(), None);
    for (name, centring) in parameterisations(bound.model(), centred) {
        let objective = match centring.of.is_empty() {
            true => None,
            // What was lowered centred can be lowered again: it differs in continuous latents only.
            false => match lower::lower(bound, &centring, &centred.limits) {
                Ok(objective) => Some(objective),
                Err(_) => continue,
            },
        };
        let mut compiled = CompiledTarget::new(objective.as_ref().unwrap_or(centred), threads);
        let left =
            Options { max_evaluations: options.max_evaluations.saturating_sub(spent), ..options.clone() };
        let began = watch.seconds();
        let mut found = match &mut sought {
            Some(sought) => {
                let place = (&centring, &centred.limits);
                inference::fit(&mut Seeking::new(&mut compiled, sought, place), &left, watch)
            }
            None => inference::fit(&mut compiled, &left, watch),
        };
        found.faults = found.faults.after(spent);
        spent += found.evaluations;
        let first = tried.len();
        tried.extend(own_costs(&found.rungs, began).map(|rung| Tried { parameterisation: name, rung }));
        if best.as_ref().is_none_or(|(fit, _)| rank(&found) < rank(fit)) {
            let is_kept = |rung: &Rung| rung.family == found.family && rung.elbo == found.elbo;
            kept = found.rungs.iter().position(is_kept).map(|rung| first + rung);
            best = Some((found, objective));
        }
        let is_final = best.as_ref().is_some_and(|(fit, _)| fit.verdict == Verdict::Trust || fit.khat < GOOD);
        let is_found = sought.as_ref().is_some_and(|sought| sought.found.is_some());
        if is_final || is_found || spent >= options.max_evaluations || watch.should_stop() {
            break;
        }
    }
    let (mut fit, objective) =
        best.unwrap_or_else(|| unreachable!("the latents themselves are always tried"));
    fit.evaluations = spent;
    Outcome { fit, objective, tried, kept, choices: plan::choices(bound, centred) }
}

/// Rungs with what each cost itself, in place of what had been spent when it was done.
fn own_costs(rungs: &[Rung], began: Option<f64>) -> impl Iterator<Item = Rung> {
    let (mut evaluations, mut seconds) = (0, began);
    rungs.iter().map(move |rung| {
        let own = Rung {
            evaluations: rung.evaluations - evaluations,
            seconds: rung.seconds.zip(seconds).map(|(end, start)| end - start),
            ..rung.clone()
        };
        (evaluations, seconds) = (rung.evaluations, rung.seconds);
        own
    })
}

/// Smaller is better.
fn rank(fit: &Fit) -> (Verdict, u64) {
    let shape = if fit.khat.is_finite() { fit.khat.clamp(0.0, 100.0) } else { 1000.0 };
    (fit.verdict, (shape * 1e6) as u64)
}

/// What is tried, by name and in order: the latents themselves; those with an unknown covariance whitened; and, where that is not
/// too much, all non-centred.
fn parameterisations(model: &Model, centred: &Objective) -> Vec<(&'static str, Centring)> {
    let dimension = centred.layout.dimension;
    let left = || model.site_ids().filter(|id| !centred.centring.integrated.contains(id));
    let whitened: Vec<SiteId> = left().filter(|id| lower::whitenable(model, *id).is_some()).collect();
    let centrable: Vec<SiteId> = left().filter(|id| lower::centrable(model, *id).is_some()).collect();
    let of = |ids: &[&[SiteId]]| Centring {
        of: ids.concat().into_iter().map(|id| (id, 0.0)).collect(),
        ..centred.centring.clone()
    };
    let mut all = vec![("as written", centred.centring.clone())];
    if !whitened.is_empty() {
        all.push(("covariances taken out", of(&[&whitened])));
    }
    if !centrable.is_empty() && dimension <= MOST {
        all.push(("non-centred", of(&[&whitened, &centrable])));
    }
    all
}
