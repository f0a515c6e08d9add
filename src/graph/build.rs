//! The only way to make a node: hash-consed, shape-checked, constants folded.

use std::collections::HashMap;
use std::sync::Arc;

use super::{
    Axis, AxisInfo, Binary, DataId, Direction, Graph, Node, NodeData, Op, Ternary, Unary, Vector, simplify,
};

/// Makes nodes. The same operation on the same inputs is the same node.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    pub(super) graph: Graph,
    pub(super) known: HashMap<(Op, Vec<Node>, Vec<Axis>), Node>,
    origin: u32,
}

impl Builder {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// Continues a graph that was finished.
    pub fn resume(graph: Graph) -> Self {
        let known = graph
            .nodes()
            .map(|node| (node, graph.node(node)))
            .map(|(node, data)| ((data.op.clone(), data.inputs.clone(), data.axes.clone()), node))
            .collect();
        Self { graph, known, origin: 0 }
    }

    /// The finished graph.
    pub fn finish(self) -> Graph {
        self.graph
    }

    /// The graph so far.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Marks the nodes made from now on as asked for by `origin`.
    pub fn set_origin(&mut self, origin: u32) {
        self.origin = origin;
    }

    /// A new axis.
    pub fn axis(&mut self, label: impl Into<String>, size: usize) -> Axis {
        self.graph.axes.push(AxisInfo { label: label.into(), size });
        Axis(self.graph.axes.len() as u32 - 1)
    }

    /// Axes of a node, ascending.
    pub fn axes_of(&self, node: Node) -> &[Axis] {
        self.graph.axes_of(node)
    }

    /// A scalar.
    pub fn constant(&mut self, value: f64) -> Node {
        self.make(Op::Constant(value.to_bits()), vec![], vec![])
    }

    /// A constant array, row-major over `axes`, which are ascending.
    pub fn data(&mut self, axes: &[Axis], values: impl Into<Arc<[f64]>>) -> Node {
        let values = values.into();
        assert!(axes.is_sorted(), "axes ascend");
        assert_eq!(
            values.len(),
            axes.iter().map(|&a| self.graph.axis_size(a)).product::<usize>(),
            "data fill axes"
        );
        self.graph.data.push(values);
        let id = DataId(self.graph.data.len() as u32 - 1);
        self.make(Op::Data(id), vec![], axes.to_vec())
    }

    /// A stretch of a parameter vector, row-major over `axes`, which are ascending.
    pub fn parameter(&mut self, vector: Vector, offset: usize, axes: &[Axis]) -> Node {
        assert!(axes.is_sorted(), "axes ascend");
        self.make(Op::Parameter { vector, offset }, vec![], axes.to_vec())
    }

    /// 0, 1, 2 … along the axis.
    pub fn iota(&mut self, axis: Axis) -> Node {
        self.make(Op::Iota(axis), vec![], vec![axis])
    }

    /// Element-wise, one argument.
    pub fn unary(&mut self, op: Unary, x: Node) -> Node {
        if let Some(simpler) = simplify::unary(self, op, x) {
            return simpler;
        }
        let axes = self.axes_of(x).to_vec();
        self.make(Op::Unary(op), vec![x], axes)
    }

    /// Element-wise, two arguments, broadcast by axis.
    pub fn binary(&mut self, op: Binary, x: Node, y: Node) -> Node {
        if let Some(simpler) = simplify::binary(self, op, x, y) {
            return simpler;
        }
        let axes = self.union(&[x, y]);
        self.make(Op::Binary(op), vec![x, y], axes)
    }

    /// Element-wise, three arguments, broadcast by axis.
    pub fn ternary(&mut self, op: Ternary, inputs: [Node; 3]) -> Node {
        let axes = self.union(&inputs);
        if let [Some(x), Some(y), Some(z)] = inputs.map(|input| self.known_constant(input)) {
            let value = self.constant((op.row().eval)(x, y, z));
            return self.expand(value, &axes);
        }
        self.make(Op::Ternary(op), inputs.to_vec(), axes)
    }

    /// `yes` where `condition` is not 0, else `no`; a value not taken never matters, not even NaN.
    pub fn select(&mut self, condition: Node, yes: Node, no: Node) -> Node {
        let axes = self.union(&[condition, yes, no]);
        if let Some(simpler) = simplify::select(self, condition, yes, no) {
            return self.expand(simpler, &axes);
        }
        self.make(Op::Select, vec![condition, yes, no], axes)
    }

