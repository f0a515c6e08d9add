//! Reads before the first element of a dim, `y[t-2]` where nothing keeps `t` from being 1, and behind the last.
//! What the model leaves open, such as a condition on data, is seen when the data are bound.

use super::checker::Checker;
use super::errors::{self, Outside};
use super::ir::*;
use super::supports::{coordinates, interval_of, literal};
use super::walk::Constituent;
use crate::diagnostics::Diagnostic;
use crate::source::Span;
use crate::syntax::ast::{Statement, StatementKind};

/// Elements from the first that are looked at one by one.
const FARTHEST: f64 = 64.0;

/// Which branch of a condition a term stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Branch {
    Then,
    Otherwise,
}

/// A read of an array beside the running element.
struct Step<'m> {
    axis: AxisVar,
    /// The dim whose elements are counted.
    dim: DimId,
    /// By how much at least it lies before the running element; negative behind it.
    back: f64,
    /// The running element, as written.
    running: &'m Term,
}

impl<'t> Checker<'t> {
    /// One diagnostic for each read that certainly leaves its dim.
    pub fn unguarded(&self) -> Vec<Diagnostic> {
        let mut search = Search { checker: self, guards: Vec::new(), found: Vec::new() };
        for site in &self.model.sites {
            match &site.kind {
                SiteKind::Let(value) | SiteKind::Generate(value) => search.term(value),
                SiteKind::Latent { prior, .. } => search.distribution(prior),
                SiteKind::GenerateDraw(drawn) | SiteKind::Learn(Init::Drawn(drawn)) => {
                    search.distribution(drawn)
                }
                SiteKind::Learn(Init::Value(value)) => search.term(value),
                SiteKind::Data { .. } | SiteKind::Gaps { .. } | SiteKind::Learn(Init::Middle) => {}
            }
        }
        for factor in &self.model.factors {
            match factor {
                Factor::Observe { distribution, .. } => search.distribution(distribution),
                Factor::Potential { value, .. } => search.term(value),
            }
        }
        super::lints::once(search.found)
    }

    /// Where a condition can be put behind the running element of an `observe`.
    fn place_of_filter(&self, read: Span, variable: &str) -> Option<Span> {
        let is_here = |statement: &&Statement| statement.span.contains(read);
        let statement = self.statements.iter().find(is_here)?;
        let StatementKind::Observe(observe) = &statement.kind else { return None };
        let binders = observe.head.as_ref()?.axes.as_ref()?;
        let named =
            |name: &Option<crate::syntax::ast::Name>| name.as_ref().is_some_and(|n| n.text == variable);
        let binder = binders.iter().find(|binder| named(&binder.variable))?;
        let free = binder.filter.is_none() && self.names.dims.contains_key(binder.dim.text.as_str());
        free.then_some(Span::new(binder.dim.span.end, binder.dim.span.end))
    }
}

/// The walk over terms with the conditions that enclose them.
struct Search<'c, 't> {
    checker: &'c Checker<'t>,
    guards: Vec<(&'c Term, Branch)>,
    found: Vec<Diagnostic>,
}

impl<'c> Search<'c, '_> {
    fn distribution(&mut self, distribution: &'c Distribution) {
        match distribution {
            Distribution::If(condition, yes, no) => {
                self.term(condition);
                self.within((condition, Branch::Then), |search| search.distribution(yes));
                self.within((condition, Branch::Otherwise), |search| search.distribution(no));
            }
            _ => distribution.constituents().into_iter().for_each(|constituent| match constituent {
                Constituent::Term(term) => self.term(term),
                Constituent::Distribution(inner) => self.distribution(inner),
            }),
        }
    }

