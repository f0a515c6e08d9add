//! From a graph to code: constants are computed, memory is laid out, each batch of the schedule becomes a group.

use std::collections::HashMap;
use std::sync::Arc;

use crate::graph::interpret::interpret;
use crate::graph::{Axis, Graph, Node, Op, Vector};
use crate::numeric::lanes::LANES;

use super::code::{Code, Group, Input, Lines, Offset, ParameterSpace, Root, Splat};
use super::domain;
use super::roles::Roles;
use super::schedule::{Batch, Schedule};
use super::{room, rows, whole};

/// The state of a compilation.
pub(super) struct Compiler<'g> {
    pub graph: &'g Graph,
    pub roles: Roles<'g>,
    pub code: Code,
    /// Places of the arrays that are in memory.
    pub homes: HashMap<Node, Offset>,
    constants: HashMap<Node, Arc<[f64]>>,
    columns: HashMap<(Node, Vec<Axis>), usize>,
    maps: HashMap<Arc<[u32]>, usize>,
    splats: HashMap<Node, Offset>,
    /// Packed matrices by matrix, rows and columns.
    pub tiles: HashMap<(Node, Vec<Axis>, Vec<Axis>), usize>,
}

/// Compiles the computation of `roots`.
pub(super) fn compile(graph: &Graph, roots: &[Node]) -> Code {
    let mut compiler = Compiler::new(graph);
    let arrays: Vec<Node> = roots.iter().map(|&root| compiler.roles.array_of(root)).collect();
    compiler.code.groups = compiler.groups(&arrays);
    for array in arrays {
        let root = Root { from: compiler.input(array), length: graph.len_of(array) };
        compiler.code.roots.push(root);
    }
    compiler.code
}

impl<'g> Compiler<'g> {
    fn new(graph: &'g Graph) -> Self {
        let mut compiler = Self {
            graph,
            roles: Roles::new(graph),
            code: Code::default(),
            homes: HashMap::new(),
            constants: HashMap::new(),
            columns: HashMap::new(),
            maps: HashMap::new(),
            splats: HashMap::new(),
            tiles: HashMap::new(),
        };
        compiler.code.positions = compiler.parameter_space(Vector::Position);
        compiler.code.directions = compiler.parameter_space(Vector::Direction);
        compiler
    }

    /// Room for a parameter vector, as far as the graph reads it.
    fn parameter_space(&mut self, wanted: Vector) -> ParameterSpace {
        let stretches: Vec<(Node, usize)> = self
            .graph
            .nodes()
            .filter_map(|node| match self.graph.node(node).op {
                Op::Parameter { vector, offset } if vector == wanted => Some((node, offset)),
                _ => None,
            })
            .collect();
        let end = |&(node, offset): &(Node, usize)| offset + self.graph.len_of(node);
        let length = stretches.iter().map(end).max().unwrap_or(0);
        let first = self.allocate(length);
        self.homes.extend(stretches.into_iter().map(|(node, offset)| (node, first + offset)));
        ParameterSpace { first, length }
    }

    /// Room for an array in a chunk's memory.
    pub fn allocate(&mut self, length: usize) -> Offset {
        let first = self.code.memory;
        self.code.memory += length;
        first
    }

    /// The groups that compute `roots` (constants among them need none) into their homes.
    pub fn groups(&mut self, roots: &[Node]) -> Vec<Group> {
        let roots: Vec<Node> = roots.iter().copied().filter(|&root| self.roles.varies(root)).collect();
        let schedule = Schedule::new(&self.roles, &roots, |node| self.homes.contains_key(&node));
        let batches = schedule.batches();
        room::assign(self, &schedule, &roots, &batches);
        for &node in &schedule.kept {
            if !self.homes.contains_key(&node) && !matches!(self.graph.node(node).op, Op::Scan(_)) {
                let home = self.allocate(self.graph.len_of(node));
                self.homes.insert(node, home);
            }
        }
        let emit = |batch| match batch {
            Batch::Rows { domain, nodes } => Group::Rows(rows::emit(self, &schedule, domain, &nodes)),
            Batch::Whole(node) => Group::Whole(whole::emit(self, &schedule, node)),
        };
        batches.into_iter().map(emit).collect()
    }

    /// The value of a constant node.
    pub fn constant(&mut self, node: Node) -> Arc<[f64]> {
        let graph = self.graph;
        let compute = || match graph.node(node).op {
            Op::Data(id) => graph.data(id).clone(),
            _ => interpret(graph, &[], &[], &[node]).swap_remove(0).into(),
        };
        self.constants.entry(node).or_insert_with(compute).clone()
    }

    /// A constant node's value at each row of a domain.
    pub fn column(&mut self, node: Node, domain: &[Axis]) -> usize {
        if let Some(&column) = self.columns.get(&(node, domain.to_vec())) {
            return column;
        }
        let values = self.constant(node);
        let axes = self.graph.axes_of(node);
        let spread = match axes == domain {
            true => values,
            false => domain::map(self.graph, domain, axes).iter().map(|&k| values[k as usize]).collect(),
        };
        self.code.columns.push(padded(spread));
        let column = self.code.columns.len() - 1;
        self.columns.insert((node, domain.to_vec()), column);
        column
    }

    /// The index of a map, shared among equal ones.
    pub fn map(&mut self, map: Vec<u32>) -> usize {
        let map: Arc<[u32]> = map.into();
        if let Some(&index) = self.maps.get(&map) {
            return index;
        }
        self.code.maps.push(map.clone());
        self.maps.insert(map, self.code.maps.len() - 1);
        self.code.maps.len() - 1
    }

    /// A node read whole: its array, or its constant.
    pub fn input(&mut self, node: Node) -> Input {
        let node = self.roles.array_of(node);
        if self.roles.varies(node) {
            Input::Array(self.homes[&node])
        } else {
            let axes = self.graph.axes_of(node).to_vec();
            Input::Column(self.column(node, &axes))
        }
    }

    /// A node read whole by an operation that knows arrays only: a constant is laid out for all samples once.
    pub fn array(&mut self, node: Node) -> Offset {
        let node = self.roles.array_of(node);
        match self.input(node) {
            Input::Array(offset) => offset,
            Input::Column(column) => match self.splats.get(&node) {
                Some(&offset) => offset,
                None => {
                    let length = self.graph.len_of(node);
                    let to = self.allocate(length);
                    self.code.splats.push(Splat { column, to, length });
                    self.splats.insert(node, to);
                    to
                }
            },
        }
    }

    /// A node's array as lines: one for each row over `rows`, running over `inner`.
    pub fn lines(&self, node: Node, rows: &[Axis], inner: &[Axis]) -> Lines {
        domain::lines(self.graph, rows, inner, self.graph.axes_of(node))
    }
}

/// Filled up to whole vectors with the last number, so that the lanes beyond the end meet no values that others do not.
fn padded(values: Arc<[f64]>) -> Arc<[f64]> {
    let length = values.len().next_multiple_of(LANES);
    match (values.last(), length == values.len()) {
        (Some(&last), false) => {
            values.iter().copied().chain(std::iter::repeat_n(last, length - values.len())).collect()
        }
        _ => values,
    }
}