    /// Sum over those of `axes` that `x` has; over an axis that it lacks: times the axis's size.
    pub fn sum(&mut self, x: Node, axes: &[Axis]) -> Node {
        let (own, absent): (Vec<_>, Vec<_>) = axes.iter().partition(|axis| self.axes_of(x).contains(axis));
        let times: usize = absent.iter().map(|&axis| self.graph.axis_size(axis)).product();
        let sum = match simplify::sum(self, x, &own) {
            Some(simpler) => simpler,
            None => self.reduce(Op::Sum, x, own),
        };
        let times = self.constant(times as f64);
        self.binary(Binary::Mul, sum, times)
    }

    /// Sum over all axes.
    pub fn sum_all(&mut self, x: Node) -> Node {
        let axes = self.axes_of(x).to_vec();
        self.sum(x, &axes)
    }

    /// Largest over the axes; `x` has them all.
    pub fn max(&mut self, x: Node, axes: &[Axis]) -> Node {
        self.reduce(Op::Max, x, axes.to_vec())
    }

    /// log(sum(exp(x))) over the axes; `x` has them all.
    pub fn log_sum_exp(&mut self, x: Node, axes: &[Axis]) -> Node {
        self.reduce(Op::LogSumExp, x, axes.to_vec())
    }

    /// Sum over `axes` of x * y, broadcast by axis; each axis is in at least one of the two.
    pub fn contract(&mut self, x: Node, y: Node, axes: &[Axis]) -> Node {
        let mut axes = axes.to_vec();
        axes.sort();
        axes.dedup();
        if let Some(simpler) = simplify::contract(self, x, y, &axes) {
            return simpler;
        }
        let (x, y) = if x <= y { (x, y) } else { (y, x) };
        let rest = self.union(&[x, y]).into_iter().filter(|axis| !axes.contains(axis)).collect();
        self.make(Op::Contract(axes), vec![x, y], rest)
    }

    /// The same value along more axes.
    pub fn expand(&mut self, x: Node, axes: &[Axis]) -> Node {
        let (x, axes) = match &self.graph.node(x).op {
            Op::Expand(before) => (self.graph.node(x).inputs[0], [before, axes].concat()),
            _ => (x, axes.to_vec()),
        };
        let mut added: Vec<Axis> =
            axes.iter().copied().filter(|axis| !self.axes_of(x).contains(axis)).collect();
        if added.is_empty() {
            return x;
        }
        added.sort();
        added.dedup();
        let mut all = [self.axes_of(x), &added].concat();
        all.sort();
        self.make(Op::Expand(added), vec![x], all)
    }

    /// The same values with axes renamed, all at once.
    pub fn rename(&mut self, x: Node, pairs: &[(Axis, Axis)]) -> Node {
        let mut pairs: Vec<_> = pairs.iter().copied().filter(|(from, to)| from != to).collect();
        pairs.retain(|(from, _)| self.axes_of(x).contains(from));
        if pairs.is_empty() {
            return x;
        }
        pairs.sort();
        let renamed = |axis: &Axis| pairs.iter().find(|(from, _)| from == axis).map_or(*axis, |(_, to)| *to);
        let mut axes: Vec<Axis> = self.axes_of(x).iter().map(renamed).collect();
        axes.sort();
        assert!(axes.windows(2).all(|pair| pair[0] != pair[1]), "a rename keeps axes distinct");
        self.make(Op::Rename(pairs), vec![x], axes)
    }

    /// Reads `source` at positions: `(axis, positions)` for each axis addressed.
    ///
    /// An axis that `source` lacks is not read, but the axes of its positions come all the same.
    pub fn gather(&mut self, source: Node, at: &[(Axis, Node)]) -> Node {
        let mut at = at.to_vec();
        at.sort();
        if let Some(simpler) = simplify::gather(self, source, &at) {
            return simpler;
        }
        let gone: Vec<Axis> = at.iter().map(|(axis, _)| *axis).collect();
        let mut axes: Vec<Axis> =
            self.axes_of(source).iter().copied().filter(|a| !gone.contains(a)).collect();
        axes.extend(at.iter().flat_map(|(_, positions)| self.axes_of(*positions).to_vec()));
        axes.sort();
        axes.dedup();
        let inputs = std::iter::once(source).chain(at.iter().map(|(_, positions)| *positions)).collect();
        self.make(Op::Gather(gone), inputs, axes)
    }

