//! Ends of supports that move with a latent. The density jumps where such an end passes a datum; a latent that is declared
//! to lie beyond all data cannot.

use crate::diagnostics::{Diagnostic, Edit};
use crate::library::End;
use crate::model::{Distribution, Factor, FamilyCall, Model, SiteId, SiteKind, Stage, Term, TermKind};
use crate::source::Span;

/// An end of what data are observed with.
#[derive(Clone, Copy, Debug)]
pub struct MovingEnd<'m> {
    /// The data.
    pub observed: SiteId,
    /// Which end: 0 the lower, 1 the upper one.
    pub side: usize,
    /// The argument that is the end.
    pub argument: &'m Term,
}

/// The ends of a family that are arguments of a call.
pub fn ends_of(call: &FamilyCall, observed: SiteId) -> Vec<MovingEnd<'_>> {
    let sides = call.family.support.ends.iter().enumerate();
    let moving = sides.filter_map(|(side, end)| match end {
        End::Argument(k) => Some(MovingEnd { observed, side, argument: call.arguments.get(*k)? }),
        _ => None,
    });
    moving.collect()
}

impl MovingEnd<'_> {
    /// The function whose value no datum is beyond.
    fn outermost(self) -> &'static str {
        ["min", "max"][self.side]
    }

    /// Whether the end is a latent that is declared to lie beyond all data: `latent high: real(max(y)..) ~ …`.
    pub fn is_beyond_data(self, model: &Model) -> bool {
        let TermKind::Read(latent, _) = self.argument.kind else { return false };
        let Some(end) = &model.site(latent).domain.ends[1 - self.side] else { return false };
        match &end.kind {
            TermKind::Apply { function, arguments, filter: None, by: None, .. } => {
                let of_data = arguments.first().map(|argument| &argument.kind);
                function.name == self.outermost()
                    && end.axes.is_empty()
                    && matches!(of_data, Some(TermKind::Read(site, _)) if *site == self.observed)
            }
            _ => false,
        }
    }

    /// `real(max(y)..)`
    fn domain(self, model: &Model) -> String {
        let outermost = format!("{}({})", self.outermost(), model.site(self.observed).name);
        ["real(..#)", "real(#..)"][self.side].replace('#', &outermost)
    }
}

/// What to do about an end that moves with a latent, at the span that shows it.
pub fn advise(diagnostic: Diagnostic, model: &Model, latent: SiteId, span: Span) -> Diagnostic {
    let site = model.site(latent);
    let soft = format!("take a distribution with a soft tail for the data, whose scale is `{}`", site.name);
    let end = single(model, latent, span).filter(|_| may_be_cut(model, latent));
    let Some(end) = end else { return diagnostic.help(soft) };
    let domain = end.domain(model);
    let declared = format!("`latent {}: {domain} ~ …`", site.name);
    match undeclared_prior(model, latent) {
        Some(prior) if has_distribution_function(prior, end.side) => {
            let edit = Edit { span: Span::new(site.span.end, site.span.end), text: format!(": {domain}") };
            diagnostic.fix(format!("say that it lies beyond all data: {declared}"), vec![edit])
        }
        _ => diagnostic.help(format!(
            "say that it lies beyond all data, {declared}, with a prior that can be cut there: `half_normal`, `lognormal` or \
             `exponential`"
        )),
    }
    .help(format!("or {soft}"))
}

/// The end at a span, if it is a latent without axes.
fn single(model: &Model, latent: SiteId, span: Span) -> Option<MovingEnd<'_>> {
    let calls = model.factors.iter().filter_map(|factor| match factor {
        Factor::Observe { distribution: Distribution::Family(call), site, .. } => Some(ends_of(call, *site)),
        _ => None,
    });
    let is_it = |end: &MovingEnd| {
        end.argument.span == span && matches!(end.argument.kind, TermKind::Read(site, _) if site == latent)
    };
    calls.flatten().find(|end| is_it(end) && model.site(latent).axes.is_empty())
}

/// Whether a cut leaves the posterior as it is: how much of the prior it takes away depends on no latent.
fn may_be_cut(model: &Model, latent: SiteId) -> bool {
    match &model.site(latent).kind {
        SiteKind::Latent { prior: Distribution::Family(call), .. } => {
            call.arguments.iter().all(|argument| argument.stage <= Stage::Data)
        }
        _ => false,
    }
}

/// The prior of a latent that is declared without a type.
fn undeclared_prior(model: &Model, latent: SiteId) -> Option<&FamilyCall> {
    let site = model.site(latent);
    match &site.kind {
        // Nothing but ` ~ ` fits between the name and the prior.
        SiteKind::Latent { prior: Distribution::Family(call), .. }
            if call.span.start <= site.span.end + " ~ ".len() =>
        {
            Some(call)
        }
        _ => None,
    }
}

fn has_distribution_function(prior: &FamilyCall, side: usize) -> bool {
    // A latent above all data is cut from below, and needs the mass above.
    [prior.family.log_cdf, prior.family.log_ccdf][side].is_some()
}
