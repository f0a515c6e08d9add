//! Operations on whole arrays: lines are reduced, contracted and accumulated.

use std::cell::Cell;

use crate::graph::Direction;
use crate::numeric::dispatch::Isa;
use crate::numeric::kernels::elementary;
use crate::numeric::lanes::{F8, lanes};
use crate::program::code::{Input, Lines, Part, Reduction, WholeOp};

use super::{Frame, index, linear, scan};

/// A function of each line. A macro, for the reason given at `lanes`.
macro_rules! reduce {
    ($x:expr, $lines:expr, $out:expr, $line:expr) => {
        for (cell, &start) in $out.iter().zip($lines.starts.iter()) {
            cell.set($line(&$x[start as usize..], &$lines.steps));
        }
    };
}

#[inline(always)]
pub(super) fn run<I: Isa>(frame: Frame, op: &WholeOp) {
    match op {
        WholeOp::Stack { parts, out } => stack(frame, parts, frame.array(*out)),
        WholeOp::Reduce { op, x, lines, out } => {
            let (x, out) = (frame.array(*x), frame.array(*out));
            match op {
                Reduction::Max => reduce!(x, lines, out, largest),
                Reduction::LogSumExp => reduce!(x, lines, out, log_sum_exp::<I>),
            }
        }
        WholeOp::Contract { x, y, out } => contract::<I>(frame, x, y, frame.array(*out)),
        WholeOp::CumulativeSum { x, lines, direction, out } => {
            cumulative_sum(frame.array(*x), lines, *direction, frame.array(*out));
        }
        WholeOp::Cholesky { x, out } => linear::cholesky::<I>(frame, x, frame.array(*out)),
        WholeOp::SolveTriangular { l, b, x, direction } => {
            linear::solve_triangular::<I>(frame, l, (b, x), *direction);
        }
        WholeOp::Inverse { x, out } => linear::inverse(frame, x, frame.array(*out)),
        WholeOp::LogAbsDet { x, out } => linear::log_abs_det(frame, x, frame.array(*out)),
        WholeOp::Gather { source, starts, at, out } => {
            index::gather(frame, *source, (starts, at), frame.array(*out));
        }
        WholeOp::Scatter { values, starts, at, out, length } => {
            index::scatter(frame, values, (starts, at), &frame.array(*out)[..*length]);
        }
        WholeOp::Scan(op) => scan::run(frame, op),
    }
}

fn stack(frame: Frame, parts: &[Part], out: &[Cell<F8>]) {
    for part in parts {
        let from = frame.elements(part.from);
        for (&source, &target) in part.sources.iter().zip(part.targets.iter()) {
            out[target as usize].set(from.at(source as usize));
        }
    }
}

/// Largest of a line, -inf of none, NaN if any is NaN.
#[inline(always)]
fn largest(x: &[Cell<F8>], steps: &[u32]) -> F8 {
    let mut result = F8::splat(f64::NEG_INFINITY);
    for &step in steps {
        result = lanes!(a = result, b = x[step as usize].get() => if a.is_nan() | (a > b) { a } else { b });
    }
    result
}

#[inline(always)]
fn log_sum_exp<I: Isa>(x: &[Cell<F8>], steps: &[u32]) -> F8 {
    let largest = largest(x, steps);
    let shift = lanes!(x = largest => if x.is_infinite() { 0.0 } else { x });
    let mut sum = F8::ZERO;
    for &step in steps {
        let less = x[step as usize].get().minus(shift);
        sum = sum.plus(lanes!(x = less => elementary::exp::<I>(x)));
    }
    lanes!(sum = sum, shift = shift, largest = largest => {
        let result = shift + elementary::log::<I>(sum);
        if largest.is_infinite() { largest } else { result }
    })
}

#[inline(always)]
fn contract<I: Isa>(frame: Frame, x: &(Input, Lines), y: &(Input, Lines), out: &[Cell<F8>]) {
    let (a, b) = (frame.elements(x.0), frame.elements(y.0));
    let (x, y) = (&x.1, &y.1);
    for ((cell, &i), &j) in out.iter().zip(x.starts.iter()).zip(y.starts.iter()) {
        let mut sum = F8::ZERO;
        for (&p, &q) in x.steps.iter().zip(y.steps.iter()) {
            sum = a.at((i + p) as usize).times_plus::<I>(b.at((j + q) as usize), sum);
        }
        cell.set(sum);
    }
}

fn cumulative_sum(x: &[Cell<F8>], lines: &Lines, direction: Direction, out: &[Cell<F8>]) {
    for &start in lines.starts.iter() {
        let mut sum = F8::ZERO;
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
