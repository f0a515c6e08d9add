//! Operations on whole arrays: where their operands lie, line by line and matrix by matrix.

use crate::graph::{Axis, Direction, Node, NodeData, Op};
use crate::numeric::lanes::LANES;

use super::code::{COLUMNS, Lines, Matrices, Part, Positions, Reduction, WholeOp};
use super::compile::Compiler;
use super::domain::{self, shared};
use super::scan;
use super::schedule::Schedule;

/// Emits the operation of a node.
pub(super) fn emit(compiler: &mut Compiler, schedule: &Schedule, node: Node) -> WholeOp {
    let data = compiler.graph.node(node).clone();
    if let Op::Scan(id) = data.op {
        return WholeOp::Scan(Box::new(scan::emit(compiler, schedule, (node, id))));
    }
    let out = compiler.homes[&node];
    match &data.op {
        Op::Max(over) => reduce(compiler, &data, Reduction::Max, (over, out)),
        Op::LogSumExp(over) => reduce(compiler, &data, Reduction::LogSumExp, (over, out)),
        Op::Contract(over) => {
            let [x, y] = [0, 1].map(|k| {
                let (source, axes) = compiler.roles.stored(data.inputs[k]);
                (compiler.input(source), domain::lines(compiler.graph, &data.axes, over, &axes))
            });
            let [wide, narrow] = [columns(&x.1), columns(&y.1)];
            // A product has the same bits either way.
            let (mut x, mut y, columns) = if wide >= narrow { (x, y, wide) } else { (y, x, narrow) };
            x.1.starts = x.1.starts.iter().step_by(columns).copied().collect();
            if let Some(row) =
                y.1.starts.get(..columns).filter(|row| y.1.starts.chunks(columns).all(|own| own == *row))
            {
                y.1.starts = row.into();
            }
            compiler.code.numbers = compiler.code.numbers.max(x.1.steps.len() * COLUMNS);
            WholeOp::Contract { x, y, out, columns }
        }
        Op::CumulativeSum(axis, direction) => {
            let lines = compiler.lines(data.inputs[0], &without(&data.axes, &[*axis]), &[*axis]);
            let x = compiler.array(data.inputs[0]);
            WholeOp::CumulativeSum { x, lines, direction: *direction, out }
        }
        Op::Cholesky { row, column } => {
            WholeOp::Cholesky { x: matrices(compiler, &data, (*row, *column)), out }
        }
        Op::Inverse { row, column } => {
            WholeOp::Inverse { x: matrices(compiler, &data, (*row, *column)), out }
        }
        Op::LogAbsDet { row, column } => {
            WholeOp::LogAbsDet { x: matrices(compiler, &data, (*row, *column)), out }
        }
        Op::SolveTriangular { row, column, direction } => {
            solve_triangular(compiler, &data, (*row, *column, *direction), out)
        }
        Op::Gather(gone) => gather(compiler, &data, gone, out),
        Op::Scatter { targets, .. } => scatter(compiler, node, targets, out),
        Op::Stack(axis) => stack(compiler, &data, *axis, out),
        _ => unreachable!("the other operations are rows"),
    }
}

/// How many rows, one after another, start at the same place; each run is as long.
fn columns(lines: &Lines) -> usize {
    let starts = &lines.starts;
    let run = |run: &[u32]| run.len();
    starts.chunk_by(|a, b| a == b).map(run).min().filter(|run| starts.len().is_multiple_of(*run)).unwrap_or(1)
}

fn without(axes: &[Axis], gone: &[Axis]) -> Vec<Axis> {
    axes.iter().copied().filter(|axis| !gone.contains(axis)).collect()
}

fn reduce(compiler: &mut Compiler, data: &NodeData, op: Reduction, (over, out): (&[Axis], usize)) -> WholeOp {
    let lines = compiler.lines(data.inputs[0], &data.axes, over);
    WholeOp::Reduce { op, x: compiler.array(data.inputs[0]), lines, out }
}

/// The matrices of the first input, one for each combination of the other axes.
fn matrices(compiler: &mut Compiler, data: &NodeData, (row, column): (Axis, Axis)) -> Matrices {
    let axes = compiler.graph.axes_of(data.inputs[0]).to_vec();
    let batch = without(&axes, &[row, column]);
    matrices_along(compiler, (data.inputs[0], &axes), (row, column), &batch)
}

