//! Element-wise loops over the rows of a block.

use std::cell::Cell;

use crate::graph::{Binary, Unary};
use crate::numeric::dispatch::Isa;
use crate::numeric::kernels::{elementary, gamma};
use crate::numeric::lanes::{F8, times_plus};
use crate::program::code::Pair;

use super::rows::Source;

/// Writes a vector for each row.
#[inline(always)]
pub(super) fn fill(out: &[Cell<F8>], value: impl Fn(usize) -> F8) {
    for (row, cell) in out.iter().enumerate() {
        cell.set(value(row));
    }
}

#[inline(always)]
fn map(out: &[Cell<F8>], x: Source, function: impl Fn(f64) -> f64) {
    fill(out, |row| x.at(row).map(&function));
}

/// The lanes where a kernel for positive arguments does not hold are done by the scalar reference.
#[inline(always)]
fn map_positive(op: Unary, out: &[Cell<F8>], x: Source, function: impl Fn(f64) -> f64) {
    fill(out, |row| {
        let x = x.at(row);
        repaired(op, x, x.map(&function))
    });
}

#[inline(always)]
fn repaired(op: Unary, x: F8, result: F8) -> F8 {
    if x.any(|x| x.is_nan() || x <= 0.0) { repair(op, x, result) } else { result }
}

#[cold]
#[inline(never)]
fn repair(op: Unary, x: F8, result: F8) -> F8 {
    x.zip(result, |x, result| if x > 0.0 { result } else { op.eval(x) })
}

#[inline(always)]
pub(super) fn unary<I: Isa>(op: Unary, out: &[Cell<F8>], x: Source) {
    match op {
        Unary::Neg => map(out, x, |x| -x),
        Unary::Reciprocal => map(out, x, |x| 1.0 / x),
        Unary::Square => map(out, x, |x| x * x),
        Unary::Sqrt => map(out, x, f64::sqrt),
        Unary::Exp => map(out, x, elementary::exp::<I>),
        Unary::Expm1 => map(out, x, elementary::expm1::<I>),
        Unary::Log => map(out, x, elementary::log::<I>),
        Unary::Log1p => map(out, x, elementary::log1p::<I>),
        Unary::Abs => map(out, x, f64::abs),
        Unary::Tanh => map(out, x, elementary::tanh::<I>),
        Unary::Sigmoid => map(out, x, elementary::sigmoid::<I>),
        Unary::Softplus => map(out, x, elementary::softplus::<I>),
        Unary::Lgamma => map_positive(op, out, x, gamma::lgamma::<I>),
        Unary::Polygamma(0) => map_positive(op, out, x, gamma::digamma::<I>),
        Unary::Polygamma(1) => map_positive(op, out, x, gamma::trigamma::<I>),
        Unary::Not => map(out, x, |x| if x == 0.0 { 1.0 } else { 0.0 }),
        Unary::Floor => map(out, x, f64::floor),
        Unary::Ceil => map(out, x, f64::ceil),
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
    fill(out, |row| x.at(row).map(function));
}

#[inline(always)]
fn zip(out: &[Cell<F8>], x: Source, y: Source, function: impl Fn(f64, f64) -> f64) {
    fill(out, |row| x.at(row).zip(y.at(row), &function));
}

#[inline(always)]
fn truth(condition: bool) -> f64 {
    if condition { 1.0 } else { 0.0 }
}

#[inline(always)]
pub(super) fn binary(op: Binary, out: &[Cell<F8>], x: Source, y: Source) {
    match op {
        Binary::Add => zip(out, x, y, |x, y| x + y),
        Binary::Sub => zip(out, x, y, |x, y| x - y),
        Binary::Mul => zip(out, x, y, |x, y| x * y),
        Binary::Div => zip(out, x, y, |x, y| x / y),
        Binary::Less => zip(out, x, y, |x, y| truth(x < y)),
        Binary::LessEqual => zip(out, x, y, |x, y| truth(x <= y)),
        Binary::Equal => zip(out, x, y, |x, y| truth(x == y)),
        Binary::NotEqual => zip(out, x, y, |x, y| truth(x != y)),
        Binary::And => zip(out, x, y, |x, y| truth((x != 0.0) & (y != 0.0))),
        Binary::Or => zip(out, x, y, |x, y| truth((x != 0.0) | (y != 0.0))),
        Binary::Min => zip(out, x, y, |x, y| if x.is_nan() | (x < y) { x } else { y }),
        Binary::Max => zip(out, x, y, |x, y| if x.is_nan() | (x > y) { x } else { y }),
        Binary::IntegerDivide => zip(out, x, y, |x, y| (x / y).floor()),
        Binary::Modulo => zip(out, x, y, |x, y| x - y * (x / y).floor()),
        Binary::Pow | Binary::Atan2 => scalar_binary(op.row().eval, out, x, y),
    }
}

#[inline(never)]
fn scalar_binary(eval: fn(f64, f64) -> f64, out: &[Cell<F8>], x: Source, y: Source) {
    fill(out, |row| x.at(row).zip(y.at(row), eval));
}

/// `yes` where the condition is not 0, else `no`.
#[inline(always)]
pub(super) fn select(out: &[Cell<F8>], [condition, yes, no]: [Source; 3]) {
    fill(out, |row| {
        let (condition, yes, no) = (condition.at(row), yes.at(row), no.at(row));
        let mut result = no;
        for lane in 0..condition.0.len() {
            result.0[lane] = if condition.0[lane] != 0.0 { yes.0[lane] } else { no.0[lane] };
        }
        result
    });
}

/// P x y + A z with the signs P and A.
#[inline(always)]
pub(super) fn multiply_add<I: Isa, const P: i8, const A: i8>(out: &[Cell<F8>], [x, y, z]: [Source; 3]) {
    fill(out, |row| {
        let (x, y, z) = (x.at(row), y.at(row), z.at(row));
        let mut result = z;
        for lane in 0..z.0.len() {
            let factor = if P < 0 { -x.0[lane] } else { x.0[lane] };
            let addend = if A < 0 { -z.0[lane] } else { z.0[lane] };
            result.0[lane] = times_plus::<I>(factor, y.0[lane], addend);
        }
        result
    });
}

/// A function and its derivative.
#[inline(always)]
pub(super) fn pair<I: Isa>(op: Pair, [first, second]: [&[Cell<F8>]; 2], x: Source) {
    match op {
        Pair::SoftplusSigmoid => both(first, second, x, elementary::softplus_and_sigmoid::<I>),
        Pair::LgammaDigamma => {
            for row in 0..first.len() {
                let x = x.at(row);
                let (value, slope) = split(x, gamma::lgamma_and_digamma::<I>);
                first[row].set(repaired(Unary::Lgamma, x, value));
                second[row].set(repaired(Unary::Polygamma(0), x, slope));
            }
        }
    }
}

#[inline(always)]
fn both(first: &[Cell<F8>], second: &[Cell<F8>], x: Source, function: impl Fn(f64) -> (f64, f64)) {
    for row in 0..first.len() {
        let (value, slope) = split(x.at(row), &function);
        first[row].set(value);
        second[row].set(slope);
    }
}

#[inline(always)]
fn split(x: F8, function: impl Fn(f64) -> (f64, f64)) -> (F8, F8) {
    let (mut value, mut slope) = (F8::ZERO, F8::ZERO);
    for lane in 0..x.0.len() {
        (value.0[lane], slope.0[lane]) = function(x.0[lane]);
    }
    (value, slope)
}
