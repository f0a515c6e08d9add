//! Recurrences: the body is evaluated once for each position, its leaves bound to that position's values.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Interpreter, Values, order};
use crate::graph::{Axis, Direction, Node, ScanBody, ScanId};

impl Interpreter<'_> {
    pub(super) fn scan(&self, id: ScanId, inputs: &[Node]) -> Values {
        let body = self.graph.scan(id);
        let roots = [body.next.as_slice(), &body.outputs].concat();
        let nodes = order(self.graph, &roots);
        let (initial, rest) = inputs.split_at(body.carries.len());
        let (sequences, constants) = rest.split_at(body.sequences.len());
        let mut carries: Values = initial.iter().map(|&input| self.value(input).clone()).collect();
        let size = self.graph.axis_size(body.axis);
        let mut kept: Vec<Values> = body.outputs.iter().map(|_| vec![[].into(); size]).collect();
        for step in 0..size {
            let position = match body.direction {
                Direction::Forward => step,
                Direction::Reverse => size - 1 - step,
            };
            let mut inner = self.inside(body, constants, &carries);
            for (&leaf, &sequence) in body.sequences.iter().zip(sequences) {
                inner.known.insert(leaf, vec![self.slice(sequence, body.axis, position)]);
            }
            inner.evaluate(&nodes);
            for (kept, &output) in kept.iter_mut().zip(&body.outputs) {
                kept[position] = inner.value(output).clone();
            }
            carries = body.next.iter().map(|&next| inner.value(next).clone()).collect();
        }
        let stacked = body.outputs.iter().zip(&kept).map(|(&output, parts)| {
            let mut axes = [self.graph.axes_of(output), &[body.axis]].concat();
            axes.sort();
            self.interleave(parts, body.axis, &axes)
        });
        stacked.chain(carries).collect()
    }

    /// An interpreter of the body that knows the carries and the constants.
    fn inside(&self, body: &ScanBody, constants: &[Node], carries: &Values) -> Self {
        let mut known = HashMap::new();
        for (&leaf, &constant) in body.constants.iter().zip(constants) {
            known.insert(leaf, vec![self.value(constant).clone()]);
        }
        for (&leaf, carry) in body.carries.iter().zip(carries) {
            known.insert(leaf, vec![carry.clone()]);
        }
        Interpreter { graph: self.graph, position: self.position, direction: self.direction, known }
    }

    fn slice(&self, sequence: Node, axis: Axis, position: usize) -> Arc<[f64]> {
        let axes = self.graph.axes_of(sequence);
        let rest: Vec<Axis> = axes.iter().copied().filter(|&own| own != axis).collect();
        let strides = self.strides(axes);
        let start = position * strides.along(axis);
        let values = self.value(sequence);
        strides.offsets(self.graph, &rest).into_iter().map(|offset| values[start + offset]).collect()
    }
}
