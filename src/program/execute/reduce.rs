//! Sums over the rows of a block. Rows are added in eight strands, row k to strand k mod 8, and the strands in a tree:
//! an order that does not depend on the width of registers, nor on how many samples there are.

use crate::numeric::dispatch::Isa;
use crate::numeric::lanes::F8;

use super::rows::Source;

/// Number of strands.
pub(super) const STRANDS: usize = 8;

/// Adds the strands in a tree.
#[inline(always)]
pub(super) fn tree(s: [F8; STRANDS]) -> F8 {
    let (a, b) = (s[0].plus(s[1]), s[2].plus(s[3]));
    let (c, d) = (s[4].plus(s[5]), s[6].plus(s[7]));
    a.plus(b).plus(c.plus(d))
}

/// `strands!(count, sum, row => expression)`: sums over rows, in strands. A macro, for the reason given at `lanes`.
macro_rules! strands {
    ($count:expr, $sum:ident, $row:ident => $next:expr) => {{
        let mut sums = [F8::ZERO; STRANDS];
        for strand in 0..STRANDS {
            let mut $sum = F8::ZERO;
            let mut $row = strand;
            while $row < $count {
                $sum = $next;
                $row += STRANDS;
            }
            sums[strand] = $sum;
        }
        tree(sums)
    }};
}

/// Sum over rows.
#[inline(always)]
pub(super) fn sum(count: usize, x: Source) -> F8 {
    strands!(count, sum, row => sum.plus(x.at(row)))
}

/// Sum over rows of the product.
#[inline(always)]
pub(super) fn dot<I: Isa>(count: usize, x: Source, y: Source) -> F8 {
    strands!(count, sum, row => x.at(row).times_plus::<I>(y.at(row), sum))
}
