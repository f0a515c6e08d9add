//! A finished fit as a report.

use crate::data::BoundModel;
use crate::estimator::Choice;
use crate::inference;
use crate::inference::FamilyChoice;
use crate::lower;
use crate::posterior::{self, SiteDraws, summarise};
use crate::program::Inexact;
use crate::report::{
    DrawsKept, Elbo, Estimator, Learned, LearnedValue, Matrix, Point, Report, Row, Rung, Seconds, Verdict,
};

use super::learn::Learning;
use super::replay::Replay;
use super::{Fitted, Tried};

/// What a report says besides the fit.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// The model's name as the user gave it.
    pub model: String,
    /// The seed.
    pub seed: u64,
    /// The family that was pinned, if one was.
    pub family: Option<FamilyChoice>,
    /// Where the time went.
    pub seconds: Seconds,
    /// The search for learned values, if there was one.
    pub learning: Option<Learning>,
}

/// The report of a fit.
pub fn report(
    bound: &BoundModel,
    choices: &[Choice],
    fitted: &Fitted,
    circumstances: Circumstances,
) -> Report {
    let fit = &fitted.fit;
    let names = |choice: &Choice| bound.model().site(choice.latent).name.clone();
    Report {
        model: circumstances.model,
        seed: circumstances.seed,
        verdict: match fit.verdict {
            inference::Verdict::Trust => Verdict::Trust,
            inference::Verdict::Check => Verdict::Check,
            inference::Verdict::DoNotUse => Verdict::DoNotUse,
        },
        reasons: fit.reasons.clone(),
        family: fit.family.clone(),
        chosen: chosen(fitted, circumstances.family),
        draws: DrawsKept {
            count: fitted.count,
            effective: if fitted.weights.is_some() { fit.effective } else { fitted.count as f64 },
            corrected: fitted.weights.is_some(),
        },
        elbo: Elbo { value: fit.elbo.value, se: fit.elbo.standard_error },
        khat: fit.khat.is_finite().then_some(fit.khat),
        evaluations: fit.evaluations,
        stopped: fit.stopped.clone(),
        rungs: rungs(fitted),
        seconds: circumstances.seconds,
        estimators: choices
            .iter()
            .map(|choice| Estimator {
                latent: names(choice),
                estimator: choice.estimator.name.to_string(),
                why: format!("{}{}", choice.why, window_words(choice, fitted)),
            })
            .collect(),
        matrices: fitted.inexact.iter().map(matrix).collect(),
        learned: circumstances.learning.as_ref().map(learned),
        summary: if fitted.count == 0 { vec![] } else { summary(fitted) },
        notes: fitted.sites.iter().filter(|site| !site.has_draws()).map(|site| unkept(bound, site)).collect(),
    }
}

fn learned(learning: &Learning) -> Learned {
    let bound = &learning.bound;
    let each = lower::learned(bound.model()).into_iter().flat_map(|site| {
        let values = bound.bindings().values[site.0].iter().flat_map(|array| array.values.iter().copied());
        let named = posterior::scalar_names(bound, site).into_iter().zip(values.collect::<Vec<f64>>());
        named.map(|(name, value)| LearnedValue { name, value }).collect::<Vec<_>>()
    });
    Learned { values: each.collect(), starts: learning.starts, evaluations: learning.evaluations }
}

fn matrix(inexact: &Inexact) -> Matrix {
    let (rows, columns) = inexact.shape;
    Matrix { rows, columns, rounded: inexact.is_narrowed(), moved: inexact.moved }
}

/// A derived quantity is summarised, but its draws would take too much room.
fn unkept(bound: &BoundModel, site: &SiteDraws) -> String {
    let name = &bound.model().site(site.site).name;
    format!("`{name}` has {} numbers: they are summarised, but their draws are not kept", site.names.len())
}

/// An evaluation as what is reported of it.
pub fn point(replay: &Replay) -> Point {
    Point {
        evaluation: replay.evaluation,
        seed: replay.seed,
        latents: replay.latents.clone(),
        terms: replay.terms.clone(),
        log_density: replay.log_density,
    }
}

/// How far the sum over a count without an end went.
fn window_words(choice: &Choice, fitted: &Fitted) -> String {
    let window = fitted.windows.iter().find(|window| window.site == choice.latent);
    window.map_or(String::new(), |window| {
        format!(
            "; values {} to {}, and about {:.0e} of the posterior lies beyond",
            window.low, window.high, window.beyond
        )
    })
}

fn rungs(fitted: &Fitted) -> Vec<Rung> {
    let each = fitted.tried.iter().enumerate().map(|(k, tried)| Rung {
        family: tried.rung.family.clone(),
        parameterisation: tried.parameterisation.clone(),
        elbo: Elbo { value: tried.rung.elbo.value, se: tried.rung.elbo.standard_error },
        khat: tried.rung.khat,
        efficiency: tried.rung.efficiency,
        evaluations: tried.rung.evaluations,
        seconds: tried.rung.seconds,
        kept: fitted.kept == Some(k),
    });
    each.collect()
}

/// Why the family was kept.
fn chosen(fitted: &Fitted, pinned: Option<FamilyChoice>) -> String {
    let fit = &fitted.fit;
    let kept = fitted.kept.map(|k| &fitted.tried[k]);
    match (kept, fitted.tried.len()) {
        (None, _) if fit.mean.is_empty() && fit.verdict == inference::Verdict::Trust => {
            "no latent is left for it".to_owned()
        }
        (None, _) => "nothing was found that could be kept".to_owned(),
        (Some(kept), _) if pinned.is_some_and(|family| !answers(kept, family)) => {
            "what was asked for could not be fitted".to_owned()
        }
        (Some(_), _) if pinned.is_some() => "it was asked for".to_owned(),
        (Some(_), 1) if fit.verdict == inference::Verdict::Trust => {
            "the first that was tried, and good enough".to_owned()
        }
        (Some(_), 1) => "nothing else was tried".to_owned(),
        (Some(kept), count) => format!(
            "its weights serve best of {count} tried, k-hat and effective draws together: k-hat {:.2}, {:.0} % of the draws effective",
            kept.rung.khat,
            100.0 * kept.rung.efficiency
        ),
    }
}

/// Whether what was kept is of the family that was asked for.
fn answers(kept: &Tried, asked: FamilyChoice) -> bool {
    match asked {
        FamilyChoice::PartlyCentred | FamilyChoice::Informed => kept.parameterisation != "as written",
        FamilyChoice::Flow => kept.rung.family.contains("flow"),
        FamilyChoice::Matched => kept.rung.family.contains("matched"),
        FamilyChoice::MeanField | FamilyChoice::Block | FamilyChoice::FullRank => true,
    }
}

/// One row for each scalar, in declared order.
fn summary(fitted: &Fitted) -> Vec<Row> {
    let rows = fitted.sites.iter().flat_map(|site| summarise(site, fitted.weights.as_deref()));
    rows.map(|row: posterior::Row| Row {
        name: row.name,
        mean: row.mean,
        sd: row.sd,
        q05: row.q05,
        q50: row.q50,
        q95: row.q95,
        mcse: row.mcse,
        prob: row.prob,
    })
    .collect()
}
