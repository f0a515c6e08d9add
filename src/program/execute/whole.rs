//! Operations on whole arrays: lines are reduced, contracted and accumulated.

use std::cell::Cell;

use crate::graph::Direction;
use crate::numeric::dispatch::Isa;
use crate::numeric::kernels::elementary;
use crate::numeric::lanes::{LANES, Lanes, lanes};
use crate::program::code::{Lines, Part, Reduction, WholeOp};

use super::{Frame, contract, factor, index, linear, scan, substitute};

/// A function of each line: of one after another, or where lanes are not samples, of eight lines at a time. A macro, for
/// the reason given at `lanes`.
macro_rules! reduce {
    ($frame:expr, $x:expr, $lines:expr, $out:expr, $line:ident $(, $isa:ident)?) => {
        if N == 1 {
            for (cells, starts) in $out.chunks(LANES).zip($lines.starts.chunks(LANES)) {
                let lines = Eight { x: &$frame.memory[$x..], starts: filled(starts) };
                let result = $line::<$($isa,)? LANES, _>(lines, &$lines.steps);
                cells.iter().zip(result.0).for_each(|(cell, value)| cell.set(Lanes::splat(value)));
            }
        } else {
            for (cell, &start) in $out.iter().zip($lines.starts.iter()) {
                cell.set($line::<$($isa,)? N, _>(One(&$frame.array($x)[start as usize..]), &$lines.steps));
            }
        }
    };
}

/// What a step along a line, or along eight, leads to.
trait Line<const N: usize>: Copy {
    fn at(self, step: u32) -> Lanes<N>;
}

/// A line from its start on.
#[derive(Clone, Copy)]
struct One<'a, const N: usize>(&'a [Cell<Lanes<N>>]);

/// Lines of numbers.
#[derive(Clone, Copy)]
struct Eight<'a> {
    x: &'a [Cell<f64>],
    starts: [u32; LANES],
}

impl<const N: usize> Line<N> for One<'_, N> {
    #[inline(always)]
    fn at(self, step: u32) -> Lanes<N> {
        self.0[step as usize].get()
    }
}

impl Line<LANES> for Eight<'_> {
    #[inline(always)]
    fn at(self, step: u32) -> Lanes<LANES> {
        let mut result = Lanes::ZERO;
        for lane in 0..LANES {
            result.0[lane] = self.x[(self.starts[lane] + step) as usize].get();
        }
        result
    }
}

/// The last start again where there are fewer than eight.
fn filled(starts: &[u32]) -> [u32; LANES] {
    std::array::from_fn(|lane| starts[lane.min(starts.len() - 1)])
}

#[inline(always)]
pub(super) fn run<I: Isa, const N: usize>(frame: Frame, op: &WholeOp) {
    match op {
        WholeOp::Stack { parts, out } => stack::<N>(frame, parts, frame.array(*out)),
        WholeOp::Reduce { op, x, lines, out } => {
            let out = &frame.array::<N>(*out)[..lines.starts.len()];
            match op {
                Reduction::Max => reduce!(frame, *x, lines, out, largest),
                Reduction::LogSumExp => reduce!(frame, *x, lines, out, log_sum_exp, I),
            }
        }
        WholeOp::Contract { x, y, out, columns } => {
            contract::run::<I, N>(frame, (x, y, *columns), *out);
        }
        WholeOp::CumulativeSum { x, lines, direction, out } => {
            cumulative_sum::<N>(frame.array(*x), lines, *direction, frame.array(*out));
        }
        WholeOp::Cholesky { x, out } => factor::cholesky::<I, N>(frame, x, frame.array(*out)),
        WholeOp::SolveTriangular { l, b, x, direction } => {
            substitute::solve_triangular::<I, N>(frame, l, (b, x), *direction);
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
fn largest<const N: usize, L: Line<N>>(x: L, steps: &[u32]) -> Lanes<N> {
    let mut result = Lanes::splat(f64::NEG_INFINITY);
    for &step in steps {
        result = lanes!(a = result, b = x.at(step) => if a.is_nan() | (a > b) { a } else { b });
    }
    result
}

#[inline(always)]
fn log_sum_exp<I: Isa, const N: usize, L: Line<N>>(x: L, steps: &[u32]) -> Lanes<N> {
    let largest = largest(x, steps);
    let shift = lanes!(x = largest => if x.is_infinite() { 0.0 } else { x });
    let mut sum = Lanes::ZERO;
    for &step in steps {
        let less = x.at(step).minus(shift);
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
