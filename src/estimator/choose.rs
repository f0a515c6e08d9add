//! The policy: from what is known of a latent to a choice, with every refusal and every price; or the row that the user
//! asks for, through the same refusals.

use std::collections::BTreeSet;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Kind, Model, SiteId, SiteKind, conjugates, jointly_normal, jointly_normal_beside};
use crate::source::Span;

use super::dependence::of_density;
use super::ends;
use super::{Cost, Dependence, ESTIMATORS, Estimator, Facts, Level, Reach, Refusal, Takes};

/// How the gradient of one latent is taken.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The latent.
    pub latent: SiteId,
    /// The row.
    pub estimator: &'static Estimator,
    /// The least smooth way in which the density depends on the latent.
    pub dependence: Dependence,
    /// Why, in a sentence.
    pub why: String,
    /// What one gradient costs.
    pub cost: Cost,
    /// Every row that is not possible, and why.
    pub refusals: Vec<Refusal>,
    /// Rows that would be right too, with their prices; none beside one without noise that was not asked for.
    pub others: Vec<(&'static Estimator, Cost)>,
    /// Whether the model asks for it.
    pub asked: Option<Span>,
    /// What a pilot found, where prices did not decide.
    pub measured: Vec<Measured>,
    /// How a continuous latent is integrated out in closed form, if it is.
    pub integral: Option<Integral>,
}

/// A closed form of an integral.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integral {
    /// Each element by itself: its prior is conjugate to all that reads it.
    Conjugate,
    /// With all elements of latents that are normal together.
    Normal,
}

/// What one gradient of an estimator costs and leaves, measured at the start of the fit.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// The row.
    pub estimator: &'static Estimator,
    /// Variance of a gradient, in units of the guide's information.
    pub variance: f64,
    /// Evaluations of the density that it takes.
    pub evaluations: f64,
}

impl Measured {
    /// What is compared: evaluations for a gradient of variance 1.
    pub fn price(&self) -> f64 {
        let price = self.variance * self.evaluations;
        if price.is_finite() { price } else { f64::INFINITY }
    }
}

/// Prices within this factor of the lowest leave the choice to a pilot.
const OPEN: f64 = 4.0;
/// What a pilot has to gain for the choice to change.
const WIN: f64 = 1.5;

impl Choice {
    /// The rows among which a pilot should decide, the choice first; it alone, if the model asks for it, or if prices
    /// leave no doubt.
    pub fn open(&self) -> Vec<&'static Estimator> {
        let sampled = |row: &Estimator| !matches!(row.takes, Takes::Sum | Takes::Path);
        let mut rows = vec![self.estimator];
        if let (Some(own), true, None) = (self.cost.visits, sampled(self.estimator), self.asked) {
            let near = |cost: &Cost| cost.visits.is_some_and(|visits| visits <= OPEN * own);
            let others = self.others.iter().filter(|(row, cost)| sampled(row) && near(cost));
            rows.extend(others.map(|(row, _)| *row));
        }
        rows
    }

    /// The choice after a pilot: another row where that is better by far.
    pub fn after(mut self, measured: Vec<Measured>) -> Self {
        let own = measured.iter().find(|one| one.estimator.name == self.estimator.name);
        let best = measured.iter().min_by(|a, b| a.price().total_cmp(&b.price()));
        if let (Some(own), Some(best)) = (own, best)
            && WIN * best.price() < own.price()
            && let Some(place) = self.others.iter().position(|(row, _)| row.name == best.estimator.name)
        {
            let (row, cost) = std::mem::replace(&mut self.others[place], (self.estimator, self.cost.clone()));
            self.why = format!(
                "{}: its variance times cost is {} of that of `{}`",
                row.summary,
                share(best.price() / own.price()),
                self.estimator.name
            );
            (self.estimator, self.cost) = (row, cost);
        }
        self.measured = measured;
        self
    }
}

/// `1/12`, or `0.4` where that is clearer.
fn share(of: f64) -> String {
    match of {
        of if of < 0.005 => "next to nothing".to_string(),
        of if of < 0.3 => format!("1/{:.0}", 1.0 / of),
        of => format!("{of:.2}"),
    }
}

