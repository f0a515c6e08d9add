//! Models of the same data against each other: leave-one-out prediction and evidence.

use crate::data::BoundModel;
use crate::diagnostics::{Code, Diagnostic};
use crate::inference::loo::{Loo, PointLoo, leave_one_out};
use crate::inference::{self, elbo::Estimate};
use crate::library::Normaliser;
use crate::lower::{self, Given};
use crate::model::{Distribution, Factor, Model, SiteKind};
use crate::posterior::{self, ObservedCell};
use crate::report::comparison::{Compared, Comparison, Point};
use crate::report::{Elbo, Verdict};

use super::Fitted;

/// A fitted model with its prediction of each point.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// The model's name as the user gave it.
    pub model: String,
    /// The points.
    pub names: Vec<String>,
    /// Their prediction.
    pub loo: Loo,
    /// The bound of the guide.
    pub elbo: Estimate,
    /// Log evidence by importance sampling; none where it would mean nothing.
    pub log_evidence: Option<Estimate>,
    /// How far to rely on the fit.
    pub verdict: inference::Verdict,
    /// Why.
    pub reasons: Vec<String>,
    /// Whether importance weights correct the draws.
    pub corrected: bool,
}

/// Differences of values up to this share of them are rounding.
const SAME: f64 = 1e-9;

/// Whether a model observes anything, and the same as another one: the same cells with the same values.
///
/// # Errors
/// If not, at the first statement of `bound` that is concerned.
pub fn check_data(bound: &BoundModel, first: Option<(&str, &BoundModel)>) -> Result<(), Box<Diagnostic>> {
    let own = posterior::observed_cells(bound);
    if own.is_empty() {
        return Err(nothing_observed(bound.model()));
    }
    let Some((name, first)) = first else { return Ok(()) };
    match difference(&posterior::observed_cells(first), &own) {
        None => Ok(()),
        Some(fact) => Err(different_data(bound.model(), name, &fact)),
    }
}

fn nothing_observed(model: &Model) -> Box<Diagnostic> {
    let span = model.factors.iter().find_map(|factor| match factor {
        Factor::Potential { span, .. } => Some(*span),
        Factor::Observe { .. } => None,
    });
    let place = span.or_else(|| model.sites.first().map(|site| site.span));
    let diagnostic = Diagnostic::new(Code(911), "nothing is observed, so there is nothing to predict");
    let diagnostic = match place {
        Some(span) => diagnostic.at(span, "this is no `observe`"),
        None => diagnostic,
    };
    Box::new(diagnostic.help("state the data with `observe y ~ …`; a `potential` has no points to leave out"))
}

fn different_data(model: &Model, other: &str, fact: &str) -> Box<Diagnostic> {
    let message = format!("this model does not observe the same data as {other}: {fact}");
    let span = model.factors.iter().find_map(|factor| match factor {
        Factor::Observe { span, .. } => Some(*span),
        Factor::Potential { .. } => None,
    });
    let diagnostic = Diagnostic::new(Code(910), message);
    let diagnostic = match span {
        Some(span) => diagnostic.at(span, "observed here"),
        None => diagnostic,
    };
    Box::new(diagnostic.help(
        "densities of different data cannot be compared: observe the same values under the same name in each model \
         (for `log(y)`, observe `y ~ lognormal(…)`)",
    ))
}

/// The first cell in which two lists differ.
fn difference(one: &[ObservedCell], other: &[ObservedCell]) -> Option<String> {
    for (a, b) in one.iter().zip(other) {
        if a.name != b.name {
            return Some(format!("`{}` there, `{}` here", a.name, b.name));
        }
        let apart = (a.value - b.value).abs();
        if apart > SAME * a.value.abs().max(1.0) || apart.is_nan() {
            return Some(format!("`{}` is {} there, {} here", a.name, a.value, b.value));
        }
    }
    match one.len().cmp(&other.len()) {
        std::cmp::Ordering::Equal => None,
        _ => Some(format!("{} numbers there, {} here", one.len(), other.len())),
    }
}

/// Predicts each point of a fitted model from all others.
///
/// # Errors
/// If a discrete latent cannot be summed out.
pub fn assess(model: &str, bound: &BoundModel, fitted: &Fitted) -> Result<Assessment, Box<Diagnostic>> {
    let likelihood = lower::likelihood(bound, &fitted.centring, &fitted.limits)?;
    let fit = &fitted.fit;
    let positions = with_integrated(fitted, &likelihood.given);
    let points = posterior::points(bound, &likelihood, &positions, fitted.count);
    let loo = match fitted.count {
        0 => Loo { points: vec![PointLoo::UNKNOWN; points.names.len()], draws: 0 },
        count => leave_one_out(&points.log_likelihood, count, fit.log_weights.as_deref()),
    };
    let log_evidence = log_evidence(fitted).filter(|_| is_proper(bound.model()));
    Ok(Assessment {
        model: model.to_owned(),
        names: points.names,
        loo,
        elbo: fit.elbo,
        log_evidence,
        verdict: fit.verdict,
        reasons: fit.reasons.clone(),
        corrected: fit.log_weights.is_some(),
    })
}

