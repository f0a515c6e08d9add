//! A program as text.

use std::fmt::Write;

use crate::graph::Graph;

use super::code::{Code, Group, Input, RowGroup, WholeOp};
use super::tile::Tile;

/// One line for each group, then its instructions.
pub(super) fn describe(graph: &Graph, code: &Code) -> String {
    let mut text = String::new();
    let (positions, directions) = (code.positions.length, code.directions.length);
    let constants: usize = code.tiles.iter().map(Tile::len).sum();
    line(&mut text, 0, format_args!("positions {positions}, directions {directions}"));
    line(&mut text, 0, format_args!("memory {}, scratch {}, tiles {constants}", code.memory, code.scratch));
    groups(&mut text, graph, &code.groups, 0);
    for root in &code.roots {
        let from = match root.from {
            Input::Array(offset) => format!("m{offset}"),
            Input::Column(column) => format!("constant c{column}"),
        };
        line(&mut text, 0, format_args!("root {from} of {}", root.length));
    }
    text
}

fn line(text: &mut String, depth: usize, content: std::fmt::Arguments) {
    writeln!(text, "{:width$}{content}", "", width = 2 * depth).expect("writing to a string succeeds");
}

fn groups(text: &mut String, graph: &Graph, groups: &[Group], depth: usize) {
    for group in groups {
        match group {
            Group::Flat(_) => unreachable!("a description is made of loops"),
            Group::Rows(group) => rows(text, graph, group, depth),
            Group::Whole(op) => whole(text, graph, op, depth),
        }
    }
}

fn rows(text: &mut String, graph: &Graph, group: &RowGroup, depth: usize) {
    let labels: Vec<&str> = group.domain.iter().map(|&axis| graph.axis(axis).label.as_str()).collect();
    let (labels, rows, block) = (labels.join(", "), group.rows, group.block);
    line(text, depth, format_args!("loop over [{labels}]: {rows} rows in blocks of {block}"));
    for op in &group.ops {
        line(text, depth + 1, format_args!("{}", instruction::text(op)));
    }
}

fn whole(text: &mut String, graph: &Graph, op: &WholeOp, depth: usize) {
    let size = |name: &str, out: usize, size: usize| format!("{name} -> m{out}, size {size}");
    let content = match op {
        WholeOp::Stack { parts, out } => size("stack", *out, parts.len()),
        WholeOp::Reduce { op, lines, out, .. } => size(&format!("{op:?}"), *out, lines.steps.len()),
        WholeOp::Contract { x, out, .. } => size("contract", *out, x.1.steps.len()),
        WholeOp::CumulativeSum { lines, out, .. } => size("cumulative sum", *out, lines.steps.len()),
        WholeOp::Cholesky { x, out } => size("cholesky", *out, x.size),
        WholeOp::SolveTriangular { l, x, .. } => size("solve triangular", x.0, l.size),
        WholeOp::Inverse { x, out } => size("inverse", *out, x.size),
        WholeOp::LogAbsDet { x, out } => size("log determinant", *out, x.size),
        WholeOp::Gather { starts, out, .. } => size("gather", *out, starts.len()),
        WholeOp::Scatter { starts, out, .. } => size("scatter", *out, starts.len()),
        WholeOp::Scan(scan) => {
            line(text, depth, format_args!("scan of {} positions, {:?}", scan.length, scan.direction));
            return groups(text, graph, &scan.body, depth + 1);
        }
    };
    line(text, depth, format_args!("{content}"));
}

/// Instructions of row loops as text.
mod instruction {
    use crate::program::code::{Factors, Operand, Place, RowOp, Sign};

    pub(super) fn text(op: &RowOp) -> String {
        match op {
            RowOp::Load { out, array, map } => format!("{} = m{array}[map {map}]", place(out)),
            RowOp::Copy { out, x } => format!("{} = {}", place(out), operand(x)),
            RowOp::Unary { op, out, x } => format!("{} = {op:?} {}", place(out), operand(x)),
            RowOp::Binary { op, out, x, y } => {
                format!("{} = {op:?} {} {}", place(out), operand(x), operand(y))
            }
            RowOp::Ternary { op, out, operands } => {
                let [x, y, z] = operands.each_ref().map(operand);
                format!("{} = {op:?} {x} {y} {z}", place(out))
            }
            RowOp::Select { out, condition, yes, no } => {
                format!("{} = {} ? {} : {}", place(out), operand(condition), operand(yes), operand(no))
            }
            RowOp::MultiplyAdd { out, product: [x, y], addend, signs } => {
                let [product, sum] = signs.map(sign);
                let (x, y, z) = (operand(x), operand(y), operand(addend));
                format!("{} = {product} {x} * {y} {sum} {z}", place(out))
            }
            RowOp::Pair { op, out: [first, second], x } => {
                format!("{}, {} = {op:?} {}", place(first), place(second), operand(x))
            }
            RowOp::MatrixVector { out, tile, vector } => format!("{} = tile {tile} * m{vector}", place(out)),
            RowOp::TransposedMatrixVector { tile, x, strands } => {
                format!("strands m{strands} += tile {tile}' * {}", operand(x))
            }
            RowOp::Sum { factors, into } => format!("m{into} += sum {}", product(factors)),
            RowOp::SumInto { factors, map, into } => format!("m{into}[map {map}] += {}", product(factors)),
        }
    }

    fn sign(sign: Sign) -> char {
        match sign {
            Sign::Plus => '+',
            Sign::Minus => '-',
        }
    }

    fn place(place: &Place) -> String {
        match place {
            Place::Slot(slot) => format!("s{slot}"),
            Place::Array(offset) => format!("m{offset}"),
        }
    }

    fn operand(operand: &Operand) -> String {
        match operand {
            Operand::Rows(rows) => place(rows),
            Operand::Scalar(offset) => format!("m{offset}[0]"),
            Operand::Column(column) => format!("c{column}"),
            Operand::Immediate(value) => format!("{value:?}"),
        }
    }

    fn product(factors: &Factors) -> String {
        match factors {
            Factors::One(x) => operand(x),
            Factors::Two(x, y) => format!("{} * {}", operand(x), operand(y)),
        }
    }
}