/// What is known beyond the model.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The size of each dim; empty before any data is read.
    pub sizes: Vec<Option<usize>>,
    /// Latents that cannot be summed out, as the attempt has shown, and why.
    pub not_summed: Vec<(SiteId, String)>,
}

/// The latents that are integrated out together: those that are jointly normal given everything else, beside those that
/// leave `by_themselves`, and have not been found too many. Discrete latents that are not summed out are among what is given;
/// beside these nothing goes cell by cell, and what can leave by itself does.
fn normal_together(model: &Model, known: &Known, by_themselves: BTreeSet<SiteId>) -> BTreeSet<SiteId> {
    let refused: BTreeSet<SiteId> = known.not_summed.iter().map(|(site, _)| *site).collect();
    let is_kept = |id: &SiteId| match &model.site(*id).kind {
        SiteKind::Latent { using: Some((name, _)), .. } => name != super::exact::EXACT.name,
        _ => refused.contains(id),
    };
    let kept: BTreeSet<SiteId> = model.site_ids().filter(is_kept).collect();
    let is_real = |id: &SiteId| model.site(*id).value == Kind::Real;
    let elsewhere: BTreeSet<SiteId> = refused.iter().copied().filter(is_real).collect();
    if kept.iter().any(|id| !is_real(id)) {
        return jointly_normal(model, &elsewhere.union(&by_themselves).copied().collect(), &kept);
    }
    let alone = by_themselves.difference(&elsewhere).copied().collect();
    jointly_normal_beside(model, &alone, &elsewhere, &kept)
}

/// A choice for each latent, in declared order.
pub fn choose(model: &Model, known: &Known) -> (Vec<Choice>, Vec<Diagnostic>) {
    let mut choices = Vec::new();
    let mut diagnostics = Vec::new();
    let dependence = of_density(model);
    let reach = Reach::new(model);
    let conjugates = conjugates(model);
    let block = normal_together(model, known, conjugates.keys().copied().collect());
    for latent in model.site_ids() {
        let SiteKind::Latent { using, .. } = &model.site(latent).kind else { continue };
        let conjugate = conjugates.get(&latent).filter(|_| !block.contains(&latent));
        // What was too dear with others is not by itself.
        let found = known.not_summed.iter().find(|(site, _)| *site == latent && conjugate.is_none());
        let facts = Facts {
            model,
            latent,
            dependence: dependence[latent.0],
            reach: &reach,
            sizes: &known.sizes,
            not_summed: found.map(|(_, reason)| reason.as_str()),
            conjugate: conjugate.map(Vec::as_slice),
            together: block.contains(&latent).then_some(&block),
        };
        let asked = using.as_ref().map(|(name, span)| (name.as_str(), *span));
        if let Some((name, span)) = asked
            && !ESTIMATORS.iter().any(|row| row.name == name)
        {
            diagnostics.push(unknown(name, span));
            continue;
        }
        match decide(&facts, asked) {
            Ok(choice) => choices.push(choice),
            Err(refusals) => diagnostics.push(refused(&facts, asked.map(|(_, span)| span), &refusals)),
        }
    }
    (choices, diagnostics)
}

