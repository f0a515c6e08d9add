//! Execution that takes nothing on trust, slow and for tests and the search of faults: every operand is looked for
//! outside of what it may reach, memory that nothing was written to holds no number, and the first instruction that
//! makes something that is not finite is named.

use crate::numeric::lanes::LANES;

use super::Program;
use super::code::{
    Code, DROPPED, Factors, Flat, FlatKind, FlatOp, Group, Input, Lines, Matrices, Operand, Place, RowGroup,
    RowOp, Slice, Transfer, WholeOp,
};

/// What a checked execution found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checked {
    /// Instructions with an operand outside of its memory; none is executed if there are any.
    pub out_of_bounds: Vec<String>,
    /// The first instruction that made an infinity or no number in memory.
    pub not_finite: Option<String>,
}

/// What stands where nothing was written: no number, with a mark of its own.
const UNWRITTEN: u64 = 0x7ff8_dead_dead_dead;

impl Program {
    /// Evaluates as [`Self::run`] does, one instruction or long loop after another, in a memory of its own.
    pub fn run_checked(
        &self,
        samples: usize,
        positions: &[f64],
        directions: &[f64],
        outputs: &mut [&mut [f64]],
    ) -> Checked {
        let out_of_bounds: Vec<String> =
            self.code.groups.iter().flat_map(|group| out_of_bounds(&self.code, group)).collect();
        if !out_of_bounds.is_empty() {
            return Checked { out_of_bounds, not_finite: None };
        }
        let mut workspace = self.workspace(samples);
        self.forget(&mut workspace);
        let mut run = |groups: Vec<Group>| -> Vec<u64> {
            let program = Self { code: Code { groups, ..self.code.clone() }, ..self.clone() };
            program.run(&mut workspace, positions, directions, outputs);
            workspace.memory.get().iter().map(|x| x.to_bits()).collect()
        };
        let mut not_finite = None;
        // Constants and positions alone.
        let mut before = run(vec![]);
        for group in self.code.groups.iter().flat_map(singly) {
            let name = describe(&group);
            let after = run(vec![group]);
            let is_new = |(old, new): (&u64, &u64)| old != new && !f64::from_bits(*new).is_finite();
            if not_finite.is_none() && before.iter().zip(&after).any(is_new) {
                not_finite = Some(name);
            }
            before = after;
        }
        Checked { out_of_bounds, not_finite }
    }

    /// Marks all memory but that of constants as unwritten.
    fn forget(&self, workspace: &mut super::Workspace) {
        let unwritten = f64::from_bits(UNWRITTEN);
        let constants = workspace.memory.get().to_vec();
        workspace.memory.get().fill(unwritten);
        workspace.scratch.get().fill(unwritten);
        workspace.numbers.fill(unwritten);
        workspace.totals.fill(unwritten);
        for part in &workspace.parts {
            for splat in &self.code.splats {
                let lanes = part.abreast.lanes();
                let cells = part.start + splat.to * lanes..part.start + (splat.to + splat.length) * lanes;
                workspace.memory.get()[cells.clone()].copy_from_slice(&constants[cells]);
            }
        }
    }
}

/// Flat code instruction by instruction; anything else as it is.
fn singly(group: &Group) -> Vec<Group> {
    match group {
        Group::Flat(flat) => flat.ops.iter().map(|&op| Group::Flat(Flat { ops: vec![op] })).collect(),
        other => vec![other.clone()],
    }
}

fn describe(group: &Group) -> String {
    match group {
        Group::Flat(flat) => flat.ops.iter().map(|op| format!("{op:?}")).collect::<Vec<_>>().join("; "),
        Group::Rows(group) => group.ops.iter().map(|op| format!("{op:?}")).collect::<Vec<_>>().join("; "),
        Group::Whole(op) => format!("{op:?}"),
    }
}

/// How many elements an operand needs, and how many there are.
type Reach = (usize, usize);

