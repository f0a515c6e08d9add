//! How smoothly the density depends on each latent: absent, smooth, kink, jump, end, with the span that decides.
//!
//! An abstract interpretation of the checked model: the density depends on a latent as the least smooth path to it does
//! (Lee, Rival and Yang 2023 do the same for a dynamic language).

use std::collections::BTreeSet;

use super::ends::ends_of;
use crate::library::Smoothness;
use crate::model::{
    Address, Distribution, Factor, FamilyCall, Model, Operator, SiteId, SiteKind, Term, TermKind,
};
use crate::source::Span;

/// The lattice, smoothest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It does not depend on it.
    Absent,
    /// Differentiably.
    Smooth,
    /// Continuously, with corners.
    Kink,
    /// Discontinuously.
    Jump,
    /// It is nothing beyond an end that moves.
    End,
}

impl Level {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Smooth => "smooth",
            Self::Kink => "kink",
            Self::Jump => "jump",
            Self::End => "end",
        }
    }
}

/// A level with the place that raised it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dependence {
    /// How smooth.
    pub level: Level,
    /// What made it so.
    pub span: Span,
}

impl Dependence {
    const ABSENT: Self = Self { level: Level::Absent, span: Span::new(0, 0) };

    /// The worse of two; of equals the earlier in the text.
    fn max(self, other: Self) -> Self {
        let worse = other.level > self.level;
        let earlier = other.level == self.level && other.span.start < self.span.start;
        if worse || earlier { other } else { self }
    }

    /// The dependence on what lies inside of a part that is `level` in it: of equals the inner place decides.
    fn into(self, level: Level, span: Span) -> Self {
        if level >= self.level { Self { level, span } } else { self }
    }
}

/// The dependence of the log joint density on each site, by number; a latent's own prior included.
///
/// One pass from the density down: every term hands to what it reads how smoothly the density depends on it. A let is
/// gone through again where its own dependence got worse, which happens three times at most.
pub fn of_density(model: &Model) -> Vec<Dependence> {
    let mut walk = Walk::new(model);
    parts(model).for_each(|part| walk.part(model, part));
    walk.settled(model)
}

/// A factor of the density.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The prior of a latent.
    Prior(SiteId),
    /// An `observe` or a `potential`, by number.
    Factor(usize),
}

/// The dependence of each factor on each latent that it depends on, priors first; a latent in its own prior is left out.
pub fn by_part(model: &Model) -> Vec<(Part, Vec<(SiteId, Dependence)>)> {
    let is_latent = |id: SiteId| matches!(model.site(id).kind, SiteKind::Latent { .. });
    let each = parts(model).map(|part| {
        let mut walk = Walk::new(model);
        walk.part(model, part);
        let found = model.site_ids().zip(walk.settled(model));
        let reached = found.filter(|(id, own)| is_latent(*id) && own.level > Level::Absent);
        (part, reached.collect())
    });
    each.collect()
}

fn parts(model: &Model) -> impl Iterator<Item = Part> {
    let is_latent = |id: &SiteId| matches!(model.site(*id).kind, SiteKind::Latent { .. });
    let priors = model.site_ids().filter(is_latent).map(Part::Prior);
    priors.chain((0..model.factors.len()).map(Part::Factor))
}

struct Walk {
    /// By site, so far.
    found: Vec<Dependence>,
    /// Sites whose level has risen since what they are computed from was gone through.
    risen: BTreeSet<SiteId>,
}

impl Walk {
    fn new(model: &Model) -> Self {
        Self { found: vec![Dependence::ABSENT; model.sites.len()], risen: BTreeSet::new() }
    }

    fn part(&mut self, model: &Model, part: Part) {
        let smooth = |span| Dependence { level: Level::Smooth, span };
        match part {
            Part::Prior(site) => {
                if let SiteKind::Latent { prior, .. } = &model.site(site).kind {
                    self.distribution(prior, smooth(model.site(site).span));
                }
            }
            Part::Factor(k) => match &model.factors[k] {
                Factor::Observe { distribution, site, span, .. } => {
                    self.observed(model, (*site, distribution), smooth(*span));
                }
                Factor::Potential { value, span } => self.term(value, smooth(*span)),
            },
        }
    }

    /// The levels, once what is read through lets has its own.
    fn settled(mut self, model: &Model) -> Vec<Dependence> {
        // What a let reads is mostly declared above it, so that the last goes first.
        while let Some(site) = self.risen.pop_last() {
            if let SiteKind::Let(value) = &model.site(site).kind {
                let own = self.found[site.0];
                self.term(value, own);
            }
        }
        self.found
    }

