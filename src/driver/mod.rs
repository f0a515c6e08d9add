//! The stages in order: Source -> Tree -> Model -> BoundModel -> Objective -> Program -> Fit -> Posterior.

mod auction;
pub mod fault;
pub mod mixed;
pub mod outcome;
pub mod target;

use std::sync::Arc;

use crate::data::{self, BoundModel};
use crate::diagnostics::{Diagnostic, Label, allow, any_error};
use crate::estimator::{self, Choice, Known, Takes};
use crate::graph::{self, Node};
use crate::inference::mixed::Rule;
use crate::inference::{self, Fit, Options, Watch};
use crate::lower::support::Impossible;
use crate::lower::{self, Centring, Objective};
use crate::model::{self, Model, SiteId};
use crate::posterior::{self, SiteDraws};
use crate::program::Program;
use crate::source::Source;
use crate::syntax::{self, ast::Tree};

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
    let (tree, mut diagnostics) = syntax::parse(source);
    let (model, found) = model::check(&tree);
    diagnostics.extend(found);
    let mut choices = Vec::new();
    if !any_error(&diagnostics) {
        let (chosen, refused) = estimator::choose(&model, &Known::default());
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
    let (bound, mut diagnostics) = data::bind(Arc::clone(model), files);
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
    let model = bound.model();
    let mut not_summed: Vec<(SiteId, String)> = Vec::new();
    loop {
        let (choices, mut refused) = estimator::choose(model, &known(bound, &not_summed));
        if !refused.is_empty() {
            return Err(Box::new(refused.remove(0)));
        }
        let stays = |choice: &&Choice| !matches!(choice.estimator.takes, Takes::Sum | Takes::Path);
        let kept: Vec<SiteId> = choices.iter().filter(stays).map(|choice| choice.latent).collect();
        let refusal = match lower::lower(bound, &Centring { kept, ..Centring::default() }) {
            Ok(objective) => return Ok(Objective { not_summed, ..objective }),
            Err(refusal) => refusal,
        };
        let summed =
            |id: &SiteId| choices.iter().any(|choice| choice.latent == *id && choice.asked.is_none());
        match lower::culprit(model, &refusal).filter(summed) {
            Some(site) if not_summed.iter().all(|(known, _)| *known != site) => {
                not_summed.push((site, refusal.message.clone()));
            }
            _ => return Err(refusal),
        }
    }
}

fn known(bound: &BoundModel, not_summed: &[(SiteId, String)]) -> Known {
    Known { sizes: bound.bindings().sizes.clone(), not_summed: not_summed.to_vec() }
}

/// How each latent's gradient is taken, now that the sizes are known and the sums have been tried.
pub fn choices(bound: &BoundModel, objective: &Objective) -> Vec<Choice> {
    estimator::choose(bound.model(), &known(bound, &objective.not_summed)).0
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
    /// Values of all that is reported, by site.
    pub sites: Vec<SiteDraws>,
    /// How many draws there are.
    pub count: usize,
    /// Their weights, which sum to 1; none where all count alike.
    pub weights: Option<Vec<f64>>,
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
    let (fit, other) = if objective.kept.is_empty() {
        auction::fit(bound, objective, options, (threads, watch))
    } else {
        let mut target = mixed::CompiledMixed::new(objective, &rules(bound, objective), threads);
        (inference::mixed::conclude::fit(&mut target, options, watch), None)
    };
    let objective = other.as_ref().unwrap_or(objective);
    let count = fit.draws.len().checked_div(objective.width()).unwrap_or(options.draws);
    let mut sites = posterior::evaluate(bound, objective, &fit.draws, count, options.seed);
    let weights: Option<Vec<f64>> =
        fit.log_weights.as_ref().map(|weights| weights.iter().map(|weight| weight.exp()).collect());
    posterior::count_states(bound, objective, weights.as_deref(), &mut sites);
    Fitted { fit, sites, count, weights }
}

/// The rule of each latent that is kept.
fn rules(bound: &BoundModel, objective: &Objective) -> Vec<Rule> {
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
