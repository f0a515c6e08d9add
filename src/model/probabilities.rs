//! Probabilities of several outcomes: along an axis, or in a list. What must sum to 1 is known here as far as the model
//! says it; the rest is left to the data.

use super::checker::Checker;
use super::errors;
use super::ir::*;
use super::supports::interval_of;
use super::{terms, types};
use crate::library::Interval;
use crate::source::Span;

/// How far a sum may be from 1: thirds are written with a few digits.
const TOLERANCE: f64 = 1e-6;

impl<'t> Checker<'t> {
    /// Checks probabilities along an axis. Branches that latents choose between are looked at one by one.
    pub fn demand_probabilities(&mut self, asked: (&str, &str), term: &Term, axis: AxisVar) {
        let wanted = types::row("simplex");
        match &term.kind {
            TermKind::Broken => {}
            // The parts of a vector that a condition along the axis chooses are known only together.
            TermKind::If(condition, ..) if condition.axes.contains(&axis) && term.stage > Stage::Data => {}
            TermKind::If(_, then, otherwise) if term.stage > Stage::Data => {
                self.demand_probabilities(asked, then, axis);
                self.demand_probabilities(asked, otherwise, axis);
            }
            _ if self.is_divided_by_its_sum(term, axis) => {}
            _ if !term.axes.contains(&axis) => self.demand_same(asked, term, axis),
            TermKind::Stack(along, parts) if *along == axis && self.demand_sum(asked, parts, term.span) => {}
            _ => match self.crossed(term, axis) {
                Some(found) => self.report(errors::crossed(term.span, asked, found, &self.model)),
                None => self.demand_along(asked, wanted, (term, &[axis])),
            },
        }
    }

    /// The declared probabilities that a term reads across the axis along which they sum to 1, and that axis of theirs: one
    /// element of each of several vectors.
    pub fn crossed(&self, term: &Term, axis: AxisVar) -> Option<(&Site, AxisVar)> {
        match &term.kind {
            TermKind::Rename(pairs, inner) => {
                let from = pairs.iter().find(|(_, to)| *to == axis).map_or(axis, |(from, _)| *from);
                self.crossed(inner, from)
            }
            TermKind::Read(site, addresses) => {
                let site = self.model.site(*site);
                let [along] = site.domain.over[..] else { return None };
                let place = site.axes.iter().position(|own| *own == along)?;
                let crosses = match addresses.get(place)? {
                    Address::Here(read) => *read != axis,
                    Address::At(position) => !position.axes.contains(&axis),
                };
                (crosses && site.domain.domain.name == "simplex").then_some((site, along))
            }
            _ => None,
        }
    }

    /// Whether a term is `v / sum(v)` with numbers from 0, also where lets have names for the two.
    fn is_divided_by_its_sum(&self, term: &Term, axis: AxisVar) -> bool {
        let TermKind::Operate(Operator::Divide, parts) = &self.written_out(term).kind else { return false };
        let [own, total] = &parts[..] else { return false };
        let TermKind::Apply { function, arguments, over, filter: None, by: None, .. } =
            &self.written_out(total).kind
        else {
            return false;
        };
        let summed = function.name == "sum" && over.len() == 1 && over[0].dim == axis.dim;
        let read = |term: &Term| match &term.kind {
            TermKind::Read(site, addresses) => is_here(addresses).then_some(*site),
            _ => None,
        };
        let same = read(own).is_some() && arguments.len() == 1 && read(own) == read(&arguments[0]);
        let once = read(own).is_some_and(|site| {
            self.model.site(site).axes.iter().filter(|own| own.dim == axis.dim).count() == 1
        });
        summed && same && once && interval_of(&self.model, own).low >= 0.0
    }

    /// What a name without indices stands for, if a let says it.
    fn written_out<'m>(&'m self, term: &'m Term) -> &'m Term {
        match &term.kind {
            TermKind::Read(site, addresses) if is_here(addresses) => match &self.model.site(*site).kind {
                SiteKind::Let(value) => value,
                _ => term,
            },
            _ => term,
        }
    }

    /// Checks the sum of a list of probabilities, each of which has been checked by itself.
    pub fn demand_total(&mut self, asked: (&str, &str), parts: &[Term], span: Span) {
        if parts.iter().any(terms::is_broken) || self.demand_sum(asked, parts, span) {
            return;
        }
        let Some(total) = sum(parts, span) else { return };
        // The sum of a list is probabilities of one outcome: it is 1.
        if total.stage <= Stage::Data && interval_of(&self.model, &total).as_point().is_none() {
            self.demand_along(asked, types::row("simplex"), (&total, &[]));
        }
    }

    /// Reports a list whose sum cannot be 1; whether it did.
    fn demand_sum(&mut self, (owner, name): (&str, &str), parts: &[Term], span: Span) -> bool {
        let total = parts.iter().map(|part| interval_of(&self.model, part)).reduce(Interval::add);
        let Some(total) = total.filter(|total| is_off(total.low, total.high)) else { return false };
        let nearest = if total.low > 1.0 { total.low } else { total.high };
        self.report(errors::wrong_total(span, (owner, name), types::row("simplex"), nearest));
        true
    }

    /// One number for all elements along an axis is right only where it is 1 by their number.
    fn demand_same(&mut self, asked: (&str, &str), term: &Term, axis: AxisVar) {
        let wanted = types::row("simplex");
        let value = interval_of(&self.model, term).as_point();
        let total = value.zip(self.known_size(axis.dim)).map(|(value, size)| value * size as f64);
        let known = total.map_or(term.stage <= Stage::Data, |total| !is_off(total, total));
        if known {
            return self.demand_along(asked, wanted, (term, &[axis]));
        }
        let declared = match term.kind {
            TermKind::Read(site, _) => Some(self.model.site(site)),
            _ => None,
        };
        let dim = &self.model.dim(axis.dim).name;
        let diagnostic = errors::one_for_all((term, total), asked, (wanted, dim), declared);
        self.report(diagnostic);
    }
}

fn is_here(addresses: &[Address]) -> bool {
    addresses.iter().all(|address| matches!(address, Address::Here(_)))
}

/// Whether all numbers between two lie away from 1.
fn is_off(low: f64, high: f64) -> bool {
    low > 1.0 + TOLERANCE || high < 1.0 - TOLERANCE
}

fn sum(parts: &[Term], span: Span) -> Option<Term> {
    let add = |left, right| terms::operate(Operator::Add, vec![left, right], Kind::Real, span);
    parts.iter().cloned().reduce(add)
}
