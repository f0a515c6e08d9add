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
pub fn order(graph: &Graph, roots: &[Node]) -> Vec<Node> {
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
                let eval = op.function();
                self.value(first()).iter().map(|&x| eval(x)).collect()
            }
            Op::Binary(op) => {
                let eval = op.row().eval;
                let [x, y] = [0, 1].map(|k| self.spread(data.inputs[k], axes));
                x.iter().zip(y.iter()).map(|(&x, &y)| eval(x, y)).collect()
            }
            Op::Ternary(op) => {
                let eval = op.row().eval;
                let [x, y, z] = [0, 1, 2].map(|k| self.spread(data.inputs[k], axes));
                x.iter().zip(y.iter().zip(z.iter())).map(|(&x, (&y, &z))| eval(x, y, z)).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Builder, Direction, Unary};

    /// A lower triangular L = [2 0; 1 3] and A = L L' = [4 2; 2 10].
    fn matrix(b: &mut Builder, values: [f64; 4]) -> (Node, Axis, Axis) {
        let (row, column) = (b.axis("row", 2), b.axis("column", 2));
        (b.data(&[row, column], values), row, column)
    }

    fn value(b: &Builder, node: Node) -> Vec<f64> {
        interpret(b.graph(), &[], &[], &[node]).concat()
    }

    #[test]
    fn linear_algebra_by_hand() {
        let mut b = Builder::new();
        let (a, row, column) = matrix(&mut b, [4.0, 2.0, 2.0, 10.0]);
        let l = b.cholesky(a, row, column);
        assert_eq!(value(&b, l), [2.0, 0.0, 1.0, 3.0]);
        let right = b.data(&[row], [4.0, 11.0]);
        let x = b.solve_triangular(l, right, row, column, Direction::Forward);
        assert_eq!((b.axes_of(x), value(&b, x)), (&[column][..], vec![2.0, 3.0]));
        let right = b.data(&[column], [7.0, 9.0]);
        let x = b.solve_triangular(l, right, row, column, Direction::Reverse);
        assert_eq!((b.axes_of(x), value(&b, x)), (&[row][..], vec![2.0, 3.0]));
        let skew = b.data(&[row, column], [0.0, 2.0, 4.0, 3.0]);
        let inverse = b.inverse(skew, row, column);
        assert_eq!(value(&b, inverse), [-0.375, 0.25, 0.5, 0.0]);
        let determinant = b.log_abs_det(skew, row, column);
        assert!((value(&b, determinant)[0] - 8f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn an_indefinite_matrix_has_no_factor() {
        let mut b = Builder::new();
        let (a, row, column) = matrix(&mut b, [1.0, 2.0, 2.0, 1.0]);
        let l = b.cholesky(a, row, column);
        assert!(value(&b, l).iter().all(|x| x.is_nan()));
    }

    #[test]
    fn reading_clamps_and_adding_drops() {
        let mut b = Builder::new();
        let (place, item) = (b.axis("place", 3), b.axis("item", 4));
        let at = b.data(&[item], [-1.0, 2.0, 2.0, 5.0]);
        let source = b.data(&[place], [0.3, 0.5, 0.7]);
        let read = b.gather(source, &[(place, at)]);
        assert_eq!(value(&b, read), [0.3, 0.7, 0.7, 0.7]);
        let values = b.data(&[item], [0.5, 1.5, 2.5, 3.5]);
        let added = b.scatter(values, &[(place, at)], &[place]);
        assert_eq!(value(&b, added), [0.0, 0.0, 4.0]);
    }

    #[test]
    fn shifting_along_an_axis_reads_it_by_itself() {
        let mut b = Builder::new();
        let (time, unit) = (b.axis("time", 3), b.axis("unit", 2));
        let x = b.data(&[time, unit], [1.5, 2.5, 3.5, 4.5, 5.5, 6.5]);
        let before = b.data(&[time], [-1.0, 0.0, 1.0]);
        let shifted = b.gather(x, &[(time, before)]);
        assert_eq!(value(&b, shifted), [1.5, 2.5, 1.5, 2.5, 3.5, 4.5]);
    }

    #[test]
    fn log_sum_exp_survives_extremes() {
        let mut b = Builder::new();
        let item = b.axis("item", 2);
        for (values, expected) in [
            ([1000.0, 1000.0], 1000.0 + 2f64.ln()),
            ([f64::NEG_INFINITY, -3.7], -3.7),
            ([f64::NEG_INFINITY; 2], f64::NEG_INFINITY),
        ] {
            let x = b.data(&[item], values);
            let y = b.log_sum_exp(x, &[item]);
            assert_eq!(value(&b, y), [expected]);
        }
    }

    #[test]
    fn unneeded_nodes_are_not_evaluated() {
        let mut b = Builder::new();
        let beyond = b.parameter(Vector::Position, 10, &[]);
        b.unary(Unary::Exp, beyond);
        let needed = b.parameter(Vector::Direction, 1, &[]);
        assert_eq!(interpret(b.graph(), &[], &[0.3, 0.4], &[needed]), [[0.4]]);
    }
}