/// By importance sampling; where nothing is left to fit, the bound itself.
fn log_evidence(fitted: &Fitted) -> Option<Estimate> {
    let fit = &fitted.fit;
    if fitted.count > 0 && fit.draws.is_empty() {
        return Some(fit.elbo);
    }
    let share = 1.0 / fit.effective - 1.0 / fitted.count as f64;
    let estimate = Estimate { value: fit.log_evidence, standard_error: share.max(0.0).sqrt() };
    fit.log_weights.is_some().then_some(estimate)
}

/// The draws of a fit, each followed by its values of the latents that were integrated out.
fn with_integrated(fitted: &Fitted, given: &[Given]) -> Vec<f64> {
    let width = fitted.fit.draws.len().checked_div(fitted.count).unwrap_or(0);
    let mut positions = Vec::new();
    for draw in 0..fitted.count {
        positions.extend(&fitted.fit.draws[draw * width..(draw + 1) * width]);
        for latent in given {
            let Some(own) = fitted.sites.iter().find(|site| site.site == latent.site) else { continue };
            let values = &own.values[draw * latent.order.len()..];
            positions.extend(latent.order.iter().map(|&place| values[place]));
        }
    }
    positions
}

/// Whether all priors are normalised.
pub fn is_proper(model: &Model) -> bool {
    model.sites.iter().all(|site| match &site.kind {
        SiteKind::Latent { prior, .. } => !is_improper(prior),
        _ => true,
    })
}

/// Whether some part of a distribution has no finite mass.
pub fn is_improper(distribution: &Distribution) -> bool {
    match distribution {
        Distribution::Family(call) => call.family.forms[call.form].normaliser == Normaliser::Improper,
        Distribution::If(_, yes, no) => is_improper(yes) || is_improper(no),
        Distribution::Truncated { base, .. } | Distribution::Censored { base, .. } => is_improper(base),
        Distribution::Mixture { components, .. } => components.iter().any(is_improper),
        Distribution::MixtureOver { component, .. } => is_improper(component),
    }
}

/// The models side by side, the best prediction first.
pub fn report(mut assessed: Vec<Assessment>, seed: u64) -> Comparison {
    let rank = |one: &Assessment| match one.loo.elpd().value {
        unknown if unknown.is_nan() => f64::NEG_INFINITY,
        known => known,
    };
    assessed.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
    let best = assessed.first().cloned();
    let models: Vec<Compared> = assessed
        .iter()
        .map(|one| compared(one, best.as_ref().filter(|best| best.names == one.names)))
        .collect();
    let notes = notes(&assessed, &models);
    Comparison { seed, models, notes }
}

fn compared(one: &Assessment, best: Option<&Assessment>) -> Compared {
    let points = one.names.iter().zip(&one.loo.points).enumerate().map(|(k, (name, point))| Point {
        name: name.clone(),
        elpd: point.elpd,
        difference: best.map(|best| point.elpd - best.loo.points[k].elpd),
        khat: point.khat,
    });
    Compared {
        model: one.model.clone(),
        verdict: match one.verdict {
            inference::Verdict::Trust => Verdict::Trust,
            inference::Verdict::Check => Verdict::Check,
            inference::Verdict::DoNotUse => Verdict::DoNotUse,
        },
        reasons: one.reasons.clone(),
        elbo: shown(one.elbo),
        log_evidence: one.log_evidence.map(shown),
        elpd_loo: shown(one.loo.elpd()),
        difference: best.map(|best| shown(one.loo.gain_over(&best.loo))),
        p_loo: shown(one.loo.effective_parameters()),
        threshold: one.loo.threshold(),
        draws: one.loo.draws,
        corrected: one.corrected,
        points: points.collect(),
    }
}

fn shown(estimate: Estimate) -> Elbo {
    Elbo { value: estimate.value, se: estimate.standard_error }
}

/// A difference below so many nats is small whatever its standard error says (Sivula, Magnusson and Vehtari 2020).
const SMALL: f64 = 4.0;

fn notes(assessed: &[Assessment], models: &[Compared]) -> Vec<String> {
    let mut notes = Vec::new();
    if assessed.iter().any(|one| one.names != assessed[0].names) {
        notes.push(
            "the models divide the data into different points, because discrete latents join data in some of them: \
             their elpd_loo are not compared, their evidence can be"
                .to_owned(),
        );
    }
    for (k, model) in models.iter().enumerate().skip(1) {
        let Some(gap) = model.difference else { continue };
        let names = format!("{} and {}", models[0].model, models[k].model);
        if -gap.value < SMALL {
            notes.push(format!("{names} predict about equally well: a difference below 4 nats says little"));
        } else if -gap.value < 2.0 * gap.se {
            notes.push(format!(
                "the difference between {names} is below two standard errors: other data of the same kind may turn it around"
            ));
        }
    }
    if assessed.iter().any(|one| one.log_evidence.is_none()) {
        notes.push(
            "a log evidence is left out where a prior is improper (any constant would do for its density) or where the \
             importance weights cannot be used"
                .to_owned(),
        );
    }
    notes
}
