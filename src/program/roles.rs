//! What each node becomes: an instruction of a row loop, a reduction at its end, an operation on whole arrays.

use std::collections::HashMap;

use crate::graph::{Axis, Graph, Node, Op};

use super::domain;

/// What a node that varies from sample to sample becomes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Role {
    /// Its place in memory is filled by somebody else: a parameter, a leaf.
    Home,
    /// One vector for each row of a loop.
    Row { domain: Vec<Axis> },
    /// Accumulated by a loop over the rows of a domain.
    Sink { domain: Vec<Axis> },
    /// An operation on whole arrays.
    Whole,
    /// A result of a scan.
    Part,
}

/// How a node reads another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// At its own row (or, for a part of a scan, at the same time): may be in the same group.
    Rows,
    /// At any place: the array has to be finished.
    Whole,
}

/// How a contraction is computed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Contraction {
    /// A constant matrix times a vector, a row of the loop for each row of the matrix.
    MatrixVector { matrix: Node, vector: Node },
    /// The transpose of a constant matrix times a vector that the loop makes row by row.
    Transposed { matrix: Node, vector: Node },
    /// A sum of products over the rows of a domain.
    Product { domain: Vec<Axis> },
    /// A sum for each element of the result.
    Whole,
}

/// Which nodes vary from sample to sample, and the roles of those that do.
pub(super) struct Roles<'g> {
    pub graph: &'g Graph,
    varying: Vec<bool>,
}

impl<'g> Roles<'g> {
    pub fn new(graph: &'g Graph) -> Self {
        let mut varying = vec![false; graph.size()];
        for node in graph.nodes() {
            let data = graph.node(node);
            let source = matches!(data.op, Op::Parameter { .. } | Op::Leaf { .. });
            varying[node.0 as usize] = source || data.inputs.iter().any(|input| varying[input.0 as usize]);
        }
        Self { graph, varying }
    }

    pub fn varies(&self, node: Node) -> bool {
        self.varying[node.0 as usize]
    }

    /// The node whose array this node's array is.
    pub fn array_of(&self, mut node: Node) -> Node {
        while self.graph.node(node).op == Op::StopGradient {
            node = self.graph.node(node).inputs[0];
        }
        node
    }

    /// The node whose array holds what varies of this node, and the axes of that array, by this node's names, in the order in
    /// which they lie there: new names alone make no array.
    pub fn stored(&self, node: Node) -> (Node, Vec<Axis>) {
        let data = self.graph.node(node);
        match &data.op {
            Op::StopGradient => self.stored(data.inputs[0]),
            Op::Rename(pairs) if self.varies(node) => {
                let (source, axes) = self.stored(data.inputs[0]);
                let renamed =
                    |axis: Axis| pairs.iter().find(|(from, _)| *from == axis).map_or(axis, |(_, to)| *to);
                (source, axes.into_iter().map(renamed).collect())
            }
            _ => (node, data.axes.clone()),
        }
    }

    /// The node whose elements a row loop reads for this node: expansion is a matter of indices.
    pub fn rows_of(&self, mut node: Node) -> Node {
        while matches!(self.graph.node(node).op, Op::StopGradient | Op::Expand(_)) {
            node = self.graph.node(node).inputs[0];
        }
        node
    }

    /// The role of a varying node that has no home yet.
    pub fn role(&self, node: Node) -> Role {
        let data = self.graph.node(node);
        match &data.op {
            Op::Unary(_) | Op::Binary(_) | Op::Ternary(_) | Op::Select | Op::Expand(_) | Op::Rename(_) => {
                Role::Row { domain: data.axes.clone() }
            }
            Op::Gather(_) if self.positions_are_constant(node) => Role::Row { domain: data.axes.clone() },
            Op::Sum(_) => Role::Sink { domain: self.graph.axes_of(data.inputs[0]).to_vec() },
            Op::Scatter { targets, axes } if self.positions_are_constant(node) => {
                Role::Sink { domain: self.scatter_domain(node, targets, axes) }
            }
            Op::Contract(over) => match self.contraction(node) {
                Contraction::MatrixVector { .. } => Role::Row { domain: data.axes.clone() },
                Contraction::Transposed { .. } => Role::Sink { domain: over.clone() },
                Contraction::Product { domain } => Role::Sink { domain },
                Contraction::Whole => Role::Whole,
            },
            Op::Output(_) => Role::Part,
            Op::Parameter { .. } | Op::Leaf { .. } => Role::Home,
            _ => Role::Whole,
        }
    }

