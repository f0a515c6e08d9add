//! Sums of squares of affine functions: least squares in moments.
//!
//! With rows y - D t, a point u near the least-squares solution, its residuals r = y - D u, G = D'D, h = D'r and
//! d = t - u, the sum of squares is r'r - 2 h'd + d'G d. This holds for any u; near the solution no digits cancel.

use super::Condenser;
use super::affine::{Affine, Part, analyse, dot};
use crate::graph::{Axis, Binary, Node, Op, Unary};

/// Most parameters, and most multiplications that forming the moments may take.
const WIDEST: usize = 256;
const WORK: usize = 2_000_000_000;

/// The sum of the squares of a function affine in parameters, or of one divided by a scalar.
pub(super) fn sum(c: &mut Condenser, node: Node, axes: &[Axis]) -> Option<Node> {
    let data = c.b.graph().node(node).clone();
    let Op::Unary(Unary::Square) = data.op else { return None };
    let inner = c.b.graph().node(data.inputs[0]).clone();
    if inner.op == Op::Binary(Binary::Div) && c.is_free(inner.inputs[1], axes) {
        let squares = squares(c, inner.inputs[0], axes)?;
        let variance = c.b.square(inner.inputs[1]);
        return Some(c.b.div(squares, variance));
    }
    squares(c, data.inputs[0], axes)
}

/// A parameter, as many columns of D as it has elements.
struct Block {
    node: Node,
    axis: Option<Axis>,
    first: usize,
    length: usize,
}

fn squares(c: &mut Condenser, node: Node, axes: &[Axis]) -> Option<Node> {
    let width = widest(c, node)?;
    let rows = c.length(axes);
    if width > WIDEST || 2 * width > rows || rows.saturating_mul(width * width) > WORK {
        return None;
    }
    let affine = analyse(c, node, axes)?;
    let (blocks, design, width) = design(c, &affine, rows)?;
    let moments = Moments::new(&design, &affine.constant, width);
    Some(build(c, &blocks, &moments))
}

/// An upper bound on the number of columns, without looking at data; none if the row is not affine.
fn widest(c: &mut Condenser, node: Node) -> Option<usize> {
    if c.is_constant(node) {
        return Some(0);
    }
    let data = c.b.graph().node(node).clone();
    if data.axes.is_empty() {
        return Some(1);
    }
    match data.op {
        Op::Binary(Binary::Add | Binary::Sub) => {
            Some(widest(c, data.inputs[0])? + widest(c, data.inputs[1])?)
        }
        Op::Unary(Unary::Neg) | Op::Expand(_) => widest(c, data.inputs[0]),
        Op::Binary(Binary::Mul | Binary::Div) => {
            Some(widest(c, data.inputs[0])?.max(widest(c, data.inputs[1])?))
        }
        Op::Contract(over) => Some(c.length(&over)),
        Op::Gather(gone) => Some(c.length(&gone)),
        _ => None,
    }
}

/// The blocks of columns and the matrix D, row-major, of y - D t; parameters that appear twice are one block.
fn design(c: &Condenser, affine: &Affine, rows: usize) -> Option<(Vec<Block>, Vec<f64>, usize)> {
    let mut blocks: Vec<Block> = vec![];
    let mut width = 0;
    for part in &affine.parts {
        let (node, axis) = match part {
            Part::Scalar(node, _) => (*node, None),
            Part::Vector(node, axis, _) | Part::Element(node, axis, ..) => (*node, Some(*axis)),
        };
        if blocks.iter().all(|block| block.node != node) {
            let length = axis.map_or(1, |axis| c.b.graph().axis_size(axis));
            blocks.push(Block { node, axis, first: width, length });
            width += length;
        }
    }
    if blocks.is_empty() || width > WIDEST {
        return None;
    }
    let mut design = vec![0.0; rows * width];
    for part in &affine.parts {
        let (Part::Scalar(node, _) | Part::Vector(node, ..) | Part::Element(node, ..)) = part;
        let block = blocks.iter().find(|block| block.node == *node)?;
        for (row, line) in design.chunks_exact_mut(width).enumerate() {
            let own = &mut line[block.first..][..block.length];
            match part {
                Part::Scalar(_, coefficients) => own[0] -= coefficients[row],
                Part::Vector(_, _, coefficients) => {
                    let coefficients = &coefficients[row * block.length..][..block.length];
                    own.iter_mut().zip(coefficients).for_each(|(x, coefficient)| *x -= coefficient);
                }
                Part::Element(_, _, elements, coefficients) => {
                    own[elements[row] as usize] -= coefficients[row];
                }
            }
        }
    }
    Some((blocks, design, width))
}

/// u, r'r, h and G.
struct Moments {
    centre: Vec<f64>,
    squares: f64,
    slope: Vec<f64>,
    gram: Vec<f64>,
    width: usize,
}

