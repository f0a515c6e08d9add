//! The stages in order: Source -> Tree -> Model -> BoundModel -> Objective -> Program -> Fit -> Posterior.

mod attempts;
mod auction;
pub mod calibrate;
pub mod compare;
mod exact;
pub mod fault;
pub mod gradients;
pub mod guide;
pub mod learn;
pub mod mixed;
pub mod outcome;
mod plan;
pub mod replay;
pub mod request;
mod shares;
pub mod stack;
mod tails;
pub mod target;
pub mod team;
pub mod windows;

pub use auction::Tried;
pub use exact::ways;
pub use plan::choices;

use std::sync::Arc;

use auction::Outcome;

use crate::data::{self, BoundModel};
use crate::diagnostics::{Diagnostic, Label, allow, any_error};
use crate::estimator::{self, Choice, Known};
use crate::graph::{self, Node};
use crate::inference::{self, Fit, Options, Watch};
use crate::lower::support::Impossible;
use crate::lower::{self, Centring, Limits, Objective};
use crate::model::{self, Model};
use crate::posterior::{self, Draws, SiteDraws};
use crate::program::{Inexact, Program};
use crate::source::Source;
use crate::syntax::{self, ast::Tree};
use replay::Sought;
use windows::Window;

/// A model as far as it can be understood without data.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What was written.
    pub tree: Tree,
    /// What it means; none if there is an error.
    pub model: Option<Arc<Model>>,
    /// How each latent's gradient is taken.
    pub choices: Vec<Choice>,
    /// All that is wrong or doubtful, in source order.
    pub diagnostics: Vec<Diagnostic>,
}

/// Source -> Tree -> Model, with a choice of estimator for each latent.
pub fn check(source: &Source) -> Checked {
    stack::ample(|| check_here(source))
}

fn check_here(source: &Source) -> Checked {
    let (tree, mut diagnostics) = syntax::parse(source);
    let (model, found) = model::check(&tree, source);
    diagnostics.extend(found);
    let mut choices = Vec::new();
    if !any_error(&diagnostics) {
        let (chosen, refused) = estimator::choose(&model, &Known::default());
        diagnostics.extend(estimator::steps(&model, &chosen));
        choices = chosen;
        diagnostics.extend(refused);
    }
    // A lint of a model that lacks a statement speaks of the wrong model.
    if any_error(&diagnostics) {
        diagnostics.retain(Diagnostic::is_error);
    }
    allow::withhold(&mut diagnostics, source);
    diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| (label.file, label.span)));
    let model = (!any_error(&diagnostics)).then(|| Arc::new(model));
    Checked { tree, model, choices, diagnostics }
}

/// Model -> BoundModel.
pub fn bind(model: &Arc<Model>, files: &[Source]) -> (Option<BoundModel>, Vec<Diagnostic>) {
    stack::ample(|| bind_here(model, files))
}

fn bind_here(model: &Arc<Model>, files: &[Source]) -> (Option<BoundModel>, Vec<Diagnostic>) {
    let (bound, mut diagnostics) = data::bind(Arc::clone(model), files);
    let bound = match bound.map(learn::started) {
        Some(Ok(started)) => Some(started),
        Some(Err(refusal)) => {
            diagnostics.push(*refusal);
            None
        }
        None => None,
    };
    if let Some(bound) = &bound {
        diagnostics
            .extend(lower::support::check(bound).into_iter().map(|found| located(found, bound, files)));
        diagnostics.extend(lower::support::check_parameters(bound));
        diagnostics.extend(lower::columns::check(bound));
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| (label.file, label.span)));
    let bound = bound.filter(|_| !any_error(&diagnostics));
    (bound, diagnostics)
}

/// Points at the offending values in the data files first, then at the model.
fn located(found: Impossible, bound: &BoundModel, files: &[Source]) -> Diagnostic {
    let Impossible { mut diagnostic, site, cells } = found;
    let places = site.map(|site| data::places(bound.model(), files, site, &cells)).unwrap_or_default();
    let labels =
        places.into_iter().map(|(file, span)| Label { file, span, text: "cannot occur".to_string() });
    diagnostic.labels = labels.chain(diagnostic.labels).collect();
    diagnostic
}

/// BoundModel -> Objective, every latent centred. A discrete latent that cannot be summed out stays in the guide, unless
/// the model asks for the sum.
///
/// # Errors
/// If a latent that the model wants summed out cannot be.
pub fn lower(bound: &BoundModel) -> Result<Objective, Box<Diagnostic>> {
    lower_within(bound, &Limits::default())
}

