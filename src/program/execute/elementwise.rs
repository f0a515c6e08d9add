//! Element-wise loops over the rows of a block.

use std::cell::Cell;

use crate::graph::{Binary, Unary};
use crate::numeric::dispatch::Isa;
use crate::numeric::kernels::{elementary, gamma};
use crate::numeric::lanes::{F8, LANES, lanes, times_plus};
use crate::program::code::Pair;

use super::rows::Source;

/// `fill!(out, row => vector)`: a vector for each row. Macros, for the reason given at `lanes`.
macro_rules! fill {
    ($out:expr, $row:ident => $vector:expr) => {
        for ($row, cell) in $out.iter().enumerate() {
            cell.set($vector);
        }
    };
}

/// An expression of the lanes of one operand, for each row.
macro_rules! map {
    ($out:expr, $x:ident = $source:expr => $body:expr) => {
        fill!($out, row => lanes!($x = $source.at(row) => $body))
    };
}

/// An expression of the lanes of two operands, for each row.
macro_rules! zip {
    ($out:expr, $x:ident = $first:expr, $y:ident = $second:expr => $body:expr) => {
        fill!($out, row => lanes!($x = $first.at(row), $y = $second.at(row) => $body))
    };
}

/// Writes an operand's vector for each row.
#[inline(always)]
pub(super) fn copy(out: &[Cell<F8>], x: Source) {
    fill!(out, row => x.at(row));
}

/// Kernels for positive arguments do not hold elsewhere: those lanes are done by the scalar reference.
#[inline(always)]
fn repaired(op: Unary, x: F8, result: F8) -> F8 {
    let mut outside = false;
    for lane in 0..LANES {
        outside |= x.0[lane].is_nan() | (x.0[lane] <= 0.0);
    }
    if outside { repair(op, x, result) } else { result }
}

#[cold]
#[inline(never)]
fn repair(op: Unary, x: F8, result: F8) -> F8 {
    lanes!(x = x, result = result => if x > 0.0 { result } else { op.eval(x) })
}

#[inline(always)]
pub(super) fn unary<I: Isa>(op: Unary, out: &[Cell<F8>], x: Source) {
    match op {
        Unary::Neg => map!(out, x = x => -x),
        Unary::Reciprocal => map!(out, x = x => 1.0 / x),
        Unary::Square => map!(out, x = x => x * x),
        Unary::Sqrt => map!(out, x = x => f64::sqrt(x)),
        Unary::Exp => map!(out, x = x => elementary::exp::<I>(x)),
        Unary::Expm1 => map!(out, x = x => elementary::expm1::<I>(x)),
        Unary::Log => map!(out, x = x => elementary::log::<I>(x)),
        Unary::Log1p => map!(out, x = x => elementary::log1p::<I>(x)),
        Unary::Abs => map!(out, x = x => f64::abs(x)),
        Unary::Tanh => map!(out, x = x => elementary::tanh::<I>(x)),
        Unary::Sigmoid => map!(out, x = x => elementary::sigmoid::<I>(x)),
        Unary::Softplus => map!(out, x = x => elementary::softplus::<I>(x)),
        Unary::Lgamma => {
            fill!(out, row => repaired(op, x.at(row), lanes!(x = x.at(row) => gamma::lgamma::<I>(x))))
        }
        Unary::Polygamma(0) => {
            fill!(out, row => repaired(op, x.at(row), lanes!(x = x.at(row) => gamma::digamma::<I>(x))))
        }
        Unary::Polygamma(1) => {
            fill!(out, row => repaired(op, x.at(row), lanes!(x = x.at(row) => gamma::trigamma::<I>(x))))
        }
        Unary::Not => map!(out, x = x => if x == 0.0 { 1.0 } else { 0.0 }),
        Unary::Floor => map!(out, x = x => f64::floor(x)),
        Unary::Ceil => map!(out, x = x => f64::ceil(x)),
        Unary::Polygamma(_) => scalar(out, x, &|x| op.eval(x)),
        Unary::Sign
        | Unary::Round
        | Unary::Sin
        | Unary::Cos
        | Unary::Tan
        | Unary::Atan
        | Unary::Erf
        | Unary::Erfc
        | Unary::LogNormalCdf
        | Unary::NormalQuantile => scalar(out, x, &op.row().eval),
    }
}

