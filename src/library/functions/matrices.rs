//! Functions of matrices over a dim repeated.

use crate::graph::{Builder, Node};
use crate::library::formula::{diagonal, is_diagonal};
use crate::library::interval::Interval;
use crate::library::spec::{Action, Function, Over, Parameter, Rank, Smoothness};

const SQUARE: Parameter = Parameter::matrix("a", "real", "a square matrix");
const POSITIVE_DEFINITE: &[Parameter] = &[Parameter::matrix("a", "cov", "a positive definite matrix")];
const TO_MATRIX: Action = Action::Matrix { result: Rank::Matrix };
const TO_VECTOR: Action = Action::Matrix { result: Rank::Vector };
const TO_NUMBER: Action = Action::Matrix { result: Rank::Scalar };

/// `cholesky`
pub static CHOLESKY: Function = Function {
    name: "cholesky",
    summary: "The lower triangular factor of a positive definite matrix.",
    doc: "L with L L' = a.",
    example: "dim item\ndata y[item]: real\ndata S[item, item]: cov\nlet L[item, item] = cholesky(S)\n\
              latent mu ~ normal(0, 1)\nobserve y ~ multi_normal(mu, chol = L)\n",
    parameters: POSITIVE_DEFINITE,
    action: TO_MATRIX,
    ..Function::base(|b, a, _, over| {
        let a = matrix(b, a[0], over);
        b.cholesky(a, over.axes[0], over.twins[0])
    })
};

/// `inverse`
pub static INVERSE: Function = Function {
    name: "inverse",
    summary: "The inverse of a matrix.",
    doc: "To solve a system, `solve` says more.",
    example: "dim item\ndata y[item]: real\ndata S[item, item]: cov\nlet P[item, item] = inverse(S)\n\
              latent mu ~ normal(0, 1)\nobserve y ~ multi_normal(mu, prec = P)\n",
    parameters: &[SQUARE],
    action: TO_MATRIX,
    ..Function::base(|b, a, _, over| {
        let a = matrix(b, a[0], over);
        b.inverse(a, over.axes[0], over.twins[0])
    })
};

/// `logdet`
pub static LOGDET: Function = Function {
    name: "logdet",
    summary: "log of the absolute determinant.",
    doc: "log |det a|.",
    example: "dim item\ndata V[item, item]: cov\nlatent S[item, item] ~ inv_wishart(5, V)\npotential -logdet(S)\n",
    parameters: &[SQUARE],
    action: TO_NUMBER,
    ..Function::base(|b, a, _, over| {
        let a = matrix(b, a[0], over);
        b.log_abs_det(a, over.axes[0], over.twins[0])
    })
};

/// `solve`
pub static SOLVE: Function = Function {
    name: "solve",
    summary: "The solution of a linear system.",
    doc: "x with a @ x = v.",
    example: "dim item\ndata y[item]: real\ndata S[item, item]: cov\nlatent v[item] ~ normal(0, 1)\n\
              observe y ~ normal(solve(S, v), 1)\n",
    parameters: &[SQUARE, Parameter::vector("v", "real", "the right-hand side")],
    action: TO_VECTOR,
    ..Function::base(|b, a, _, over| {
        let (row, column) = (over.axes[0], over.twins[0]);
        let square = matrix(b, a[0], over);
        let inverse = b.inverse(square, row, column);
        let v = b.expand(a[1], &[row]);
        let v = b.rename(v, &[(row, column)]);
        b.contract(inverse, v, &[column])
    })
};

/// `diag`
pub static DIAG: Function = Function {
    name: "diag",
    summary: "The diagonal matrix of a vector.",
    doc: "v on the diagonal, 0 elsewhere.",
    example: "dim item\ndata y[item]: real\nlatent s[item] ~ half_normal(1)\n\
              observe y ~ multi_normal(0, diag(s^2 over item))\n",
    parameters: &[Parameter::vector("v", "real", "its diagonal")],
    action: Action::Kernel,
    range: |x| x[0].union(Interval::point(0.0)),
    smoothness: Smoothness::Linear,
    ..Function::base(|b, a, _, over| {
        let (same, zero) = (is_diagonal(b, over), b.constant(0.0));
        b.select(same, a[0], zero)
    })
};

/// `diagonal`
pub static DIAGONAL: Function = Function {
    name: "diagonal",
    summary: "The diagonal of a matrix.",
    doc: "a[i, i] for each i.",
    example: "dim item\ndata y[item]: real\ndata S[item, item]: cov\nlatent mu ~ normal(0, 1)\n\
              observe y ~ normal(mu, variance = diagonal(S))\n",
    parameters: &[SQUARE],
    action: TO_VECTOR,
    range: |x| x[0],
    smoothness: Smoothness::Linear,
    ..Function::base(|b, a, _, over| {
        let a = matrix(b, a[0], over);
        diagonal(b, a, over)
    })
};

/// `trace`
pub static TRACE: Function = Function {
    name: "trace",
    summary: "The sum of the diagonal.",
    doc: "sum of a[i, i].",
    example: "dim item\ndata y[item]: real\ndata S[item, item]: cov\nlatent mu ~ normal(0, 1)\n\
              observe y ~ normal(mu, variance = trace(S))\n",
    parameters: &[SQUARE],
    action: TO_NUMBER,
    range: |x| super::reductions::of_sum(x[0]),
    smoothness: Smoothness::Linear,
    ..Function::base(|b, a, _, over| {
        let a = matrix(b, a[0], over);
        let diagonal = diagonal(b, a, over);
        b.sum(diagonal, &over.axes)
    })
};

/// `transpose`
pub static TRANSPOSE: Function = Function {
    name: "transpose",
    summary: "Rows as columns.",
    doc: "a[j, i] at (i, j).",
    example: "dim item\ndata y[item]: real\ndata A[item, item]: real\nlatent v[item] ~ normal(0, 1)\n\
              observe y ~ normal(transpose(A) @ v, 1)\n",
    parameters: &[SQUARE],
    action: TO_MATRIX,
    range: |x| x[0],
    smoothness: Smoothness::Linear,
    ..Function::base(|b, a, _, over| {
        let (row, column) = (over.axes[0], over.twins[0]);
        b.rename(a[0], &[(row, column), (column, row)])
    })
};

/// `eye`
pub static EYE: Function = Function {
    name: "eye",
    summary: "The identity matrix.",
    doc: "1 on the diagonal, 0 elsewhere, over the axis named by `over`.",
    example: "dim item\ndata y[item]: real\nlatent s ~ half_normal(1)\n\
              observe y ~ multi_normal(0, s^2 * eye(over item))\n",
    action: Action::Kernel,
    range: |_| Interval::BOOL,
    ..Function::base(|b, _, _, over| is_diagonal(b, over))
};

fn matrix(b: &mut Builder, a: Node, over: &Over) -> Node {
    b.expand(a, &[over.axes[0], over.twins[0]])
}
