//! Element-wise loops over the vectors of a block.

use crate::graph::{Binary, Ternary, Unary};
use crate::numeric::dispatch::{Isa, Kernel};
use crate::numeric::kernels::{elementary, gamma};
use crate::numeric::lanes::{Lanes, Stream, Target, lanes, times_plus};
use crate::program::code::{Pair, Sign};

use super::rows::{Source, Vectors};

/// `fill!(out, vector => value)`: a value for each vector. Macros, for the reason given at `lanes`.
macro_rules! fill {
    ($out:expr, $vector:ident => $value:expr) => {
        for $vector in 0..$out.count() {
            $out.set($vector, $value);
        }
    };
}

/// An expression of the lanes of one operand, for each vector.
macro_rules! map {
    ($out:expr, $x:ident = $source:expr => $body:expr) => {
        fill!($out, vector => lanes!($x = $source.at(vector) => $body))
    };
}

/// Expands a loop for each kind of source that an operand can be.
macro_rules! by_kind {
    ($x:ident, $body:expr) => {
        match $x {
            Source::Stream($x) => $body,
            Source::Spread($x) => $body,
        }
    };
}

/// Writes an operand's vectors.
#[inline(always)]
pub(super) fn copy<const N: usize>(out: Target<N>, x: Source<N>) {
    fill!(out, vector => x.at(vector));
}

/// Kernels for positive arguments do not hold elsewhere: those lanes are done by the scalar reference. Vectors are not
/// handed over whole: for a call that is hardly ever made they would be put into memory each time.
#[inline(always)]
fn repaired<const N: usize>(op: Unary, x: Lanes<N>, mut result: Lanes<N>) -> Lanes<N> {
    if is_outside(x) {
        for lane in 0..N {
            result.0[lane] = repair(op, x.0[lane], result.0[lane]);
        }
    }
    result
}

/// Whether a lane is not positive, or no number.
#[inline(always)]
fn is_outside<const N: usize>(x: Lanes<N>) -> bool {
    let mut outside = 0u64;
    for lane in 0..N {
        outside |= if x.0[lane] > 0.0 { 0 } else { 1 };
    }
    outside != 0
}

#[cold]
#[inline(never)]
fn repair(op: Unary, x: f64, result: f64) -> f64 {
    if x > 0.0 { result } else { op.eval(x) }
}

/// A function of one operand.
pub(super) struct UnaryKernel<'a, const N: usize> {
    pub op: Unary,
    pub out: Target<'a, N>,
    pub x: Source<'a, N>,
}

impl<const N: usize> Kernel for UnaryKernel<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        unary::<I, N>(self.op, self.out, self.x);
    }
}

/// A function of two operands.
pub(super) struct BinaryKernel<'a, const N: usize> {
    pub op: Binary,
    pub out: Target<'a, N>,
    pub operands: [Source<'a, N>; 2],
}

impl<const N: usize> Kernel for BinaryKernel<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        binary(self.op, self.out, self.operands);
    }
}

/// ± x y ± z
pub(super) struct MultiplyAddKernel<'a, const N: usize> {
    pub signs: [Sign; 2],
    pub out: Target<'a, N>,
    pub operands: [Source<'a, N>; 3],
}

impl<const N: usize> Kernel for MultiplyAddKernel<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let Self { signs, out, operands } = self;
        match signs {
            [Sign::Plus, Sign::Plus] => multiply_add::<I, N, 1, 1>(out, operands),
            [Sign::Plus, Sign::Minus] => multiply_add::<I, N, 1, -1>(out, operands),
            [Sign::Minus, Sign::Plus] => multiply_add::<I, N, -1, 1>(out, operands),
            [Sign::Minus, Sign::Minus] => multiply_add::<I, N, -1, -1>(out, operands),
        }
    }
}

/// A function and its derivative.
pub(super) struct PairKernel<'a, const N: usize> {
    pub op: Pair,
    pub out: [Target<'a, N>; 2],
    pub x: Source<'a, N>,
}

impl<const N: usize> Kernel for PairKernel<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        pair::<I, N>(self.op, self.out, self.x);
    }
}

