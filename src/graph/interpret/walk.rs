//! Where the elements of an array lie when it is read along the axes of another.

use std::sync::Arc;

use crate::graph::{Axis, Graph};

/// Distance in storage between neighbours along each axis; an axis that is absent has distance 0.
#[derive(Clone, Debug)]
pub struct Strides(Vec<(Axis, usize)>);

impl Strides {
    /// Of an array stored row-major in the given order of axes.
    pub fn of(graph: &Graph, axes: &[Axis]) -> Self {
        let mut stride = 1;
        let mut strides: Vec<_> = axes
            .iter()
            .rev()
            .map(|&axis| {
                let own = stride;
                stride *= graph.axis_size(axis);
                (axis, own)
            })
            .collect();
        strides.reverse();
        Self(strides)
    }

    /// Distance along one axis.
    pub fn along(&self, axis: Axis) -> usize {
        self.0.iter().find(|(own, _)| *own == axis).map_or(0, |(_, stride)| *stride)
    }

    /// The same, with some axes no longer walked.
    pub fn without(mut self, axes: &[Axis]) -> Self {
        self.0.retain(|(axis, _)| !axes.contains(axis));
        self
    }

    /// Offsets of all positions along `over`, row-major.
    pub fn offsets(&self, graph: &Graph, over: &[Axis]) -> Vec<usize> {
        let mut offsets = vec![0];
        for &axis in over {
            let (size, stride) = (graph.axis_size(axis), self.along(axis));
            let mut next = Vec::with_capacity(offsets.len() * size);
            for &offset in &offsets {
                next.extend((0..size).map(|i| offset + i * stride));
            }
            offsets = next;
        }
        offsets
    }
}

/// The values of an array over `from`, repeated along the axes `to`.
pub fn spread(graph: &Graph, values: &Arc<[f64]>, from: &[Axis], to: &[Axis]) -> Arc<[f64]> {
    if from == to {
        return values.clone();
    }
    let offsets = Strides::of(graph, from).offsets(graph, to);
    offsets.into_iter().map(|offset| values[offset]).collect()
}
