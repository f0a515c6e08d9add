//! Row groups: the instructions of the loop over a domain.

use std::collections::HashMap;

use crate::graph::{Axis, Node, Op};
use crate::numeric::lanes::LANES;

use super::code::{DROPPED, Factors, Operand, Place, RowGroup, RowOp, Strands};
use super::compile::Compiler;
use super::roles::Contraction;
use super::schedule::Schedule;
use super::tile::Tile;
use super::{domain, peephole, slots};

/// Rows in a block: a slot is 64 bytes a row, and the slots of a group are to stay near the processor.
pub(super) const BLOCK: usize = 128;
/// Rows in a block where a matrix of more than so many columns takes part: its tile has to stay near as well.
const TILE_BLOCK: usize = 64;
const WIDE: usize = 16;

/// Emits the loop over `domain` that computes `nodes`.
pub(super) fn emit(
    compiler: &mut Compiler,
    schedule: &Schedule,
    domain: Vec<Axis>,
    nodes: &[Node],
) -> RowGroup {
    let rows = domain::length(compiler.graph, &domain);
    let wide = nodes.iter().any(|&node| reads_wide_matrix(compiler, node));
    let block = rows.next_multiple_of(LANES).clamp(LANES, if wide { TILE_BLOCK } else { BLOCK });
    let group = RowGroup { domain, rows, block, sums: vec![], strands: vec![], tile: None, ops: vec![] };
    let mut emitter =
        Emitter { compiler, schedule, group, loaded: HashMap::new(), values: HashMap::new(), slots: 0 };
    for &node in nodes {
        emitter.emit(node);
    }
    let Emitter { mut group, .. } = emitter;
    peephole::improve(&mut group.ops);
    let scratch = slots::assign(&mut group.ops) * block;
    compiler.code.scratch = compiler.code.scratch.max(scratch);
    if group.stretches() > 1 {
        compiler.code.totals = compiler.code.totals.max(group.summed());
    }
    group
}

fn reads_wide_matrix(compiler: &Compiler, node: Node) -> bool {
    let Op::Contract(over) = &compiler.graph.node(node).op else { return false };
    let columns = match compiler.roles.contraction(node) {
        Contraction::MatrixVector { .. } => domain::length(compiler.graph, over),
        Contraction::Transposed { .. } => compiler.graph.len_of(node),
        _ => 0,
    };
    columns > WIDE
}

/// The state of emitting a group. Slots are numbered without reuse here.
struct Emitter<'a, 'g> {
    compiler: &'a mut Compiler<'g>,
    schedule: &'a Schedule,
    group: RowGroup,
    loaded: HashMap<(usize, usize), Place>,
    values: HashMap<Node, Place>,
    slots: usize,
}

impl Emitter<'_, '_> {
    fn emit(&mut self, node: Node) {
        let data = self.compiler.graph.node(node).clone();
        match &data.op {
            Op::Unary(op) => {
                let x = self.operand(data.inputs[0]);
                let out = self.place(node);
                self.push(RowOp::Unary { op: *op, out, x });
            }
            Op::Binary(op) => {
                let [x, y] = [0, 1].map(|k| self.operand(data.inputs[k]));
                let out = self.place(node);
                self.push(RowOp::Binary { op: *op, out, x, y });
            }
            Op::Ternary(op) => {
                let operands = [0, 1, 2].map(|k| self.operand(data.inputs[k]));
                let out = self.place(node);
                self.push(RowOp::Ternary { op: *op, out, operands });
            }
            Op::Select => {
                let [condition, yes, no] = [0, 1, 2].map(|k| self.operand(data.inputs[k]));
                let out = self.place(node);
                self.push(RowOp::Select { out, condition, yes, no });
            }
            Op::Expand(_) => {
                let x = self.operand(data.inputs[0]);
                let out = self.place(node);
                self.push(RowOp::Copy { out, x });
            }
            Op::Rename(_) => self.rename(node),
            Op::Gather(gone) => self.gather(node, gone),
            Op::Sum(_) => {
                let x = self.operand(data.inputs[0]);
                self.sum(node, Factors::One(x));
            }
            Op::Scatter { targets, axes } => self.scatter(node, targets, axes),
            Op::Contract(_) => self.contract(node),
            _ => unreachable!("the other operations are no rows"),
        }
    }

