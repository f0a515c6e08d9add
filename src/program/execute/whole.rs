//! Operations on whole arrays: lines are reduced, contracted and accumulated.

use std::cell::Cell;

use crate::graph::Direction;
use crate::numeric::dispatch::Isa;
use crate::numeric::kernels::elementary;
use crate::numeric::lanes::{Lanes, lanes};
use crate::program::code::{Lines, Part, Reduction, WholeOp};

use super::{Frame, contract, index, linear, scan};

/// A function of each line. A macro, for the reason given at `lanes`.
macro_rules! reduce {
    ($x:expr, $lines:expr, $out:expr, $line:expr) => {
        for (cell, &start) in $out.iter().zip($lines.starts.iter()) {
            cell.set($line(&$x[start as usize..], &$lines.steps));
        }
    };
}

#[inline(always)]
pub(super) fn run<I: Isa, const N: usize>(frame: Frame, op: &WholeOp) {
    match op {
        WholeOp::Stack { parts, out } => stack::<N>(frame, parts, frame.array(*out)),
        WholeOp::Reduce { op, x, lines, out } => {
            let (x, out) = (frame.array::<N>(*x), frame.array(*out));
            match op {
                Reduction::Max => reduce!(x, lines, out, largest::<N>),
                Reduction::LogSumExp => reduce!(x, lines, out, log_sum_exp::<I, N>),
            }
        }
        WholeOp::Contract { x, y, out, columns } => {
            contract::run::<I, N>(frame, (x, y, *columns), *out);
        }
        WholeOp::CumulativeSum { x, lines, direction, out } => {
            cumulative_sum::<N>(frame.array(*x), lines, *direction, frame.array(*out));
        }
        WholeOp::Cholesky { x, out } => linear::cholesky::<I, N>(frame, x, frame.array(*out)),
        WholeOp::SolveTriangular { l, b, x, direction } => {
            linear::solve_triangular::<I, N>(frame, l, (b, x), *direction);
        }
        WholeOp::Inverse { x, out } => linear::inverse::<N>(frame, x, frame.array(*out)),
        WholeOp::LogAbsDet { x, out } => linear::log_abs_det::<N>(frame, x, frame.array(*out)),
        WholeOp::Gather { source, starts, at, out } => {
            index::gather::<N>(frame, *source, (starts, at), frame.array(*out));
        }
        WholeOp::Scatter { values, starts, at, out, length } => {
            index::scatter::<N>(frame, values, (starts, at), &frame.array(*out)[..*length]);
        }
        WholeOp::Scan(op) => scan::run::<N>(frame, op),
    }
}

fn stack<const N: usize>(frame: Frame, parts: &[Part], out: &[Cell<Lanes<N>>]) {
    for part in parts {
        let from = frame.elements::<N>(part.from);
        for (&source, &target) in part.sources.iter().zip(part.targets.iter()) {
            out[target as usize].set(from.at(source as usize));
        }
    }
}

/// Largest of a line, -inf of none, NaN if any is NaN.
#[inline(always)]
fn largest<const N: usize>(x: &[Cell<Lanes<N>>], steps: &[u32]) -> Lanes<N> {
    let mut result = Lanes::splat(f64::NEG_INFINITY);
    for &step in steps {
        result = lanes!(a = result, b = x[step as usize].get() => if a.is_nan() | (a > b) { a } else { b });
    }
    result
}

#[inline(always)]
fn log_sum_exp<I: Isa, const N: usize>(x: &[Cell<Lanes<N>>], steps: &[u32]) -> Lanes<N> {
    let largest = largest(x, steps);
    let shift = lanes!(x = largest => if x.is_infinite() { 0.0 } else { x });
    let mut sum = Lanes::ZERO;
    for &step in steps {
        let less = x[step as usize].get().minus(shift);
        sum = sum.plus(lanes!(x = less => elementary::exp::<I>(x)));
    }
    lanes!(sum = sum, shift = shift, largest = largest => {
        let result = shift + elementary::log::<I>(sum);
        if largest.is_infinite() { largest } else { result }
    })
}

fn cumulative_sum<const N: usize>(
    x: &[Cell<Lanes<N>>],
    lines: &Lines,
    direction: Direction,
    out: &[Cell<Lanes<N>>],
) {
    for &start in lines.starts.iter() {
        let mut sum = Lanes::ZERO;
        let mut add = |&step: &u32| {
            let element = (start + step) as usize;
            sum = sum.plus(x[element].get());
            out[element].set(sum);
        };
        match direction {
            Direction::Forward => lines.steps.iter().for_each(&mut add),
            Direction::Reverse => lines.steps.iter().rev().for_each(&mut add),
        }
    }
}
