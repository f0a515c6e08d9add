//! Visiting every term inside of a term or a distribution.

use super::ir::{Address, Distribution, Init, Site, SiteKind, Term, TermKind};

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
            SiteKind::Learn(init) => init.walk(visit),
            SiteKind::GenerateDraw(distribution) => distribution.walk(visit),
        }
        self.domain.ends.iter().flatten().for_each(|end| end.walk(visit));
    }
}

impl Init {
    /// Calls `visit` with every term.
    pub fn walk<'t>(&'t self, visit: &mut dyn FnMut(&'t Term)) {
        match self {
            Self::Middle => {}
            Self::Value(value) => value.walk(visit),
            Self::Drawn(distribution) => distribution.walk(visit),
        }
    }
}

/// What a distribution is directly made of.
#[derive(Clone, Copy, Debug)]
pub enum Constituent<'t> {
    /// An argument, a weight, an end, a mark or a condition.
    Term(&'t Term),
    /// A branch, a component, or what is cut or censored.
    Distribution(&'t Distribution),
}

impl Distribution {
    /// Calls `visit` with every term inside of the distribution.
    pub fn walk<'t>(&'t self, visit: &mut dyn FnMut(&'t Term)) {
        for constituent in self.constituents() {
            match constituent {
                Constituent::Term(term) => term.walk(visit),
                Constituent::Distribution(inner) => inner.walk(visit),
            }
        }
    }

    /// What it is directly made of, in the order in which it is looked at.
    pub fn constituents(&self) -> Vec<Constituent<'_>> {
        use Constituent::{Distribution as Inner, Term as Own};
        match self {
            Self::Family(call) => call.arguments.iter().map(Own).collect(),
            Self::If(condition, yes, no) => vec![Own(condition), Inner(yes), Inner(no)],
            Self::Truncated { base, ends, .. } => {
                let ends = ends.iter().flatten().map(|end| Own(end));
                std::iter::once(Inner(base)).chain(ends).collect()
            }
            Self::Censored { base, right, left, upto, .. } => {
                let marks = right.iter().chain(left).chain(upto).map(|mark| Own(mark));
                std::iter::once(Inner(base)).chain(marks).collect()
            }
            Self::Mixture { weights, components, .. } => {
                weights.iter().map(Own).chain(components.iter().map(Inner)).collect()
            }
            Self::MixtureOver { weights, component, .. } => vec![Own(weights), Inner(component)],
        }
    }
}