    fn push(&mut self, op: RowOp) {
        self.group.ops.push(op);
    }

    fn slot(&mut self) -> Place {
        self.slots += 1;
        Place::Slot(self.slots - 1)
    }

    /// Where a node's rows are written.
    fn place(&mut self, node: Node) -> Place {
        let place = match self.schedule.kept.contains(&node) {
            true => Place::Array(self.compiler.homes[&node]),
            false => self.slot(),
        };
        self.values.insert(node, place);
        place
    }

    /// What a row reads of a node.
    fn operand(&mut self, node: Node) -> Operand {
        let node = self.compiler.roles.rows_of(node);
        if !self.compiler.roles.varies(node) {
            return self.constant_operand(node);
        }
        if let Some(&place) = self.values.get(&node) {
            return Operand::Rows(place);
        }
        let (home, axes) = (self.compiler.homes[&node], self.compiler.graph.axes_of(node));
        if axes == self.group.domain {
            return Operand::Rows(Place::Array(home));
        }
        if domain::length(self.compiler.graph, axes) == 1 {
            return Operand::Scalar(home);
        }
        let map = domain::map(self.compiler.graph, &self.group.domain, axes);
        self.load(home, map)
    }

    fn constant_operand(&mut self, node: Node) -> Operand {
        match self.compiler.graph.len_of(node) {
            1 => Operand::Immediate(self.compiler.constant(node)[0]),
            _ => Operand::Column(self.compiler.column(node, &self.group.domain.clone())),
        }
    }

    /// The rows of an array read through a map, loaded once in a group.
    fn load(&mut self, array: usize, map: Vec<u32>) -> Operand {
        if domain::is_identity(&map) {
            return Operand::Rows(Place::Array(array));
        }
        let map = self.compiler.map(map);
        if let Some(&place) = self.loaded.get(&(array, map)) {
            return Operand::Rows(place);
        }
        let out = self.slot();
        self.push(RowOp::Load { out, array, map });
        self.loaded.insert((array, map), out);
        Operand::Rows(out)
    }

    /// A node whose rows are those of an array, read through a map.
    fn loaded(&mut self, node: Node, source: Node, map: Vec<u32>) {
        let source = self.compiler.array(source);
        match self.schedule.kept.contains(&node) {
            false => {
                let Operand::Rows(place) = self.load(source, map) else { unreachable!("a load makes rows") };
                self.values.insert(node, place);
            }
            true => {
                let map = self.compiler.map(map);
                let out = self.place(node);
                self.push(RowOp::Load { out, array: source, map });
            }
        }
    }

    fn rename(&mut self, node: Node) {
        let (source, stored) = self.compiler.roles.stored(node);
        let map = domain::map(self.compiler.graph, &self.group.domain, &stored);
        self.loaded(node, source, map);
    }

    fn gather(&mut self, node: Node, gone: &[Axis]) {
        let graph = self.compiler.graph;
        let inputs = &graph.node(node).inputs;
        let axes = graph.axes_of(inputs[0]);
        let mut map = domain::map_without(graph, &self.group.domain, axes, gone);
        for (&axis, &positions) in gone.iter().zip(&inputs[1..]) {
            let (last, stride) = (graph.axis_size(axis).saturating_sub(1), domain::stride(graph, axes, axis));
            let column = self.compiler.column(positions, &self.group.domain);
            for (element, position) in map.iter_mut().zip(self.compiler.code.columns[column].iter()) {
                // The cast clamps below at 0, and takes NaN there.
                *element += ((position.round() as usize).min(last) * stride) as u32;
            }
        }
        self.loaded(node, inputs[0], map);
    }