    /// Adds `values` into an array over `axes` at positions: the transpose of `gather`.
    pub fn scatter(&mut self, values: Node, at: &[(Axis, Node)], axes: &[Axis]) -> Node {
        let mut at = at.to_vec();
        at.sort();
        let mut axes = axes.to_vec();
        axes.sort();
        if self.is_zero(values) {
            let zero = self.constant(0.0);
            return self.expand(zero, &axes);
        }
        let targets = at.iter().map(|(axis, _)| *axis).collect();
        let inputs = std::iter::once(values).chain(at.iter().map(|(_, positions)| *positions)).collect();
        self.make(Op::Scatter { targets, axes: axes.clone() }, inputs, axes)
    }

    /// One input for each position of a new axis.
    pub fn stack(&mut self, axis: Axis, elements: &[Node]) -> Node {
        assert_eq!(elements.len(), self.graph.axis_size(axis), "one element for each position");
        let mut axes = self.union(elements);
        axes.push(axis);
        axes.sort();
        self.make(Op::Stack(axis), elements.to_vec(), axes)
    }

    /// Running sum along the axis, the own element included.
    pub fn cumulative_sum(&mut self, x: Node, axis: Axis, direction: Direction) -> Node {
        if self.is_zero(x) {
            return x;
        }
        let axes = self.axes_of(x).to_vec();
        self.make(Op::CumulativeSum(axis, direction), vec![x], axes)
    }

    /// Lower triangular factor of a positive definite matrix over `row`, `column`.
    pub fn cholesky(&mut self, matrix: Node, row: Axis, column: Axis) -> Node {
        let axes = self.axes_of(matrix).to_vec();
        self.make(Op::Cholesky { row, column }, vec![matrix], axes)
    }

    /// Forward: x[column] with L x = b\[row]. Reverse: x\[row] with L' x = b[column].
    pub fn solve_triangular(
        &mut self,
        l: Node,
        b: Node,
        row: Axis,
        column: Axis,
        direction: Direction,
    ) -> Node {
        let (gone, new) = match direction {
            Direction::Forward => (row, column),
            Direction::Reverse => (column, row),
        };
        let mut axes: Vec<Axis> =
            self.union(&[l, b]).into_iter().filter(|&a| a != gone && a != new).collect();
        axes.push(new);
        axes.sort();
        self.make(Op::SolveTriangular { row, column, direction }, vec![l, b], axes)
    }

    /// Inverse of a matrix, as a matrix over the same axes.
    pub fn inverse(&mut self, matrix: Node, row: Axis, column: Axis) -> Node {
        let axes = self.axes_of(matrix).to_vec();
        self.make(Op::Inverse { row, column }, vec![matrix], axes)
    }

    /// log |det| of a matrix.
    pub fn log_abs_det(&mut self, matrix: Node, row: Axis, column: Axis) -> Node {
        let axes = self.axes_of(matrix).iter().copied().filter(|&a| a != row && a != column).collect();
        self.make(Op::LogAbsDet { row, column }, vec![matrix], axes)
    }

    /// The same value, with derivative 0.
    pub fn stop_gradient(&mut self, x: Node) -> Node {
        let axes = self.axes_of(x).to_vec();
        self.make(Op::StopGradient, vec![x], axes)
    }

    /// Makes a node, or finds it.
    pub(super) fn make(&mut self, op: Op, inputs: Vec<Node>, axes: Vec<Axis>) -> Node {
        let key = (op, inputs, axes);
        if let Some(&node) = self.known.get(&key) {
            return node;
        }
        let node = Node(self.graph.nodes.len() as u32);
        let (op, inputs, axes) = key.clone();
        self.graph.nodes.push(NodeData { op, inputs, axes, origin: self.origin });
        self.known.insert(key, node);
        node
    }

    pub(super) fn reduce(&mut self, op: fn(Vec<Axis>) -> Op, x: Node, mut axes: Vec<Axis>) -> Node {
        if axes.is_empty() {
            return x;
        }
        axes.sort();
        let rest = self.axes_of(x).iter().copied().filter(|axis| !axes.contains(axis)).collect();
        self.make(op(axes), vec![x], rest)
    }