/// Doublings of a window before it is taken as it is.
const DOUBLINGS: usize = 12;

/// Where none of so many values is possible, more would not help.
const HOPELESS: f64 = 20_000.0;

/// The same within limits. Windows over counts are doubled while much lies beyond them at the origin.
///
/// # Errors
/// If a latent that the model wants summed out cannot be within the limits.
pub fn lower_within(bound: &BoundModel, limits: &Limits) -> Result<Objective, Box<Diagnostic>> {
    stack::ample(|| lower_here(bound, limits))
}

fn lower_here(bound: &BoundModel, limits: &Limits) -> Result<Objective, Box<Diagnostic>> {
    let first = plan::lower(bound, limits)?;
    let mut wider: Option<Objective> = None;
    for _ in 0..DOUBLINGS {
        let current = wider.as_ref().unwrap_or(&first);
        let found = windows::windows(current, &vec![0.0; current.width()], 1);
        let Some(limits) = windows::widened(current, &found, windows::BEFORE) else {
            return Ok(wider.unwrap_or(first));
        };
        if found.iter().any(|window| window.beyond.is_nan() && window.high - window.low > HOPELESS) {
            return Ok(first);
        }
        match plan::again(bound, current, &limits) {
            Ok(objective) => wider = Some(objective),
            // Nothing is possible at any length that fits: the fit says why.
            Err(_) if found.iter().any(|window| window.beyond.is_nan()) => return Ok(first),
            // With longer windows other latents may have to be kept.
            Err(_) => wider = Some(plan::lower(bound, &limits)?),
        }
    }
    Ok(wider.unwrap_or(first))
}

/// The graph of an objective as text.
pub fn print_graph(objective: &Objective) -> String {
    let terms = objective.terms.iter().map(|(name, node)| (name.as_str(), *node));
    let roots: Vec<(&str, Node)> = terms.chain([("log joint", objective.log_joint)]).collect();
    graph::print::print(&objective.graph, &roots)
}

/// The program of an objective's value and gradient as text.
pub fn print_program(objective: &Objective) -> String {
    let roots: Vec<Node> = std::iter::once(objective.log_joint).chain(objective.gradient.clone()).collect();
    Program::compile(&objective.graph, &roots).describe()
}

/// A fit with its draws as scalars of the model.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The approximation and its verdict.
    pub fit: Fit,
    /// How each latent's gradient was taken.
    pub choices: Vec<Choice>,
    /// The parameterisation of the latents that its draws are in.
    pub centring: Centring,
    /// What its sums over discrete latents were allowed.
    pub limits: Limits,
    /// The families and parameterisations that were tried.
    pub tried: Vec<Tried>,
    /// Which of them was kept.
    pub kept: Option<usize>,
    /// Values of all that is reported, by site.
    pub sites: Vec<SiteDraws>,
    /// How many draws there are.
    pub count: usize,
    /// Their weights, which sum to 1; none where all count alike.
    pub weights: Option<Vec<f64>>,
    /// The fault that mattered, if one did.
    pub fault: Option<fault::Traced>,
    /// How far the sums over counts without an end went.
    pub windows: Vec<Window>,
    /// Matrices that rounding to single precision was considered for.
    pub inexact: Vec<Inexact>,
}

/// Objective -> Program -> Fit -> Posterior. Where the fit cannot be trusted, other parameterisations of the latents
/// are tried, and the best fit of all is kept.
pub fn fit(
    bound: &BoundModel,
    objective: &Objective,
    options: &Options,
    threads: usize,
    watch: &mut dyn Watch,
) -> Fitted {
    stack::ample(|| fit_here(bound, objective, options, (threads, watch)))
}

fn fit_here(
    bound: &BoundModel,
    objective: &Objective,
    options: &Options,
    (threads, watch): (usize, &mut dyn Watch),
) -> Fitted {
    let (found, windows) = search(bound, objective, options, (threads, watch), None);
    let Outcome { mut fit, objective: other, tried, kept, choices, inexact } = found;
    let objective = other.as_ref().unwrap_or(objective);
    let count = fit.draws.len().checked_div(objective.width()).unwrap_or(options.draws);
    let mut sites = posterior::evaluate(bound, objective, &fit.draws, count, options.seed);
    let weights: Option<Vec<f64>> =
        fit.log_weights.as_ref().map(|weights| weights.iter().map(|weight| weight.exp()).collect());
    let draws = Draws { positions: &fit.draws, count, weights: weights.as_deref() };
    posterior::summarise_long(bound, objective, draws, &mut sites);
    posterior::average_states(bound, objective, draws, &mut sites);
    posterior::count_states(bound, objective, weights.as_deref(), &mut sites);
    tails::judge(&mut fit, &sites, &objective.centring.integrated);
    let fault = fault::of_fit(bound, objective, &fit, options.seed);
    let (centring, limits) = (objective.centring.clone(), objective.limits.clone());
    Fitted { fit, choices, centring, limits, tried, kept, sites, count, weights, fault, windows, inexact }
}