    fn positions_are_constant(&self, node: Node) -> bool {
        self.graph.node(node).inputs[1..].iter().all(|&input| !self.varies(input))
    }

    /// Every axis that a scatter walks: those of the values, of the positions, and those kept.
    pub fn scatter_domain(&self, node: Node, targets: &[Axis], axes: &[Axis]) -> Vec<Axis> {
        let kept = axes.iter().copied().filter(|axis| !targets.contains(axis));
        let read = self.graph.node(node).inputs.iter().flat_map(|&input| self.graph.axes_of(input).to_vec());
        sorted(kept.chain(read))
    }

    /// How a contraction is computed.
    pub fn contraction(&self, node: Node) -> Contraction {
        let data = self.graph.node(node);
        let Op::Contract(over) = &data.op else { unreachable!("called for contractions") };
        let [x, y] = [0, 1].map(|k| self.array_of(data.inputs[k]));
        for (matrix, vector) in [(x, y), (y, x)] {
            if self.is_matrix_of(matrix, vector, over) && !data.axes.is_empty() {
                let wide = domain::length(self.graph, over) > domain::length(self.graph, &data.axes);
                return match wide {
                    true => Contraction::Transposed { matrix, vector },
                    false => Contraction::MatrixVector { matrix, vector },
                };
            }
        }
        let [x, y] = [x, y].map(|node| self.graph.axes_of(node));
        let domain = sorted(x.iter().chain(y).copied());
        if domain == x || domain == y { Contraction::Product { domain } } else { Contraction::Whole }
    }

    fn is_matrix_of(&self, matrix: Node, vector: Node, over: &[Axis]) -> bool {
        let axes = self.graph.axes_of(matrix);
        !self.varies(matrix)
            && self.graph.axes_of(vector) == over
            && over.iter().all(|axis| axes.contains(axis))
    }

    /// The varying nodes that a node reads, and how, given the roles of the nodes before it.
    pub fn reads(&self, node: Node, roles: &HashMap<Node, Role>) -> Vec<(Node, Access)> {
        let data = self.graph.node(node);
        let reads: Vec<(Node, Access)> = match &roles[&node] {
            Role::Home => vec![],
            Role::Part => vec![(data.inputs[0], Access::Rows)],
            Role::Whole => {
                data.inputs.iter().map(|&input| (self.whole_read(node, input), Access::Whole)).collect()
            }
            Role::Row { domain } | Role::Sink { domain } => {
                data.inputs.iter().map(|&input| self.row_read(node, input, domain, roles)).collect()
            }
        };
        reads.into_iter().filter(|&(input, _)| self.varies(input)).collect()
    }

    /// The node whose array an operation on whole arrays reads for an input.
    fn whole_read(&self, node: Node, input: Node) -> Node {
        match self.graph.node(node).op {
            Op::Contract(_) | Op::SolveTriangular { .. } => self.stored(input).0,
            _ => self.array_of(input),
        }
    }

    fn row_read(
        &self,
        node: Node,
        input: Node,
        domain: &[Axis],
        roles: &HashMap<Node, Role>,
    ) -> (Node, Access) {
        if let Op::Rename(_) = self.graph.node(node).op {
            return (self.stored(input).0, Access::Whole);
        }
        if self.reads_anywhere(node) {
            return (self.array_of(input), Access::Whole);
        }
        let input = self.rows_of(input);
        let same_loop = matches!(roles.get(&input), Some(Role::Row { domain: own }) if own == domain);
        (input, if same_loop { Access::Rows } else { Access::Whole })
    }

    /// Whether a row of this node reads more than the same row of its input.
    fn reads_anywhere(&self, node: Node) -> bool {
        match self.graph.node(node).op {
            Op::Gather(_) => true,
            Op::Contract(_) => matches!(self.contraction(node), Contraction::MatrixVector { .. }),
            _ => false,
        }
    }
}

/// Ascending, without repetitions.
pub(super) fn sorted(axes: impl Iterator<Item = Axis>) -> Vec<Axis> {
    let mut axes: Vec<Axis> = axes.collect();
    axes.sort();
    axes.dedup();
    axes
}