    /// The density depends on this term as `outer` says.
    fn term(&mut self, term: &Term, outer: Dependence) {
        match &term.kind {
            TermKind::Number(_)
            | TermKind::Position(_)
            | TermKind::Size(_)
            | TermKind::LabelPosition(..)
            | TermKind::Replicate(_)
            | TermKind::States(..)
            | TermKind::Broken => {}
            TermKind::Read(site, addresses) => {
                for address in addresses {
                    if let Address::At(position) = address {
                        self.term(position, outer.into(Level::Jump, term.span));
                    }
                }
                self.read(*site, outer.into(Level::Smooth, term.span));
            }
            TermKind::Convert(_, inner) | TermKind::Rename(_, inner) => self.term(inner, outer),
            TermKind::Member(inner, _) => self.term(inner, outer.into(Level::Jump, term.span)),
            TermKind::Apply { function, arguments, filter, by, .. } => {
                let through = match function.smoothness {
                    Smoothness::Linear | Smoothness::Smooth => Level::Smooth,
                    Smoothness::Kink => Level::Kink,
                    Smoothness::Jump => Level::Jump,
                };
                self.all(arguments, outer.into(through, term.span));
                self.all(filter.iter().chain(by).map(AsRef::as_ref), outer.into(Level::Jump, term.span));
            }
            TermKind::Operate(operator, operands) => {
                self.all(operands, outer.into(level_of(*operator), term.span));
            }
            TermKind::If(condition, yes, no) => {
                self.term(condition, outer.into(Level::Jump, condition.span));
                self.term(yes, outer);
                self.term(no, outer);
            }
            TermKind::Stack(_, elements) => self.all(elements, outer),
            TermKind::OfDistribution(_, distribution, value) => {
                self.distribution(distribution, outer);
                self.term(value, outer);
            }
        }
    }

    fn all<'t>(&mut self, terms: impl IntoIterator<Item = &'t Term>, outer: Dependence) {
        terms.into_iter().for_each(|term| self.term(term, outer));
    }

    fn read(&mut self, site: SiteId, outer: Dependence) {
        let known = &mut self.found[site.0];
        if outer.level > known.level {
            self.risen.insert(site);
        }
        *known = known.max(outer);
    }

    fn distribution(&mut self, distribution: &Distribution, outer: Dependence) {
        match distribution {
            Distribution::Family(call) => {
                for (k, argument) in call.arguments.iter().enumerate() {
                    let level = if call.family.corner == Some(k) { Level::Kink } else { Level::Smooth };
                    self.term(argument, outer.into(level, argument.span));
                }
            }
            Distribution::If(condition, yes, no) => {
                self.term(condition, outer.into(Level::Jump, condition.span));
                self.distribution(yes, outer);
                self.distribution(no, outer);
            }
            Distribution::Truncated { base, ends, .. } => {
                self.distribution(base, outer);
                self.all(ends.iter().flatten().map(AsRef::as_ref), outer);
            }
            Distribution::Censored { base, right, left, upto, .. } => {
                self.distribution(base, outer);
                self.all([right, left, upto].into_iter().flatten().map(AsRef::as_ref), outer);
            }
            Distribution::Mixture { weights, components, .. } => {
                self.all(weights, outer);
                components.iter().for_each(|component| self.distribution(component, outer));
            }
            Distribution::MixtureOver { weights, component, .. } => {
                self.term(weights, outer);
                self.distribution(component, outer);
            }
        }
    }

    /// The distribution of data: where an end of the support moves with a latent, the density jumps as the end
    /// passes a datum.
    fn observed(
        &mut self,
        model: &Model,
        (observed, distribution): (SiteId, &Distribution),
        outer: Dependence,
    ) {
        self.distribution(distribution, outer);
        let mut calls = Vec::new();
        family_calls(distribution, &mut calls);
        let ends = calls.into_iter().flat_map(|call| ends_of(call, observed));
        for end in ends.filter(|end| !end.is_beyond_data(model)) {
            self.term(end.argument, outer.into(Level::End, end.argument.span));
        }
        if let Distribution::Truncated { ends, span, .. } = distribution {
            self.all(ends.iter().flatten().map(AsRef::as_ref), outer.into(Level::End, *span));
        }
    }
}

fn family_calls<'a>(distribution: &'a Distribution, calls: &mut Vec<&'a FamilyCall>) {
    match distribution {
        Distribution::Family(call) => calls.push(call),
        Distribution::If(_, yes, no) => [yes, no].into_iter().for_each(|branch| family_calls(branch, calls)),
        Distribution::Truncated { base, .. } | Distribution::Censored { base, .. } => {
            family_calls(base, calls)
        }
        Distribution::Mixture { components, .. } => {
            components.iter().for_each(|component| family_calls(component, calls));
        }
        Distribution::MixtureOver { component, .. } => family_calls(component, calls),
    }
}

fn level_of(operator: Operator) -> Level {
    match operator {
        Operator::Negate
        | Operator::Add
        | Operator::Subtract
        | Operator::Multiply
        | Operator::Divide
        | Operator::Power => Level::Smooth,
        Operator::Not
        | Operator::Or
        | Operator::And
        | Operator::Equal
        | Operator::NotEqual
        | Operator::Less
        | Operator::LessEqual
        | Operator::Greater
        | Operator::GreaterEqual
        | Operator::IntegerDivide
        | Operator::Modulo => Level::Jump,
    }
}
