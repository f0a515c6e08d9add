//! Whether a term mixes the elements of a discrete latent: `sum(z)` inside of a density makes them depend on each
//! other, and no table over the states of one element is right.

use std::collections::HashSet;

use crate::diagnostics::{Code, Diagnostic};
use crate::graph::{Axis, Graph, Node, Op};
use crate::model::{Address, AxisVar, Factor, Kind, Model, SiteId, SiteKind, Term, TermKind};
use crate::source::Span;
use crate::translate::{Reference, Translator};

/// An error if some node under the tables combines different elements of a latent that is carried.
pub(super) fn check(translator: &Translator, tables: &[Node]) -> Result<(), Box<Diagnostic>> {
    check_terms(translator.model())?;
    let graph = translator.builder.graph();
    let references = translator.references();
    let mut seen: HashSet<Node> = HashSet::new();
    let mut left = tables.to_vec();
    while let Some(node) = left.pop() {
        if !seen.insert(node) {
            continue;
        }
        if let Some(reference) = mixed(graph, node, references) {
            return Err(coupled(translator, reference));
        }
        left.extend(&graph.node(node).inputs);
    }
    Ok(())
}

/// The latent whose elements a node combines.
fn mixed<'r>(graph: &Graph, node: Node, references: &'r [Reference]) -> Option<&'r Reference> {
    let data = graph.node(node);
    let axes = combined(graph, &data.op);
    if axes.is_empty() {
        return None;
    }
    let carried = |reference: &&Reference| {
        let varies = data.inputs.iter().any(|&input| graph.axes_of(input).contains(&reference.axis));
        varies && reference.cells.iter().any(|cell| axes.contains(cell))
    };
    references.iter().find(carried)
}

/// The axes whose elements an operation brings together.
fn combined(graph: &Graph, op: &Op) -> Vec<Axis> {
    match op {
        Op::Sum(axes) | Op::Max(axes) | Op::LogSumExp(axes) | Op::Contract(axes) | Op::Gather(axes) => {
            axes.clone()
        }
        Op::Scatter { targets, .. } => targets.clone(),
        Op::Rename(pairs) => pairs.iter().map(|&(from, _)| from).collect(),
        Op::CumulativeSum(axis, _) => vec![*axis],
        Op::Cholesky { row, column }
        | Op::SolveTriangular { row, column, .. }
        | Op::Inverse { row, column }
        | Op::LogAbsDet { row, column } => vec![*row, *column],
        Op::Scan(scan) => vec![graph.scan(*scan).axis],
        _ => vec![],
    }
}

fn coupled(translator: &Translator, reference: &Reference) -> Box<Diagnostic> {
    let site = translator.model().site(reference.site);
    refusal(&site.name, site.span, None)
}

fn refusal(name: &str, declared: Span, place: Option<Span>) -> Box<Diagnostic> {
    let mut diagnostic = Diagnostic::new(Code(807), format!("all elements of `{name}` meet in one term"));
    if let Some(place) = place {
        diagnostic = diagnostic.at(place, "brings them together");
    }
    Box::new(
        diagnostic
            .at(declared, "a discrete latent, to be summed out element by element")
            .help("use the element at each cell (`z` in the mean of each observation) instead of a sum over all of them"),
    )
}

/// A sum over a latent's own dim that the graph no longer shows: the states of all elements share one axis there.
fn check_terms(model: &Model) -> Result<(), Box<Diagnostic>> {
    let mut search = Search { model, lets: Vec::new(), found: None };
    for site in &model.sites {
        if let SiteKind::Latent { prior, .. } = &site.kind {
            prior.walk(&mut |term| search.visit(term));
        }
    }
    for factor in &model.factors {
        match factor {
            Factor::Observe { distribution, .. } => distribution.walk(&mut |term| search.visit(term)),
            Factor::Potential { value, .. } => value.walk(&mut |term| search.visit(term)),
        }
    }
    search.found.map_or(Ok(()), |(site, place)| {
        let site = model.site(site);
        Err(refusal(&site.name, site.span, Some(place)))
    })
}

/// The terms of a density, through the lets that they read.
struct Search<'m> {
    model: &'m Model,
    lets: Vec<SiteId>,
    found: Option<(SiteId, Span)>,
}

impl Search<'_> {
    fn visit(&mut self, term: &Term) {
        match &term.kind {
            TermKind::Apply { arguments, over, .. } if !over.is_empty() && self.found.is_none() => {
                let site = arguments.iter().find_map(|argument| reads_along(self.model, argument, over));
                self.found = site.map(|site| (site, term.span));
            }
            TermKind::Read(site, _) if !self.lets.contains(site) => {
                self.lets.push(*site);
                let model = self.model;
                if let SiteKind::Let(value) = &model.site(*site).kind {
                    value.walk(&mut |inner| self.visit(inner));
                }
            }
            _ => {}
        }
    }
}

/// A discrete latent that a term reads at every element of one of these axes, lets included.
fn reads_along(model: &Model, term: &Term, axes: &[AxisVar]) -> Option<SiteId> {
    let mut found = None;
    term.walk(&mut |inner| {
        let TermKind::Read(id, addresses) = &inner.kind else { return };
        let site = model.site(*id);
        let along: Vec<AxisVar> = site
            .axes
            .iter()
            .zip(addresses)
            .filter(|(_, address)| match address {
                Address::Here(axis) => axes.contains(axis),
                Address::At(position) => position.axes.iter().any(|axis| axes.contains(axis)),
            })
            .map(|(own, _)| *own)
            .collect();
        if along.is_empty() || found.is_some() {
            return;
        }
        found = match &site.kind {
            SiteKind::Latent { .. } if site.value != Kind::Real => Some(*id),
            SiteKind::Let(value)
                if !value.any(&|inner| matches!(inner.kind, TermKind::Read(other, _) if other == *id)) =>
            {
                reads_along(model, value, &along)
            }
            _ => None,
        };
    });
    found
}
