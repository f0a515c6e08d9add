//! Branches: the value of a node in the rows that read the element tried, and how they are brought to that element.

use super::super::interpret::{interpret, order};
use super::super::{Axis, Binary, Builder, Node, Op};
use super::Trial;

/// Which element of the input, along one of its axes, a row of a node reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// The one at the row's own position along an axis.
    Here(Axis),
    /// The one at these positions.
    At(Node),
    /// All: the value varies over the axis of the element tried.
    All,
}

/// What a node is in the rows where all places match the element tried.
///
/// Branches of a node may match the same row; then the first of them has the row's value, and the others have what the
/// node is without a trial.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    /// One for each of the input's axes.
    pub(super) places: Vec<Match>,
    /// Over (some of) the node's axes, the axes of elements tried where a place is `All`, and the trial values' own.
    pub(super) value: Node,
}

impl Branch {
    /// The input's axes (by number) whose place is found along one of `axes`.
    pub(super) fn along(&self, builder: &Builder, axes: &[Axis]) -> Vec<usize> {
        let touches = |place: &Match| match place {
            Match::Here(axis) => axes.contains(axis),
            Match::At(positions) => builder.axes_of(*positions).iter().any(|axis| axes.contains(axis)),
            Match::All => false,
        };
        (0..self.places.len()).filter(|&j| touches(&self.places[j])).collect()
    }
}

impl Trial<'_> {
    /// A node over all axes of another.
    pub(super) fn spread(&mut self, value: Node, like: Node) -> Node {
        let axes = self.builder.axes_of(like).to_vec();
        self.builder.expand(value, &axes)
    }

    /// Positions that a place stands for; none for all.
    fn positions(&mut self, place: Match) -> Option<Node> {
        match place {
            Match::Here(axis) => Some(self.builder.iota(axis)),
            Match::At(positions) => Some(positions),
            Match::All => None,
        }
    }

    /// The same branch of `node` with some places made `All`: the value is the node's own except at the element tried.
    pub(super) fn dense(&mut self, node: Node, branch: &Branch, along: &[usize]) -> Branch {
        let mut branch = branch.clone();
        for &j in along {
            let Some(positions) = self.positions(branch.places[j]) else { continue };
            let tried = self.builder.iota(self.tried[j]);
            let is_tried = self.builder.equal(positions, tried);
            branch.value = self.builder.select(is_tried, branch.value, node);
            branch.places[j] = Match::All;
        }
        branch
    }

    /// Rows summed over `axes`, each row brought to the element that it reads: over that element's axis.
    pub(super) fn brought(&mut self, rows: Node, branch: &Branch, axes: &[Axis]) -> Node {
        let along = branch.along(self.builder, axes);
        let mut renamed = Vec::new();
        let mut at = Vec::new();
        for &j in &along {
            match branch.places[j] {
                Match::Here(axis) if !renamed.iter().any(|&(from, _)| from == axis) => {
                    renamed.push((axis, self.tried[j]));
                }
                // The same axis once more: the diagonal.
                Match::Here(axis) => at.push((self.tried[j], self.builder.iota(axis))),
                Match::At(positions) => at.push((self.tried[j], positions)),
                Match::All => {}
            }
        }
        let rows = self.builder.rename(rows, &renamed);
        let at: Vec<(Axis, Node)> = at
            .into_iter()
            .map(|(axis, positions)| (axis, self.builder.rename(positions, &renamed)))
            .collect();
        let gone: Vec<Axis> =
            axes.iter().copied().filter(|axis| !renamed.iter().any(|(from, _)| from == axis)).collect();
        if at.is_empty() {
            return self.builder.sum(rows, &gone);
        }
        let mut kept: Vec<Axis> =
            self.builder.axes_of(rows).iter().copied().filter(|axis| !gone.contains(axis)).collect();
        let beside: Vec<Axis> =
            at.iter().flat_map(|(_, node)| self.builder.axes_of(*node).to_vec()).collect();
        kept.extend(beside.into_iter().filter(|axis| !gone.contains(axis)));
        kept.extend(at.iter().map(|(axis, _)| *axis));
        kept.sort();
        kept.dedup();
        let over: Vec<Axis> = gone;
        let rows = self.builder.expand(rows, &over);
        self.builder.scatter(rows, &at, &kept)
    }

    /// Where two lists of places match the same row: 1 there, none where they never do. Both are sparse along the same axes.
    pub(super) fn overlap(&mut self, a: &[Match], b: &[Match]) -> Option<Node> {
        let mut all: Option<Node> = None;
        for (&a, &b) in a.iter().zip(b) {
            let (Some(a), Some(b)) = (self.positions(a), self.positions(b)) else { continue };
            let same = self.builder.equal(a, b);
            all = Some(match all {
                Some(before) => self.builder.binary(Binary::And, before, same),
                None => same,
            });
        }
        let all = all?;
        (!self.never(all)).then_some(all)
    }

    /// Whether a node is known to be 0 everywhere, by computing it where it depends on data alone.
    fn never(&self, node: Node) -> bool {
        let graph = self.builder.graph();
        let nodes = order(graph, &[node]);
        let fixed =
            |op: &Op| !matches!(op, Op::Parameter { .. } | Op::Leaf { .. } | Op::Output(_) | Op::Scan(_));
        nodes.iter().all(|&node| fixed(&graph.node(node).op))
            && interpret(graph, &[], &[], &[node])[0].iter().all(|&value| value == 0.0)
    }

    /// `value`, but 0 in rows that one of the earlier branches has.
    pub(super) fn unless_earlier(&mut self, earlier: &[Branch], branch: &Branch, value: Node) -> Node {
        let mut value = value;
        for other in earlier {
            if let Some(both) = self.overlap(&other.places, &branch.places) {
                let zero = self.builder.constant(0.0);
                value = self.builder.select(both, zero, value);
            }
        }
        value
    }
}
