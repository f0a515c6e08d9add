//! A finished fit as a report.

use crate::data::BoundModel;
use crate::estimator::Choice;
use crate::inference;
use crate::posterior::{self, summarise};
use crate::report::{Elbo, Estimator, Point, Report, Row, Seconds, Verdict};

use super::Fitted;
use super::replay::Replay;

/// What a report says besides the fit.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// The model's name as the user gave it.
    pub model: String,
    /// The seed.
    pub seed: u64,
    /// Where the time went.
    pub seconds: Seconds,
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
        elbo: Elbo { value: fit.elbo.value, se: fit.elbo.standard_error },
        khat: fit.khat.is_finite().then_some(fit.khat),
        evaluations: fit.evaluations,
        stopped: fit.stopped.clone(),
        seconds: circumstances.seconds,
        estimators: choices
            .iter()
            .map(|choice| Estimator {
                latent: names(choice),
                estimator: choice.estimator.name.to_string(),
                why: choice.why.clone(),
            })
            .collect(),
        summary: if fitted.count == 0 { vec![] } else { summary(fitted) },
        notes: vec![],
    }
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
