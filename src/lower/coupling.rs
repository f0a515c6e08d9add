//! Whether a term mixes the elements of a discrete latent: `sum(z)` inside of a density makes them depend on each
//! other, and no table over the states of one element is right.

use std::collections::HashSet;

use crate::data::BoundModel;
use crate::diagnostics::Diagnostic;
use crate::graph::interpret::order;
use crate::graph::{Axis, Graph, Node, Op};
use crate::model::{AxisVar, SiteId, SiteKind};
use crate::translate::{Place, Reading, Reference, Translator};

use super::joint;
use super::latents::Centring;
use super::limits::Limits;
use super::refusal::NOT_SUMMABLE;
use super::states::is_summed;

/// An error if some node under the terms of the density combines different elements of a latent that is carried, or
/// if one latent says which element of another is read. The terms are built once more for this, with opaque reads:
/// otherwise a sum over cells, each with the same states, would have become a product with their number.
pub(super) fn check(bound: &BoundModel, centring: &Centring, limits: &Limits) -> Result<(), Box<Diagnostic>> {
    let model = bound.model();
    let summed = |id| {
        matches!(model.site(id).kind, SiteKind::Latent { .. })
            && is_summed(model, id)
            && !centring.kept.contains(&id)
    };
    if !model.site_ids().any(summed) {
        return Ok(());
    }
    let mut translator = Translator::new(model, bound.bindings());
    translator.read_states_as(Reading::Opaque);
    let joint = joint::build(&mut translator, centring, limits)?;
    let references = translator.references();
    let chosen = references.iter().find(|chosen| references.iter().any(|by| chosen.cells.contains(&by.axis)));
    match chosen {
        Some(chosen) => Err(chosen_by_another(&translator, chosen)),
        None => look(&translator, &joint.tables),
    }
}

/// The axes of a latent along which no term brings its elements together, and every read is at the cell itself.
pub fn plates(bound: &BoundModel, centring: &Centring, limits: &Limits, site: SiteId) -> Vec<AxisVar> {
    let mut translator = Translator::new(bound.model(), bound.bindings());
    translator.read_states_as(Reading::Opaque);
    let Ok(joint) = joint::build(&mut translator, centring, limits) else { return vec![] };
    let declared = bound.model().site(site).axes.clone();
    let axes = translator.axes(&declared);
    let references: Vec<Reference> =
        translator.references().iter().filter(|reference| reference.site == site).cloned().collect();
    let graph = translator.builder.graph();
    let tables: Vec<Node> = joint.tables.iter().map(|(_, table)| *table).collect();
    let mut mixed: HashSet<Axis> = HashSet::new();
    for node in order(graph, &tables) {
        let data = graph.node(node);
        let varies = |reference: &&Reference| {
            data.inputs.iter().any(|&input| graph.axes_of(input).contains(&reference.axis))
        };
        if references.iter().any(|reference| varies(&reference)) {
            mixed.extend(combined(graph, &data.op));
        }
    }
    let is_own = |k: usize| references.iter().all(|reference| reference.places[k] == Place::Here(axes[k]));
    let kept = (0..axes.len()).filter(|&k| is_own(k) && !mixed.contains(&axes[k]));
    kept.map(|k| declared[k]).collect()
}

fn look(translator: &Translator, tables: &[(String, Node)]) -> Result<(), Box<Diagnostic>> {
    let graph = translator.builder.graph();
    let references = translator.references();
    let mut seen: HashSet<Node> = HashSet::new();
    for (name, table) in tables {
        let mut left = vec![*table];
        while let Some(node) = left.pop() {
            if !seen.insert(node) {
                continue;
            }
            if let Some(reference) = mixed(graph, node, references) {
                return Err(coupled(translator, reference, name));
            }
            left.extend(&graph.node(node).inputs);
        }
    }
    Ok(())
}

/// The latent whose elements, or whose states, a node combines.
fn mixed<'r>(graph: &Graph, node: Node, references: &'r [Reference]) -> Option<&'r Reference> {
    let data = graph.node(node);
    let axes = combined(graph, &data.op);
    if axes.is_empty() {
        return None;
    }
    let carried = |reference: &&Reference| {
        let varies = data.inputs.iter().any(|&input| graph.axes_of(input).contains(&reference.axis));
        varies && (axes.contains(&reference.axis) || reference.cells.iter().any(|cell| axes.contains(cell)))
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

fn chosen_by_another(translator: &Translator, reference: &Reference) -> Box<Diagnostic> {
    let site = translator.model().site(reference.site);
    let message = format!("which element of `{}` is read depends on a discrete latent", site.name);
    Box::new(
        Diagnostic::new(NOT_SUMMABLE, message)
            .at(site.span, "cannot be summed out one by one")
            .help("read it at an index from the data"),
    )
}

fn coupled(translator: &Translator, reference: &Reference, table: &str) -> Box<Diagnostic> {
    let site = translator.model().site(reference.site);
    let message = format!("elements of `{}` meet in one term, {table}", site.name);
    Box::new(
        Diagnostic::new(NOT_SUMMABLE, message)
            .at(site.span, "cannot be summed out one by one")
            .help(format!("let each term read the element of `{}` at its own cell, not a sum over several", site.name))
            .help("up to 4096 assignments of values to such elements are summed, 65536 where nothing else is left to fit; without `using exact` it stays in the guide"),
    )
}