#[inline(always)]
fn unary<I: Isa, const N: usize>(op: Unary, out: Target<N>, x: Source<N>) {
    let mut room = Lanes::ZERO;
    let x = x.stream(&mut room, out.count());
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
            fill!(out, v => repaired(op, x.at(v), lanes!(x = x.at(v) => gamma::lgamma::<I>(x))))
        }
        Unary::Polygamma(0) => {
            fill!(out, v => repaired(op, x.at(v), lanes!(x = x.at(v) => gamma::digamma::<I>(x))))
        }
        Unary::Polygamma(1) => {
            fill!(out, v => repaired(op, x.at(v), lanes!(x = x.at(v) => gamma::trigamma::<I>(x))))
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
fn scalar<const N: usize>(out: Target<N>, x: Stream<N>, function: &dyn Fn(f64) -> f64) {
    map!(out, x = x => function(x));
}

#[inline(always)]
fn truth(condition: bool) -> f64 {
    if condition { 1.0 } else { 0.0 }
}

#[inline(always)]
fn binary<const N: usize>(op: Binary, out: Target<N>, [x, y]: [Source<N>; 2]) {
    macro_rules! zip {
        ($a:ident, $b:ident => $body:expr) => {
            by_kind!(
                x,
                by_kind!(y, fill!(out, v => {
                    let (first, second): (Lanes<N>, Lanes<N>) = (x.at(v), y.at(v));
                    lanes!($a = first, $b = second => $body)
                }))
            )
        };
    }
    match op {
        Binary::Add => zip!(x, y => x + y),
        Binary::Sub => zip!(x, y => x - y),
        Binary::Mul => zip!(x, y => x * y),
        Binary::Div => zip!(x, y => x / y),
        Binary::Less => zip!(x, y => truth(x < y)),
        Binary::LessEqual => zip!(x, y => truth(x <= y)),
        Binary::Equal => zip!(x, y => truth(x == y)),
        Binary::NotEqual => zip!(x, y => truth(x != y)),
        Binary::And => zip!(x, y => truth((x != 0.0) & (y != 0.0))),
        Binary::Or => zip!(x, y => truth((x != 0.0) | (y != 0.0))),
        Binary::Min => zip!(x, y => if x.is_nan() | (x < y) { x } else { y }),
        Binary::Max => zip!(x, y => if x.is_nan() | (x > y) { x } else { y }),
        Binary::IntegerDivide => zip!(x, y => (x / y).floor()),
        Binary::Modulo => zip!(x, y => x - y * (x / y).floor()),
        // No loop of their own.
        _ => scalar_binary(op.row().eval, out, [x, y]),
    }
}

#[inline(never)]
fn scalar_binary<const N: usize>(eval: fn(f64, f64) -> f64, out: Target<N>, [x, y]: [Source<N>; 2]) {
    fill!(out, v => lanes!(x = x.at(v), y = y.at(v) => eval(x, y)));
}

/// A function of three operands, by the scalar reference.
#[inline(never)]
pub(super) fn ternary<const N: usize>(op: Ternary, out: Target<N>, [x, y, z]: [Source<N>; 3]) {
    let eval = op.row().eval;
    fill!(out, v => lanes!(x = x.at(v), y = y.at(v), z = z.at(v) => eval(x, y, z)));
}

/// `yes` where the condition is not 0, else `no`.
#[inline(always)]
pub(super) fn select<const N: usize>(out: Target<N>, condition: Source<N>, yes: Source<N>, no: Source<N>) {
    fill!(out, vector => {
        let (condition, yes, no) = (condition.at(vector), yes.at(vector), no.at(vector));
        lanes!(c = condition, yes = yes, no = no => if c != 0.0 { yes } else { no })
    });
}

/// P x y + A z with the signs P and A.
#[inline(always)]
fn multiply_add<I: Isa, const N: usize, const P: i8, const A: i8>(out: Target<N>, [x, y, z]: [Source<N>; 3]) {
    // The product has the same bits either way; a spread factor, if any, comes first.
    let (x, y) = if matches!(y, Source::Spread(_)) { (y, x) } else { (x, y) };
    let mut room = Lanes::ZERO;
    let y = y.stream(&mut room, out.count());
    by_kind!(
        x,
        by_kind!(
            z,
            fill!(out, v => {
                let (x, y, z): (Lanes<N>, Lanes<N>, Lanes<N>) = (x.at(v), y.at(v), z.at(v));
                lanes!(x = x, y = y, z = z => {
                    times_plus::<I>(if P < 0 { -x } else { x }, y, if A < 0 { -z } else { z })
                })
            })
        )
    );
}

#[inline(always)]
fn pair<I: Isa, const N: usize>(op: Pair, out: [Target<N>; 2], x: Source<N>) {
    let mut room = Lanes::ZERO;
    let x = x.stream(&mut room, out[0].count());
    for vector in 0..out[0].count() {
        let x = x.at(vector);
        let (mut value, mut slope) = (Lanes::ZERO, Lanes::ZERO);
        match op {
            Pair::SoftplusSigmoid => {
                for lane in 0..N {
                    (value.0[lane], slope.0[lane]) = elementary::softplus_and_sigmoid::<I>(x.0[lane]);
                }
            }
            Pair::LgammaDigamma => {
                for lane in 0..N {
                    (value.0[lane], slope.0[lane]) = gamma::lgamma_and_digamma::<I>(x.0[lane]);
                }
                value = repaired(Unary::Lgamma, x, value);
                slope = repaired(Unary::Polygamma(0), x, slope);
            }
        }
        out[0].set(vector, value);
        out[1].set(vector, slope);
    }
}
