//! The computation graph: hash-consed array nodes whose axes have names. Knows arithmetic and no probability.
//!
//! Every value is an array over a *set* of axes, stored row-major with the axes in ascending order. Element-wise
//! operations broadcast by axis, so there is no transposition and no implicit outer product left to get wrong.
//! All values are `f64`, integers and truth values included.

mod apply;
pub mod autodiff;
pub mod blocks;
pub mod build;
pub mod condense;
pub mod expect;
mod fission;
pub mod interpret;
pub mod op;
pub mod print;
mod prune;
mod pullback;
pub mod replace;
pub mod restrict;
mod scan;
mod simplify;
pub mod trial;
pub mod verify;

pub use build::Builder;
pub use op::{Binary, Direction, Op, Ternary, Unary, Vector};

use std::sync::Arc;

/// An axis of a graph: a name with a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Axis(pub(crate) u32);

/// A value of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node(pub(crate) u32);

/// A constant array of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DataId(pub(crate) u32);

/// A recurrence of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScanId(pub(crate) u32);

/// What is known of an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AxisInfo {
    /// For printing.
    pub label: String,
    /// Number of positions.
    pub size: usize,
}

/// One operation applied to earlier nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeData {
    /// What is done.
    pub op: Op,
    /// To what; every input has a smaller index.
    pub inputs: Vec<Node>,
    /// The axes of the result, ascending.
    pub axes: Vec<Axis>,
    /// Who asked for it: a number the caller of the builder set, for tracing faults; not part of identity.
    pub origin: u32,
}

/// The body of a recurrence along one axis. Its nodes live in the same graph and hang on [`Op::Leaf`]s.
///
/// At each position, in `direction`: the leaves hold the carries, the slices of the sequences and the constants;
/// `next` are the new carries, and `outputs` are stacked along `axis`.
/// Inputs of the [`Op::Scan`] node: initial carries, then sequences (which have `axis`), then constants.
/// [`Op::Output`] `k` of it is stacked output `k`, or, from `outputs.len()` on, a final carry.
/// An output may be a leaf itself: taking a derivative appends carry leaves to `outputs`, and moves those `k` along.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanBody {
    /// The axis it runs along; absent from all nodes of the body.
    pub axis: Axis,
    /// First to last, or last to first.
    pub direction: Direction,
    /// Leaves that hold the carries, in the order of the initial values.
    pub carries: Vec<Node>,
    /// Leaves that hold the slices of the sequences.
    pub sequences: Vec<Node>,
    /// Leaves that hold what does not change along the axis.
    pub constants: Vec<Node>,
    /// The carries for the next position.
    pub next: Vec<Node>,
    /// What is kept of each position.
    pub outputs: Vec<Node>,
}

/// An immutable graph, made by [`Builder`].
#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub(crate) axes: Vec<AxisInfo>,
    pub(crate) nodes: Vec<NodeData>,
    pub(crate) data: Vec<Arc<[f64]>>,
    pub(crate) scans: Vec<ScanBody>,
}

impl Graph {
    /// The operation, inputs and axes of a node.
    pub fn node(&self, node: Node) -> &NodeData {
        &self.nodes[node.0 as usize]
    }

    /// All nodes in an order in which inputs come first.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = Node> + ExactSizeIterator + use<> {
        (0..self.nodes.len() as u32).map(Node)
    }

    /// Label and size of an axis.
    pub fn axis(&self, axis: Axis) -> &AxisInfo {
        &self.axes[axis.0 as usize]
    }

    /// Number of positions of an axis.
    pub fn axis_size(&self, axis: Axis) -> usize {
        self.axis(axis).size
    }

    /// Axes of a node, ascending.
    pub fn axes_of(&self, node: Node) -> &[Axis] {
        &self.node(node).axes
    }

    /// Number of elements of a node.
    pub fn len_of(&self, node: Node) -> usize {
        self.axes_of(node).iter().map(|&axis| self.axis_size(axis)).product()
    }

    /// Values of a constant array.
    pub fn data(&self, id: DataId) -> &Arc<[f64]> {
        &self.data[id.0 as usize]
    }

    /// Body of a recurrence.
    pub fn scan(&self, id: ScanId) -> &ScanBody {
        &self.scans[id.0 as usize]
    }

    /// Number of nodes.
    pub fn size(&self) -> usize {
        self.nodes.len()
    }
}
