//! Visiting every term inside of a term or a distribution.

use super::ir::{Address, Distribution, Site, SiteKind, Term, TermKind};

impl Term {
    /// Calls `visit` with this term and every term inside of it, outermost first.
    pub fn walk<'t>(&'t self, visit: &mut dyn FnMut(&'t Term)) {
        visit(self);
        match &self.kind {
            TermKind::Read(_, addresses) => addresses.iter().for_each(|address| {
                if let Address::At(term) = address {
                    term.walk(visit);
                }
            }),
            TermKind::Convert(_, inner) | TermKind::Rename(_, inner) | TermKind::Member(inner, _) => {
                inner.walk(visit)
            }
            TermKind::Apply { arguments, filter, by, .. } => {
                arguments.iter().for_each(|argument| argument.walk(visit));
                filter.iter().chain(by).for_each(|term| term.walk(visit));
            }
            TermKind::Operate(_, operands) | TermKind::Stack(_, operands) => {
                operands.iter().for_each(|operand| operand.walk(visit));
            }
            TermKind::If(condition, yes, no) => {
                [condition, yes, no].into_iter().for_each(|term| term.walk(visit))
            }
            TermKind::OfDistribution(_, distribution, value) => {
                distribution.walk(visit);
                value.walk(visit);
            }
            TermKind::Number(_)
            | TermKind::Position(_)
            | TermKind::Size(_)
            | TermKind::LabelPosition(..)
            | TermKind::Replicate(_)
            | TermKind::States(..)
            | TermKind::Broken => {}
        }
    }

    /// Whether some term inside of this one, itself included, is such.
    pub fn any(&self, is: &dyn Fn(&Term) -> bool) -> bool {
        let mut found = false;
        self.walk(&mut |term| found |= is(term));
        found
    }
}

impl Site {
    /// Calls `visit` with every term of the declaration.
    pub fn walk<'t>(&'t self, visit: &mut dyn FnMut(&'t Term)) {
        match &self.kind {
            SiteKind::Data { default, .. } => default.iter().for_each(|term| term.walk(visit)),
            SiteKind::Gaps { .. } => {}
            SiteKind::Let(value) | SiteKind::Generate(value) => value.walk(visit),
            SiteKind::Latent { prior, .. } => prior.walk(visit),
            SiteKind::GenerateDraw(distribution) => distribution.walk(visit),
        }
        self.domain.ends.iter().flatten().for_each(|end| end.walk(visit));
    }
}

impl Distribution {
    /// Calls `visit` with every term inside of the distribution.
    pub fn walk<'t>(&'t self, visit: &mut dyn FnMut(&'t Term)) {
        match self {
            Self::Family(call) => call.arguments.iter().for_each(|argument| argument.walk(visit)),
            Self::If(condition, yes, no) => {
                condition.walk(visit);
                yes.walk(visit);
                no.walk(visit);
            }
            Self::Truncated { base, ends, .. } => {
                base.walk(visit);
                ends.iter().flatten().for_each(|end| end.walk(visit));
            }
            Self::Censored { base, right, left, upto, .. } => {
                base.walk(visit);
                right.iter().chain(left).chain(upto).for_each(|term| term.walk(visit));
            }
            Self::Mixture { weights, components, .. } => {
                weights.iter().for_each(|weight| weight.walk(visit));
                components.iter().for_each(|component| component.walk(visit));
            }
            Self::MixtureOver { weights, component, .. } => {
                weights.walk(visit);
                component.walk(visit);
            }
        }
    }
}
