//! From a term that is not a number down to the expression that made it so.

use crate::data::BoundModel;
use crate::diagnostics::{Code, Diagnostic};
use crate::graph::Axis;
use crate::graph::interpret::interpret;
use crate::library::{self, Domain, Membership, Parameter, Rank};
use crate::lower::Objective;
use crate::lower::probe::{Probe, Values};
use crate::model::{Address, FamilyCall, Model, Obligation, SiteId, SiteKind, Stage, Term, TermKind, leaves};

use crate::source::Span;

use super::suspects::Suspect;
use super::words::{advice, number};
use super::{Moment, Traced};

/// How many latents are shown with their values.
const SHOWN: usize = 2;

/// What is wrong with an expression.
pub(super) struct Culprit<'m> {
    pub(super) term: &'m Term,
    pub(super) fault: Wrong,
}

/// In which way an expression is wrong.
pub(super) enum Wrong {
    /// Its value is not finite.
    Value(f64),
    /// Its value is not one that the parameter allows.
    Outside { value: f64, domain: &'static Domain, name: String },
    /// Its numbers do not sum to 1, but to this.
    Total { total: f64, name: String },
    /// Its numbers are together not what the parameter allows, because.
    Joint { reason: &'static str, domain: &'static Domain, name: String },
}

pub(super) struct Trace<'a> {
    bound: &'a BoundModel,
    objective: &'a Objective,
    probe: Probe<'a>,
    position: &'a [f64],
    moment: Moment,
}