/// The policy for one latent: the row asked for, or the first without noise, or the cheapest of the others.
///
/// # Errors
/// All refusals, if no row (or not the one asked for) is possible.
pub fn decide(facts: &Facts, asked: Option<(&str, Span)>) -> Result<Choice, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let mut rows: Vec<&'static Estimator> = Vec::new();
    for &row in ESTIMATORS {
        match (row.refuse)(facts) {
            Some(refusal) => refusals.push(refusal),
            None => rows.push(row),
        }
    }
    // Where a row has no noise, the others' prices are of no use, and dear in a long model.
    if asked.is_none()
        && let Some(&quiet) = rows.iter().find(|row| is_quiet(row))
    {
        rows = vec![quiet];
    }
    let mut possible: Vec<_> = rows.into_iter().map(|row| (row, (row.cost)(facts))).collect();
    let taken = match asked {
        Some((name, _)) => possible.iter().position(|(row, _)| row.name == name),
        None => best(&possible),
    };
    let Some(taken) = taken else {
        let ours = |refusal: &Refusal| asked.is_none_or(|(name, _)| refusal.estimator == name);
        return Err(refusals.into_iter().filter(ours).collect());
    };
    let (estimator, cost) = possible.remove(taken);
    let why = (estimator.why)(facts);
    let asked = asked.map(|(_, span)| span);
    Ok(Choice {
        latent: facts.latent,
        dependence: facts.dependence,
        estimator,
        why,
        cost,
        refusals,
        others: possible,
        asked,
        measured: vec![],
        integral: facts.integral().filter(|_| estimator.takes == Takes::Sum),
    })
}

/// Whether a row leaves no noise that a price would have to tell.
fn is_quiet(row: &Estimator) -> bool {
    matches!(row.takes, Takes::Sum | Takes::Path)
}

/// The place of the row to take: one without noise, else the lowest price, or the first where prices are not known.
fn best(possible: &[(&'static Estimator, Cost)]) -> Option<usize> {
    let quiet = possible.iter().position(|(row, _)| is_quiet(row));
    quiet.or_else(|| {
        let priced = possible.iter().enumerate().filter_map(|(k, (_, cost))| Some((k, cost.visits?)));
        let cheapest = priced.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(k, _)| k);
        let known = possible.iter().all(|(_, cost)| cost.visits.is_some());
        cheapest.filter(|_| known).or(if possible.is_empty() { None } else { Some(0) })
    })
}

fn unknown(name: &str, span: Span) -> Diagnostic {
    let names: Vec<String> = ESTIMATORS.iter().map(|row| format!("`{}`", row.name)).collect();
    Diagnostic::new(Code(804), format!("there is no estimator `{name}`"))
        .at(span, "not an estimator")
        .help(format!("there is {}", names.join(", ")))
}

fn refused(facts: &Facts, asked: Option<Span>, refusals: &[Refusal]) -> Diagnostic {
    let site = facts.model.site(facts.latent);
    let name = &site.name;
    let jumps = facts.dependence.level >= Level::Jump && !facts.is_discrete();
    if jumps && asked.is_none() {
        let span = facts.dependence.span;
        let diagnostic = Diagnostic::new(
            Code(806),
            format!("the density vanishes beyond an end that moves with `{name}`"),
        )
        .at(span, format!("moves with `{name}`, and a guide may put no mass beyond the data"))
        .at(site.span, "a continuous latent");
        return ends::advise(diagnostic, facts.model, facts.latent, span);
    }
    if let (true, Some(asked)) = (jumps, asked) {
        return Diagnostic::new(Code(806), format!("the density jumps as `{name}` moves, so it has no pathwise gradient"))
            .at(facts.dependence.span, format!("jumps as `{name}` moves"))
            .at(asked, "asked for here")
            .help(format!(
                "leave `using` away, and `{name}` is summed over buckets or tried in bins; or write a smooth step, `inv_logit((x - {name}) / width)`, for a comparison"
            ));
    }
    let Some(asked) = asked else {
        let diagnostic = Diagnostic::new(Code(805), format!("no estimator is right for `{name}`"));
        return with_reasons(diagnostic, refusals)
            .help(format!("bound it (`latent {name}: int(0..50) ~ …`) so that it can be summed out"));
    };
    let diagnostic =
        Diagnostic::new(Code(805), format!("`{name}` cannot have the estimator that is asked for"))
            .at(asked, "asked for here");
    with_reasons(diagnostic, refusals).help("leave `using` away: the first estimator that is right is chosen")
}

fn with_reasons(diagnostic: Diagnostic, refusals: &[Refusal]) -> Diagnostic {
    refusals
        .iter()
        .fold(diagnostic, |diagnostic, refusal| diagnostic.at(refusal.span, refusal.reason.clone()))
}
