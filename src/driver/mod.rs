//! The stages in order: Source -> Tree -> Model -> BoundModel -> Objective -> Program -> Fit -> Posterior.

mod auction;
pub mod fault;
pub mod outcome;
pub mod replay;
pub mod target;

use std::sync::Arc;

use crate::data::{self, BoundModel};
use crate::diagnostics::{Diagnostic, Label, allow, any_error};
use crate::estimator::{self, Choice};
use crate::graph::{self, Node};
use crate::inference::{Fit, Options, Watch};
use crate::lower::support::Impossible;
use crate::lower::{self, Centring, Objective};
use crate::model::{self, Model};
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
        let (chosen, refused) = estimator::choose(&model);
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

/// BoundModel -> Objective, every latent centred.
///
/// # Errors
/// If a discrete latent cannot be summed out.
pub fn lower(bound: &BoundModel) -> Result<Objective, Box<Diagnostic>> {
    lower::lower(bound, &Centring::default())
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
    /// The fault that mattered, if one did.
    pub fault: Option<fault::Traced>,
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
    let (fit, other) = auction::fit(bound, objective, options, (threads, watch), None);
    let objective = other.as_ref().unwrap_or(objective);
    let dimension = objective.layout.dimension;
    let count = fit.draws.len().checked_div(dimension).unwrap_or(options.draws);
    let sites = posterior::evaluate(bound, objective, &fit.draws, count, options.seed);
    let weights = fit.log_weights.as_ref().map(|weights| weights.iter().map(|weight| weight.exp()).collect());
    let fault = fault::of_fit(bound, objective, &fit, options.seed);
    Fitted { fit, sites, count, weights, fault }
}
