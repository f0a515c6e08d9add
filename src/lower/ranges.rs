//! Whether every element that is read by a computed index exists: decided once, when the data are bound. Conditions
//! around a read count: `if t == 1 then 0 else y[t-1]` reads nothing at the first `t`.

use std::sync::Arc;

use crate::data::BoundModel;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{
    Address, Conversion, DimId, Distribution, Factor, Kind, Model, Operator, SiteId, SiteKind, Stage, Term,
    TermKind,
};
use crate::translate::evaluate;

/// One diagnostic for each place that reads an element that does not exist.
pub fn check(bound: &BoundModel) -> Vec<Diagnostic> {
    let model = bound.model();
    let mut sweep = Sweep { bound, guards: Vec::new(), found: Vec::new() };
    for id in model.site_ids() {
        match &model.site(id).kind {
            SiteKind::Data { default, .. } => default.iter().for_each(|term| sweep.term(term)),
            SiteKind::Let(value) | SiteKind::Generate(value) => sweep.term(value),
            SiteKind::Latent { prior, .. } => sweep.distribution(prior),
            SiteKind::GenerateDraw(distribution) => sweep.distribution(distribution),
        }
    }
    for factor in &model.factors {
        match factor {
            Factor::Observe { target, distribution, .. } => {
                sweep.term(target);
                sweep.distribution(distribution);
            }
            Factor::Potential { value, .. } => sweep.term(value),
        }
    }
    sweep.found
}

struct Sweep<'a> {
    bound: &'a BoundModel,
    /// What must hold for the current term to matter; `None` for a condition that only the fit can decide.
    guards: Vec<Option<Term>>,
    found: Vec<Diagnostic>,
}

