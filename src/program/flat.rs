//! Small loops as flat code: what takes a single block of rows is joined, from loop to loop, into one list of
//! instructions whose operands all lie in memory, constants and slots included. No block loop, no kinds of operand.

use std::collections::HashMap;
use std::sync::Arc;

use crate::numeric::lanes::LANES;

use super::code::{
    Code, Factors, Flat, FlatKind, FlatOp, FlatOperand, Group, Offset, Operand, Place, RowGroup, RowOp,
    Splat, Strands, WholeOp,
};

/// Replaces the groups that take one block by flat code, in the bodies of scans too.
pub(super) fn flatten(code: &mut Code) {
    let groups = std::mem::take(&mut code.groups);
    let slots = code.memory;
    code.memory += room(&groups);
    let mut flattening = Flattening { code, slots, columns: HashMap::new(), numbers: HashMap::new() };
    let groups = flattening.groups(groups);
    code.groups = groups;
}

fn is_small(group: &RowGroup) -> bool {
    !group.is_long()
}

/// Rows of a slot: whole vectors.
fn slot_length(group: &RowGroup) -> usize {
    group.rows.next_multiple_of(LANES)
}

/// Elements that the slots of a small group take, the most of all groups.
fn room(groups: &[Group]) -> usize {
    let own = |group: &Group| match group {
        Group::Rows(group) if is_small(group) => {
            let slots = group.ops.iter().flat_map(RowOp::slots_written).max().map_or(0, |slot| slot + 1);
            slots * slot_length(group)
        }
        Group::Whole(WholeOp::Scan(scan)) => room(&scan.body),
        _ => 0,
    };
    groups.iter().map(own).max().unwrap_or(0)
}

struct Flattening<'a> {
    code: &'a mut Code,
    /// Where slots lie in memory.
    slots: Offset,
    columns: HashMap<(usize, usize), Offset>,
    numbers: HashMap<u64, Offset>,
}

impl Flattening<'_> {
    fn groups(&mut self, groups: Vec<Group>) -> Vec<Group> {
        let mut result: Vec<Group> = vec![];
        for group in groups {
            match group {
                Group::Rows(group) if is_small(&group) => {
                    if !matches!(result.last(), Some(Group::Flat(_))) {
                        result.push(Group::Flat(Flat::default()));
                    }
                    let Some(Group::Flat(flat)) = result.last_mut() else { unreachable!("pushed") };
                    self.append(&group, flat);
                }
                Group::Whole(WholeOp::Scan(mut scan)) => {
                    scan.body = self.groups(scan.body);
                    result.push(Group::Whole(WholeOp::Scan(scan)));
                }
                other => result.push(other),
            }
        }
        result
    }

    fn append(&mut self, group: &RowGroup, flat: &mut Flat) {
        let set_whole = |&&(into, _): &&(Offset, usize)| {
            group.ops.iter().any(|op| matches!(op, RowOp::Sum { into: own, .. } if *own == into))
        };
        let set_whole = |sum: &&(Offset, usize)| {
            set_whole(sum) || group.strands.iter().any(|strands| strands.into == sum.0)
        };
        for &(into, length) in group.sums.iter().filter(|sum| !set_whole(sum)) {
            flat.ops.push(FlatOp {
                kind: FlatKind::Clear,
                rows: length,
                out: [into; 2],
                operands: [FlatOperand::default(); 3],
            });
        }
        for op in &group.ops {
            let op = self.flat(op, group);
            flat.ops.push(op);
        }
    }

    fn flat(&mut self, op: &RowOp, group: &RowGroup) -> FlatOp {
        let (kind, out): (FlatKind, [Offset; 2]) = match *op {
            RowOp::Load { out, map, .. } => (FlatKind::Load(map), [self.place(out, group); 2]),
            RowOp::Copy { out, .. } => (FlatKind::Copy, [self.place(out, group); 2]),
            RowOp::Unary { op, out, .. } => (FlatKind::Unary(op), [self.place(out, group); 2]),
            RowOp::Binary { op, out, .. } => (FlatKind::Binary(op), [self.place(out, group); 2]),
            RowOp::Select { out, .. } => (FlatKind::Select, [self.place(out, group); 2]),
            RowOp::MultiplyAdd { out, signs, .. } => {
                (FlatKind::MultiplyAdd(signs), [self.place(out, group); 2])
            }
            RowOp::Pair { op, out, .. } => (FlatKind::Pair(op), out.map(|place| self.place(place, group))),
            RowOp::MatrixVector { out, tile, .. } => {
                (FlatKind::MatrixVector(tile), [self.place(out, group); 2])
            }
            RowOp::Sum { factors: Factors::One(_), into } => (FlatKind::Sum, [into; 2]),
            RowOp::Sum { factors: Factors::Two(..), into } => (FlatKind::Dot, [into; 2]),
            RowOp::SumInto { factors: Factors::One(_), map, into } => (FlatKind::SumInto(map), [into; 2]),
            RowOp::SumInto { factors: Factors::Two(..), map, into } => (FlatKind::DotInto(map), [into; 2]),
            RowOp::TransposedMatrixVector { tile, strands, .. } => {
                let of = |all: &&Strands| all.strands == strands;
                let into = group.strands.iter().find(of).map_or(strands, |all| all.into);
                (FlatKind::TransposedMatrixVector(tile), [into, strands])
            }
        };
        let mut operands = [FlatOperand::default(); 3];
        match *op {
            RowOp::Load { array, .. } => operands[0].at = array,
            RowOp::MatrixVector { vector, .. } => operands[0].at = vector,
            _ => {
                for (flat, operand) in operands.iter_mut().zip(op.clone().operands_mut()) {
                    *flat = self.operand(*operand, group);
                }
            }
        }
        FlatOp { kind, rows: group.rows, out, operands }
    }

    fn place(&self, place: Place, group: &RowGroup) -> Offset {
        match place {
            Place::Slot(slot) => self.slots + slot * slot_length(group),
            Place::Array(offset) => offset,
        }
    }

    fn operand(&mut self, operand: Operand, group: &RowGroup) -> FlatOperand {
        match operand {
            Operand::Rows(place) => FlatOperand { at: self.place(place, group), same: false },
            Operand::Scalar(at) => FlatOperand { at, same: true },
            Operand::Column(column) => FlatOperand { at: self.column(column, group.rows), same: false },
            Operand::Immediate(value) => FlatOperand { at: self.number(value), same: true },
        }
    }

    /// A constant's place in memory.
    fn column(&mut self, column: usize, length: usize) -> Offset {
        if let Some(&to) = self.columns.get(&(column, length)) {
            return to;
        }
        let to = self.code.memory;
        self.code.memory += length;
        self.code.splats.push(Splat { column, to, length });
        self.columns.insert((column, length), to);
        to
    }

    fn number(&mut self, value: f64) -> Offset {
        if let Some(&to) = self.numbers.get(&value.to_bits()) {
            return to;
        }
        self.code.columns.push(Arc::new([value; LANES]));
        let to = self.column(self.code.columns.len() - 1, 1);
        self.numbers.insert(value.to_bits(), to);
        to
    }
}
