//! Laws of the graph: every derivative agrees with differences, first and second, through every operation.

use vic::graph::autodiff::{gradient, hessian_vector};
use vic::graph::interpret::interpret;
use vic::graph::verify::verify;
use vic::graph::{Axis, Binary, Builder, Direction, Graph, Node, ScanBody, Ternary, Unary, Vector};

/// Generic numbers without pattern, in (-1, 1).
fn noise(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x1234_5678_9ABC_DEF1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// A scalar function of the position, its parameters, and the directions that go with them.
struct Case {
    builder: Builder,
    inputs: Vec<Node>,
    directions: Vec<Node>,
    length: usize,
}

impl Case {
    fn new() -> Self {
        Self { builder: Builder::new(), inputs: vec![], directions: vec![], length: 0 }
    }

    fn input(&mut self, axes: &[Axis]) -> Node {
        let length: usize = axes.iter().map(|&axis| self.builder.graph().axis_size(axis)).product();
        let input = self.builder.parameter(Vector::Position, self.length, axes);
        self.inputs.push(input);
        self.directions.push(self.builder.parameter(Vector::Direction, self.length, axes));
        self.length += length;
        input
    }

    /// A scalar that weighs all elements of `x` differently and nonlinearly.
    fn weigh(&mut self, x: Node) -> Node {
        let axes = self.builder.axes_of(x).to_vec();
        let length = self.builder.graph().len_of(x);
        let weights = self.builder.data(&axes, noise(length, 7));
        let offset = self.builder.data(&axes, noise(length, 8));
        let shifted = self.builder.add(x, offset);
        let curved = self.builder.unary(Unary::Sin, shifted);
        let product = self.builder.mul(curved, weights);
        self.builder.sum_all(product)
    }

    fn check(self, output: Node, seed: u64) {
        let position = noise(self.length, seed);
        self.check_at(output, &position);
    }

    fn check_at(mut self, output: Node, position: &[f64]) {
        let slopes = gradient(&mut self.builder, output, &self.inputs);
        let curves = hessian_vector(&mut self.builder, &slopes, &self.inputs, &self.directions);
        let graph = self.builder.finish();
        verify(&graph).unwrap_or_else(|fault| panic!("{fault}"));
        for ((&input, &slope), &curve) in self.inputs.iter().zip(&slopes).zip(&curves) {
            assert_eq!(graph.axes_of(slope), graph.axes_of(input), "a gradient has its input's axes");
            assert_eq!(graph.axes_of(curve), graph.axes_of(input), "a product has its input's axes");
        }
        let direction = noise(self.length, 99);
        let slopes_at = |x: &[f64]| interpret(&graph, x, &direction, &slopes).concat();
        let value_at = |x: &[f64]| interpret(&graph, x, &direction, &[output])[0][0];
        let slope = slopes_at(position);
        let step = 1e-4;
        for (k, &actual) in slope.iter().enumerate() {
            let unit: Vec<f64> = (0..position.len()).map(|i| f64::from(i == k)).collect();
            let expected = difference(|x| vec![value_at(x)], position, &unit, step)[0];
            close(actual, expected, &format!("slope {k}"));
        }
        let curve = interpret(&graph, position, &direction, &curves).concat();
        let expected = difference(slopes_at, position, &direction, step);
        for k in 0..position.len() {
            close(curve[k], expected[k], &format!("curve {k}"));
        }
    }
}

/// Central differences of fourth order along a direction.
fn difference(f: impl Fn(&[f64]) -> Vec<f64>, x: &[f64], direction: &[f64], step: f64) -> Vec<f64> {
    let at = |t: f64| f(&x.iter().zip(direction).map(|(x, d)| x + t * step * d).collect::<Vec<_>>());
    let (near, far) = ((at(1.0), at(-1.0)), (at(2.0), at(-2.0)));
    (0..near.0.len())
        .map(|i| (8.0 * (near.0[i] - near.1[i]) - (far.0[i] - far.1[i])) / (12.0 * step))
        .collect()
}

fn close(actual: f64, expected: f64, what: &str) {
    assert!(
        (actual - expected).abs() <= 1e-7 * (1.0 + expected.abs()),
        "{what}: {actual} is not the difference {expected}"
    );
}

#[test]
fn every_unary_derivative_agrees_with_differences() {
    let rows = Unary::rows().iter().map(|row| (row.op, row.probes));
    let polygammas = [1, 2].map(|order| (Unary::Polygamma(order), &[0.61, 1.9, 7.3][..]));
    for (op, probes) in rows.chain(polygammas) {
        for &probe in probes {
            let mut case = Case::new();
            let x = case.input(&[]);
            let y = case.builder.unary(op, x);
            case.check_at(y, &[probe]);
        }
    }
}

#[test]
fn every_binary_derivative_agrees_with_differences() {
    for row in Binary::rows() {
        for &(x_probe, y_probe) in row.probes {
            let mut case = Case::new();
            let x = case.input(&[]);
            let y = case.input(&[]);
            let z = case.builder.binary(row.op, x, y);
            let probes = [x_probe, y_probe];
            if row.op == Binary::Pow && x_probe < 0.0 {
                continue;
            }
            case.check_at(z, &probes);
        }
    }
}

#[test]
fn every_ternary_derivative_agrees_with_differences() {
    for row in Ternary::rows() {
        for probes in row.probes {
            let mut case = Case::new();
            let inputs = [0, 1, 2].map(|_| case.input(&[]));
            let value = case.builder.ternary(row.op, inputs);
            case.check_at(value, probes);
        }
    }
}

#[test]
fn broadcasting_and_select() {
    let mut case = Case::new();
    let a = case.builder.axis("a", 3);
    let b = case.builder.axis("b", 2);
    let x = case.input(&[a]);
    let y = case.input(&[b]);
    let s = case.input(&[]);
    let product = case.builder.mul(x, y);
    let shifted = case.builder.add(product, s);
    let condition = case.builder.less(x, y);
    let picked = case.builder.select(condition, shifted, x);
    let output = case.weigh(picked);
    case.check(output, 1);
}

#[test]
fn an_untaken_branch_contributes_nothing_even_when_it_is_not_finite() {
    let mut case = Case::new();
    let x = case.input(&[]);
    let zero = case.builder.constant(0.0);
    let positive = case.builder.less(zero, x);
    let one = case.builder.constant(1.0);
    let safe = case.builder.select(positive, x, one);
    let log = case.builder.log(safe);
    let square = case.builder.square(x);
    let picked = case.builder.select(positive, log, square);
    case.check_at(picked, &[-0.37]);
}

#[test]
fn reductions() {
    type Reduce = fn(&mut Builder, Node, &[Axis]) -> Node;
    let all: [Reduce; 3] = [Builder::sum, Builder::max, Builder::log_sum_exp];
    for reduce in all {
        for over in 0..4 {
            let mut case = Case::new();
            let axes = [case.builder.axis("a", 3), case.builder.axis("b", 2), case.builder.axis("c", 2)];
            let x = case.input(&axes);
            let chosen: &[Axis] = [&axes[..1], &axes[1..2], &axes[1..], &axes[..]][over];
            let curved = case.builder.unary(Unary::Sin, x);
            let y = reduce(&mut case.builder, curved, chosen);
            let output = case.weigh(y);
            case.check(output, 3 + over as u64);
        }
    }
}

#[test]
fn tied_maxima_share_the_adjoint() {
    let mut builder = Builder::new();
    let a = builder.axis("a", 3);
    let x = builder.parameter(Vector::Position, 0, &[a]);
    let y = builder.max(x, &[a]);
    let slope = gradient(&mut builder, y, &[x]);
    assert_eq!(interpret(&builder.finish(), &[2.3, 0.7, 2.3], &[], &slope)[0], [0.5, 0.0, 0.5]);
}

#[test]
fn log_sum_exp_of_nothing_has_no_derivative_and_no_nan() {
    let mut builder = Builder::new();
    let a = builder.axis("a", 2);
    let x = builder.parameter(Vector::Position, 0, &[a]);
    let y = builder.log_sum_exp(x, &[a]);
    let slope = gradient(&mut builder, y, &[x]);
    let empty = [f64::NEG_INFINITY; 2];
    let values = interpret(&builder.finish(), &empty, &[], &[y, slope[0]]);
    assert_eq!(values, [vec![f64::NEG_INFINITY], vec![0.0, 0.0]]);
}

#[test]
fn contractions() {
    let mut case = Case::new();
    let axes: Vec<Axis> = (2..5).map(|size| case.builder.axis("axis", size)).collect();
    let x = case.input(&[axes[0], axes[1]]);
    let y = case.input(&[axes[1], axes[2]]);
    let z = case.input(&[axes[0]]);
    let product = case.builder.contract(x, y, &[axes[1]]);
    let first = case.weigh(product);
    let vector = case.builder.contract(product, z, &[axes[0]]);
    let second = case.weigh(vector);
    let both = case.builder.contract(x, y, &[axes[0], axes[1]]);
    let third = case.weigh(both);
    let output = case.builder.add(first, second);
    let output = case.builder.add(output, third);
    case.check(output, 11);
}

#[test]
fn gather_and_scatter() {
    let mut case = Case::new();
    let source = case.builder.axis("source", 4);
    let other = case.builder.axis("other", 2);
    let row = case.builder.axis("row", 6);
    let x = case.input(&[source, other]);
    // The last two positions are outside, at either end.
    let at = case.builder.data(&[row], vec![2.0, 0.0, 2.0, 3.0, -1.0, 9.0]);
    let which = case.builder.data(&[row], vec![1.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    let both = case.builder.gather(x, &[(source, at), (other, which)]);
    let one = case.builder.gather(x, &[(source, at)]);
    let aligned = case.builder.data(&[other], vec![3.0, 1.0]);
    let paired = case.builder.gather(x, &[(source, aligned)]);
    let values = case.input(&[other, row]);
    let added = case.builder.scatter(values, &[(source, at)], &[source, other]);
    let summed = case.builder.scatter(values, &[(source, at)], &[source]);
    let shift = case.builder.data(&[source], vec![1.0, 2.0, 3.0, 4.0]);
    let shifted = case.builder.gather(x, &[(source, shift)]);
    let unshifted = case.builder.scatter(x, &[(source, shift)], &[source, other]);
    let mut output = case.builder.constant(0.0);
    for part in [both, one, paired, added, summed, shifted, unshifted] {
        let weighed = case.weigh(part);
        output = case.builder.add(output, weighed);
    }
    case.check(output, 5);
}

#[test]
fn stack_rename_expand_and_running_sums() {
    let mut case = Case::new();
    let a = case.builder.axis("a", 3);
    let b = case.builder.axis("b", 3);
    let k = case.builder.axis("k", 2);
    let x = case.input(&[a, b]);
    let y = case.input(&[a]);
    let stacked = case.builder.stack(k, &[x, y]);
    let swapped = case.builder.rename(x, &[(a, b), (b, a)]);
    let product = case.builder.mul(swapped, x);
    let forward = case.builder.cumulative_sum(x, a, Direction::Forward);
    let reverse = case.builder.cumulative_sum(x, b, Direction::Reverse);
    let expanded = case.builder.expand(y, &[k, b]);
    let mut output = case.builder.constant(0.0);
    for part in [stacked, product, forward, reverse, expanded] {
        let weighed = case.weigh(part);
        output = case.builder.add(output, weighed);
    }
    case.check(output, 6);
}

/// A well-conditioned positive definite batch of matrices, smooth in the input.
fn definite(case: &mut Case, size: usize) -> (Node, Axis, Axis) {
    let batch = case.builder.axis("batch", 2);
    let row = case.builder.axis("row", size);
    let column = case.builder.axis("column", size);
    let inner = case.builder.axis("inner", size);
    let factor = case.input(&[batch, row, inner]);
    let other = case.builder.rename(factor, &[(row, column)]);
    let gram = case.builder.contract(factor, other, &[inner]);
    let (i, j) = (case.builder.iota(row), case.builder.iota(column));
    let identity = case.builder.equal(i, j);
    (case.builder.add(gram, identity), row, column)
}

#[test]
fn cholesky() {
    let mut case = Case::new();
    let (matrix, row, column) = definite(&mut case, 3);
    let factor = case.builder.cholesky(matrix, row, column);
    let output = case.weigh(factor);
    case.check(output, 21);
}

#[test]
fn cholesky_reads_the_lower_triangle() {
    let mut case = Case::new();
    let row = case.builder.axis("row", 2);
    let column = case.builder.axis("column", 2);
    let matrix = case.input(&[row, column]);
    let factor = case.builder.cholesky(matrix, row, column);
    let output = case.weigh(factor);
    case.check_at(output, &[2.3, 0.7, -0.4, 1.9]);
}

#[test]
fn triangular_solves() {
    for direction in [Direction::Forward, Direction::Reverse] {
        let mut case = Case::new();
        let (matrix, row, column) = definite(&mut case, 3);
        let right = case.builder.axis("right", 2);
        let known = if direction == Direction::Forward { row } else { column };
        let b = case.input(&[known, right]);
        let x = case.builder.solve_triangular(matrix, b, row, column, direction);
        let output = case.weigh(x);
        case.check(output, 22);
    }
}

#[test]
fn inverse_and_determinant_of_an_asymmetric_matrix() {
    let mut case = Case::new();
    let (matrix, row, column) = definite(&mut case, 3);
    let skew = case.input(&[row, column]);
    let half = case.builder.times(skew, 0.3);
    let matrix = case.builder.add(matrix, half);
    let inverse = case.builder.inverse(matrix, row, column);
    let determinant = case.builder.log_abs_det(matrix, row, column);
    let first = case.weigh(inverse);
    let second = case.weigh(determinant);
    let output = case.builder.add(first, second);
    case.check(output, 23);
}

#[test]
fn stop_gradient_stops() {
    let mut builder = Builder::new();
    let x = builder.parameter(Vector::Position, 0, &[]);
    let stopped = builder.stop_gradient(x);
    let product = builder.mul(x, stopped);
    let slope = gradient(&mut builder, product, &[x]);
    assert_eq!(interpret(&builder.finish(), &[1.7], &[], &slope)[0], [1.7]);
}

/// h' = tanh(w h + u_t + p s), s' = s + h^2; outputs h' exp(s) and the carry h itself.
fn step(builder: &mut Builder, carries: [Node; 2], u: Node, w: Node, p: Node) -> ([Node; 2], Node) {
    let product = builder.mul(w, carries[0]);
    let inner = builder.add(product, u);
    let extra = builder.mul(p, carries[1]);
    let inner = builder.add(inner, extra);
    let h = builder.unary(Unary::Tanh, inner);
    let square = builder.square(carries[0]);
    let s = builder.add(carries[1], square);
    let scale = builder.exp(carries[1]);
    let output = builder.mul(h, scale);
    ([h, s], output)
}

/// The same recurrence as a scan and unrolled; returns the graph, both outputs, and the inputs.
fn recurrence(direction: Direction) -> (Case, Node, Node) {
    let mut case = Case::new();
    let time = case.builder.axis("time", 4);
    let unit = case.builder.axis("unit", 2);
    let start = case.input(&[unit]);
    let u = case.input(&[time, unit]);
    let w = case.input(&[unit]);
    let p = case.input(&[]);
    let b = &mut case.builder;
    let doubled = b.times(p, 2.0);
    let zero = b.constant(0.0);
    let scan = b.begin_scan(time, direction);
    let carries = [b.leaf(scan, 0, &[unit]), b.leaf(scan, 1, &[unit])];
    let slice = b.leaf(scan, 2, &[unit]);
    let weight = b.leaf(scan, 3, &[unit]);
    // `doubled` is of the graph around: captured.
    let (next, output) = step(b, carries, slice, weight, doubled);
    let body = ScanBody {
        axis: time,
        direction,
        carries: carries.to_vec(),
        sequences: vec![slice],
        constants: vec![weight],
        next: next.to_vec(),
        outputs: vec![output],
    };
    let node = b.end_scan(scan, body, &[start, zero], &[u], &[w]);
    let results = [b.output(node, 0), b.output(node, 1), b.output(node, 2)];
    let mut state = [start, b.expand(zero, &[unit])];
    let mut outputs = vec![zero; 4];
    for t in 0..4 {
        let t = if direction == Direction::Forward { t } else { 3 - t };
        let position = b.constant(t as f64);
        let slice = b.gather(u, &[(time, position)]);
        let (next, output) = step(b, state, slice, w, doubled);
        state = next;
        outputs[t] = output;
    }
    let stacked = b.stack(time, &outputs);
    let total = |case: &mut Case, parts: [Node; 3]| {
        let weighed = parts.map(|part| case.weigh(part));
        let sum = case.builder.add(weighed[0], weighed[1]);
        case.builder.add(sum, weighed[2])
    };
    let scanned = total(&mut case, results);
    let unrolled = total(&mut case, [stacked, state[0], state[1]]);
    (case, scanned, unrolled)
}

#[test]
fn a_scan_agrees_with_differences() {
    for direction in [Direction::Forward, Direction::Reverse] {
        let (case, scanned, _) = recurrence(direction);
        case.check(scanned, 31);
    }
}

#[test]
fn a_scan_agrees_with_its_unrolling() {
    for direction in [Direction::Forward, Direction::Reverse] {
        let (mut case, scanned, unrolled) = recurrence(direction);
        let mut results = vec![];
        for output in [scanned, unrolled] {
            let slopes = gradient(&mut case.builder, output, &case.inputs);
            let curves = hessian_vector(&mut case.builder, &slopes, &case.inputs, &case.directions);
            results.push([vec![output], slopes, curves].concat());
        }
        let (position, along) = (noise(case.length, 41), noise(case.length, 42));
        let graph: Graph = case.builder.finish();
        let [scanned, unrolled] =
            [0, 1].map(|k: usize| interpret(&graph, &position, &along, &results[k]).concat());
        assert_eq!(scanned.len(), unrolled.len());
        for (a, b) in scanned.iter().zip(&unrolled) {
            assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "{a} and {b}");
        }
    }
}

#[test]
fn a_scan_within_a_scan() {
    let mut case = Case::new();
    let outer = case.builder.axis("outer", 3);
    let inner = case.builder.axis("inner", 2);
    let x = case.input(&[outer, inner]);
    let w = case.input(&[]);
    let start = case.input(&[]);
    let b = &mut case.builder;
    let over = b.begin_scan(outer, Direction::Forward);
    let (carry, row) = (b.leaf(over, 0, &[]), b.leaf(over, 1, &[inner]));
    let within = b.begin_scan(inner, Direction::Reverse);
    let (sum, element) = (b.leaf(within, 0, &[]), b.leaf(within, 1, &[]));
    let product = b.mul(sum, w);
    let shifted = b.add(product, element);
    let with_outer = b.add(shifted, carry);
    let next = b.unary(Unary::Sin, with_outer);
    let body = ScanBody {
        axis: inner,
        direction: Direction::Reverse,
        carries: vec![sum],
        sequences: vec![element],
        constants: vec![],
        next: vec![next],
        outputs: vec![],
    };
    let run = b.end_scan(within, body, &[carry], &[row], &[]);
    let end = b.output(run, 0);
    let square = b.square(end);
    let body = ScanBody {
        axis: outer,
        direction: Direction::Forward,
        carries: vec![carry],
        sequences: vec![row],
        constants: vec![],
        next: vec![end],
        outputs: vec![square],
    };
    let run = b.end_scan(over, body, &[start], &[x], &[]);
    let outputs = [b.output(run, 0), b.output(run, 1)];
    let parts = outputs.map(|output| case.weigh(output));
    let output = case.builder.add(parts[0], parts[1]);
    case.check(output, 51);
}

#[test]
fn a_running_sum_that_is_read_after_its_step() {
    let mut case = Case::new();
    let time = case.builder.axis("time", 3);
    let x = case.input(&[time]);
    let start = case.input(&[]);
    let b = &mut case.builder;
    let scan = b.begin_scan(time, Direction::Forward);
    let (carry, slice) = (b.leaf(scan, 0, &[]), b.leaf(scan, 1, &[]));
    let next = b.add(carry, slice);
    let output = b.exp(next);
    let body = ScanBody {
        axis: time,
        direction: Direction::Forward,
        carries: vec![carry],
        sequences: vec![slice],
        constants: vec![],
        next: vec![next],
        outputs: vec![output],
    };
    let run = b.end_scan(scan, body, &[start], &[x], &[]);
    let output = b.output(run, 0);
    let output = case.weigh(output);
    case.check(output, 61);
}

#[test]
fn a_scan_keeps_its_carries_only_for_its_derivative() {
    let (mut case, scanned, _) = recurrence(Direction::Forward);
    let before = interpret(case.builder.graph(), &noise(case.length, 3), &[], &[scanned]);
    gradient(&mut case.builder, scanned, &case.inputs);
    // The numbers of the final carries have moved; what reads them has not.
    let after = interpret(case.builder.graph(), &noise(case.length, 3), &[], &[scanned]);
    assert_eq!(before, after);
}
