//! How smoothly the density depends on each latent: absent, smooth, kink, jump, end, with the span that decides.
//!
//! An abstract interpretation of the checked model: a term depends on a latent as its least smooth part does
//! (Lee, Rival and Yang 2023 do the same for a dynamic language).

use crate::library::{End, Smoothness};
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

    fn max(self, other: Self) -> Self {
        if other.level > self.level { other } else { self }
    }

    /// The dependence through a part that is `level` in this.
    fn through(self, level: Level, span: Span) -> Self {
        match self.level {
            Level::Absent => self,
            own if own >= level => self,
            _ => Self { level, span },
        }
    }
}

/// The dependence of the log joint density on a latent, its own prior included.
pub fn of_density(model: &Model, latent: SiteId) -> Dependence {
    let mut walk = Walk { model, latent, lets: vec![None; model.sites.len()] };
    let mut all = Dependence::ABSENT;
    for site in model.site_ids() {
        if let SiteKind::Latent { prior, .. } = &model.site(site).kind {
            all = all.max(walk.distribution(prior));
        }
    }
    for factor in &model.factors {
        all = all.max(match factor {
            Factor::Observe { distribution, .. } => walk.observed(distribution),
            Factor::Potential { value, .. } => walk.term(value),
        });
    }
    all
}

struct Walk<'a> {
    model: &'a Model,
    latent: SiteId,
    lets: Vec<Option<Dependence>>,
}

impl Walk<'_> {
    fn term(&mut self, term: &Term) -> Dependence {
        match &term.kind {
            TermKind::Number(_)
            | TermKind::Position(_)
            | TermKind::Size(_)
            | TermKind::LabelPosition(..)
            | TermKind::Replicate(_)
            | TermKind::States(..)
            | TermKind::Broken => Dependence::ABSENT,
            TermKind::Read(site, addresses) => {
                let at = addresses.iter().filter_map(|address| match address {
                    Address::At(position) => Some(position),
                    Address::Here(_) => None,
                });
                let at = self.all(at).through(Level::Jump, term.span);
                self.site(*site, term.span).max(at)
            }
            TermKind::Convert(_, inner) | TermKind::Rename(_, inner) => self.term(inner),
            TermKind::Member(inner, _) => self.term(inner).through(Level::Jump, term.span),
            TermKind::Apply { function, arguments, filter, by, .. } => {
                let through = match function.smoothness {
                    Smoothness::Smooth => Level::Smooth,
                    Smoothness::Kink => Level::Kink,
                    Smoothness::Jump => Level::Jump,
                };
                let arguments = self.all(arguments).through(through, term.span);
                let cells =
                    self.all(filter.iter().chain(by).map(AsRef::as_ref)).through(Level::Jump, term.span);
                arguments.max(cells)
            }
            TermKind::Operate(operator, operands) => {
                self.all(operands).through(level_of(*operator), term.span)
            }
            TermKind::If(condition, yes, no) => {
                let condition_depends = self.term(condition).through(Level::Jump, condition.span);
                condition_depends.max(self.term(yes)).max(self.term(no))
            }
            TermKind::Stack(_, elements) => self.all(elements),
            TermKind::OfDistribution(_, distribution, value) => {
                let value = self.term(value);
                self.distribution(distribution).max(value)
            }
        }
    }

    fn all<'t>(&mut self, terms: impl IntoIterator<Item = &'t Term>) -> Dependence {
        terms.into_iter().fold(Dependence::ABSENT, |all, term| all.max(self.term(term)))
    }

    /// A site's dependence; a let's is found once. While it is being found (a recurrence) it counts as absent, which
    /// is right: the least fixed point of a maximum.
    fn site(&mut self, site: SiteId, span: Span) -> Dependence {
        if site == self.latent {
            return Dependence { level: Level::Smooth, span };
        }
        if let Some(known) = self.lets[site.0] {
            return known;
        }
        let SiteKind::Let(term) = &self.model.site(site).kind else { return Dependence::ABSENT };
        self.lets[site.0] = Some(Dependence::ABSENT);
        let found = self.term(term);
        self.lets[site.0] = Some(found);
        found
    }

    fn distribution(&mut self, distribution: &Distribution) -> Dependence {
        let mut all = Dependence::ABSENT;
        match distribution {
            Distribution::Family(call) => all = all.max(self.all(&call.arguments)),
            Distribution::If(condition, yes, no) => {
                all = all.max(self.term(condition).through(Level::Jump, condition.span));
                all = all.max(self.distribution(yes)).max(self.distribution(no));
            }
            Distribution::Truncated { base, ends, .. } => {
                all =
                    all.max(self.distribution(base)).max(self.all(ends.iter().flatten().map(AsRef::as_ref)));
            }
            Distribution::Censored { base, right, left, upto, .. } => {
                let flags = self.all(right.iter().chain(left).map(AsRef::as_ref));
                all =
                    all.max(self.distribution(base)).max(flags).max(self.all(upto.iter().map(AsRef::as_ref)));
            }
            Distribution::Mixture { weights, components, .. } => {
                all = all.max(self.all(weights));
                for component in components {
                    all = all.max(self.distribution(component));
                }
            }
            Distribution::MixtureOver { weights, component, .. } => {
                all = all.max(self.term(weights)).max(self.distribution(component));
            }
        }
        all
    }

    /// The distribution of data: where an end of the support moves with a latent, the density jumps as the end
    /// passes a datum.
    fn observed(&mut self, distribution: &Distribution) -> Dependence {
        let mut all = self.distribution(distribution);
        let mut calls = Vec::new();
        family_calls(distribution, &mut calls);
        for call in calls {
            for end in call.family.support.ends {
                if let End::Argument(k) = end
                    && let Some(argument) = call.arguments.get(k)
                {
                    all = all.max(self.term(argument).through(Level::End, argument.span));
                }
            }
        }
        if let Distribution::Truncated { ends, span, .. } = distribution {
            all = all.max(self.all(ends.iter().flatten().map(AsRef::as_ref)).through(Level::End, *span));
        }
        all
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
