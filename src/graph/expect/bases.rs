//! Functions of few affine nodes, element by element: which nodes these are, and the function at other values of them.

use super::{Expecting, Obstacle};
use crate::graph::{Axis, Binary, Node, NodeData, Op, Unary};

/// The most affine nodes that a function is integrated over.
const MOST_BASES: usize = 2;

/// A node read or renamed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Move {
    op: Op,
    /// Where it is read.
    positions: Vec<Node>,
}

pub(super) type Bases = Result<Vec<Node>, Obstacle>;

impl Expecting<'_> {
    /// The affine nodes of which each element of a node is a function, with the element at the same place; as many as
    /// two. An affine node that is a multiple of another one, or shifted, has the other one's base.
    pub(super) fn bases(&mut self, node: Node) -> Bases {
        if let Some(known) = self.bases.get(&node) {
            return known.clone();
        }
        let found = self.find_bases(node);
        self.bases.insert(node, found.clone());
        found
    }

    fn find_bases(&mut self, node: Node) -> Bases {
        if self.is_free(node) {
            return Ok(vec![]);
        }
        if let Some(affine) = self.affine(node) {
            return Ok(vec![self.base_of(affine)]);
        }
        let data = self.builder.graph().node(node).clone();
        match &data.op {
            Op::Unary(Unary::Sign | Unary::Floor | Unary::Ceil | Unary::Round | Unary::Not) => {
                Err(Obstacle::Jump)
            }
            Op::Unary(Unary::Abs) => {
                self.bases(data.inputs[0])?;
                // The size of what cannot change its sign is smooth.
                let terms = self.terms(data.inputs[0])?;
                self.magnitude(&terms).ok_or(Obstacle::Kink)?;
                self.union(&data.inputs)
            }
            Op::Unary(_) | Op::Expand(_) | Op::Stack(_) => self.union(&data.inputs),
            Op::Binary(op) => match op {
                Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Pow | Binary::Atan2 => {
                    self.union(&data.inputs)
                }
                Binary::Min | Binary::Max => Err(Obstacle::Kink),
                _ => Err(Obstacle::Jump),
            },
            Op::Select if self.is_free(data.inputs[0]) => self.union(&data.inputs[1..]),
            Op::Select => Err(Obstacle::Kink),
            Op::Rename(_) => self.moved_bases(&data),
            Op::Gather(_) if data.inputs[1..].iter().all(|&positions| self.is_free(positions)) => {
                self.moved_bases(&data)
            }
            Op::Gather(_) => Err(Obstacle::Jump),
            Op::Sum(axes) | Op::LogSumExp(axes) | Op::Contract(axes) => self.reduced(&data.inputs, axes),
            Op::Max(_) => Err(Obstacle::Kink),
            Op::CumulativeSum(axis, _) => self.reduced(&data.inputs, &[*axis]),
            Op::Scan(_) | Op::Output(_) | Op::Leaf { .. } => Err(Obstacle::Recurrence),
            Op::Parameter { .. } => Err(Obstacle::Kept),
            Op::StopGradient => Err(Obstacle::Function("stop_gradient")),
            _ => Err(Obstacle::Matrix),
        }
    }

    fn union(&mut self, inputs: &[Node]) -> Bases {
        let mut all: Vec<Node> = Vec::new();
        for &input in inputs {
            for base in self.bases(input)? {
                if !all.contains(&base) {
                    all.push(base);
                }
            }
        }
        all.sort();
        if all.len() > MOST_BASES { Err(Obstacle::Several) } else { Ok(all) }
    }

    /// The bases of a sum over axes, which no base may have.
    fn reduced(&mut self, inputs: &[Node], axes: &[Axis]) -> Bases {
        let bases = self.union(inputs)?;
        let mixes = |&base: &Node| self.builder.axes_of(base).iter().any(|axis| axes.contains(axis));
        if bases.iter().any(mixes) { Err(Obstacle::Mixed) } else { Ok(bases) }
    }

    fn moved_bases(&mut self, data: &NodeData) -> Bases {
        let bases = self.bases(data.inputs[0])?;
        let moved = Move { op: data.op.clone(), positions: data.inputs[1..].to_vec() };
        let mut found: Vec<Node> = bases.into_iter().map(|base| self.shifted(base, &moved)).collect();
        found.sort();
        Ok(found)
    }

    fn shifted(&mut self, node: Node, moved: &Move) -> Node {
        match &moved.op {
            Op::Gather(gone) => {
                let at: Vec<(Axis, Node)> =
                    gone.iter().copied().zip(moved.positions.iter().copied()).collect();
                let own = self.builder.axes_of(node);
                let read: Vec<(Axis, Node)> = at.into_iter().filter(|(axis, _)| own.contains(axis)).collect();
                self.builder.gather(node, &read)
            }
            Op::Rename(pairs) => self.builder.rename(node, pairs),
            _ => unreachable!("a move reads or renames"),
        }
    }

    /// The node that an affine node is a multiple of, but for what is free.
    fn base_of(&mut self, affine: Node) -> Node {
        let data = self.builder.graph().node(affine).clone();
        let inner = |this: &mut Self, k: usize| {
            let input = data.inputs[k];
            let input = this.affine(input).unwrap_or(input);
            this.base_of(input)
        };
        match &data.op {
            Op::Unary(Unary::Neg) | Op::Expand(_) => inner(self, 0),
            Op::Binary(Binary::Add | Binary::Sub | Binary::Mul | Binary::Div) => {
                let free = [0, 1].map(|k| self.is_free(data.inputs[k]));
                match free {
                    [true, false] => inner(self, 1),
                    [false, true] => inner(self, 0),
                    _ => {
                        let (x, y) = (inner(self, 0), inner(self, 1));
                        if x == y { x } else { affine }
                    }
                }
            }
            Op::Gather(_) | Op::Rename(_) => {
                let base = inner(self, 0);
                let moved = Move { op: data.op.clone(), positions: data.inputs[1..].to_vec() };
                self.shifted(base, &moved)
            }
            _ => affine,
        }
    }

    /// A function of some bases, with other values in place of these; none where the bases do not show. `moves` is what
    /// the function is read through, the first first.
    pub(super) fn at(&mut self, node: Node, values: &[(Node, Node)], moves: &[Move]) -> Option<Node> {
        if self.is_free(node) {
            return Some(moves.iter().fold(node, |node, moved| self.shifted(node, moved)));
        }
        let node = self.affine(node).unwrap_or(node);
        if self.affine(node).is_some() {
            let place = moves.iter().fold(node, |node, moved| self.shifted(node, moved));
            if let Some((_, value)) = values.iter().find(|(base, _)| *base == place) {
                return Some(*value);
            }
        }
        let data = self.builder.graph().node(node).clone();
        match &data.op {
            Op::Gather(_) | Op::Rename(_) => {
                let own = Move { op: data.op.clone(), positions: data.inputs[1..].to_vec() };
                self.at(data.inputs[0], values, &[&[own], moves].concat())
            }
            Op::Expand(_) => self.at(data.inputs[0], values, moves),
            Op::Unary(_) | Op::Binary(_) | Op::Select => {
                let inputs = self.each_at(&data.inputs, values, moves)?;
                Some(self.builder.apply(&data.op, &inputs, &[]))
            }
            Op::Sum(axes) | Op::LogSumExp(axes) | Op::Contract(axes) => {
                self.reduced_at(&data, axes, (values, moves))
            }
            Op::CumulativeSum(axis, _) | Op::Stack(axis) => self.reduced_at(&data, &[*axis], (values, moves)),
            _ => None,
        }
    }

    fn each_at(&mut self, inputs: &[Node], values: &[(Node, Node)], moves: &[Move]) -> Option<Vec<Node>> {
        inputs.iter().map(|&input| self.at(input, values, moves)).collect()
    }

    /// An operation along axes, which no move may touch.
    fn reduced_at(
        &mut self,
        data: &NodeData,
        axes: &[Axis],
        (values, moves): (&[(Node, Node)], &[Move]),
    ) -> Option<Node> {
        if moves.iter().any(|moved| self.touches(moved, axes)) {
            return None;
        }
        let inputs = self.each_at(&data.inputs, values, moves)?;
        let wide = |this: &mut Self, (input, &before): (Node, &Node)| {
            let own = this.builder.axes_of(before).to_vec();
            let whole: Vec<Axis> = own.into_iter().filter(|axis| axes.contains(axis)).collect();
            this.builder.expand(input, &whole)
        };
        let inputs: Vec<Node> = inputs.into_iter().zip(&data.inputs).map(|pair| wide(self, pair)).collect();
        Some(self.builder.apply(&data.op, &inputs, &[]))
    }

    fn touches(&self, moved: &Move, axes: &[Axis]) -> bool {
        let of_positions = moved.positions.iter().flat_map(|&node| self.builder.axes_of(node));
        let own: Vec<Axis> = match &moved.op {
            Op::Gather(gone) => gone.iter().chain(of_positions).copied().collect(),
            Op::Rename(pairs) => pairs.iter().flat_map(|&(from, to)| [from, to]).collect(),
            _ => vec![],
        };
        own.iter().any(|axis| axes.contains(axis))
    }
}
