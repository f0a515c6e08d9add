//! Dense linear algebra on each matrix of a batch, by the textbook loops.

use std::sync::Arc;

use super::Interpreter;
use crate::graph::{Axis, Direction, NodeData};

/// Where one matrix of a batch lies.
struct View<'a> {
    values: &'a [f64],
    base: usize,
    row: usize,
    column: usize,
}

impl View<'_> {
    fn at(&self, i: usize, j: usize) -> f64 {
        self.values[self.base + i * self.row + j * self.column]
    }
}

impl Interpreter<'_> {
    pub(super) fn cholesky(&self, data: &NodeData, row: Axis, column: Axis) -> Arc<[f64]> {
        self.map_matrices(data, row, column, cholesky)
    }

    pub(super) fn inverse(&self, data: &NodeData, row: Axis, column: Axis) -> Arc<[f64]> {
        self.map_matrices(data, row, column, |n, matrix| {
            let mut identity = vec![0.0; n * n];
            (0..n).for_each(|i| identity[i * n + i] = 1.0);
            eliminate(n, square(n, matrix), &mut identity);
            identity
        })
    }

    pub(super) fn log_abs_det(&self, data: &NodeData, row: Axis, column: Axis) -> Arc<[f64]> {
        let axes = self.graph.axes_of(data.inputs[0]);
        let values = self.value(data.inputs[0]);
        let strides = self.strides(axes);
        let n = self.graph.axis_size(row);
        let (row, column) = (strides.along(row), strides.along(column));
        let determinant = |base| {
            let view = View { values, base, row, column };
            eliminate(n, square(n, &view), &mut [])
        };
        strides.offsets(self.graph, &data.axes).into_iter().map(determinant).collect()
    }

    /// Applies a function from matrix to row-major matrix over the same axes.
    fn map_matrices(
        &self,
        data: &NodeData,
        row: Axis,
        column: Axis,
        map: impl Fn(usize, &View) -> Vec<f64>,
    ) -> Arc<[f64]> {
        let batch: Vec<Axis> = data.axes.iter().copied().filter(|&a| a != row && a != column).collect();
        let strides = self.strides(&data.axes);
        let values = self.value(data.inputs[0]);
        let n = self.graph.axis_size(row);
        let (row, column) = (strides.along(row), strides.along(column));
        let mut result = vec![0.0; values.len()];
        for base in strides.offsets(self.graph, &batch) {
            let mapped = map(n, &View { values, base, row, column });
            for (k, value) in mapped.into_iter().enumerate() {
                result[base + k / n * row + k % n * column] = value;
            }
        }
        result.into()
    }

    pub(super) fn solve_triangular(
        &self,
        data: &NodeData,
        row: Axis,
        column: Axis,
        direction: Direction,
    ) -> Arc<[f64]> {
        let (known, unknown) = match direction {
            Direction::Forward => (row, column),
            Direction::Reverse => (column, row),
        };
        let [l, b] = [0, 1].map(|k| self.strides(self.graph.axes_of(data.inputs[k])));
        let x = self.strides(&data.axes);
        let batch: Vec<Axis> = data.axes.iter().copied().filter(|&a| a != unknown).collect();
        let n = self.graph.axis_size(row);
        let bases = [&l, &b, &x].map(|strides| strides.offsets(self.graph, &batch));
        let b_values = self.value(data.inputs[1]);
        let mut result = vec![0.0; batch.iter().map(|&a| self.graph.axis_size(a)).product::<usize>() * n];
        for ((&l_base, &b_base), &x_base) in bases[0].iter().zip(&bases[1]).zip(&bases[2]) {
            let view = View {
                values: self.value(data.inputs[0]),
                base: l_base,
                row: l.along(row),
                column: l.along(column),
            };
            let right = (0..n).map(|i| b_values[b_base + i * b.along(known)]).collect();
            for (i, value) in substitute(&view, right, direction).into_iter().enumerate() {
                result[x_base + i * x.along(unknown)] = value;
            }
        }
        result.into()
    }
}

/// Solves L x = b or L' x = b in place of b.
fn substitute(l: &View, mut b: Vec<f64>, direction: Direction) -> Vec<f64> {
    let n = b.len();
    match direction {
        Direction::Forward => {
            for i in 0..n {
                let sum: f64 = (0..i).map(|j| l.at(i, j) * b[j]).sum();
                b[i] = (b[i] - sum) / l.at(i, i);
            }
        }
        Direction::Reverse => {
            for i in (0..n).rev() {
                let sum: f64 = (i + 1..n).map(|j| l.at(j, i) * b[j]).sum();
                b[i] = (b[i] - sum) / l.at(i, i);
            }
        }
    }
    b
}

fn cholesky(n: usize, matrix: &View) -> Vec<f64> {
    let mut l = vec![0.0; n * n];
    for j in 0..n {
        for i in j..n {
            let sum: f64 = (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum();
            let rest = matrix.at(i, j) - sum;
            l[i * n + j] = if i > j { rest / l[j * n + j] } else { rest.sqrt() };
        }
        if l[j * n + j].is_nan() || l[j * n + j] <= 0.0 {
            return vec![f64::NAN; n * n];
        }
    }
    l
}

fn square(n: usize, matrix: &View) -> Vec<f64> {
    (0..n * n).map(|k| matrix.at(k / n, k % n)).collect()
}

/// Gauss-Jordan elimination with row exchange; turns `right` (n rows) into the solution and returns log |det|.
fn eliminate(n: usize, mut a: Vec<f64>, right: &mut [f64]) -> f64 {
    let width = right.len() / n.max(1);
    let mut log_determinant = 0.0;
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| a[i * n + k].abs().total_cmp(&a[j * n + k].abs())).unwrap_or(k);
        (0..n).for_each(|j| a.swap(k * n + j, pivot * n + j));
        (0..width).for_each(|j| right.swap(k * width + j, pivot * width + j));
        let scale = a[k * n + k];
        log_determinant += scale.abs().ln();
        (0..n).for_each(|j| a[k * n + j] /= scale);
        (0..width).for_each(|j| right[k * width + j] /= scale);
        for i in (0..n).filter(|&i| i != k) {
            let factor = a[i * n + k];
            (k..n).for_each(|j| a[i * n + j] -= factor * a[k * n + j]);
            (0..width).for_each(|j| right[i * width + j] -= factor * right[k * width + j]);
        }
    }
    log_determinant
}
