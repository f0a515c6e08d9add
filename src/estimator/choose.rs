//! The choice: the first estimator that does not refuse, or the one that the user asks for.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Model, SiteId, SiteKind};
use crate::source::Span;

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
    let dependence = of_density(model);
    for latent in model.site_ids() {
        let SiteKind::Latent { using, .. } = &model.site(latent).kind else { continue };
        let facts = Facts { model, latent, dependence: dependence[latent.0] };
        let asked = using.as_ref().map(|(name, span)| (name.as_str(), *span));
        match choose_one(&facts, asked) {
            Ok(choice) => choices.push(choice),
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    (choices, diagnostics)
}

fn choose_one(facts: &Facts, asked: Option<(&str, Span)>) -> Result<Choice, Box<Diagnostic>> {
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
    Err(Box::new(refused(facts, asked.map(|(_, span)| span), &refusals)))
}

fn unknown(name: &str, span: Span) -> Diagnostic {
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

fn refused(facts: &Facts, asked: Option<Span>, refusals: &[Refusal]) -> Diagnostic {
    let site = facts.model.site(facts.latent);
    let name = &site.name;
    if facts.dependence.level == Level::Jump && site.domain.domain.transform.is_some() {
        return Diagnostic::new(Code(806), format!("the density jumps as `{name}` moves, so it has no gradient"))
            .at(facts.dependence.span, format!("jumps as `{name}` moves"))
            .at(site.span, "a continuous latent")
            .help(format!(
                "write a smooth step, `inv_logit((x - {name}) / width)`, for a comparison; a distribution whose end moves wants a soft tail instead; a change point among known times can be an index into their dim, which is summed out"
            ));
    }
    let Some(asked) = asked else {
        let reasons: Vec<&Refusal> = refusals.iter().take(1).collect();
        let diagnostic = Diagnostic::new(Code(805), format!("no estimator is right for `{name}` yet"));
        return reasons
            .into_iter()
            .fold(diagnostic, |diagnostic, refusal| diagnostic.at(refusal.span, refusal.reason.clone()))
            .help(format!("bound it (`latent {name}: int(0..50) ~ …`) so that it can be summed out, or sum it by hand: `mixture(w, D1, D2)`"));
    };
    let diagnostic =
        Diagnostic::new(Code(805), format!("`{name}` cannot have the estimator that is asked for"))
            .at(asked, "asked for here");
    refusals
        .iter()
        .fold(diagnostic, |diagnostic, refusal| diagnostic.at(refusal.span, refusal.reason.clone()))
        .help("leave `using` away: the first estimator that is right is chosen")
}
