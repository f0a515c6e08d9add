//! Rows that are affine in parameters: a constant, and constant coefficients times scalars, vectors and elements.

use super::Condenser;
use crate::graph::{Axis, Binary, Node, Op, Unary};

/// Largest number of coefficients in all, a bound on the memory and the time that condensing takes.
const LARGEST: usize = 100_000_000;

/// Coefficients of one parameter, for each row.
pub(super) enum Part {
    /// A scalar, with its coefficient at each row.
    Scalar(Node, Vec<f64>),
    /// A vector over one axis, with its coefficients at each row, row-major.
    Vector(Node, Axis, Vec<f64>),
    /// A vector over one axis of which each row reads one element, with the element and the coefficient.
    Element(Node, Axis, Vec<f64>, Vec<f64>),
}

/// A row as constants: the part without parameters, and that of each parameter.
pub(super) struct Affine {
    pub constant: Vec<f64>,
    pub parts: Vec<Part>,
}

/// The sum over rows of an affine function.
pub(super) fn sum(c: &mut Condenser, node: Node, axes: &[Axis]) -> Option<Node> {
    let ones = vec![1.0; c.length(axes)];
    folded(c, node, &ones, axes)
}

/// The sum over rows of a constant times an affine function.
pub(super) fn weighted_sum(c: &mut Condenser, (weight, node): (Node, Node), axes: &[Axis]) -> Option<Node> {
    if !c.is_constant(weight) || c.is_constant(node) || !within(c, weight, axes) {
        return None;
    }
    let weight = c.values(weight, axes);
    folded(c, node, &weight, axes)
}

fn within(c: &Condenser, node: Node, axes: &[Axis]) -> bool {
    c.b.axes_of(node).iter().all(|axis| axes.contains(axis))
}

fn folded(c: &mut Condenser, node: Node, weight: &[f64], axes: &[Axis]) -> Option<Node> {
    let affine = analyse(c, node, axes)?;
    let constant = dot(&affine.constant, weight);
    let mut total = c.b.constant(constant);
    for part in affine.parts {
        let term = match part {
            Part::Scalar(node, coefficients) => c.b.times(node, dot(&coefficients, weight)),
            Part::Vector(node, axis, coefficients) => {
                let sums = column_sums(&coefficients, weight, c.b.graph().axis_size(axis));
                let sums = c.b.data(&[axis], sums);
                c.b.contract(sums, node, &[axis])
            }
            Part::Element(node, axis, elements, coefficients) => {
                let mut sums = vec![0.0; c.b.graph().axis_size(axis)];
                for ((&element, coefficient), weight) in elements.iter().zip(&coefficients).zip(weight) {
                    sums[element as usize] += coefficient * weight;
                }
                let sums = c.b.data(&[axis], sums);
                c.b.contract(sums, node, &[axis])
            }
        };
        total = c.b.add(total, term);
    }
    Some(total)
}

pub(super) fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

fn column_sums(matrix: &[f64], weight: &[f64], columns: usize) -> Vec<f64> {
    let mut sums = vec![0.0; columns];
    for (row, weight) in matrix.chunks_exact(columns.max(1)).zip(weight) {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x * weight);
    }
    sums
}

/// A row as an affine function of parameters that do not vary over the rows, if it is one.
pub(super) fn analyse(c: &mut Condenser, node: Node, axes: &[Axis]) -> Option<Affine> {
    if !within(c, node, axes) {
        return None;
    }
    let rows = c.length(axes);
    if c.is_constant(node) {
        return Some(Affine { constant: c.values(node, axes), parts: vec![] });
    }
    let data = c.b.graph().node(node).clone();
    if data.axes.is_empty() && !is_sum(&data.op) {
        return Some(Affine { constant: vec![0.0; rows], parts: vec![Part::Scalar(node, vec![1.0; rows])] });
    }
    match data.op {
        Op::Binary(op @ (Binary::Add | Binary::Sub)) => {
            let (x, y) = (analyse(c, data.inputs[0], axes)?, analyse(c, data.inputs[1], axes)?);
            let sign = if op == Binary::Sub { -1.0 } else { 1.0 };
            Some(x.plus(y.scaled(&vec![sign; rows], c)))
        }
        Op::Unary(Unary::Neg) => {
            let x = analyse(c, data.inputs[0], axes)?;
            Some(x.scaled(&vec![-1.0; rows], c))
        }
        Op::Binary(Binary::Mul) => {
            let [x, y] = [data.inputs[0], data.inputs[1]];
            let (factor, rest) = if c.is_constant(x) { (x, y) } else { (y, x) };
            let rest = if c.is_constant(factor) { analyse(c, rest, axes)? } else { return None };
            let factor = c.values(factor, axes);
            Some(rest.scaled(&factor, c))
        }
        Op::Binary(Binary::Div) if c.is_constant(data.inputs[1]) => {
            let rest = analyse(c, data.inputs[0], axes)?;
            let factor: Vec<f64> = c.values(data.inputs[1], axes).iter().map(|x| 1.0 / x).collect();
            Some(rest.scaled(&factor, c))
        }
        Op::Expand(_) => analyse(c, data.inputs[0], axes),
        Op::Contract(over) => contraction(c, &data.inputs, &over, axes),
        Op::Gather(gone) => element(c, &data.inputs, &gone, axes),
        _ => None,
    }
}