    /// 0 over the axes of a node.
    pub fn zeros_like(&mut self, x: Node) -> Node {
        let zero = self.constant(0.0);
        let axes = self.axes_of(x).to_vec();
        self.expand(zero, &axes)
    }

    /// The number that all elements of a node are, if it is a constant or one expanded.
    pub fn known_constant(&self, x: Node) -> Option<f64> {
        let data = self.graph.node(x);
        match data.op {
            Op::Constant(bits) => Some(f64::from_bits(bits)),
            Op::Expand(_) => self.known_constant(data.inputs[0]),
            _ => None,
        }
    }

    /// Whether a node is known to be 0 everywhere.
    pub fn is_zero(&self, x: Node) -> bool {
        self.known_constant(x) == Some(0.0)
    }

    /// Whether positions are known to be whole numbers within the axis.
    pub fn is_within(&self, positions: Node, axis: Axis) -> bool {
        let size = self.graph.axis_size(axis) as f64;
        let within = |x: f64| x == x.floor() && (0.0..size).contains(&x);
        let data = self.graph.node(positions);
        match data.op {
            Op::Data(id) => self.graph.data(id).iter().all(|&x| within(x)),
            Op::Iota(own) => self.graph.axis_size(own) <= self.graph.axis_size(axis),
            _ => self.known_constant(positions).is_some_and(within),
        }
    }

    pub(super) fn union(&self, nodes: &[Node]) -> Vec<Axis> {
        let mut axes: Vec<Axis> = nodes.iter().flat_map(|&node| self.axes_of(node).to_vec()).collect();
        axes.sort();
        axes.dedup();
        axes
    }
}

/// Short names for the operations that densities are written with.
#[allow(missing_docs, reason = "each name is its meaning")]
impl Builder {
    pub fn add(&mut self, x: Node, y: Node) -> Node {
        self.binary(Binary::Add, x, y)
    }
    pub fn sub(&mut self, x: Node, y: Node) -> Node {
        self.binary(Binary::Sub, x, y)
    }
    pub fn mul(&mut self, x: Node, y: Node) -> Node {
        self.binary(Binary::Mul, x, y)
    }
    pub fn div(&mut self, x: Node, y: Node) -> Node {
        self.binary(Binary::Div, x, y)
    }
    pub fn pow(&mut self, x: Node, y: Node) -> Node {
        self.binary(Binary::Pow, x, y)
    }
    pub fn less(&mut self, x: Node, y: Node) -> Node {
        self.binary(Binary::Less, x, y)
    }
    pub fn equal(&mut self, x: Node, y: Node) -> Node {
        self.binary(Binary::Equal, x, y)
    }
    pub fn neg(&mut self, x: Node) -> Node {
        self.unary(Unary::Neg, x)
    }
    pub fn exp(&mut self, x: Node) -> Node {
        self.unary(Unary::Exp, x)
    }
    pub fn log(&mut self, x: Node) -> Node {
        self.unary(Unary::Log, x)
    }
    pub fn log1p(&mut self, x: Node) -> Node {
        self.unary(Unary::Log1p, x)
    }
    pub fn sqrt(&mut self, x: Node) -> Node {
        self.unary(Unary::Sqrt, x)
    }
    pub fn square(&mut self, x: Node) -> Node {
        self.unary(Unary::Square, x)
    }
    pub fn reciprocal(&mut self, x: Node) -> Node {
        self.unary(Unary::Reciprocal, x)
    }
    pub fn sigmoid(&mut self, x: Node) -> Node {
        self.unary(Unary::Sigmoid, x)
    }
    pub fn softplus(&mut self, x: Node) -> Node {
        self.unary(Unary::Softplus, x)
    }
    pub fn lgamma(&mut self, x: Node) -> Node {
        self.unary(Unary::Lgamma, x)
    }
    /// x + c
    pub fn plus(&mut self, x: Node, c: f64) -> Node {
        let c = self.constant(c);
        self.add(x, c)
    }
    /// c x
    pub fn times(&mut self, x: Node, c: f64) -> Node {
        let c = self.constant(c);
        self.mul(x, c)
    }
}