/// One lane after another, for functions that have no kernel.
#[inline(never)]
fn scalar(out: &[Cell<F8>], x: Source, function: &dyn Fn(f64) -> f64) {
    map!(out, x = x => function(x));
}

#[inline(always)]
fn truth(condition: bool) -> f64 {
    if condition { 1.0 } else { 0.0 }
}

#[inline(always)]
pub(super) fn binary(op: Binary, out: &[Cell<F8>], x: Source, y: Source) {
    match op {
        Binary::Add => zip!(out, x = x, y = y => x + y),
        Binary::Sub => zip!(out, x = x, y = y => x - y),
        Binary::Mul => zip!(out, x = x, y = y => x * y),
        Binary::Div => zip!(out, x = x, y = y => x / y),
        Binary::Less => zip!(out, x = x, y = y => truth(x < y)),
        Binary::LessEqual => zip!(out, x = x, y = y => truth(x <= y)),
        Binary::Equal => zip!(out, x = x, y = y => truth(x == y)),
        Binary::NotEqual => zip!(out, x = x, y = y => truth(x != y)),
        Binary::And => zip!(out, x = x, y = y => truth((x != 0.0) & (y != 0.0))),
        Binary::Or => zip!(out, x = x, y = y => truth((x != 0.0) | (y != 0.0))),
        Binary::Min => zip!(out, x = x, y = y => if x.is_nan() | (x < y) { x } else { y }),
        Binary::Max => zip!(out, x = x, y = y => if x.is_nan() | (x > y) { x } else { y }),
        Binary::IntegerDivide => zip!(out, x = x, y = y => (x / y).floor()),
        Binary::Modulo => zip!(out, x = x, y = y => x - y * (x / y).floor()),
        Binary::Pow | Binary::Atan2 => scalar_binary(op.row().eval, out, x, y),
    }
}

#[inline(never)]
fn scalar_binary(eval: fn(f64, f64) -> f64, out: &[Cell<F8>], x: Source, y: Source) {
    zip!(out, x = x, y = y => eval(x, y));
}

/// `yes` where the condition is not 0, else `no`.
#[inline(always)]
pub(super) fn select(out: &[Cell<F8>], condition: Source, yes: Source, no: Source) {
    fill!(out, row => {
        lanes!(c = condition.at(row), yes = yes.at(row), no = no.at(row) => if c != 0.0 { yes } else { no })
    });
}

/// P x y + A z with the signs P and A.
#[inline(always)]
pub(super) fn multiply_add<I: Isa, const P: i8, const A: i8>(out: &[Cell<F8>], [x, y, z]: [Source; 3]) {
    fill!(out, row => lanes!(x = x.at(row), y = y.at(row), z = z.at(row) => {
        times_plus::<I>(if P < 0 { -x } else { x }, y, if A < 0 { -z } else { z })
    }));
}

/// A function and its derivative.
#[inline(always)]
pub(super) fn pair<I: Isa>(op: Pair, first: &[Cell<F8>], second: &[Cell<F8>], x: Source) {
    for row in 0..first.len() {
        let x = x.at(row);
        let (mut value, mut slope) = (F8::ZERO, F8::ZERO);
        match op {
            Pair::SoftplusSigmoid => {
                for lane in 0..LANES {
                    (value.0[lane], slope.0[lane]) = elementary::softplus_and_sigmoid::<I>(x.0[lane]);
                }
            }
            Pair::LgammaDigamma => {
                for lane in 0..LANES {
                    (value.0[lane], slope.0[lane]) = gamma::lgamma_and_digamma::<I>(x.0[lane]);
                }
                value = repaired(Unary::Lgamma, x, value);
                slope = repaired(Unary::Polygamma(0), x, slope);
            }
        }
        first[row].set(value);
        second[row].set(slope);
    }
}