impl Moments {
    fn new(design: &[f64], y: &[f64], width: usize) -> Self {
        let mut gram = vec![0.0; width * width];
        let mut right = vec![0.0; width];
        for (row, &y) in design.chunks_exact(width).zip(y) {
            for (i, &x) in row.iter().enumerate() {
                right[i] += x * y;
                gram[i * width..].iter_mut().zip(row).for_each(|(sum, other)| *sum += x * other);
            }
        }
        let centre = solve(&gram, &right, width);
        let residuals: Vec<f64> =
            design.chunks_exact(width).zip(y).map(|(row, y)| y - dot(row, &centre)).collect();
        let mut slope = vec![0.0; width];
        for (row, r) in design.chunks_exact(width).zip(&residuals) {
            slope.iter_mut().zip(row).for_each(|(sum, x)| *sum += x * r);
        }
        Self { squares: dot(&residuals, &residuals), centre, slope, gram, width }
    }

    fn block(&self, rows: &Block, columns: &Block) -> Vec<f64> {
        let line = |i: usize| &self.gram[(rows.first + i) * self.width + columns.first..][..columns.length];
        (0..rows.length).flat_map(|i| line(i).to_vec()).collect()
    }
}

/// A solution of G u = b by elimination; columns that hardly add to those before them get 0.
fn solve(gram: &[f64], right: &[f64], n: usize) -> Vec<f64> {
    let mut l = vec![0.0; n * n];
    let mut z = vec![0.0; n];
    for j in 0..n {
        let pivot = gram[j * n + j] - dot(&l[j * n..][..j], &l[j * n..][..j]);
        if pivot.is_nan() || pivot <= 1e-10 * gram[j * n + j] {
            continue;
        }
        l[j * n + j] = pivot.sqrt();
        for i in j + 1..n {
            l[i * n + j] = (gram[i * n + j] - dot(&l[i * n..][..j], &l[j * n..][..j])) / l[j * n + j];
        }
        z[j] = (right[j] - dot(&l[j * n..][..j], &z[..j])) / l[j * n + j];
    }
    for j in (0..n).rev() {
        let rest: f64 = (j + 1..n).map(|i| l[i * n + j] * z[i]).sum();
        z[j] = if l[j * n + j] > 0.0 { (z[j] - rest) / l[j * n + j] } else { 0.0 };
    }
    z
}

/// r'r - 2 h'd + d'G d
fn build(c: &mut Condenser, blocks: &[Block], moments: &Moments) -> Node {
    // The sign of D is that of y - D t, so that rows are y + (-D) t' with the coefficients as they were found.
    let away: Vec<Node> = blocks.iter().map(|block| difference(c, block, moments)).collect();
    let mut total = c.b.constant(moments.squares);
    for (i, (rows, &d)) in blocks.iter().zip(&away).enumerate() {
        let slope: Vec<f64> = moments.slope[rows.first..][..rows.length].iter().map(|h| -2.0 * h).collect();
        let linear = match rows.axis {
            None => c.b.times(d, slope[0]),
            Some(axis) => {
                let slope = c.b.data(&[axis], slope);
                c.b.contract(slope, d, &[axis])
            }
        };
        total = c.b.add(total, linear);
        for (columns, &e) in blocks[..=i].iter().zip(&away) {
            let product = bilinear(c, (rows, d), (columns, e), moments.block(rows, columns));
            let product = if rows.first == columns.first { product } else { c.b.times(product, 2.0) };
            total = c.b.add(total, product);
        }
    }
    total
}

/// t - u
fn difference(c: &mut Condenser, block: &Block, moments: &Moments) -> Node {
    let centre = &moments.centre[block.first..][..block.length];
    match block.axis {
        None => c.b.plus(block.node, -centre[0]),
        Some(axis) => {
            let centre = c.b.data(&[axis], centre);
            c.b.sub(block.node, centre)
        }
    }
}

/// d' M e
fn bilinear(c: &mut Condenser, (rows, d): (&Block, Node), (columns, e): (&Block, Node), m: Vec<f64>) -> Node {
    match (rows.axis, columns.axis) {
        (None, None) => {
            let product = c.b.mul(d, e);
            c.b.times(product, m[0])
        }
        (None, Some(axis)) => scaled(c, d, (axis, e), m),
        (Some(axis), None) => scaled(c, e, (axis, d), m),
        (Some(row), Some(column)) => {
            // A second axis, because both may be the same; it comes after all others.
            let other = c.b.axis(c.b.graph().axis(column).label.clone(), columns.length);
            let matrix = c.b.data(&[row, other], m);
            let product = c.b.contract(matrix, d, &[row]);
            let e = c.b.rename(e, &[(column, other)]);
            c.b.contract(product, e, &[other])
        }
    }
}

fn scaled(c: &mut Condenser, scalar: Node, (axis, vector): (Axis, Node), m: Vec<f64>) -> Node {
    let coefficients = c.b.data(&[axis], m);
    let sum = c.b.contract(coefficients, vector, &[axis]);
    c.b.mul(scalar, sum)
}
