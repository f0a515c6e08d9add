//! Dense linear algebra against the interpreter.

use super::check;
use crate::graph::autodiff::gradient;
use crate::graph::{Axis, Builder, Direction, Node, Unary, Vector};

/// A positive definite matrix for each of a batch, over `axes` = [batch, row, column].
fn positive_definite(b: &mut Builder, [batch, row, column]: [Axis; 3], inner: Axis) -> Node {
    let size = b.graph().axis_size(row);
    let length = b.graph().axis_size(batch) * size * b.graph().axis_size(inner);
    let mut axes = [batch, row, inner];
    axes.sort();
    let x = b.parameter(Vector::Position, 0, &axes);
    assert_eq!(length, b.graph().len_of(x));
    gram_plus_one(b, x, [row, column, inner])
}

/// x x' + 1, the product over `inner`.
fn gram_plus_one(b: &mut Builder, x: Node, [row, column, inner]: [Axis; 3]) -> Node {
    let transposed = b.rename(x, &[(row, column)]);
    let gram = b.contract(x, transposed, &[inner]);
    let diagonal = unit_matrix(b, row, column);
    b.add(gram, diagonal)
}

fn unit_matrix(b: &mut Builder, row: Axis, column: Axis) -> Node {
    let (i, j) = (b.iota(row), b.iota(column));
    b.equal(i, j)
}

#[test]
fn linear_algebra() {
    let mut b = Builder::new();
    let [row, batch, inner, column] =
        ["i", "b", "k", "j"].map(|label| if label == "b" { 2 } else { 6 }).map(|n| b.axis("a", n));
    let a = positive_definite(&mut b, [batch, row, column], inner);
    let l = b.cholesky(a, row, column);
    let right = b.parameter(Vector::Position, 72, &[row]);
    let left = b.rename(right, &[(row, column)]);
    let forward = b.solve_triangular(l, right, row, column, Direction::Forward);
    let reverse = b.solve_triangular(l, left, row, column, Direction::Reverse);
    let inverse = b.inverse(a, row, column);
    let determinant = b.log_abs_det(a, row, column);
    let negative = b.neg(a);
    let invalid = b.cholesky(negative, row, column);
    let roots = [a, l, forward, reverse, inverse, determinant, invalid];
    check(&b.finish(), &roots, 78);
}

/// Sizes at which rows and right-hand sides fill vectors, with a rest.
#[test]
fn linear_algebra_of_larger_matrices() {
    let mut b = Builder::new();
    let [row, column, inner] = ["i", "j", "k"].map(|label| b.axis(label, 43));
    let sides = b.axis("s", 37);
    let x = b.parameter(Vector::Position, 0, &[row, inner]);
    let a = gram_plus_one(&mut b, x, [row, column, inner]);
    let l = b.cholesky(a, row, column);
    let right = b.parameter(Vector::Position, 1849, &[row, sides]);
    let left = b.rename(right, &[(row, column)]);
    let forward = b.solve_triangular(l, right, row, column, Direction::Forward);
    let reverse = b.solve_triangular(l, left, row, column, Direction::Reverse);
    let shifted = b.plus(right, 0.5);
    let one = b.sum(shifted, &[sides]);
    let single = b.solve_triangular(l, one, row, column, Direction::Forward);
    let negative = b.neg(a);
    let invalid = b.cholesky(negative, row, column);
    let roots = [a, l, forward, reverse, single, invalid];
    check(&b.finish(), &roots, 1849 + 43 * 37);
}

/// Matrices that fill no vector, many of them; in a few no pivot is positive. With the derivatives, which read arrays by
/// other names.
#[test]
fn linear_algebra_of_many_small_matrices() {
    for size in 1..=5 {
        let mut b = Builder::new();
        let batch = b.axis("b", 11);
        let [row, column, inner] = ["i", "j", "k"].map(|label| b.axis(label, size));
        let sides = b.axis("s", 2);
        let x = b.parameter(Vector::Position, 0, &[batch, row, inner]);
        let a = gram_plus_one(&mut b, x, [row, column, inner]);
        let diagonal = unit_matrix(&mut b, row, column);
        let l = b.cholesky(a, row, column);
        let right = b.parameter(Vector::Position, 11 * size * size, &[row, sides]);
        let forward = b.solve_triangular(l, right, row, column, Direction::Forward);
        let left = b.rename(forward, &[(column, row)]);
        let again = b.rename(left, &[(row, column)]);
        let reverse = b.solve_triangular(l, again, row, column, Direction::Reverse);
        let shift = b.data(&[batch], (0..11).map(|k| f64::from(k % 4 == 3) * -9.0).collect::<Vec<_>>());
        let shifted = b.mul(diagonal, shift);
        let shifted = b.add(a, shifted);
        let some = b.cholesky(shifted, row, column);
        let curved = b.unary(Unary::Tanh, reverse);
        let total = b.sum_all(curved);
        let slopes = gradient(&mut b, total, &[x, right]);
        let roots = [vec![a, l, forward, reverse, some, total], slopes].concat();
        check(&b.finish(), &roots, 11 * size * size + 2 * size);
    }
}