    fn term(&mut self, term: &'c Term) {
        match &term.kind {
            TermKind::If(condition, yes, no) => {
                self.term(condition);
                self.within((condition, Branch::Then), |search| search.term(yes));
                self.within((condition, Branch::Otherwise), |search| search.term(no));
            }
            TermKind::Apply { arguments, filter: Some(filter), by, .. } => {
                self.term(filter);
                self.within((filter, Branch::Then), |search| {
                    arguments.iter().chain(by.as_deref()).for_each(|inner| search.term(inner));
                });
            }
            TermKind::Apply { arguments, filter: None, by, .. } => {
                arguments.iter().chain(by.as_deref()).for_each(|inner| self.term(inner));
            }
            // The second side is looked at only where the first does not decide.
            TermKind::Operate(operator @ (Operator::And | Operator::Or), operands) => {
                let branch = if *operator == Operator::And { Branch::Then } else { Branch::Otherwise };
                let known = self.guards.len();
                for operand in operands {
                    self.term(operand);
                    self.guards.push((operand, branch));
                }
                self.guards.truncate(known);
            }
            TermKind::Operate(_, operands) | TermKind::Stack(_, operands) => {
                operands.iter().for_each(|operand| self.term(operand));
            }
            TermKind::Convert(_, inner) | TermKind::Rename(_, inner) | TermKind::Member(inner, _) => {
                self.term(inner);
            }
            TermKind::OfDistribution(_, distribution, value) => {
                self.distribution(distribution);
                self.term(value);
            }
            TermKind::Read(site, addresses) => {
                let axes = &self.checker.model.site(*site).axes;
                for (axis, address) in axes.iter().zip(addresses) {
                    if let Address::At(place) = address {
                        self.term(place);
                        self.read((*site, term.span), (axis.dim, place));
                    }
                }
            }
            _ => {}
        }
    }