/// Whether a scalar might be taken apart further.
fn is_sum(op: &Op) -> bool {
    matches!(op, Op::Binary(Binary::Add | Binary::Sub) | Op::Unary(Unary::Neg))
}

/// A constant matrix times a vector.
fn contraction(c: &mut Condenser, inputs: &[Node], over: &[Axis], axes: &[Axis]) -> Option<Affine> {
    let [axis] = over else { return None };
    let [x, y] = [inputs[0], inputs[1]];
    let (matrix, vector) = if c.is_constant(x) { (x, y) } else { (y, x) };
    let (rows, columns) = (c.length(axes), c.b.graph().axis_size(*axis));
    if !c.is_constant(matrix) || c.b.axes_of(vector) != over || rows.saturating_mul(columns) > LARGEST {
        return None;
    }
    let own = c.b.axes_of(matrix).to_vec();
    // The matrix has to be stored row by row, its columns running fastest or slowest.
    let mut all = [axes, over].concat();
    all.sort();
    if !own.iter().all(|axis| all.contains(axis)) {
        return None;
    }
    let values = c.values(matrix, &all);
    let at = all.iter().position(|own| own == axis)?;
    let coefficients = match at {
        _ if at == all.len() - 1 => values,
        0 => (0..rows * columns).map(|k| values[k % columns * rows + k / columns]).collect(),
        _ => return None,
    };
    let constant = vec![0.0; rows];
    Some(Affine { constant, parts: vec![Part::Vector(vector, *axis, coefficients)] })
}

/// One element of a vector for each row, at constant positions.
fn element(c: &mut Condenser, inputs: &[Node], gone: &[Axis], axes: &[Axis]) -> Option<Affine> {
    let ([axis], [source, positions]) = (gone, inputs) else { return None };
    if c.b.axes_of(*source) != gone || !c.is_constant(*positions) || !within(c, *positions, axes) {
        return None;
    }
    let last = c.b.graph().axis_size(*axis).checked_sub(1)? as f64;
    let rows = c.length(axes);
    let positions = c.values(*positions, axes).iter().map(|x| x.round().clamp(0.0, last)).collect();
    let part = Part::Element(*source, *axis, positions, vec![1.0; rows]);
    Some(Affine { constant: vec![0.0; rows], parts: vec![part] })
}

impl Affine {
    fn plus(mut self, other: Self) -> Self {
        self.constant.iter_mut().zip(&other.constant).for_each(|(x, y)| *x += y);
        self.parts.extend(other.parts);
        self
    }

    /// Each row times its factor.
    fn scaled(mut self, factors: &[f64], c: &Condenser) -> Self {
        let scale =
            |numbers: &mut [f64]| numbers.iter_mut().zip(factors).for_each(|(x, factor)| *x *= factor);
        scale(&mut self.constant);
        for part in &mut self.parts {
            match part {
                Part::Scalar(_, coefficients) | Part::Element(_, _, _, coefficients) => scale(coefficients),
                Part::Vector(_, axis, coefficients) => {
                    let columns = c.b.graph().axis_size(*axis).max(1);
                    for (row, factor) in coefficients.chunks_exact_mut(columns).zip(factors) {
                        row.iter_mut().for_each(|x| *x *= factor);
                    }
                }
            }
        }
        self
    }
}
