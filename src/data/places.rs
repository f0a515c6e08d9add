//! Where expressions read, once sizes are known: every position inside of its dim, every label one of the dim's.
//!
//! A read is only looked at in the cells in which its guards hold: the branches of `if`, the right of `and` and `or`,
//! the body of a `where`. What depends on latents, a position or a guard, is left alone.

use std::collections::HashSet;

use crate::array::Array;
use crate::diagnostics::{Diagnostic, suggest};
use crate::model::terms::{choose, number, operate};
use crate::model::{
    Address, Constituent, DimId, Distribution, Factor, Init, Kind, Operator, SiteId, SiteKind, Stage, Term,
    TermKind,
};
use crate::source::Span;
use crate::translate::Coordinates;

use super::bind::Binder;
use super::codes;

/// Stands for "no such cell"; larger than any position.
const NOWHERE: f64 = 1e300;

impl Binder<'_> {
    /// Reports reads outside of their dims, and labels that no dim has.
    pub fn check_places(&mut self) {
        let mut sweep = Sweep { binder: self, guards: Vec::new(), seen: HashSet::new(), found: Vec::new() };
        sweep.model();
        let found = sweep.found;
        self.diagnostics.extend(found);
    }
}

struct Sweep<'b, 'a> {
    binder: &'b Binder<'a>,
    /// What holds in the cells that are looked at.
    guards: Vec<Term>,
    /// A function's body stands in the model once for each call.
    seen: HashSet<Span>,
    found: Vec<Diagnostic>,
}

impl Sweep<'_, '_> {
    fn model(&mut self) {
        let model = self.binder.model;
        for site in model.site_ids().map(|id| model.site(id)) {
            match &site.kind {
                SiteKind::Data { default, .. } => default.iter().for_each(|term| self.term(term)),
                SiteKind::Gaps { .. } => {}
                SiteKind::Let(term) | SiteKind::Generate(term) => self.term(term),
                SiteKind::Learn(Init::Middle) => {}
                SiteKind::Learn(Init::Value(term)) => self.term(term),
                SiteKind::Latent { prior: distribution, .. }
                | SiteKind::Learn(Init::Drawn(distribution))
                | SiteKind::GenerateDraw(distribution) => self.distribution(distribution),
            }
            site.domain.ends.iter().flatten().for_each(|end| self.term(end));
        }
        for factor in &model.factors {
            match factor {
                Factor::Observe { target, distribution, .. } => {
                    self.term(target);
                    self.distribution(distribution);
                }
                Factor::Potential { value, .. } => self.term(value),
            }
        }
    }

    /// Looks only at cells where a condition holds.
    fn where_holds(&mut self, condition: Term, look: impl FnOnce(&mut Self)) {
        self.guards.push(condition);
        look(self);
        self.guards.pop();
    }

    fn distribution(&mut self, distribution: &Distribution) {
        match distribution {
            Distribution::If(condition, yes, no) => {
                self.term(condition);
                self.where_holds((**condition).clone(), |sweep| sweep.distribution(yes));
                self.where_holds(negated(condition), |sweep| sweep.distribution(no));
            }
            _ => distribution.constituents().into_iter().for_each(|constituent| match constituent {
                Constituent::Term(term) => self.term(term),
                Constituent::Distribution(inner) => self.distribution(inner),
            }),
        }
    }

    fn terms(&mut self, terms: &[Term]) {
        terms.iter().for_each(|term| self.term(term));
    }

    fn term(&mut self, term: &Term) {
        match &term.kind {
            TermKind::Read(site, addresses) => self.read(*site, addresses, term.span),
            TermKind::LabelPosition(dim, label) => self.label(*dim, label, term.span),
            TermKind::If(condition, yes, no) => {
                self.term(condition);
                self.where_holds((**condition).clone(), |sweep| sweep.term(yes));
                self.where_holds(negated(condition), |sweep| sweep.term(no));
            }
            TermKind::Operate(Operator::And, operands) => self.chain(operands, |operand| operand.clone()),
            TermKind::Operate(Operator::Or, operands) => self.chain(operands, negated),
            TermKind::Operate(_, operands) | TermKind::Stack(_, operands) => self.terms(operands),
            TermKind::Apply { arguments, filter, by, .. } => {
                filter.iter().for_each(|filter| self.term(filter));
                let guards = self.guards.len();
                self.guards.extend(filter.iter().map(|filter| (**filter).clone()));
                self.terms(arguments);
                by.iter().for_each(|by| self.term(by));
                self.guards.truncate(guards);
            }
            TermKind::Convert(_, inner) | TermKind::Member(inner, _) => self.term(inner),
            TermKind::OfDistribution(_, distribution, value) => {
                self.distribution(distribution);
                self.term(value);
            }
            // Inside, axes have other names than in the guards.
            TermKind::Rename(_, inner) if self.guards.is_empty() => self.term(inner),
            TermKind::Rename(..)
            | TermKind::Number(_)
            | TermKind::Position(_)
            | TermKind::Size(_)
            | TermKind::Replicate(_)
            | TermKind::States(..)
            | TermKind::Broken => {}
        }
    }

