//! The slow and obvious evaluator: what a graph means. Programs are held to it, and data are prepared with it.

mod linear;
mod reduce;
mod scan;
mod walk;

use std::collections::HashMap;
use std::sync::Arc;

use super::{Axis, Graph, Node, Op, Vector};
use walk::{Strides, spread};

/// The arrays a node yields: one, or for a scan all of its outputs.
type Values = Vec<Arc<[f64]>>;

/// Values of `roots`, row-major over ascending axes; only what they need is computed.
pub fn interpret(graph: &Graph, position: &[f64], direction: &[f64], roots: &[Node]) -> Vec<Vec<f64>> {
    let mut interpreter = Interpreter { graph, position, direction, known: HashMap::new() };
    interpreter.evaluate(&order(graph, roots));
    roots.iter().map(|root| interpreter.value(*root).to_vec()).collect()
}

/// All nodes that `roots` need, inputs first.
pub(super) fn order(graph: &Graph, roots: &[Node]) -> Vec<Node> {
    let mut needed = vec![false; roots.iter().map(|root| root.0 as usize + 1).max().unwrap_or(0)];
    for root in roots {
        needed[root.0 as usize] = true;
    }
    for index in (0..needed.len()).rev() {
        if needed[index] {
            for input in &graph.nodes[index].inputs {
                needed[input.0 as usize] = true;
            }
        }
    }
    (0..needed.len() as u32).map(Node).filter(|node| needed[node.0 as usize]).collect()
}

struct Interpreter<'a> {
    graph: &'a Graph,
    position: &'a [f64],
    direction: &'a [f64],
    known: HashMap<Node, Values>,
}

impl Interpreter<'_> {
    fn evaluate(&mut self, nodes: &[Node]) {
        for &node in nodes {
            if !self.known.contains_key(&node) {
                let values = self.compute(node);
                self.known.insert(node, values);
            }
        }
    }

    fn value(&self, node: Node) -> &Arc<[f64]> {
        &self.known[&node][0]
    }

    /// The value of a node, repeated along the axes of another.
    fn spread(&self, node: Node, axes: &[Axis]) -> Arc<[f64]> {
        spread(self.graph, self.value(node), self.graph.axes_of(node), axes)
    }

    fn compute(&self, node: Node) -> Values {
        let data = self.graph.node(node);
        if let Op::Scan(id) = data.op {
            return self.scan(id, &data.inputs);
        }
        vec![self.compute_one(node)]
    }

    fn compute_one(&self, node: Node) -> Arc<[f64]> {
        let data = self.graph.node(node);
        let axes = &data.axes;
        let x = data.inputs.first().copied();
        let first = || x.expect("verified: the operation has an input");
        match &data.op {
            Op::Constant(bits) => [f64::from_bits(*bits)].into(),
            Op::Data(id) => self.graph.data(*id).clone(),
            Op::Parameter { vector, offset } => {
                let vector = match vector {
                    Vector::Position => self.position,
                    Vector::Direction => self.direction,
                };
                vector[*offset..offset + self.graph.len_of(node)].into()
            }
            Op::Iota(axis) => (0..self.graph.axis_size(*axis)).map(|i| i as f64).collect(),
            Op::Leaf { .. } => unreachable!("a leaf is bound by its scan"),
            Op::Unary(op) => {
                let op = *op;
                self.value(first()).iter().map(|&x| op.eval(x)).collect()
            }
            Op::Binary(op) => {
                let eval = op.row().eval;
                let [x, y] = [0, 1].map(|k| self.spread(data.inputs[k], axes));
                x.iter().zip(y.iter()).map(|(&x, &y)| eval(x, y)).collect()
            }
            Op::Select => {
                let [condition, yes, no] = [0, 1, 2].map(|k| self.spread(data.inputs[k], axes));
                let branches = yes.iter().zip(no.iter());
                let pick = |(&c, (&yes, &no)): (&f64, (&f64, &f64))| if c != 0.0 { yes } else { no };
                condition.iter().zip(branches).map(pick).collect()
            }
            Op::Sum(over) => self.reduce(first(), over, |items| items.sum()),
            Op::Max(over) => self.reduce(first(), over, reduce::largest),
            Op::LogSumExp(over) => self.reduce(first(), over, reduce::log_sum_exp),
            Op::Contract(over) => self.contract(data, over),
            Op::Expand(_) => self.spread(first(), axes),
            Op::StopGradient => self.value(first()).clone(),
            Op::Rename(pairs) => self.rename(data, pairs),
            Op::Gather(gone) => self.gather(data, gone),
            Op::Scatter { targets, .. } => self.scatter(data, targets),
            Op::Stack(axis) => self.stack(data, *axis),
            Op::CumulativeSum(axis, direction) => self.cumulative_sum(data, *axis, *direction),
            Op::Cholesky { row, column } => self.cholesky(data, *row, *column),
            Op::SolveTriangular { row, column, direction } => {
                self.solve_triangular(data, *row, *column, *direction)
            }
            Op::Inverse { row, column } => self.inverse(data, *row, *column),
            Op::LogAbsDet { row, column } => self.log_abs_det(data, *row, *column),
            Op::Output(k) => self.known[&first()][*k as usize].clone(),
            Op::Scan(_) => unreachable!("a scan yields several arrays"),
        }
    }

    fn strides(&self, axes: &[Axis]) -> Strides {
        Strides::of(self.graph, axes)
    }
}