    fn within(&mut self, guard: (&'c Term, Branch), visit: impl FnOnce(&mut Self)) {
        self.guards.push(guard);
        visit(self);
        self.guards.pop();
    }

    fn read(&mut self, (site, span): (SiteId, Span), (dim, place): (DimId, &'c Term)) {
        // A coordinate of one dim may be one of another that is longer.
        let Some(step) = self.step(place).filter(|step| step.dim == dim) else { return };
        let model = &self.checker.model;
        if step.back < 0.0 {
            let plain = self.guards.is_empty() && step.axis.dim == step.dim;
            if plain {
                self.report((site, span), &step, Outside::BehindTheLast);
            }
            return;
        }
        let first = coordinates(model, step.dim).low;
        if !first.is_finite() || step.back < 1.0 {
            return;
        }
        let reached = |nth: &f64| self.is_reached(&step, *nth, first + nth);
        let beyond = (0..step.back.min(FARTHEST) as u32).map(f64::from).find(reached);
        if let Some(nth) = beyond {
            let at = first + nth;
            let outside = Outside::BeforeTheFirst { first, at, read: at - step.back };
            self.report((site, span), &step, outside);
        }
    }

    fn report(&mut self, (site, span): (SiteId, Span), step: &Step, outside: Outside) {
        let checker = self.checker;
        let model = &checker.model;
        let variable = checker.text(step.running.span);
        let name = &model.dim(step.dim).name;
        let last = coordinates(model, step.dim).low + step.back - 1.0;
        let condition = match outside {
            Outside::BeforeTheFirst { .. } => format!("{variable} > {last}"),
            Outside::BehindTheLast if step.back == -1.0 => format!("{variable} < size({name})"),
            Outside::BehindTheLast => format!("{variable} <= size({name}) - {}", -step.back),
        };
        let place = checker.place_of_filter(span, variable);
        let equal = self.guards.iter().rev().find_map(|(guard, branch)| {
            let own = *branch == Branch::Otherwise && is_equality(guard, step.axis);
            own.then_some(guard.span)
        });
        let edit = match (equal, place) {
            (Some(guard), _) => Some((guard, format!("{variable} <= {last}"))),
            (None, Some(place)) => Some((place, format!(" where {condition}"))),
            (None, None) => None,
        };
        let named = (model.site(site).name.as_str(), span);
        self.found.push(errors::unguarded(named, model.dim(step.dim), outside, (&condition, edit)));
    }

    /// How far a place lies from the running element of its dim.
    fn step(&self, place: &'c Term) -> Option<Step<'c>> {
        let model = &self.checker.model;
        let moved = match &place.kind {
            TermKind::Convert(Conversion::ToPosition(_), inner) => inner,
            _ => place,
        };
        let TermKind::Operate(sign, operands) = &moved.kind else { return None };
        let [running, by] = &operands[..] else { return None };
        let (axis, dim) = running_element(running, model)?;
        let distance = interval_of(model, by);
        let back = match sign {
            Operator::Subtract if distance.low >= 1.0 => distance.low,
            Operator::Add if distance.low >= 1.0 => -distance.low,
            _ => return None,
        };
        Some(Step { axis, dim, back, running })
    }

    /// Whether an element certainly exists, and is certainly one that the read is made for.
    fn is_reached(&self, step: &Step, nth: f64, coordinate: f64) -> bool {
        let model = &self.checker.model;
        let at = Element { axis: step.axis, coordinate, model };
        exists(model, step.dim, nth)
            && self.is_member(step.axis.dim, step.dim, coordinate)
            && self.guards.iter().all(|(guard, branch)| at.holds(guard) == Some(*branch == Branch::Then))
    }

    /// Whether an element of a dim is certainly in the part of it that an axis runs over.
    fn is_member(&self, mut part: DimId, dim: DimId, coordinate: f64) -> bool {
        let model = &self.checker.model;
        while part != dim {
            let DimKind::Sub { parent, filter } = &model.dim(part).kind else { return false };
            let at = Element { axis: AxisVar { dim: *parent, copy: 0 }, coordinate, model };
            if at.holds(filter) != Some(true) {
                return false;
            }
            part = *parent;
        }
        true
    }
}

/// Whether a dim certainly has an element of this number, from 0. One whose size the data give is taken to be long.
fn exists(model: &Model, dim: DimId, nth: f64) -> bool {
    match &model.dim(dim).kind {
        DimKind::Size(size) => literal(size).is_none_or(|size| nth < size),
        DimKind::Range(first, last) => match (literal(first), literal(last)) {
            (Some(first), Some(last)) => first + nth <= last,
            _ => true,
        },
        DimKind::Labels(labels) => nth < labels.len() as f64,
        DimKind::FromData | DimKind::Sub { .. } => true,
    }
}

/// The axis of a running element, and the dim whose coordinate it is.
fn running_element(term: &Term, model: &Model) -> Option<(AxisVar, DimId)> {
    match &term.kind {
        TermKind::Position(axis) => Some((*axis, axis.dim)),
        TermKind::Convert(Conversion::ToParent(part), inner) => {
            let (axis, _) = running_element(inner, model)?;
            match model.dim(*part).kind {
                DimKind::Sub { parent, .. } => Some((axis, parent)),
                _ => None,
            }
        }
        TermKind::Convert(Conversion::ToCoordinate(_), inner) => running_element(inner, model),
        _ => None,
    }
}

/// `t == 1`
fn is_equality(condition: &Term, axis: AxisVar) -> bool {
    let TermKind::Operate(Operator::Equal, sides) = &condition.kind else { return false };
    let [TermKind::Convert(Conversion::ToCoordinate(_), running), TermKind::Number(_)] =
        [&sides[0].kind, &sides[1].kind]
    else {
        return false;
    };
    matches!(running.kind, TermKind::Position(own) if own == axis)
}

/// One element of the running dim, at which conditions are decided as far as the model says.
struct Element<'m> {
    axis: AxisVar,
    coordinate: f64,
    model: &'m Model,
}

impl Element<'_> {
    fn holds(&self, condition: &Term) -> Option<bool> {
        let TermKind::Operate(operator, operands) = &condition.kind else { return None };
        match (operator, &operands[..]) {
            (Operator::Not, [inner]) => self.holds(inner).map(|holds| !holds),
            (Operator::And, _) => self.all(operands),
            (Operator::Or, _) => self.any(operands),
            (_, [left, right]) => {
                let (left, right) = (self.number(left)?, self.number(right)?);
                Some(match operator {
                    Operator::Equal => left == right,
                    Operator::NotEqual => left != right,
                    Operator::Less => left < right,
                    Operator::LessEqual => left <= right,
                    Operator::Greater => left > right,
                    Operator::GreaterEqual => left >= right,
                    _ => return None,
                })
            }
            _ => None,
        }
    }

    fn all(&self, conditions: &[Term]) -> Option<bool> {
        let mut each = conditions.iter().map(|condition| self.holds(condition));
        match each.clone().any(|holds| holds == Some(false)) {
            true => Some(false),
            false => each.all(|holds| holds.is_some()).then_some(true),
        }
    }

    fn any(&self, conditions: &[Term]) -> Option<bool> {
        let mut each = conditions.iter().map(|condition| self.holds(condition));
        match each.clone().any(|holds| holds == Some(true)) {
            true => Some(true),
            false => each.all(|holds| holds.is_some()).then_some(false),
        }
    }

    fn number(&self, term: &Term) -> Option<f64> {
        if let Some(value) = literal(term) {
            return Some(value);
        }
        match &term.kind {
            TermKind::Convert(Conversion::ToCoordinate(_), inner) => {
                running_element(inner, self.model).filter(|(axis, _)| *axis == self.axis)?;
                Some(self.coordinate)
            }
            TermKind::Operate(operator @ (Operator::Add | Operator::Subtract), operands) => {
                let [left, right] = &operands[..] else { return None };
                let (left, right) = (self.number(left)?, self.number(right)?);
                Some(if *operator == Operator::Add { left + right } else { left - right })
            }
            _ => None,
        }
    }
}
