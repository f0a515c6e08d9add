//! The terms of a density, and which of them is to blame.

use crate::lower::probe::Values;
use crate::lower::{self, SummedOut};
use crate::model::{Distribution, Factor, Model, Obligation, SiteKind, Step, Term};
use crate::source::Span;

/// A term of the density.
pub(super) struct Suspect<'m> {
    /// `y`, or the potential.
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) distribution: Option<&'m Distribution>,
    pub(super) value: Option<&'m Term>,
    /// What is claimed of the value.
    pub(super) claim: Option<&'m Obligation>,
    /// Whether states of a discrete latent may have no probability.
    pub(super) states: bool,
}

/// The terms in the order of `Objective::terms`.
pub(super) fn suspects<'m>(model: &'m Model, sums: &[SummedOut]) -> Vec<Suspect<'m>> {
    let states = !sums.is_empty();
    let priors = model.order.iter().filter_map(|step| match step {
        Step::Site(id) => match &model.site(*id).kind {
            SiteKind::Latent { prior, .. } => Some(Suspect {
                name: format!("`{}`", model.site(*id).name),
                span: model.site(*id).span,
                distribution: Some(prior),
                value: None,
                claim: None,
                states,
            }),
            _ => None,
        },
        Step::Recurrence(_) => None,
    });
    let factors = model.factors.iter().map(|factor| match factor {
        Factor::Observe { target, site, distribution, .. } => Suspect {
            name: format!("`{}`", model.site(*site).name),
            span: target.span,
            distribution: Some(distribution),
            value: Some(target),
            claim: None,
            states,
        },
        Factor::Potential { value, span } => Suspect {
            name: "the potential".to_string(),
            span: *span,
            distribution: None,
            value: Some(value),
            claim: None,
            states,
        },
    });
    let claims = lower::claims(model).map(|claim| Suspect {
        name: lower::claimed(model, claim)
            .map_or_else(|| claim.demanded_by.clone(), |site| format!("`{}`", site.name)),
        span: claim.value.span,
        distribution: None,
        value: Some(&claim.value),
        claim: Some(claim),
        states: false,
    });
    priors.chain(claims).chain(factors).collect()
}

/// The first term with an element that no density has. Where states are summed out, minus infinity is one of a state
/// without probability, and is blamed only if nothing else can be.
pub(super) fn first_fault<'s, 'm>(
    suspects: &'s [Suspect<'m>],
    tables: &'s [Values],
) -> Option<(&'s Suspect<'m>, &'s Values, usize)> {
    let worst = |suspect: &Suspect, value: f64| {
        value.is_nan() || value == f64::INFINITY || (value == f64::NEG_INFINITY && !suspect.states)
    };
    let find = |is: &dyn Fn(&Suspect, f64) -> bool| {
        suspects.iter().zip(tables).find_map(|(suspect, table)| {
            let flat = table.values.iter().position(|&value| is(suspect, value))?;
            Some((suspect, table, flat))
        })
    };
    find(&worst).or_else(|| find(&|_, value| !value.is_finite()))
}