/// The matrices of an array over `axes` in the order in which they lie there.
fn matrices_along(
    compiler: &mut Compiler,
    (node, axes): (Node, &[Axis]),
    (row, column): (Axis, Axis),
    batch: &[Axis],
) -> Matrices {
    let array = compiler.array(node);
    let graph = compiler.graph;
    let size = graph.axis_size(row);
    // Two matrices; or one of whole vectors; or lines of right-hand sides.
    let room = size * (2 * size).max(size.next_multiple_of(LANES)).max(COLUMNS);
    compiler.code.numbers = compiler.code.numbers.max(room);
    Matrices {
        array,
        starts: shared(domain::map(graph, batch, axes)),
        row: domain::stride(graph, axes, row),
        column: domain::stride(graph, axes, column),
        size,
    }
}

fn solve_triangular(
    compiler: &mut Compiler,
    data: &NodeData,
    (row, column, direction): (Axis, Axis, Direction),
    out: usize,
) -> WholeOp {
    let (known, unknown) = match direction {
        Direction::Forward => (row, column),
        Direction::Reverse => (column, row),
    };
    let batch = without(&data.axes, &[unknown]);
    let (matrix, axes) = compiler.roles.stored(data.inputs[0]);
    let l = matrices_along(compiler, (matrix, &axes), (row, column), &batch);
    let (right, axes) = compiler.roles.stored(data.inputs[1]);
    let b = (compiler.array(right), domain::lines(compiler.graph, &batch, &[known], &axes));
    let x = (out, domain::lines(compiler.graph, &batch, &[unknown], &data.axes));
    WholeOp::SolveTriangular { l, b, x, direction }
}

fn positions(
    compiler: &mut Compiler,
    (node, axis): (Node, Axis),
    array: &[Axis],
    rows: &[Axis],
) -> Positions {
    let node = compiler.roles.array_of(node);
    let graph = compiler.graph;
    Positions {
        from: compiler.input(node),
        rows: shared(domain::map(graph, rows, graph.axes_of(node))),
        size: graph.axis_size(axis),
        stride: domain::stride(graph, array, axis),
    }
}

fn gather(compiler: &mut Compiler, data: &NodeData, gone: &[Axis], out: usize) -> WholeOp {
    let graph = compiler.graph;
    let axes = graph.axes_of(data.inputs[0]);
    let starts = shared(domain::map_without(graph, &data.axes, axes, gone));
    let addressed = gone.iter().zip(&data.inputs[1..]);
    let at = addressed.map(|(&axis, &node)| positions(compiler, (node, axis), axes, &data.axes)).collect();
    WholeOp::Gather { source: compiler.input(data.inputs[0]), starts, at, out }
}

fn scatter(compiler: &mut Compiler, node: Node, targets: &[Axis], out: usize) -> WholeOp {
    let graph = compiler.graph;
    let data = graph.node(node);
    let rows = compiler.roles.scatter_domain(node, targets, &data.axes);
    let starts = shared(domain::map_without(graph, &rows, &data.axes, targets));
    let addressed = targets.iter().zip(&data.inputs[1..]);
    let at = addressed.map(|(&axis, &node)| positions(compiler, (node, axis), &data.axes, &rows)).collect();
    let values = compiler.roles.array_of(data.inputs[0]);
    let map = shared(domain::map(graph, &rows, graph.axes_of(values)));
    let values = (compiler.input(values), map);
    WholeOp::Scatter { values, starts, at, out, length: graph.len_of(node) }
}

fn stack(compiler: &mut Compiler, data: &NodeData, axis: Axis, out: usize) -> WholeOp {
    let graph = compiler.graph;
    let rest = without(&data.axes, &[axis]);
    let stride = domain::stride(graph, &data.axes, axis);
    let places = domain::map(graph, &rest, &data.axes);
    let part = |(k, &input): (usize, &Node)| {
        let sources = shared(domain::map(graph, &rest, graph.axes_of(input)));
        let targets = places.iter().map(|&place| place + (k * stride) as u32).collect();
        Part { from: compiler.input(input), sources, targets }
    };
    WholeOp::Stack { parts: data.inputs.iter().enumerate().map(part).collect(), out }
}
