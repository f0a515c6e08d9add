//! The choice: the first estimator that does not refuse, or the one that the user asks for.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Model, SiteId, SiteKind};

use super::dependence::of_density;
use super::{ESTIMATORS, Estimator, Facts, Level, Refusal};

/// How the gradient of one latent is taken.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The latent.
    pub latent: SiteId,
    /// The row.
    pub estimator: &'static Estimator,
    /// Why, in a sentence.
    pub why: String,
    /// Who refused before, and why.
    pub refusals: Vec<Refusal>,
}

/// The words that `using` knows but that no row stands for yet.
const COMING: [&str; 1] = ["score"];

/// A choice for each latent, in declared order.
pub fn choose(model: &Model) -> (Vec<Choice>, Vec<Diagnostic>) {
    let mut choices = Vec::new();
    let mut diagnostics = Vec::new();
    for latent in model.site_ids() {
        let SiteKind::Latent { using, .. } = &model.site(latent).kind else { continue };
        let facts = Facts { model, latent, dependence: of_density(model, latent) };
        let asked = using.as_ref().map(|(name, span)| (name.as_str(), *span));
        match choose_one(&facts, asked) {
            Ok(choice) => choices.push(choice),
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    (choices, diagnostics)
}

fn choose_one(facts: &Facts, asked: Option<(&str, crate::source::Span)>) -> Result<Choice, Box<Diagnostic>> {
    let mut refusals = Vec::new();
    if let Some((name, span)) = asked
        && !ESTIMATORS.iter().any(|row| row.name == name)
    {
        return Err(Box::new(unknown(name, span)));
    }
    for &estimator in ESTIMATORS.iter().filter(|row| asked.is_none_or(|(name, _)| row.name == name)) {
        match (estimator.refuse)(facts) {
            Some(refusal) => refusals.push(refusal),
            None => {
                let why = (estimator.why)(facts);
                return Ok(Choice { latent: facts.latent, estimator, why, refusals });
            }
        }
    }
    Err(Box::new(refused(facts, &refusals)))
}

fn unknown(name: &str, span: crate::source::Span) -> Diagnostic {
    if COMING.contains(&name) {
        return Diagnostic::new(Code(803), format!("the estimator `{name}` is not supported yet"))
            .at(span, "asked for here")
            .help("leave `using` away: `reparam` is chosen wherever it is right");
    }
    let names: Vec<String> = ESTIMATORS.iter().map(|row| format!("`{}`", row.name)).collect();
    Diagnostic::new(Code(804), format!("there is no estimator `{name}`"))
        .at(span, "not an estimator")
        .help(format!("there is {}", names.join(", ")))
}

fn refused(facts: &Facts, refusals: &[Refusal]) -> Diagnostic {
    let site = facts.model.site(facts.latent);
    let jumps = facts.dependence.level == Level::Jump && site.domain.domain.transform.is_some();
    let code = if jumps { Code(806) } else { Code(805) };
    let mut diagnostic = Diagnostic::new(code, format!("no estimator is right for `{}` yet", site.name));
    for refusal in refusals {
        diagnostic = diagnostic.at(refusal.span, refusal.reason.clone());
    }
    if jumps {
        diagnostic
            .at(site.span, "declared here")
            .help("write a smooth step: `inv_logit((x - threshold) / width)` instead of a comparison")
    } else {
        diagnostic.help(
            "sum it out by hand: `mixture(w, D1, D2)` or `mixture(w, D over k)`; or use a continuous latent",
        )
    }
}
