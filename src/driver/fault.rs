//! Where a density is not finite at the start of a fit: traced to a term, a cell and an expression.

use crate::data::BoundModel;
use crate::diagnostics::{Code, Diagnostic};
use crate::graph::Axis;
use crate::graph::interpret::interpret;
use crate::library::{self, Domain, Rank};
use crate::lower::probe::{Probe, Values};
use crate::lower::{Objective, SummedOut, Support};
use crate::model::{Distribution, Factor, FamilyCall, Model, SiteId, SiteKind, Stage, Step, Term, TermKind};
use crate::source::Span;

/// How many latents are shown with their values.
const SHOWN: usize = 2;

/// Why there is no finite start, if none of a few positions around the origin is one.
pub fn at_start(bound: &BoundModel, objective: &Objective) -> Option<Diagnostic> {
    let starts = starts(objective);
    let density = |at: &Vec<f64>| interpret(&objective.graph, at, &[], &[objective.log_joint])[0][0];
    if starts.iter().any(|at| density(at).is_finite()) {
        return None;
    }
    let suspects = suspects(bound.model(), &objective.sums);
    let position = &starts[0];
    let tables: Vec<_> = objective.terms.iter().map(|(_, node)| *node).collect();
    let values = interpret(&objective.graph, position, &[], &tables);
    let axes = |node| -> Vec<(Axis, String, usize)> {
        let graph = &objective.graph;
        let info = graph.axes_of(node).iter().map(|&axis| (axis, graph.axis(axis)));
        info.map(|(axis, info)| (axis, info.label.clone(), info.size)).collect()
    };
    let tables: Vec<Values> =
        tables.into_iter().zip(values).map(|(node, values)| Values { axes: axes(node), values }).collect();
    let (suspect, table, flat) = first_fault(&suspects, &tables)?;
    let mut trace = Trace { bound, probe: Probe::new(bound, objective)?, position };
    Some(trace.explain(suspect, table, flat))
}

/// The origin, and positions on either side of it; latents that are kept have their smallest values.
fn starts(objective: &Objective) -> Vec<Vec<f64>> {
    const SCALES: [f64; 3] = [0.0, 0.5, 1.5];
    let side = |k: usize| if (k * 7919) % 13 < 6 { 1.0 } else { -1.0 };
    let lowest = objective.kept.iter().flat_map(|kept| {
        let low = match kept.support {
            Support::Whole { low, .. } => low,
            Support::Real => 0.0,
        };
        std::iter::repeat_n(low, kept.length)
    });
    let lowest: Vec<f64> = lowest.collect();
    let real = |scale: &f64| (0..objective.layout.dimension).map(|k| scale * side(k)).collect::<Vec<f64>>();
    SCALES.iter().map(|scale| [real(scale), lowest.clone()].concat()).collect()
}

/// A term of the density.
struct Suspect<'m> {
    /// `y`, or the potential.
    name: String,
    span: Span,
    distribution: Option<&'m Distribution>,
    value: Option<&'m Term>,
    /// Whether states of a discrete latent may have no probability.
    states: bool,
}