    /// Operands of which a later one only matters where a guard made from each earlier one holds.
    fn chain(&mut self, operands: &[Term], guard: impl Fn(&Term) -> Term) {
        let guards = self.guards.len();
        for operand in operands {
            self.term(operand);
            self.guards.push(guard(operand));
        }
        self.guards.truncate(guards);
    }

    fn read(&mut self, site: SiteId, addresses: &[Address], span: Span) {
        let model = self.binder.model;
        for (axis, address) in model.site(site).axes.iter().zip(addresses) {
            let Address::At(position) = address else { continue };
            self.term(position);
            if !is_inside_anyway(position, axis.dim) {
                self.place(site, axis.dim, position, span);
            }
        }
    }

    /// One address of a read.
    fn place(&mut self, site: SiteId, dim: DimId, position: &Term, span: Span) {
        let Some(size) = self.binder.bindings.sizes[dim.0] else { return };
        let Some(positions) = self.outside(position, size) else { return };
        let wrong: Vec<f64> = positions.values.iter().copied().filter(|&at| at != NOWHERE).collect();
        let Some(&first) = wrong.first() else { return };
        if !self.seen.insert(position.span) {
            return;
        }
        let declared = self.binder.model.dim(dim);
        let (array, name) = (&self.binder.model.site(site).name, &declared.name);
        let element = match &self.binder.bindings.coordinates[dim.0] {
            Coordinates::Integers { first: origin } => first + *origin as f64,
            Coordinates::Labels(_) | Coordinates::Selected(_) => first + 1.0,
        };
        let message =
            format!("`{array}` is read at {element}, which is no element of `{name}`{}", more(wrong.len()));
        let diagnostic = Diagnostic::new(codes::INDEX_RANGE, message)
            .at(span, format!("reads outside of `{name}`"))
            .at(declared.span, self.binder.range_words(dim));
        self.found.push(match position.axes.is_empty() {
            true => diagnostic.help(format!("read an element that there is, or correct the data that give `{name}` its size")),
            false => diagnostic.help(
                "leave these cells out, `observe y[t: time where t > 1] ~ …`, or give them a case of their own, \
                 `if t == 1 then … else …`",
            ),
        });
    }

    /// The positions that lie outside of a dim where all guards hold; none if that is not known from data.
    fn outside(&self, position: &Term, size: usize) -> Option<Array> {
        let span = position.span;
        let literal = |value: f64| number(value, Kind::Int, span);
        let compare =
            |operator, end| operate(operator, vec![position.clone(), literal(end)], Kind::Bool, span);
        let ends = vec![compare(Operator::Less, 0.0), compare(Operator::GreaterEqual, size as f64)];
        let outside = operate(Operator::Or, ends, Kind::Bool, span);
        let wanted = self
            .guards
            .iter()
            .fold(outside, |all, guard| operate(Operator::And, vec![guard.clone(), all], Kind::Bool, span));
        let term = choose(wanted, position.clone(), literal(NOWHERE), Kind::Int, span);
        if term.stage > Stage::Data { None } else { self.binder.value_of(&term) }
    }

    fn label(&mut self, dim: DimId, label: &str, span: Span) {
        if self.binder.bindings.sizes[dim.0].is_none() {
            return;
        }
        let declared = self.binder.model.dim(dim);
        let (name, place) = (&declared.name, declared.span);
        let diagnostic = match &self.binder.bindings.coordinates[dim.0] {
            Coordinates::Labels(labels) | Coordinates::Selected(labels) => {
                if labels.iter().any(|known| known == label) {
                    return;
                }
                let message = format!("\"{label}\" is no label of `{name}`");
                let diagnostic =
                    Diagnostic::new(codes::UNKNOWN_LABEL, message).at(span, "no such label in the data");
                match suggest::nearest(label, labels.iter().map(String::as_str)) {
                    Some(near) => diagnostic.help(format!("did you mean \"{near}\"?")),
                    None => diagnostic.help(format!("its labels are {}", listed(labels))),
                }
            }
            Coordinates::Integers { .. } => {
                let message = format!("the elements of `{name}` have no labels");
                Diagnostic::new(codes::UNLABELLED, message)
                    .at(span, "not an element")
                    .help(format!("write its number, or list the labels: `dim {name} = [\"a\", \"b\"]`"))
            }
        };
        if self.seen.insert(span) {
            self.found.push(diagnostic.at(place, self.binder.range_words(dim)));
        }
    }
}

/// A binder's own position, and an index column, whose values have been checked on their own.
fn is_inside_anyway(position: &Term, dim: DimId) -> bool {
    match &position.kind {
        TermKind::Position(axis) => axis.dim == dim,
        TermKind::Read(..) => position.value == Kind::Index(dim),
        TermKind::LabelPosition(..) => true,
        _ => false,
    }
}

fn negated(condition: &Term) -> Term {
    operate(Operator::Not, vec![condition.clone()], Kind::Bool, condition.span)
}

fn more(count: usize) -> String {
    if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() }
}

fn listed(labels: &[String]) -> String {
    let shown: Vec<String> = labels.iter().take(6).map(|label| format!("\"{label}\"")).collect();
    let rest = if labels.len() > 6 { ", …" } else { "" };
    format!("{}{rest}", shown.join(", "))
}
