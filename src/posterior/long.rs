//! Derived quantities of so many numbers that their draws are not kept: summarised some elements at a time, each of
//! which is evaluated again at all draws.

use crate::data::BoundModel;
use crate::graph::restrict::restrict;
use crate::graph::{Axis, Builder, Graph, Node, Op, Vector};
use crate::lower::{Objective, Reported};
use crate::model::SiteKind;

use super::summary::{Row, row};
use super::{Draws, declared_order, first_value, run_batches, scalar_names};

/// Numbers, elements times draws, that are kept of a derived quantity: 80 MB.
const KEPT: usize = 10_000_000;
/// Numbers that are held at a time: 32 MB.
pub(super) const HELD: usize = 4_000_000;

/// Whether draws of a reported site are not kept: it is computed from latents alone, and long.
pub(super) fn is_long(bound: &BoundModel, objective: &Objective, reported: &Reported, count: usize) -> bool {
    let graph = &objective.graph;
    let is_derived =
        matches!(bound.model().site(reported.site).kind, SiteKind::Let(_) | SiteKind::Generate(_));
    is_derived && graph.len_of(reported.node) * count > KEPT && !is_random(graph, reported.node)
}

/// Whether random numbers of the draw itself enter.
fn is_random(graph: &Graph, node: Node) -> bool {
    let (needed, _) = graph.pruned(&[node]);
    needed.nodes().any(|node| matches!(needed.node(node).op, Op::Parameter { vector: Vector::Direction, .. }))
}

/// The rows of a long site, in declared order.
pub(super) fn rows(
    bound: &BoundModel,
    objective: &Objective,
    (reported, draws): (&Reported, Draws),
    held: usize,
) -> Vec<Row> {
    let graph = &objective.graph;
    let names = scalar_names(bound, reported.site);
    let order = declared_order(graph, reported.node, &reported.axes);
    let mut by_place: Vec<usize> = vec![0; order.len()];
    order.iter().enumerate().for_each(|(declared, &place)| by_place[place] = declared);
    let first = first_value(bound, reported.site);
    let mut rows: Vec<Option<Row>> = vec![None; order.len()];
    let Some(cut) = Cut::new(graph, reported) else { return vec![] };
    let most = held / (draws.count * cut.outer * cut.inner).max(1);
    for from in (0..cut.size).step_by(most.max(1)) {
        let to = (from + most.max(1)).min(cut.size);
        let mut builder = Builder::resume(graph.clone());
        let some = restrict(&mut builder, reported.node, cut.axis, (from, to));
        let (some_graph, some) = builder.finish().pruned(&[some]);
        let values = run_batches(&some_graph, &some, draws.positions, &[], draws.count).remove(0);
        let width = cut.outer * cut.inner * (to - from);
        for element in 0..width {
            let declared = by_place[cut.place(element, (from, to))];
            let values = values.iter().skip(element).step_by(width).map(|value| value + first).collect();
            rows[declared] = Some(row(&names[declared], values, draws.weights));
        }
    }
    rows.into_iter().flatten().collect()
}

/// The axis along which a node is cut, its longest.
struct Cut {
    axis: Axis,
    size: usize,
    /// Elements for each position of the axes before it, and after it.
    outer: usize,
    inner: usize,
}

impl Cut {
    fn new(graph: &Graph, reported: &Reported) -> Option<Self> {
        let axes = graph.axes_of(reported.node);
        let axis = *axes.iter().max_by_key(|&&axis| graph.axis_size(axis))?;
        let place = axes.iter().position(|&own| own == axis)?;
        let length = |axes: &[Axis]| axes.iter().map(|&axis| graph.axis_size(axis)).product();
        let size = graph.axis_size(axis);
        Some(Self { axis, size, outer: length(&axes[..place]), inner: length(&axes[place + 1..]) })
    }

    /// Where an element of the node restricted to some positions is in the whole node; these come last in it.
    fn place(&self, element: usize, (from, to): (usize, usize)) -> usize {
        let (other, position) = (element / (to - from), from + element % (to - from));
        (other / self.inner * self.size + position) * self.inner + other % self.inner
    }
}
