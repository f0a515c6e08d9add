//! Pullbacks of dense linear algebra.

use crate::graph::{Axis, Builder, Direction, Node};

/// A second name for an axis, so that a matrix can meet itself in a product.
fn twin(b: &mut Builder, axis: Axis) -> Axis {
    let info = b.graph().axis(axis).clone();
    b.axis(format!("{}'", info.label), info.size)
}

/// Lower triangle of x over (row, column), its diagonal times `diagonal`.
fn lower_triangle(b: &mut Builder, x: Node, (row, column): (Axis, Axis), diagonal: f64) -> Node {
    let (i, j) = (b.iota(row), b.iota(column));
    let below = b.less(j, i);
    let on = b.equal(j, i);
    let weighted = b.times(on, diagonal);
    let mask = b.add(below, weighted);
    b.mul(x, mask)
}

/// Iain Murray, "Differentiation of the Cholesky decomposition" (2016): with S = L^-T F(L' G) L^-1, where F takes
/// the lower triangle with half its diagonal, the adjoint of the triangle that is read is F(S + S').
pub(super) fn cholesky(b: &mut Builder, l: Node, g: Node, (row, column): (Axis, Axis)) -> Node {
    let other = twin(b, row);
    let l_by_other = b.rename(l, &[(column, other)]);
    let product = b.contract(l_by_other, g, &[row]);
    let halved = lower_triangle(b, product, (other, column), 0.5);
    let left = b.solve_triangular(l_by_other, halved, row, other, Direction::Reverse);
    let l_from_other = b.rename(l, &[(row, other)]);
    let both = b.solve_triangular(l_from_other, left, other, column, Direction::Reverse);
    let s = b.rename(both, &[(other, column)]);
    let transposed = b.rename(s, &[(row, column), (column, row)]);
    let sum = b.add(s, transposed);
    lower_triangle(b, sum, (row, column), 0.5)
}

/// A triangular system that was solved, and the adjoint of its solution.
pub(super) struct Solved {
    pub l: Node,
    pub x: Node,
    pub g: Node,
    pub row: Axis,
    pub column: Axis,
}

impl Solved {
    /// L^-T g, or L^-1 g: the adjoint of the right-hand side.
    pub(super) fn to_right(&self, b: &mut Builder, direction: Direction) -> Node {
        b.solve_triangular(self.l, self.g, self.row, self.column, direction.reversed())
    }

    /// Less the outer product of solution and right-hand side's adjoint, on the triangle that was read.
    pub(super) fn to_matrix(&self, b: &mut Builder, direction: Direction) -> Node {
        let right = self.to_right(b, direction);
        let outer = b.mul(right, self.x);
        let less = b.neg(outer);
        lower_triangle(b, less, (self.row, self.column), 1.0)
    }
}

/// For B = A^-1: -B' g B'.
pub(super) fn inverse(b: &mut Builder, inverse: Node, g: Node, (row, column): (Axis, Axis)) -> Node {
    let other = twin(b, row);
    let left = b.rename(inverse, &[(column, other)]);
    // Indices of the half product: `other` is the row of the result, `column` the column of g.
    let half = b.contract(left, g, &[row]);
    let whole = b.contract(half, inverse, &[column]);
    let named = b.rename(whole, &[(other, row), (row, column)]);
    b.neg(named)
}

/// g A^-T
pub(super) fn log_abs_det(b: &mut Builder, a: Node, g: Node, (row, column): (Axis, Axis)) -> Node {
    let inverse = b.inverse(a, row, column);
    let transposed = b.rename(inverse, &[(row, column), (column, row)]);
    b.mul(g, transposed)
}