fn out_of_bounds(code: &Code, group: &Group) -> Vec<String> {
    let exceeds = |reaches: Vec<Reach>| reaches.into_iter().any(|(needed, there)| needed > there);
    match group {
        Group::Flat(flat) => {
            let bad = flat.ops.iter().filter(|op| exceeds(flat_reaches(code, op)));
            bad.map(|op| format!("{op:?}")).collect()
        }
        Group::Rows(rows) => {
            let bad = rows.ops.iter().filter(|op| exceeds(row_reaches(code, rows, op)));
            bad.map(|op| format!("{op:?}")).collect()
        }
        Group::Whole(WholeOp::Scan(scan)) => {
            let transfers = scan.before.iter().chain(&scan.next).chain(&scan.carried).chain(&scan.after);
            let slices = scan.sequences.iter().chain(&scan.outputs);
            let own = transfers
                .flat_map(|transfer| transfer_reaches(code, transfer))
                .chain(slices.flat_map(|slice| slice_reaches(code, slice, scan.length)))
                .collect();
            let own = if exceeds(own) { vec![format!("{scan:?}")] } else { vec![] };
            own.into_iter().chain(scan.body.iter().flat_map(|group| out_of_bounds(code, group))).collect()
        }
        Group::Whole(op) => {
            if exceeds(whole_reaches(code, op)) {
                vec![format!("{op:?}")]
            } else {
                vec![]
            }
        }
    }
}

/// One beyond the last element that a map leads to.
fn beyond(map: &[u32]) -> usize {
    map.iter().filter(|&&to| to != DROPPED).max().map_or(0, |&last| last as usize + 1)
}

fn flat_reaches(code: &Code, op: &FlatOp) -> Vec<Reach> {
    let (rows, memory) = (op.rows, code.memory);
    let column = |tile: usize| code.tiles[tile].columns;
    let map = |map: usize| (rows, code.maps[map].len());
    let mut reaches: Vec<Reach> = match op.kind {
        FlatKind::Sum | FlatKind::Dot => vec![(op.out[0] + 1, memory)],
        FlatKind::SumInto(into) | FlatKind::DotInto(into) => {
            vec![map(into), (op.out[0] + beyond(&code.maps[into][..rows]), memory)]
        }
        FlatKind::TransposedMatrixVector(tile) => {
            vec![(op.out[0] + column(tile), memory), (op.out[1] + LANES * column(tile), memory)]
        }
        FlatKind::Load(from) => vec![map(from), (op.out[0] + rows, memory)],
        _ => op.out.iter().map(|out| (out + rows, memory)).collect(),
    };
    let (count, read) = match op.kind {
        FlatKind::Clear => (0, 0),
        FlatKind::Load(map) => (1, beyond(&code.maps[map][..rows])),
        FlatKind::MatrixVector(tile) => (1, column(tile)),
        FlatKind::Select | FlatKind::MultiplyAdd(_) => (3, rows),
        FlatKind::Binary(_) | FlatKind::Dot | FlatKind::DotInto(_) => (2, rows),
        _ => (1, rows),
    };
    let needed = |same: bool| if same { 1 } else { read };
    reaches.extend(op.operands[..count].iter().map(|operand| (operand.at + needed(operand.same), memory)));
    reaches
}

fn row_reaches(code: &Code, group: &RowGroup, op: &RowOp) -> Vec<Reach> {
    let place = |place: &Place| match *place {
        Place::Slot(slot) => ((slot + 1) * group.block, code.scratch),
        Place::Array(offset) => (offset + group.rows, code.memory),
    };
    let operand = |operand: &Operand| match operand {
        Operand::Rows(rows) => place(rows),
        Operand::Scalar(offset) => (offset + 1, code.memory),
        Operand::Column(column) => (group.rows, code.columns[*column].len()),
        Operand::Immediate(_) => (0, 0),
    };
    let mut op = op.clone();
    let mut reaches: Vec<Reach> = op.outs_mut().into_iter().map(|out| place(out)).collect();
    reaches.extend(op.operands_mut().into_iter().map(|x| operand(x)));
    match op {
        RowOp::Load { array, map, .. } => {
            reaches.push((group.rows, code.maps[map].len()));
            reaches.push((array + beyond(&code.maps[map]), code.memory));
        }
        RowOp::MatrixVector { tile, vector, .. } => {
            reaches.push((vector + code.tiles[tile].columns, code.memory));
        }
        RowOp::TransposedMatrixVector { tile, strands, .. } => {
            reaches.push((strands + LANES * code.tiles[tile].columns, code.memory));
        }
        RowOp::Sum { into, factors: Factors::One(_) | Factors::Two(..) } => {
            reaches.push((into + 1, code.memory))
        }
        RowOp::SumInto { map, into, .. } => {
            reaches.push((group.rows, code.maps[map].len()));
            reaches.push((into + beyond(&code.maps[map]), code.memory));
        }
        _ => {}
    }
    reaches
}

