//! Local improvements of a row group: neighbours in the data flow that one instruction does at once.

use std::collections::{HashMap, HashSet};

use crate::graph::{Binary, Unary};

use super::code::{Factors, Operand, Pair, Place, RowOp, Sign};

/// Improves the instructions of a group, whose slots are each written once.
pub(super) fn improve(ops: &mut Vec<RowOp>) {
    pair(ops);
    absorb_products(ops);
    remove_unread(ops);
}

/// The partner of a function of which both are wanted, and the pair they form.
fn partner(op: Unary) -> Option<(Unary, Pair)> {
    match op {
        Unary::Softplus => Some((Unary::Sigmoid, Pair::SoftplusSigmoid)),
        Unary::Lgamma => Some((Unary::Polygamma(0), Pair::LgammaDigamma)),
        _ => None,
    }
}

/// Joins a function and its derivative at the same argument.
fn pair(ops: &mut Vec<RowOp>) {
    let mut index = 0;
    while index < ops.len() {
        if let Some((first, second, joined)) = pair_at(ops, index) {
            ops[first] = joined;
            ops.remove(second);
        } else {
            index += 1;
        }
    }
}

/// The pair that the instruction at `index` forms with an instruction before or after it.
fn pair_at(ops: &[RowOp], index: usize) -> Option<(usize, usize, RowOp)> {
    let RowOp::Unary { op, out: value, x } = ops[index] else { return None };
    let (wanted, pair) = partner(op)?;
    let is_partner =
        |other: &RowOp| matches!(other, RowOp::Unary { op, x: own, .. } if *op == wanted && *own == x);
    let at = ops.iter().position(is_partner)?;
    let RowOp::Unary { out: slope, .. } = ops[at] else { return None };
    let joined = RowOp::Pair { op: pair, out: [value, slope], x };
    Some((index.min(at), index.max(at), joined))
}

/// What a slot that is read once holds, as far as its reader can do it on the way.
#[derive(Clone, Copy)]
enum Held {
    Product([Operand; 2]),
    Reciprocal(Operand),
}

/// Turns a product or square read once, by a sum or difference or by a reduction, and a reciprocal read once, by a product,
/// into a part of its reader.
fn absorb_products(ops: &mut [RowOp]) {
    let mut reads: HashMap<usize, usize> = HashMap::new();
    ops.iter().flat_map(RowOp::slots_read).for_each(|slot| *reads.entry(slot).or_default() += 1);
    let mut held: HashMap<usize, Held> = HashMap::new();
    for op in ops {
        if let Some(absorbed) = absorb(op, &held) {
            *op = absorbed;
        }
        let (slot, what) = match *op {
            RowOp::Binary { op: Binary::Mul, out: Place::Slot(slot), x, y } => (slot, Held::Product([x, y])),
            RowOp::Unary { op: Unary::Square, out: Place::Slot(slot), x } => (slot, Held::Product([x, x])),
            RowOp::Unary { op: Unary::Reciprocal, out: Place::Slot(slot), x } => (slot, Held::Reciprocal(x)),
            _ => continue,
        };
        if reads.get(&slot) == Some(&1) {
            held.insert(slot, what);
        }
    }
}

fn absorb(op: &RowOp, held: &HashMap<usize, Held>) -> Option<RowOp> {
    let of = |operand: &Operand| match operand {
        Operand::Rows(Place::Slot(slot)) => held.get(slot).copied(),
        _ => None,
    };
    let product = |operand: &Operand| match of(operand) {
        Some(Held::Product(factors)) => Some(factors),
        _ => None,
    };
    let divisor = |operand: &Operand| match of(operand) {
        Some(Held::Reciprocal(x)) => Some(x),
        _ => None,
    };
    let divided = |out, x, y| Some(RowOp::Binary { op: Binary::Div, out, x, y });
    let fused = |out, product, addend, signs| Some(RowOp::MultiplyAdd { out, product, addend, signs });
    match *op {
        RowOp::Binary { op: Binary::Add, out, x, y } => match (product(&x), product(&y)) {
            (Some(factors), _) => fused(out, factors, y, [Sign::Plus, Sign::Plus]),
            (None, Some(factors)) => fused(out, factors, x, [Sign::Plus, Sign::Plus]),
            (None, None) => None,
        },
        RowOp::Binary { op: Binary::Sub, out, x, y } => match (product(&x), product(&y)) {
            (Some(factors), _) => fused(out, factors, y, [Sign::Plus, Sign::Minus]),
            (None, Some(factors)) => fused(out, factors, x, [Sign::Minus, Sign::Plus]),
            (None, None) => None,
        },
        RowOp::Binary { op: Binary::Mul, out, x, y } => match (divisor(&x), divisor(&y)) {
            (_, Some(below)) => divided(out, x, below),
            (Some(below), None) => divided(out, y, below),
            (None, None) => None,
        },
        RowOp::Sum { factors: Factors::One(x), into } => {
            product(&x).map(|[x, y]| RowOp::Sum { factors: Factors::Two(x, y), into })
        }
        RowOp::SumInto { factors: Factors::One(x), map, into } => {
            product(&x).map(|[x, y]| RowOp::SumInto { factors: Factors::Two(x, y), map, into })
        }
        _ => None,
    }
}

/// Removes instructions that write only slots nobody reads: the absorbed products.
fn remove_unread(ops: &mut Vec<RowOp>) {
    let mut read: HashSet<usize> = HashSet::new();
    let mut kept: Vec<RowOp> = Vec::with_capacity(ops.len());
    for mut op in ops.drain(..).rev() {
        let mut outs = op.outs_mut().into_iter();
        let unread = |place: &Place| matches!(place, Place::Slot(slot) if !read.contains(slot));
        let has_outs = outs.len() > 0;
        if has_outs && outs.all(|place| unread(place)) {
            continue;
        }
        read.extend(op.slots_read());
        kept.push(op);
    }
    kept.reverse();
    *ops = kept;
}
