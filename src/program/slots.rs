//! Slots: each value of a group gets room in scratch from its instruction to its last reader.

use super::code::{Factors, Operand, Place, RowOp};

impl RowOp {
    /// What the instruction reads row by row.
    pub(super) fn operands_mut(&mut self) -> Vec<&mut Operand> {
        match self {
            Self::Load { .. } | Self::MatrixVector { .. } => vec![],
            Self::Copy { x, .. }
            | Self::Unary { x, .. }
            | Self::Pair { x, .. }
            | Self::TransposedMatrixVector { x, .. } => vec![x],
            Self::Binary { x, y, .. } => vec![x, y],
            Self::Ternary { operands: [x, y, z], .. } => vec![x, y, z],
            Self::Select { condition, yes, no, .. } => vec![condition, yes, no],
            Self::MultiplyAdd { product: [x, y], addend, .. } => vec![x, y, addend],
            Self::Sum { factors, .. } | Self::SumInto { factors, .. } => match factors {
                Factors::One(x) => vec![x],
                Factors::Two(x, y) => vec![x, y],
            },
        }
    }

    /// Where the instruction writes rows.
    pub(super) fn outs_mut(&mut self) -> Vec<&mut Place> {
        match self {
            Self::Load { out, .. }
            | Self::Copy { out, .. }
            | Self::Unary { out, .. }
            | Self::Binary { out, .. }
            | Self::Ternary { out, .. }
            | Self::Select { out, .. }
            | Self::MultiplyAdd { out, .. }
            | Self::MatrixVector { out, .. } => vec![out],
            Self::Pair { out: [first, second], .. } => vec![first, second],
            Self::Sum { .. } | Self::SumInto { .. } | Self::TransposedMatrixVector { .. } => vec![],
        }
    }

    /// The slots that the instruction reads.
    pub(super) fn slots_read(&self) -> Vec<usize> {
        let slot = |operand: &mut Operand| match operand {
            Operand::Rows(Place::Slot(slot)) => Some(*slot),
            _ => None,
        };
        self.clone().operands_mut().into_iter().filter_map(slot).collect()
    }

    /// The slots that the instruction writes.
    pub(super) fn slots_written(&self) -> Vec<usize> {
        let slot = |place: &mut Place| match place {
            Place::Slot(slot) => Some(*slot),
            Place::Array(_) => None,
        };
        self.clone().outs_mut().into_iter().filter_map(slot).collect()
    }
}

/// Renumbers the slots of straight-line code by linear scan and returns how many there are. An instruction may write
/// the slot of an operand that it is the last to read: rows are read before they are written.
pub(super) fn assign(ops: &mut [RowOp]) -> usize {
    let count = ops.iter().flat_map(RowOp::slots_written).max().map_or(0, |slot| slot + 1);
    let mut last_read = vec![0; count];
    for (index, op) in ops.iter().enumerate() {
        op.slots_written().into_iter().chain(op.slots_read()).for_each(|slot| last_read[slot] = index);
    }
    let mut assigned = vec![None; count];
    let mut free: Vec<usize> = vec![];
    let mut used = 0;
    for (index, op) in ops.iter_mut().enumerate() {
        let mut read = op.slots_read();
        read.sort_unstable();
        read.dedup();
        for operand in op.operands_mut() {
            if let Operand::Rows(Place::Slot(slot)) = operand {
                *slot = assigned[*slot].expect("a slot is written before it is read");
            }
        }
        free.extend(
            read.into_iter().filter(|&slot| last_read[slot] == index).filter_map(|slot| assigned[slot]),
        );
        let written = op.slots_written();
        for place in op.outs_mut() {
            if let Place::Slot(slot) = place {
                let own = free.pop().unwrap_or_else(|| {
                    used += 1;
                    used - 1
                });
                assigned[*slot] = Some(own);
                *slot = own;
            }
        }
        free.extend(
            written.into_iter().filter(|&slot| last_read[slot] == index).filter_map(|slot| assigned[slot]),
        );
    }
    used
}