impl Sweep<'_> {
    fn model(&self) -> &Model {
        self.bound.model()
    }

    fn under(&mut self, guard: &Term, sense: Sense, inside: impl FnOnce(&mut Self)) {
        let known = guard.stage <= Stage::Data;
        let guard = match sense {
            Sense::Holds => guard.clone(),
            Sense::Fails => not(guard),
        };
        self.guards.push(known.then_some(guard));
        inside(self);
        self.guards.pop();
    }

    fn term(&mut self, term: &Term) {
        match &term.kind {
            TermKind::Read(site, addresses) => {
                for (place, address) in addresses.iter().enumerate() {
                    if let Address::At(position) = address {
                        self.term(position);
                        self.position(*site, place, position);
                    }
                }
            }
            TermKind::Convert(_, inner) | TermKind::Rename(_, inner) | TermKind::Member(inner, _) => {
                self.term(inner)
            }
            TermKind::Apply { arguments, filter, by, .. } => {
                filter.iter().chain(by).for_each(|inner| self.term(inner));
                match filter {
                    Some(filter) => self.under(filter, Sense::Holds, |sweep| {
                        arguments.iter().for_each(|argument| sweep.term(argument));
                    }),
                    None => arguments.iter().for_each(|argument| self.term(argument)),
                }
            }
            TermKind::Operate(_, operands) | TermKind::Stack(_, operands) => {
                operands.iter().for_each(|operand| self.term(operand));
            }
            TermKind::If(condition, yes, no) => {
                self.term(condition);
                self.under(condition, Sense::Holds, |sweep| sweep.term(yes));
                self.under(condition, Sense::Fails, |sweep| sweep.term(no));
            }
            TermKind::OfDistribution(_, distribution, value) => {
                self.distribution(distribution);
                self.term(value);
            }
            _ => {}
        }
    }

    fn distribution(&mut self, distribution: &Distribution) {
        match distribution {
            Distribution::If(condition, yes, no) => {
                self.term(condition);
                self.under(condition, Sense::Holds, |sweep| sweep.distribution(yes));
                self.under(condition, Sense::Fails, |sweep| sweep.distribution(no));
            }
            Distribution::Family(call) => call.arguments.iter().for_each(|argument| self.term(argument)),
            Distribution::Truncated { base, ends, .. } => {
                ends.iter().flatten().for_each(|end| self.term(end));
                self.distribution(base);
            }
            Distribution::Censored { base, right, left, upto, .. } => {
                [right, left, upto].into_iter().flatten().for_each(|term| self.term(term));
                self.distribution(base);
            }
            Distribution::Mixture { weights, components, .. } => {
                weights.iter().for_each(|weight| self.term(weight));
                components.iter().for_each(|component| self.distribution(component));
            }
            Distribution::MixtureOver { weights, component, .. } => {
                self.term(weights);
                self.distribution(component);
            }
        }
    }

    /// Whether a position, where it matters, lies in the dim that it indexes.
    fn position(&mut self, site: SiteId, place: usize, position: &Term) {
        let plain = matches!(position.kind, TermKind::Read(..) | TermKind::Position(_));
        if position.stage > Stage::Data || plain || self.guards.iter().any(Option::is_none) {
            return;
        }
        let dim = self.model().site(site).axes[place].dim;
        let Some(size) = self.bound.bindings().sizes[dim.0] else { return };
        // Where a guard fails the read does not happen: element 0 stands for it, which always exists.
        let guarded =
            self.guards.iter().flatten().fold(position.clone(), |inner, guard| only_if(guard, inner));
        let Some(values) = evaluate(self.model(), self.bound.bindings(), &guarded) else { return };
        let wrong: Vec<f64> =
            values.values.iter().copied().filter(|at| !(0.0..size as f64).contains(at)).collect();
        let Some(&first) = wrong.first().filter(|_| size > 0) else { return };
        let diagnostic = self.outside(site, dim, position, (first, wrong.len(), size));
        if !self.found.contains(&diagnostic) {
            self.found.push(diagnostic);
        }
    }

    fn outside(
        &self,
        site: SiteId,
        dim: DimId,
        position: &Term,
        (at, count, size): (f64, usize, usize),
    ) -> Diagnostic {
        let model = self.model();
        let (site, name) = (model.site(site), &model.dim(dim).name);
        let coordinates = &self.bound.bindings().coordinates[dim.0];
        let last = coordinates.name(size - 1);
        let first = coordinates.name(0);
        let before = at < 0.0;
        let side = if before { "before the first" } else { "behind the last" };
        let often = if count > 1 { format!(" ({count} times)") } else { String::new() };
        let message = format!("`{}` is read {side} {name}{often}", site.name);
        let label = match &position.kind {
            TermKind::Convert(Conversion::ToPosition(_), inner)
                if matches!(inner.kind, TermKind::Number(_)) =>
            {
                format!("{name} goes from {first} to {last}")
            }
            _ if before => format!("at {name} {first} there is nothing before"),
            _ => format!("{name} ends at {last}"),
        };
        let diagnostic = Diagnostic::new(Code(762), message)
            .at(position.span, label)
            .at(site.span, format!("`{}` is over {name}", site.name));
        let moves = matches!(position.value, Kind::Index(_)) && !position.axes.is_empty();
        match (moves, before) {
            (true, true) => diagnostic.help(format!(
                "say what the first {name} has: `if t == {first} then … else {}[t-1]`, or leave it out: `observe y[t: {name} where t > {first}] ~ …`",
                site.name
            )),
            (true, false) => diagnostic.help(format!("say what the last {name} has: `if t == {last} then … else …`")),
            (false, _) => diagnostic.help("coordinates count from 1 unless the dim declares others"),
        }
    }
}

/// Whether a condition has to hold or to fail.
#[derive(Clone, Copy)]
enum Sense {
    Holds,
    Fails,
}

fn not(condition: &Term) -> Term {
    Term {
        kind: TermKind::Operate(Operator::Not, vec![condition.clone()]),
        value: Kind::Bool,
        ..condition.clone()
    }
}

fn only_if(guard: &Term, inner: Term) -> Term {
    let mut axes: Vec<_> = guard.axes.iter().chain(&inner.axes).copied().collect();
    axes.sort_unstable();
    axes.dedup();
    let zero = Term { kind: TermKind::Number(0.0), axes: Vec::new(), ..inner.clone() };
    let (value, span, stage) = (inner.value, inner.span, inner.stage.max(guard.stage));
    Term {
        kind: TermKind::If(Arc::new(guard.clone()), Arc::new(inner), Arc::new(zero)),
        axes,
        value,
        stage,
        span,
    }
}