/// The terms in the order of [`Objective::terms`].
fn suspects<'m>(model: &'m Model, sums: &[SummedOut]) -> Vec<Suspect<'m>> {
    let states = !sums.is_empty();
    let priors = model.order.iter().filter_map(|step| match step {
        Step::Site(id) => match &model.site(*id).kind {
            SiteKind::Latent { prior, .. } => Some(Suspect {
                name: format!("`{}`", model.site(*id).name),
                span: model.site(*id).span,
                distribution: Some(prior),
                value: None,
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
            states,
        },
        Factor::Potential { value, span } => Suspect {
            name: "the potential".to_string(),
            span: *span,
            distribution: None,
            value: Some(value),
            states,
        },
    });
    priors.chain(factors).collect()
}

/// The first term with an element that no density has. Where states are summed out, minus infinity is one of a state
/// without probability, and is blamed only if nothing else can be.
fn first_fault<'s, 'm>(
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

/// The families at the leaves of a distribution.
fn leaves(distribution: &Distribution) -> Vec<&FamilyCall> {
    match distribution {
        Distribution::Family(call) => vec![call],
        Distribution::If(_, yes, no) => leaves(yes).into_iter().chain(leaves(no)).collect(),
        Distribution::Truncated { base, .. } | Distribution::Censored { base, .. } => leaves(base),
        Distribution::Mixture { components, .. } => components.iter().flat_map(leaves).collect(),
        Distribution::MixtureOver { component, .. } => leaves(component),
    }
}

/// What is wrong with an expression.
struct Culprit<'m> {
    term: &'m Term,
    value: f64,
    wanted: Option<(&'static Domain, String)>,
}

struct Trace<'a> {
    bound: &'a BoundModel,
    probe: Probe<'a>,
    position: &'a [f64],
}

impl<'a> Trace<'a> {
    fn explain(&mut self, suspect: &Suspect<'a>, table: &Values, flat: usize) -> Diagnostic {
        let cell = table.cell(flat);
        let place = self.place(table, flat);
        let shown = number(table.values[flat]);
        let message =
            format!("the log density of {} is {shown}{place} where the fit would start", suspect.name);
        let diagnostic = Diagnostic::new(Code(901), message);
        let culprit = self.culprit(suspect, &cell);
        let (mut diagnostic, blamed) = match &culprit {
            Some(Culprit { term, value, wanted: Some((domain, name)) }) => (
                diagnostic.at(term.span, format!("{name} is {}, wanted {}", number(*value), domain.words)),
                Some(*term),
            ),
            Some(Culprit { term, value, wanted: None }) => {
                (diagnostic.at(term.span, format!("this is {}", number(*value))), Some(*term))
            }
            None => (diagnostic.at(suspect.span, "this term"), suspect.value),
        };
        let around = blamed
            .is_some_and(|term| suspect.span.start <= term.span.start && term.span.end <= suspect.span.end);
        if culprit.is_some() && !around {
            diagnostic = diagnostic.at(suspect.span, "whose density is asked for");
        }
        for (site, value) in self.latents(blamed, suspect, &cell).into_iter().take(SHOWN) {
            let site = self.bound.model().site(site);
            diagnostic = diagnostic.at(site.span, format!("`{}` starts at {}", site.name, number(value)));
        }
        diagnostic.help(advice(culprit.as_ref()))
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

    fn culprit(&mut self, suspect: &Suspect<'a>, cell: &[(Axis, usize)]) -> Option<Culprit<'a>> {
        let Some(distribution) = suspect.distribution else {
            return self.not_finite(suspect.value?, cell);
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
        inner.or(Some(Culprit { term, value, wanted: None }))
    }

    /// An argument outside of the domain of its parameter.
    fn outside(&mut self, call: &'a FamilyCall, cell: &[(Axis, usize)]) -> Option<Culprit<'a>> {
        let parameters = call.family.forms[call.form].parameters;
        parameters.iter().zip(&call.arguments).find_map(|(parameter, term)| {
            let domain = library::domain(parameter.domain).filter(|domain| domain.rank == Rank::Scalar)?;
            let values = self.probe.term(term, self.position);
            let (_, value) = values.find(cell, |value| !domain.interval.contains(value))?;
            let name = format!("the {} of `{}`", parameter.name, call.family.name);
            Some(Culprit { term, value, wanted: Some((domain, name)) })
        })
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

fn advice(culprit: Option<&Culprit<'_>>) -> String {
    match culprit {
        Some(Culprit { wanted: Some((domain, _)), .. }) => format!(
            "write it so that it is {} whatever the latents are (`exp(…)`, `inv_logit(…)`), or declare the latents so",
            domain.words
        ),
        Some(Culprit { value, .. }) if value.is_infinite() => {
            "the numbers overflow: scale the data, `(x - mean(x)) / sd(x)`, or take narrower priors"
                .to_string()
        }
        Some(_) => {
            "a logarithm or a root of a negative number, or 0 / 0: declare the latents so that it cannot be"
                .to_string()
        }
        None => {
            "check the data for values that the distribution can hardly produce, and the scales of the priors"
                .to_string()
        }
    }
}

/// Six digits at most; what is not finite in words.
fn number(value: f64) -> String {
    match value {
        _ if value.is_nan() => "not a number".to_string(),
        _ if value == f64::INFINITY => "infinite".to_string(),
        _ if value == f64::NEG_INFINITY => "minus infinity".to_string(),
        _ if value != 0.0 && !(1e-4..1e7).contains(&value.abs()) => format!("{value:.3e}"),
        _ => format!("{}", (value * 1e5).round() / 1e5),
    }
}
