//! Flat code: instructions on memory alone. The frequent cheap ones are done here, the others where blocks have them.

use std::cell::Cell;

use crate::graph::{Binary, Unary};
use crate::numeric::dispatch::Isa;
use crate::numeric::lanes::{LANES, Lanes, Stream, Target, lanes, load, store, times_plus};
use crate::program::code::{Flat, FlatKind, FlatOp, FlatOperand, Sign};

use super::layout::{Layout, Rows, Samples, Single};
use super::reduce::{self, tree_of_lanes};
use super::rows::Source;
use super::{Abreast, Frame, elementwise, matrix, rows};

#[inline(always)]
pub(super) fn run<I: Isa>(frame: Frame, flat: &Flat) {
    match frame.abreast {
        Abreast::Eight => flat.ops.iter().for_each(|op| step::<I, LANES, Samples>(&frame, op)),
        Abreast::One => {
            for op in &flat.ops {
                match op.rows {
                    1 if !matches!(op.kind, FlatKind::TransposedMatrixVector(_)) => {
                        step::<I, 1, Single>(&frame, op)
                    }
                    _ => step::<I, LANES, Rows>(&frame, op),
                }
            }
        }
    }
}

/// An operand's vector.
#[inline(always)]
fn read<const N: usize, L: Layout<N>>(
    memory: &[Cell<f64>],
    operand: &FlatOperand,
    vector: usize,
) -> Lanes<N> {
    if L::ROWS > 1 && operand.same {
        return Lanes::splat(memory[operand.at].get());
    }
    let vector = if operand.same { 0 } else { vector };
    load(memory, operand.at * L::ELEMENT + vector * N)
}

fn source<'a, const N: usize, L: Layout<N>>(
    memory: &'a [Cell<f64>],
    operand: &FlatOperand,
    vectors: usize,
) -> Source<'a, N> {
    match operand.same {
        true => Source::same::<L>(memory, operand.at, vectors),
        false => Source::Stream(Stream::of_cells(&memory[operand.at * L::ELEMENT..], N, vectors)),
    }
}

#[inline(always)]
fn step<I: Isa, const N: usize, L: Layout<N>>(frame: &Frame, op: &FlatOp) {
    let memory = frame.memory;
    let vectors = if N == 1 { 1 } else { op.rows.div_ceil(L::ROWS) };
    let [a, b, c] = &op.operands;
    macro_rules! each {
        ($($x:ident = $operand:expr),+ => $body:expr) => {
            for vector in 0..vectors {
                $(let $x = read::<N, L>(memory, $operand, vector);)+
                let result = lanes!($($x = $x),+ => $body);
                write::<N, L>(memory, (op.out[0], op.rows), vector, result);
            }
        };
    }
    match op.kind {
        FlatKind::Copy => each!(x = a => x),
        FlatKind::Unary(Unary::Neg) => each!(x = a => -x),
        FlatKind::Unary(Unary::Square) => each!(x = a => x * x),
        FlatKind::Unary(Unary::Reciprocal) => each!(x = a => 1.0 / x),
        FlatKind::Binary(Binary::Add) => each!(x = a, y = b => x + y),
        FlatKind::Binary(Binary::Sub) => each!(x = a, y = b => x - y),
        FlatKind::Binary(Binary::Mul) => each!(x = a, y = b => x * y),
        FlatKind::Binary(Binary::Div) => each!(x = a, y = b => x / y),
        FlatKind::MultiplyAdd([Sign::Plus, Sign::Plus]) => {
            each!(x = a, y = b, z = c => times_plus::<I>(x, y, z))
        }
        FlatKind::MultiplyAdd([Sign::Plus, Sign::Minus]) => {
            each!(x = a, y = b, z = c => times_plus::<I>(x, y, -z))
        }
        FlatKind::MultiplyAdd([Sign::Minus, Sign::Plus]) => {
            each!(x = a, y = b, z = c => times_plus::<I>(-x, y, z))
        }
        FlatKind::MultiplyAdd([Sign::Minus, Sign::Minus]) => {
            each!(x = a, y = b, z = c => times_plus::<I>(-x, y, -z))
        }
        FlatKind::Sum => sum::<I, N, L, false>(memory, op),
        FlatKind::Dot => sum::<I, N, L, true>(memory, op),
        _ => other::<N, L>(frame, op),
    }
}

