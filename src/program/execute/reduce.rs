//! Sums over the rows of a block. Rows are added in eight strands, row k to strand k mod 8, and the strands in a tree:
//! an order that does not depend on the width of registers, nor on what the lanes are.

use std::cell::Cell;

use crate::numeric::dispatch::Isa;
use crate::numeric::lanes::{LANES, Lanes};

use super::layout::Layout;
use super::rows::{Source, Vectors};

/// Number of strands.
pub(super) const STRANDS: usize = LANES;

/// Adds the strands in a tree.
#[inline(always)]
pub(super) fn tree<const N: usize>(s: [Lanes<N>; STRANDS]) -> Lanes<N> {
    let (a, b) = (s[0].plus(s[1]), s[2].plus(s[3]));
    let (c, d) = (s[4].plus(s[5]), s[6].plus(s[7]));
    a.plus(b).plus(c.plus(d))
}

/// The same where the strands are lanes.
#[inline(always)]
pub(super) fn tree_of_lanes<const N: usize>(lanes: Lanes<N>) -> f64 {
    if N == 1 {
        return lanes.0[0];
    }
    let x = lanes.0;
    ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]))
}

/// Adds the sum over rows of the product of the factors.
#[inline(always)]
pub(super) fn add<I: Isa, const N: usize, L: Layout<N>>(
    count: usize,
    (x, y): (Source<N>, Option<Source<N>>),
    into: &[Cell<f64>],
) {
    let sum = match (x, y) {
        (Source::Stream(x), None) => strands::<I, N, L, _, false>(count, [x, x]),
        (Source::Stream(x), Some(Source::Stream(y))) => strands::<I, N, L, _, true>(count, [x, y]),
        (x, None) => strands::<I, N, L, _, false>(count, [x, x]),
        (x, Some(y)) => strands::<I, N, L, _, true>(count, [x, y]),
    };
    for (lane, cell) in into.iter().enumerate() {
        cell.set(cell.get() + sum.0[lane]);
    }
}

/// Sum over rows of x, or of x y; where lanes are rows, in the first lane.
#[inline(always)]
fn strands<I: Isa, const N: usize, L: Layout<N>, X: Vectors<N>, const PRODUCT: bool>(
    count: usize,
    [x, y]: [X; 2],
) -> Lanes<N> {
    macro_rules! next {
        ($sum:expr, $x:expr, $y:expr) => {
            if PRODUCT { $x.times_plus::<I>($y, $sum) } else { $sum.plus($x) }
        };
    }
    if L::ROWS == 1 && N > 1 {
        let mut sums = [Lanes::ZERO; STRANDS];
        for (strand, total) in sums.iter_mut().enumerate() {
            let mut sum = Lanes::ZERO;
            let mut row = strand;
            while row < count {
                sum = next!(sum, x.at(row), y.at(row));
                row += STRANDS;
            }
            *total = sum;
        }
        return tree(sums);
    }
    let mut sum = Lanes::ZERO;
    let whole = count / N;
    for vector in 0..whole {
        sum = next!(sum, x.at(vector), y.at(vector));
    }
    if !count.is_multiple_of(N) {
        let [x, y] = [x.at(whole), y.at(whole)].map(|x| x.first_of(count % N, Lanes::ZERO));
        sum = next!(sum, x, y);
    }
    sum.0[0] = tree_of_lanes(sum);
    sum
}