    fn scatter(&mut self, node: Node, targets: &[Axis], axes: &[Axis]) {
        let graph = self.compiler.graph;
        let inputs = &graph.node(node).inputs;
        let mut map = domain::map_without(graph, &self.group.domain, axes, targets);
        for (&axis, &positions) in targets.iter().zip(&inputs[1..]) {
            let (size, stride) = (graph.axis_size(axis) as f64, domain::stride(graph, axes, axis));
            let column = self.compiler.column(positions, &self.group.domain);
            for (element, position) in map.iter_mut().zip(self.compiler.code.columns[column].iter()) {
                let position = position.round();
                let inside = *element != DROPPED && (0.0..size).contains(&position);
                *element = if inside { *element + (position as usize * stride) as u32 } else { DROPPED };
            }
        }
        let values = self.operand(inputs[0]);
        let into = self.summed(node);
        let map = self.compiler.map(map);
        self.push(RowOp::SumInto { factors: Factors::One(values), map, into });
    }

    /// The place of a node that is accumulated.
    fn summed(&mut self, node: Node) -> usize {
        let home = self.compiler.homes[&node];
        self.group.sums.push((home, self.compiler.graph.len_of(node)));
        home
    }

    /// Adds up rows into the elements that have the same positions along the axes of the result.
    fn sum(&mut self, node: Node, factors: Factors) {
        let into = self.summed(node);
        let graph = self.compiler.graph;
        if graph.len_of(node) == 1 {
            return self.push(RowOp::Sum { factors, into });
        }
        let map = domain::map(graph, &self.group.domain, graph.axes_of(node));
        let map = self.compiler.map(map);
        self.push(RowOp::SumInto { factors, map, into });
    }

    fn contract(&mut self, node: Node) {
        match self.compiler.roles.contraction(node) {
            Contraction::Product { .. } => {
                let inputs = self.compiler.graph.node(node).inputs.clone();
                let [x, y] = [0, 1].map(|k| self.operand(inputs[k]));
                self.sum(node, Factors::Two(x, y));
            }
            Contraction::MatrixVector { matrix, vector } => {
                let tile = self.tile(matrix, vector);
                self.group.tile = Some(tile);
                let vector = self.compiler.homes[&vector];
                let out = self.place(node);
                self.push(RowOp::MatrixVector { out, tile, vector });
            }
            Contraction::Transposed { matrix, vector } => {
                let columns = self.compiler.graph.axes_of(node).to_vec();
                let tile = self.tile_over(matrix, &columns);
                let x = self.operand(vector);
                let (into, length) = (self.compiler.homes[&node], self.compiler.graph.len_of(node));
                let strands = self.compiler.allocate(length * LANES);
                self.group.sums.push((into, length));
                self.group.strands.push(Strands { strands, into, length });
                self.push(RowOp::TransposedMatrixVector { tile, x, strands });
            }
            Contraction::Whole => unreachable!("a whole contraction is no row"),
        }
    }

    fn tile(&mut self, matrix: Node, vector: Node) -> usize {
        let columns = self.compiler.graph.axes_of(vector).to_vec();
        self.tile_over(matrix, &columns)
    }

    /// The constant matrix with this group's rows and the given columns, packed; shared where equal.
    fn tile_over(&mut self, matrix: Node, columns: &[Axis]) -> usize {
        let graph = self.compiler.graph;
        let block = self.group.block;
        let key = (matrix, self.group.domain.clone(), columns.to_vec());
        if let Some(&tile) = self.compiler.tiles.get(&key) {
            return tile;
        }
        let axes = graph.axes_of(matrix);
        let lines = domain::lines(graph, &self.group.domain, columns, axes);
        let values = self.compiler.constant(matrix);
        let tile = Tile::pack(&values, (&lines.starts, &lines.steps), block);
        self.compiler.code.tiles.push(tile);
        let tile = self.compiler.code.tiles.len() - 1;
        self.compiler.tiles.insert(key, tile);
        tile
    }
}