/// Elements of an array that begin at its offset.
fn input(code: &Code, input: Input, length: usize) -> Reach {
    match input {
        Input::Array(offset) => (offset + length, code.memory),
        Input::Column(column) => (length, code.columns[column].len()),
    }
}

fn lines(lines: &Lines) -> usize {
    (beyond(&lines.starts) + beyond(&lines.steps)).saturating_sub(1)
}

fn matrices(code: &Code, x: &Matrices) -> Reach {
    (x.array + beyond(&x.starts) + x.size.saturating_sub(1) * (x.row + x.column), code.memory)
}

fn transfer_reaches(code: &Code, transfer: &Transfer) -> Vec<Reach> {
    vec![input(code, transfer.from, transfer.length), (transfer.to + transfer.length, code.memory)]
}

fn slice_reaches(code: &Code, slice: &Slice, length: usize) -> Vec<Reach> {
    let one = slice.outer * slice.inner;
    vec![input(code, slice.array, one * length), input(code, slice.slice, one)]
}

fn whole_reaches(code: &Code, op: &WholeOp) -> Vec<Reach> {
    let array = |offset: usize, length: usize| (offset + length, code.memory);
    match op {
        WholeOp::Stack { parts, out } => {
            let part = |part: &super::code::Part| {
                [input(code, part.from, beyond(&part.sources)), array(*out, beyond(&part.targets))]
            };
            parts.iter().flat_map(part).collect()
        }
        WholeOp::Reduce { x, lines: of, out, .. } => {
            vec![array(*x, lines(of)), array(*out, of.starts.len())]
        }
        WholeOp::CumulativeSum { x, lines: of, out, .. } => {
            vec![array(*x, lines(of)), array(*out, lines(of))]
        }
        WholeOp::Contract { x, y, out, columns } => {
            let length = x.1.starts.len() * columns;
            vec![input(code, x.0, lines(&x.1)), input(code, y.0, lines(&y.1)), array(*out, length)]
        }
        WholeOp::Cholesky { x, out } | WholeOp::Inverse { x, out } => {
            vec![matrices(code, x), array(*out, x.starts.len() * x.size * x.size)]
        }
        WholeOp::LogAbsDet { x, out } => vec![matrices(code, x), array(*out, x.starts.len())],
        WholeOp::SolveTriangular { l, b, x, .. } => {
            vec![matrices(code, l), array(b.0, lines(&b.1)), array(x.0, lines(&x.1))]
        }
        WholeOp::Gather { source, starts, at, out } => {
            let reached = at.iter().map(|at| at.size.saturating_sub(1) * at.stride).sum::<usize>();
            let positions = at.iter().map(|at| input(code, at.from, beyond(&at.rows)));
            let own = [input(code, *source, beyond(starts) + reached), array(*out, starts.len())];
            own.into_iter().chain(positions).collect()
        }
        WholeOp::Scatter { values, at, out, length, .. } => {
            let positions = at.iter().map(|at| input(code, at.from, beyond(&at.rows)));
            let own = [input(code, values.0, beyond(&values.1)), array(*out, *length)];
            own.into_iter().chain(positions).collect()
        }
        WholeOp::Scan(_) => vec![],
    }
}
