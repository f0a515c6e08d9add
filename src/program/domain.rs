//! Index arithmetic: where the element of an array lies that belongs to a row of a domain.

use std::sync::Arc;

use crate::graph::{Axis, Graph};

/// An axis of a domain with the distance in the array between its positions (0 where the array lacks it).
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub size: usize,
    pub stride: usize,
}

/// Row-major distance between positions of `axis` in an array over `axes`; 0 if it lacks the axis.
pub(super) fn stride(graph: &Graph, axes: &[Axis], axis: Axis) -> usize {
    match axes.iter().position(|&a| a == axis) {
        Some(at) => axes[at + 1..].iter().map(|&a| graph.axis_size(a)).product(),
        None => 0,
    }
}

/// Number of elements over `axes`.
pub(super) fn length(graph: &Graph, axes: &[Axis]) -> usize {
    axes.iter().map(|&axis| graph.axis_size(axis)).product()
}

/// The element of an array over `axes` for each row of `domain`.
pub(super) fn map(graph: &Graph, domain: &[Axis], axes: &[Axis]) -> Vec<u32> {
    map_without(graph, domain, axes, &[])
}

/// The same, with the positions along the axes `gone` left at 0.
pub(super) fn map_without(graph: &Graph, domain: &[Axis], axes: &[Axis], gone: &[Axis]) -> Vec<u32> {
    let step = |&axis: &Axis| Step {
        size: graph.axis_size(axis),
        stride: if gone.contains(&axis) { 0 } else { stride(graph, axes, axis) },
    };
    enumerate(&domain.iter().map(step).collect::<Vec<_>>())
}

/// The offsets of all combinations of positions, the last axis running fastest.
pub(super) fn enumerate(steps: &[Step]) -> Vec<u32> {
    let mut offsets = vec![0u32];
    for step in steps {
        let extended = |&offset: &u32| (0..step.size).map(move |k| offset + (k * step.stride) as u32);
        offsets = offsets.iter().flat_map(extended).collect();
    }
    offsets
}

/// Whether every row reads the element of its own number.
pub(super) fn is_identity(map: &[u32]) -> bool {
    map.iter().enumerate().all(|(row, &element)| row == element as usize)
}

/// An array over `axes`, seen from rows over `rows` with inner positions over `inner`.
pub(super) fn lines(graph: &Graph, rows: &[Axis], inner: &[Axis], axes: &[Axis]) -> super::code::Lines {
    super::code::Lines { starts: shared(map(graph, rows, axes)), steps: shared(map(graph, inner, axes)) }
}

/// In shared ownership.
pub(super) fn shared(map: Vec<u32>) -> Arc<[u32]> {
    map.into()
}