/// Writes a vector: of an array that it is the end of, only the rows that there are.
#[inline(always)]
fn write<const N: usize, L: Layout<N>>(
    memory: &[Cell<f64>],
    (out, rows): (usize, usize),
    vector: usize,
    result: Lanes<N>,
) {
    let at = out * L::ELEMENT + vector * N;
    if L::ROWS > 1 && (vector + 1) * L::ROWS > rows {
        for (cell, x) in memory[at..].iter().zip(result.0).take(rows - vector * L::ROWS) {
            cell.set(x);
        }
        return;
    }
    store(memory, at, result);
}

/// The sum over rows; the order is that of blocks.
#[inline(always)]
fn sum<I: Isa, const N: usize, L: Layout<N>, const PRODUCT: bool>(memory: &[Cell<f64>], op: &FlatOp) {
    let [x, y, _] = &op.operands;
    let term = |sum: Lanes<N>, x: Lanes<N>, y: Lanes<N>| {
        if PRODUCT { x.times_plus::<I>(y, sum) } else { sum.plus(x) }
    };
    let y = if PRODUCT { y } else { x };
    if L::ROWS == 1 && N > 1 {
        let mut sums = [Lanes::ZERO; LANES];
        for row in 0..op.rows {
            let strand = row % LANES;
            let (x, y) = (read::<N, L>(memory, x, row), read::<N, L>(memory, y, row));
            sums[strand] = term(sums[strand], x, y);
        }
        return store(memory, op.out[0] * N, reduce::tree(sums));
    }
    let mut sum = Lanes::ZERO;
    let whole = op.rows / N;
    for vector in 0..whole {
        sum = term(sum, read::<N, L>(memory, x, vector), read::<N, L>(memory, y, vector));
    }
    if !op.rows.is_multiple_of(N) {
        let [x, y] =
            [x, y].map(|operand| read::<N, L>(memory, operand, whole).first_of(op.rows % N, Lanes::ZERO));
        sum = term(sum, x, y);
    }
    memory[op.out[0]].set(tree_of_lanes(sum));
}

/// What is not cheap enough for a call to matter.
#[inline(never)]
fn other<const N: usize, L: Layout<N>>(frame: &Frame, op: &FlatOp) {
    let memory = frame.memory;
    let vectors = op.rows.div_ceil(L::ROWS);
    let out = |k: usize| Target::new(&memory[op.out[k] * L::ELEMENT..], op.rows * L::ELEMENT);
    let x = |k: usize| source::<N, L>(memory, &op.operands[k], vectors);
    let into = &memory[op.out[0] * L::ELEMENT..];
    let first = &memory[op.operands[0].at * L::ELEMENT..];
    let set = frame.set;
    match op.kind {
        FlatKind::Unary(op) => set.run(elementwise::UnaryKernel { op, out: out(0), x: x(0) }),
        FlatKind::Binary(op) => {
            set.run(elementwise::BinaryKernel { op, out: out(0), operands: [x(0), x(1)] })
        }
        FlatKind::Ternary(op) => elementwise::ternary(op, out(0), [x(0), x(1), x(2)]),
        FlatKind::Select => elementwise::select(out(0), x(0), x(1), x(2)),
        FlatKind::Pair(op) => set.run(elementwise::PairKernel { op, out: [out(0), out(1)], x: x(0) }),
        FlatKind::Load(map) => {
            rows::load::<N, L>(first, &into[..op.rows * L::ELEMENT], &frame.code.maps[map])
        }
        FlatKind::Clear => into[..op.rows * L::ELEMENT].iter().for_each(|cell| cell.set(0.0)),
        FlatKind::SumInto(map) => {
            set.run(rows::SumInto::<N, L>::new((x(0), None), &frame.code.maps[map][..op.rows], into));
        }
        FlatKind::DotInto(map) => {
            set.run(rows::SumInto::<N, L>::new((x(0), Some(x(1))), &frame.code.maps[map][..op.rows], into));
        }
        FlatKind::MatrixVector(tile) => {
            matrix::times_vector::<N, L>(set, (&frame.code.tiles[tile], 0, frame.ahead), first, out(0));
        }
        FlatKind::TransposedMatrixVector(index) => {
            let tile = &frame.code.tiles[index];
            let strands = &memory[op.out[1] * L::ELEMENT..][..tile.columns * LANES * L::ELEMENT];
            strands.iter().for_each(|cell| cell.set(0.0));
            matrix::transposed_times_vector::<N, L>(set, (tile, 0, frame.ahead), (x(0), op.rows), strands);
            matrix::finish::<N, L>(strands, into);
        }
        FlatKind::Copy | FlatKind::MultiplyAdd(_) | FlatKind::Sum | FlatKind::Dot => {
            unreachable!("done where they are met")
        }
    }
}