/// Fits made again because a window turned out to be too short.
const REFITS: usize = 4;

/// The best fit of all parameterisations, made again with wider windows where those of its sums were too short; or as
/// much of it as leads to the evaluation that is sought.
fn search(
    bound: &BoundModel,
    objective: &Objective,
    options: &Options,
    (threads, watch): (usize, &mut dyn Watch),
    mut sought: Option<&mut Sought>,
) -> (Outcome, Vec<Window>) {
    let mut found = attempt(bound, objective, options, (threads, watch), sought.as_deref_mut());
    let mut windows = seen(&found.fit, found.objective.as_ref().unwrap_or(objective));
    for _ in 0..REFITS {
        let current = found.objective.as_ref().unwrap_or(objective);
        let Some(limits) = windows::widened(current, &windows, windows::AFTER) else { break };
        let spent = found.fit.evaluations;
        let left = options.max_evaluations.saturating_sub(spent);
        if left == 0 || watch.should_stop() {
            break;
        }
        let Ok(wider) = plan::again(bound, objective, &limits) else { break };
        let options = Options { max_evaluations: left, ..options.clone() };
        let again = attempt(bound, &wider, &options, (threads, watch), sought.as_deref_mut());
        found = Outcome { objective: Some(again.objective.unwrap_or(wider)), ..again };
        found.fit.evaluations += spent;
        found.fit.faults = found.fit.faults.after(spent);
        windows = seen(&found.fit, found.objective.as_ref().unwrap_or(objective));
    }
    (found, windows)
}

/// One fit: of real coordinates alone, or with latents that are kept beside them.
fn attempt(
    bound: &BoundModel,
    objective: &Objective,
    options: &Options,
    (threads, watch): (usize, &mut dyn Watch),
    sought: Option<&mut Sought>,
) -> Outcome {
    if objective.kept.is_empty() {
        return auction::fit(bound, objective, options, (threads, watch), sought);
    }
    let (mut target, choices, spent) = mixed_target(bound, objective, options, threads);
    let left = options.max_evaluations.saturating_sub(spent);
    let options = Options { max_evaluations: left, ..options.clone() };
    let mut fit = inference::mixed::conclude::fit(&mut target, &options, watch);
    fit.evaluations += spent;
    let tried = fit
        .rungs
        .iter()
        .cloned()
        .map(|rung| Tried { parameterisation: "as written".to_owned(), rung })
        .collect();
    let inexact = target.inexact().to_vec();
    Outcome { fit, objective: None, tried, kept: Some(0), choices, inexact }
}

/// A target with latents that are kept, the rules that its pilot leaves, and the evaluations this took.
fn mixed_target(
    bound: &BoundModel,
    objective: &Objective,
    options: &Options,
    threads: usize,
) -> (mixed::CompiledMixed, Vec<Choice>, u64) {
    let rules = plan::rules(objective, &plan::choices(bound, objective));
    let mut target = mixed::CompiledMixed::new(objective, &rules, threads);
    let (choices, spent) = plan::piloted(bound, objective, &mut target, options);
    target.take(&plan::rules(objective, &choices));
    (target, choices, spent)
}

/// How each latent's gradient is taken by a fit with these options: what prices leave open is measured.
pub fn measured_choices(bound: &BoundModel, objective: &Objective, options: &Options) -> Vec<Choice> {
    match objective.kept.is_empty() {
        true => plan::choices(bound, objective),
        false => mixed_target(bound, objective, options, 1).1,
    }
}

/// The windows at the draws of a fit.
fn seen(fit: &Fit, objective: &Objective) -> Vec<Window> {
    let count = fit.draws.len().checked_div(objective.width()).unwrap_or(1);
    if count == 0 { vec![] } else { windows::windows(objective, &fit.draws, count) }
}
