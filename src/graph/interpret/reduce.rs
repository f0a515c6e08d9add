//! Reductions, reindexings and running sums.

use std::sync::Arc;

use super::Interpreter;
use crate::graph::{Axis, Direction, Node, NodeData, Op};

/// Largest of the items, -inf of none; NaN if any is NaN.
pub fn largest(items: &mut dyn Iterator<Item = f64>) -> f64 {
    items.fold(f64::NEG_INFINITY, |a, b| if a.is_nan() || a > b { a } else { b })
}

/// log(sum(exp(x))), shifted by the largest so that nothing overflows.
pub fn log_sum_exp(items: &mut dyn Iterator<Item = f64>) -> f64 {
    let items: Vec<f64> = items.collect();
    let shift = largest(&mut items.iter().copied());
    if shift.is_infinite() {
        return shift;
    }
    shift + items.iter().map(|x| (x - shift).exp()).sum::<f64>().ln()
}

impl Interpreter<'_> {
    pub(super) fn reduce(
        &self,
        x: Node,
        over: &[Axis],
        combine: fn(&mut dyn Iterator<Item = f64>) -> f64,
    ) -> Arc<[f64]> {
        let values = self.value(x);
        let axes = self.graph.axes_of(x);
        let kept: Vec<Axis> = axes.iter().copied().filter(|axis| !over.contains(axis)).collect();
        let strides = self.strides(axes);
        let inner = strides.offsets(self.graph, over);
        let outer = strides.offsets(self.graph, &kept);
        outer.iter().map(|&base| combine(&mut inner.iter().map(|&step| values[base + step]))).collect()
    }

    /// The product is never laid out: memory stays that of the result.
    pub(super) fn contract(&self, data: &NodeData, over: &[Axis]) -> Arc<[f64]> {
        let operands = [0, 1].map(|k| {
            let strides = self.strides(self.graph.axes_of(data.inputs[k]));
            let outer = strides.offsets(self.graph, &data.axes);
            (self.value(data.inputs[k]), outer, strides.offsets(self.graph, over))
        });
        let [(x, x_outer, x_inner), (y, y_outer, y_inner)] = operands;
        let element = |(&i, &j): (&usize, &usize)| {
            let steps = x_inner.iter().zip(&y_inner);
            steps.map(|(&p, &q)| x[i + p] * y[j + q]).sum::<f64>()
        };
        x_outer.iter().zip(&y_outer).map(element).collect()
    }

    pub(super) fn rename(&self, data: &NodeData, pairs: &[(Axis, Axis)]) -> Arc<[f64]> {
        let renamed = |axis: &Axis| pairs.iter().find(|(from, _)| from == axis).map_or(*axis, |(_, to)| *to);
        let stored: Vec<Axis> = self.graph.axes_of(data.inputs[0]).iter().map(renamed).collect();
        let values = self.value(data.inputs[0]);
        self.strides(&stored).offsets(self.graph, &data.axes).into_iter().map(|i| values[i]).collect()
    }

    pub(super) fn gather(&self, data: &NodeData, gone: &[Axis]) -> Arc<[f64]> {
        let source = self.value(data.inputs[0]);
        let strides = self.strides(self.graph.axes_of(data.inputs[0]));
        let mut offsets = strides.clone().without(gone).offsets(self.graph, &data.axes);
        for (&axis, &positions) in gone.iter().zip(&data.inputs[1..]) {
            let (last, stride) = (self.graph.axis_size(axis).saturating_sub(1), strides.along(axis));
            let positions = self.spread(positions, &data.axes);
            for (offset, &position) in offsets.iter_mut().zip(positions.iter()) {
                // The cast clamps below at 0.
                *offset += (position.round() as usize).min(last) * stride;
            }
        }
        offsets.into_iter().map(|i| source[i]).collect()
    }

    pub(super) fn scatter(&self, data: &NodeData, targets: &[Axis]) -> Arc<[f64]> {
        let kept = data.axes.iter().filter(|axis| !targets.contains(axis));
        let read = data.inputs.iter().flat_map(|&input| self.graph.axes_of(input));
        let mut walked: Vec<Axis> = kept.chain(read).copied().collect();
        walked.sort();
        walked.dedup();
        let strides = self.strides(&data.axes);
        let mut offsets = strides.clone().without(targets).offsets(self.graph, &walked);
        for (&axis, &positions) in targets.iter().zip(&data.inputs[1..]) {
            let (size, stride) = (self.graph.axis_size(axis) as f64, strides.along(axis));
            let positions = self.spread(positions, &walked);
            for (offset, &position) in offsets.iter_mut().zip(positions.iter()) {
                let position = position.round();
                let inside = *offset != usize::MAX && (0.0..size).contains(&position);
                *offset = if inside { *offset + position as usize * stride } else { usize::MAX };
            }
        }
        let values = self.spread(data.inputs[0], &walked);
        let mut sums = vec![0.0; data.axes.iter().map(|&axis| self.graph.axis_size(axis)).product()];
        for (&offset, &value) in offsets.iter().zip(values.iter()) {
            if offset != usize::MAX {
                sums[offset] += value;
            }
        }
        sums.into()
    }

    pub(super) fn stack(&self, data: &NodeData, axis: Axis) -> Arc<[f64]> {
        let rest: Vec<Axis> = data.axes.iter().copied().filter(|&own| own != axis).collect();
        let parts: Vec<_> = data.inputs.iter().map(|&input| self.spread(input, &rest)).collect();
        self.interleave(&parts, axis, &data.axes)
    }

    /// An array over `axes` whose slices along `axis` are given.
    pub(super) fn interleave(&self, parts: &[Arc<[f64]>], axis: Axis, axes: &[Axis]) -> Arc<[f64]> {
        let rest: Vec<Axis> = axes.iter().copied().filter(|&own| own != axis).collect();
        let strides = self.strides(axes);
        let offsets = strides.offsets(self.graph, &rest);
        let mut values = vec![0.0; offsets.len() * parts.len()];
        for (k, part) in parts.iter().enumerate() {
            for (&offset, &value) in offsets.iter().zip(part.iter()) {
                values[offset + k * strides.along(axis)] = value;
            }
        }
        values.into()
    }

    pub(super) fn cumulative_sum(&self, data: &NodeData, axis: Axis, direction: Direction) -> Arc<[f64]> {
        debug_assert!(matches!(data.op, Op::CumulativeSum(..)), "called for running sums");
        let rest: Vec<Axis> = data.axes.iter().copied().filter(|&own| own != axis).collect();
        let strides = self.strides(&data.axes);
        let (size, stride) = (self.graph.axis_size(axis), strides.along(axis));
        let mut values = self.value(data.inputs[0]).to_vec();
        for base in strides.offsets(self.graph, &rest) {
            let mut sum = 0.0;
            for step in 0..size {
                let step = match direction {
                    Direction::Forward => step,
                    Direction::Reverse => size - 1 - step,
                };
                sum += values[base + step * stride];
                values[base + step * stride] = sum;
            }
        }
        values.into()
    }
}