impl<'a> Trace<'a> {
    pub(super) fn new(
        bound: &'a BoundModel,
        objective: &'a Objective,
        (position, moment): (&'a [f64], Moment),
    ) -> Option<Self> {
        let probe = Probe::new(bound, &objective.centring, &objective.limits)?;
        Some(Self { bound, objective, probe, position, moment })
    }

    /// ` where the fit would start`
    fn when(&self) -> String {
        match self.moment {
            Moment::Start => " where the fit would start".to_string(),
            Moment::Evaluation { number, .. } => format!(", at evaluation {number} of the fit"),
        }
    }

    pub(super) fn explain(
        &mut self,
        code: Code,
        suspect: &Suspect<'a>,
        table: &Values,
        flat: usize,
    ) -> Traced {
        let cell = table.cell(flat);
        let place = self.place(table, flat);
        let shown = number(table.values[flat]);
        let message = match suspect.claim {
            Some(claim) => format!("{} is not {}{place}{}", suspect.name, claim.domain.words, self.when()),
            None => format!("the log density of {} is {shown}{place}{}", suspect.name, self.when()),
        };
        let diagnostic = Diagnostic::new(code, message);
        let culprit = self.culprit(suspect, &cell);
        let (mut diagnostic, blamed) = match &culprit {
            Some(Culprit { term, fault }) => (diagnostic.at(term.span, fact(fault)), Some(*term)),
            None => (diagnostic.at(suspect.span, "this term"), suspect.value),
        };
        let around = blamed
            .is_some_and(|term| suspect.span.start <= term.span.start && term.span.end <= suspect.span.end);
        if let Some((name, value)) = blamed.and_then(|term| self.computed(term)) {
            diagnostic = diagnostic.at(value, format!("`{name}` is computed here"));
        }
        if culprit.is_some() && !around {
            diagnostic = diagnostic.at(suspect.span, "whose density is asked for");
        }
        for (site, value) in self.latents(blamed, suspect, &cell).into_iter().take(SHOWN) {
            let site = self.bound.model().site(site);
            let verb = if self.moment == Moment::Start { "starts at" } else { "is" };
            diagnostic = diagnostic.at(site.span, format!("`{}` {verb} {}", site.name, number(value)));
        }
        Traced {
            diagnostic: diagnostic.help(advice(culprit.as_ref())),
            datum: suspect.value.and_then(|target| self.datum(target, &cell)),
        }
    }

    /// The let that a name stands for, and its value.
    fn computed(&self, term: &Term) -> Option<(&'a str, Span)> {
        let TermKind::Read(site, _) = term.kind else { return None };
        let site = self.bound.model().site(site);
        match &site.kind {
            SiteKind::Let(value) => Some((&site.name, value.span)),
            _ => None,
        }
    }

    /// Where all terms are finite, and their slopes are not.
    pub(super) fn slope(&mut self, code: Code) -> Option<Traced> {
        let values = interpret(&self.objective.graph, self.position, &[], &self.objective.gradient);
        let steep = values.iter().position(|slopes| slopes.iter().any(|slope| !slope.is_finite()));
        let (what, block) = match steep {
            Some(block) => ("slope", &self.objective.layout.blocks[block]),
            None => ("curvature", self.objective.layout.blocks.first()?),
        };
        if steep.is_none() && !self.is_curved_to_infinity() {
            return None;
        }
        let site = self.bound.model().site(block.site);
        let message =
            format!("the {what} of the log density in `{}` is not a number{}", site.name, self.when());
        let value = self.probe.site(block.site, self.position).values.first().copied().unwrap_or(f64::NAN);
        let diagnostic = Diagnostic::new(code, message)
            .at(site.span, format!("`{}` is {}", site.name, number(value)))
            .help(
                "a root, a power or an absolute value at 0, or numbers that overflow: keep what is read away from there",
            );
        Some(Traced { diagnostic, datum: None })
    }

    fn is_curved_to_infinity(&self) -> bool {
        let dimension = self.objective.layout.dimension;
        (0..dimension).any(|k| {
            let direction: Vec<f64> = (0..dimension).map(|i| f64::from(u8::from(i == k))).collect();
            let graph = &self.objective.graph;
            let products = interpret(graph, self.position, &direction, &self.objective.hessian_vector);
            products.iter().flatten().any(|product| !product.is_finite())
        })
    }

    /// ` at obs 3`
    fn place(&self, table: &Values, flat: usize) -> String {
        let model = self.bound.model();
        let bindings = self.bound.bindings();
        let named =
            table.cell(flat).into_iter().zip(&table.axes).filter_map(|((_, at), (_, label, size))| {
                let name = label.trim_end_matches('\'');
                let dim = model
                    .dims
                    .iter()
                    .zip(0..)
                    .find(|(dim, k)| dim.name == name && bindings.sizes[*k] == Some(*size));
                dim.map(|(dim, k)| format!("{} {}", dim.name, bindings.coordinates[k].name(at)))
            });
        let named: Vec<String> = named.collect();
        if named.is_empty() { String::new() } else { format!(" at {}", named.join(", ")) }
    }

    /// The cell of data that a target reads as they are.
    fn datum(&mut self, target: &Term, cell: &[(Axis, usize)]) -> Option<(SiteId, usize)> {
        let TermKind::Read(site, addresses) = &target.kind else { return None };
        let model = self.bound.model();
        let mut flat = 0;
        for (declared, address) in model.site(*site).axes.iter().zip(addresses) {
            let Address::Here(axis) = address else { return None };
            let own = self.probe.axis(*axis);
            let (_, at) = cell.iter().find(|(axis, _)| *axis == own)?;
            flat = flat * self.bound.bindings().sizes[declared.dim.0]? + at;
        }
        matches!(model.site(*site).kind, SiteKind::Data { .. }).then_some((*site, flat))
    }

    fn culprit(&mut self, suspect: &Suspect<'a>, cell: &[(Axis, usize)]) -> Option<Culprit<'a>> {
        let Some(distribution) = suspect.distribution else {
            let found = self.not_finite(suspect.value?, cell);
            return found.or_else(|| self.broken_claim((suspect.claim?, &suspect.name), cell));
        };
        let calls = leaves(distribution);
        for argument in calls.iter().flat_map(|call| &call.arguments) {
            if let Some(culprit) = self.not_finite(argument, cell) {
                return Some(culprit);
            }
        }
        calls.into_iter().find_map(|call| self.outside(call, cell))
    }

    /// The innermost expression that is not finite, through lets.
    fn not_finite(&mut self, term: &'a Term, cell: &[(Axis, usize)]) -> Option<Culprit<'a>> {
        if term.stage < Stage::Data || matches!(term.kind, TermKind::Position(_)) {
            return None;
        }
        let values = self.probe.term(term, self.position);
        let (_, value) = values.find(cell, |value| !value.is_finite())?;
        if let TermKind::Read(site, _) = &term.kind
            && let SiteKind::Let(definition) = &self.bound.model().site(*site).kind
            && let Some(inner) = self.not_finite(definition, &[])
        {
            return Some(inner);
        }
        let inner = children(term).into_iter().find_map(|child| self.not_finite(child, cell));
        inner.or(Some(Culprit { term, fault: Wrong::Value(value) }))
    }

    /// The value of which something is claimed that does not hold.
    fn broken_claim(
        &mut self,
        (claim, name): (&'a Obligation, &str),
        cell: &[(Axis, usize)],
    ) -> Option<Culprit<'a>> {
        let (term, domain, name) = (&claim.value, claim.domain, name.to_owned());
        let values = self.probe.term(term, self.position);
        if domain.rank == Rank::Scalar {
            let (_, value) = values.find(cell, |value| !domain.interval.contains(value))?;
            return Some(Culprit { term, fault: Wrong::Outside { value, domain, name } });
        }
        let along: Vec<Axis> = claim.over.iter().map(|axis| self.probe.axis(*axis)).collect();
        let block = values.block(&along, cell)?;
        let reason = match (domain.contains)(&block, [f64::NEG_INFINITY, f64::INFINITY], block.len()) {
            Membership::Outside(reason) => reason,
            Membership::Inside => return None,
        };
        let total: f64 = block.iter().sum();
        Some(match reason.contains("sum") {
            true => Culprit { term, fault: Wrong::Total { total, name } },
            false => Culprit { term, fault: Wrong::Joint { reason, domain, name } },
        })
    }

    /// An argument outside of the domain of its parameter.
    fn outside(&mut self, call: &'a FamilyCall, cell: &[(Axis, usize)]) -> Option<Culprit<'a>> {
        let parameters = call.family.forms[call.form].parameters;
        parameters.iter().zip(&call.arguments).find_map(|(parameter, term)| {
            let domain = library::domain(parameter.domain)?;
            let name = format!("the {} of `{}`", parameter.name, call.family.name);
            let values = self.probe.term(term, self.position);
            if domain.rank != Rank::Scalar {
                let reason = self.jointly_outside(call, (parameter, domain), &values, cell)?;
                return Some(Culprit { term, fault: Wrong::Joint { reason, domain, name } });
            }
            let (_, value) = values.find(cell, |value| !domain.interval.contains(value))?;
            Some(Culprit { term, fault: Wrong::Outside { value, domain, name } })
        })
    }

    /// Why a vector or matrix is not in the domain of its parameter: a covariance that is not positive definite.
    fn jointly_outside(
        &mut self,
        call: &FamilyCall,
        (parameter, domain): (&Parameter, &'static Domain),
        values: &Values,
        cell: &[(Axis, usize)],
    ) -> Option<&'static str> {
        let twins = if parameter.rank == Rank::Matrix { &call.twins[..] } else { &[] };
        let joint: Vec<Axis> = call.over.iter().chain(twins).map(|axis| self.probe.axis(*axis)).collect();
        let fixed: Vec<(Axis, usize)> =
            cell.iter().copied().filter(|(axis, _)| !joint.contains(axis)).collect();
        let block = values.block(&joint, &fixed)?;
        let size =
            values.axes.iter().find(|(axis, ..)| joint.last() == Some(axis)).map(|(_, _, size)| *size)?;
        let none = [f64::NEG_INFINITY, f64::INFINITY];
        match (domain.contains)(&block, none, size) {
            Membership::Outside(reason) => Some(reason),
            Membership::Inside => None,
        }
    }

    /// The latents that an expression reads, lets included, with their values at the cell.
    fn latents(
        &mut self,
        term: Option<&Term>,
        suspect: &Suspect<'a>,
        cell: &[(Axis, usize)],
    ) -> Vec<(SiteId, f64)> {
        let model = self.bound.model();
        let mut read = Vec::new();
        match (term, suspect.distribution) {
            (Some(term), _) => term.walk(&mut |inner| collect(model, inner, &mut read)),
            (None, Some(distribution)) => distribution.walk(&mut |inner| collect(model, inner, &mut read)),
            (None, None) => {}
        }
        let mut found = Vec::new();
        for site in read {
            let continuous = model.site(site).domain.domain.transform.is_some();
            if matches!(model.site(site).kind, SiteKind::Latent { .. }) && continuous {
                let values = self.probe.site(site, self.position);
                found.extend(values.find(cell, |_| true).map(|(_, value)| (site, value)));
            }
        }
        found
    }
}

/// What is said of an expression in one label.
fn fact(fault: &Wrong) -> String {
    match fault {
        Wrong::Value(value) => format!("this is {}", number(*value)),
        Wrong::Outside { value, domain, name } => {
            format!("{name} is {}, wanted {}", number(*value), domain.words)
        }
        Wrong::Total { total, name } => {
            format!("{name} sums to {}, not to 1", number(*total))
        }
        Wrong::Joint { reason, domain, name } => format!("{name} {reason}, wanted {}", domain.words),
    }
}

/// Adds what a term reads, and what the lets it reads depend on.
fn collect(model: &Model, term: &Term, read: &mut Vec<SiteId>) {
    let TermKind::Read(site, _) = term.kind else { return };
    if read.contains(&site) {
        return;
    }
    read.push(site);
    if let SiteKind::Let(value) = &model.site(site).kind {
        value.walk(&mut |inner| collect(model, inner, read));
    }
}

/// The terms directly inside of one.
fn children(term: &Term) -> Vec<&Term> {
    match &term.kind {
        TermKind::Convert(_, inner) | TermKind::Rename(_, inner) => vec![inner],
        TermKind::Apply { arguments, .. } => arguments.iter().collect(),
        TermKind::Operate(_, operands) | TermKind::Stack(_, operands) => operands.iter().collect(),
        TermKind::If(_, yes, no) => vec![yes, no],
        _ => Vec::new(),
    }
}
