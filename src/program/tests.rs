//! Programs against the interpreter, on chosen and on random graphs, and in batches of several sizes.

mod linear;

use proptest::prelude::*;

use super::{Checked, Program, Share};
use crate::graph::autodiff::gradient;
use crate::graph::interpret::interpret;
use crate::graph::{Axis, Binary, Builder, Direction, Graph, Node, ScanBody, Ternary, Unary, Vector};
use crate::numeric::dispatch::InstructionSet;

/// Generic numbers in (-1, 1) that depend on a seed.
fn numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Runs a program for a batch and returns the outputs, root by root.
fn run(program: &Program, graph: &Graph, roots: &[Node], positions: &[f64], samples: usize) -> Vec<Vec<f64>> {
    let mut outputs: Vec<Vec<f64>> =
        roots.iter().map(|&root| vec![7.0; samples * graph.len_of(root)]).collect();
    let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    program.run(&mut program.workspace(samples), positions, &[], &mut slices);
    outputs
}

fn close(got: f64, want: f64) -> bool {
    got == want || got.is_nan() && want.is_nan() || (got - want).abs() <= 1e-12 * want.abs().max(1.0)
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}

/// Holds a program to the interpreter for ten samples by every instruction set of this machine, and batches of other
/// sizes and sets of other widths to the bits of these.
fn check(graph: &Graph, roots: &[Node], dimension: usize) {
    let samples = 10;
    let positions = numbers(41, samples * dimension);
    let program = Program::compile(graph, roots);
    let all = run(&program, graph, roots, &positions, samples);
    for batch in [1, 3, 8] {
        let some = run(&program, graph, roots, &positions[..batch * dimension], batch);
        for (some, all) in some.iter().zip(&all) {
            assert_eq!(bits(some), bits(&all[..some.len()]), "bits in a batch of {batch}");
        }
    }
    let mut checked: Vec<Vec<f64>> =
        roots.iter().map(|&root| vec![7.0; samples * graph.len_of(root)]).collect();
    let mut slices: Vec<&mut [f64]> = checked.iter_mut().map(Vec::as_mut_slice).collect();
    let found = program.run_checked(samples, &positions, &[], &mut slices);
    assert_eq!(found.out_of_bounds, Vec::<String>::new());
    for (checked, all) in checked.iter().zip(&all) {
        assert_eq!(bits(checked), bits(all), "bits where unwritten memory is marked");
    }
    let wanted: Vec<Vec<Vec<f64>>> =
        positions.chunks_exact(dimension).map(|position| interpret(graph, position, &[], roots)).collect();
    for set in InstructionSet::all() {
        let program = program.clone().with_instruction_set(set);
        let own = run(&program, graph, roots, &positions, samples);
        for (k, root) in roots.iter().enumerate() {
            let length = graph.len_of(*root);
            for (sample, want) in wanted.iter().enumerate() {
                let got = &own[k][sample * length..][..length];
                let agree = got.iter().zip(&want[k]).all(|(got, want)| close(*got, *want));
                assert!(agree, "{}, sample {sample}, root {k}: {got:?} for {:?}", set.name(), want[k]);
            }
            if set.fused() == InstructionSet::detect().fused() {
                assert_eq!(bits(&own[k]), bits(&all[k]), "bits of {}", set.name());
            }
        }
    }
}

/// The first of two instructions that leave the numbers is named, and none where all are finite.
#[test]
fn the_first_result_that_is_not_finite_is_named() {
    let mut b = Builder::new();
    let n = b.axis("n", 11);
    let x = b.parameter(Vector::Position, 0, &[n]);
    let curved = b.unary(Unary::Tanh, x);
    let log = b.log(curved);
    let root = b.sum_all(log);
    let program = Program::compile(&b.finish(), &[root]);
    for samples in [1, 8] {
        let mut out = vec![0.0; samples];
        let mut positions = vec![0.7; 11 * samples];
        let fine = program.run_checked(samples, &positions, &[], &mut [&mut out]);
        assert_eq!(fine, Checked::default());
        assert!(out.iter().all(|x| x.is_finite()));
        positions[4] = 0.0;
        let found = program.run_checked(samples, &positions, &[], &mut [&mut out]);
        let named = found.not_finite.as_ref().is_some_and(|name| name.contains("Log"));
        assert!(named, "{found:?}");
        assert_eq!(out[0], f64::NEG_INFINITY);
    }
}

/// A program whose code was damaged is not executed.
#[test]
fn operands_outside_of_memory_are_found() {
    let mut b = Builder::new();
    let n = b.axis("n", 11);
    let x = b.parameter(Vector::Position, 0, &[n]);
    let root = b.exp(x);
    let mut program = Program::compile(&b.finish(), &[root]);
    program.code.memory -= 1;
    let found = program.run_checked(1, &[0.0; 11], &[], &mut [&mut [0.0; 11]]);
    assert_eq!(found.out_of_bounds.len(), 1, "{found:?}");
}

#[test]
fn element_wise_operations() {
    let mut b = Builder::new();
    let long = b.axis("n", 300);
    let x = b.parameter(Vector::Position, 0, &[long]);
    let y = b.parameter(Vector::Position, 300, &[long]);
    let positive = b.exp(y);
    let mut roots = vec![];
    for row in Unary::rows() {
        roots.push(b.unary(row.op, x));
        roots.push(b.unary(row.op, positive));
    }
    roots.push(b.unary(Unary::Polygamma(1), positive));
    roots.push(b.unary(Unary::Polygamma(3), positive));
    for row in Binary::rows() {
        roots.push(b.binary(row.op, positive, y));
        roots.push(b.binary(row.op, positive, x));
    }
    let share = b.sigmoid(x);
    for row in Binary::rows() {
        roots.push(b.binary(row.op, share, positive));
    }
    let other = b.exp(x);
    for row in Ternary::rows() {
        roots.push(b.ternary(row.op, [share, positive, other]));
    }
    let condition = b.less(x, y);
    let log = b.log(x);
    roots.push(b.select(condition, y, log));
    check(&b.finish(), &roots, 600);
}

#[test]
fn reductions_over_some_axes_and_index_arithmetic() {
    let mut b = Builder::new();
    let (n, k, g) = (b.axis("n", 70), b.axis("k", 3), b.axis("g", 5));
    let x = b.parameter(Vector::Position, 0, &[n, k]);
    let y = b.parameter(Vector::Position, 210, &[g]);
    let index: Vec<f64> = (0..70).map(|i| f64::from(i * 7 % 6)).collect();
    let at = b.data(&[n], index);
    let gathered = b.gather(y, &[(g, at)]);
    let product = b.mul(gathered, x);
    let over_k = b.sum(product, &[k]);
    let over_n = b.sum(product, &[n]);
    let all = b.sum_all(product);
    let back = b.scatter(product, &[(g, at)], &[g, k]);
    let flat = b.scatter(product, &[(g, at)], &[g]);
    let renamed = b.rename(x, &[(n, k), (k, n)]);
    let largest = b.max(product, &[k]);
    let lse = b.log_sum_exp(product, &[n]);
    let running = b.cumulative_sum(x, n, Direction::Forward);
    let reverse = b.cumulative_sum(x, k, Direction::Reverse);
    let stacked = b.stack(g, &[x, over_k, all, all, over_n]);
    let expanded = b.expand(y, &[k]);
    let scaled = b.times(y, 4.0);
    let moved = b.gather(x, &[(n, scaled)]);
    let added = b.scatter(x, &[(g, running)], &[g, n]);
    let roots = [
        over_k, over_n, all, back, flat, renamed, largest, lse, running, reverse, stacked, expanded, moved,
        added,
    ];
    check(&b.finish(), &roots, 215);
}

#[test]
fn contractions() {
    let mut b = Builder::new();
    let (n, p, k) = (b.axis("n", 131), b.axis("p", 7), b.axis("k", 3));
    let matrix = b.data(&[n, p], numbers(5, 131 * 7));
    let square = b.data(&[p, k], numbers(6, 21));
    let (beta, r) = (b.parameter(Vector::Position, 0, &[p]), b.parameter(Vector::Position, 7, &[n]));
    let wide = b.parameter(Vector::Position, 138, &[p, k]);
    let forward = b.contract(matrix, beta, &[p]);
    let curved = b.unary(Unary::Tanh, forward);
    let back = b.contract(curved, matrix, &[n]);
    let dot = b.contract(r, curved, &[n]);
    let many = b.contract(matrix, wide, &[p]);
    let gram = b.contract(many, matrix, &[n]);
    let small = b.contract(square, beta, &[p]);
    let batched = b.contract(wide, square, &[p]);
    let total = b.contract(many, r, &[n, k]);
    let roots = [forward, back, dot, many, gram, small, batched, total];
    check(&b.finish(), &roots, 159);
}

/// Sizes at which columns are packed, with a rest; either operand transposed, and a batch.
#[test]
fn products_of_matrices() {
    let mut b = Builder::new();
    let [i, j, k] = [("i", 37), ("j", 45), ("k", 11)].map(|(label, size)| b.axis(label, size));
    let batch = b.axis("b", 2);
    let left = b.parameter(Vector::Position, 0, &[i, k]);
    let right = b.parameter(Vector::Position, 407, &[j, k]);
    let product = b.contract(left, right, &[k]);
    let curved = b.unary(Unary::Tanh, product);
    let back = b.contract(curved, right, &[j]);
    let gram = b.contract(curved, left, &[i]);
    let stack = b.parameter(Vector::Position, 902, &[k, batch]);
    let batched = b.mul(left, stack);
    let many = b.contract(batched, right, &[k]);
    let constant = b.data(&[j, k], numbers(8, 495));
    let mixed = b.contract(left, constant, &[k]);
    check(&b.finish(), &[product, back, gram, many, mixed], 924);
}

#[test]
fn scans() {
    for direction in [Direction::Forward, Direction::Reverse] {
        let mut b = Builder::new();
        let (s, t) = (b.axis("s", 3), b.axis("t", 20));
        let data = b.data(&[s, t], numbers(9, 60));
        let noise = b.parameter(Vector::Position, 0, &[t]);
        let start = b.parameter(Vector::Position, 20, &[s]);
        let rate = b.parameter(Vector::Position, 23, &[]);
        let scan = b.begin_scan(t, direction);
        let leaves = [vec![s], vec![s], vec![s], vec![], vec![]];
        let leaves: Vec<Node> =
            leaves.iter().enumerate().map(|(k, axes)| b.leaf(scan, k as u32, axes)).collect();
        let [state, other, y, e, c] = leaves[..] else { unreachable!("five leaves") };
        let scaled = b.mul(state, c);
        let moved = b.add(scaled, y);
        let new = b.add(moved, e);
        let new = b.unary(Unary::Tanh, new);
        let total = b.sum_all(new);
        let body = ScanBody {
            axis: t,
            direction,
            carries: vec![state, other],
            sequences: vec![y, e],
            constants: vec![c],
            next: vec![other, new],
            outputs: vec![new, total],
        };
        let one = b.constant(1.0);
        let other = b.expand(one, &[s]);
        let node = b.end_scan(scan, body, &[start, other], &[data, noise], &[rate]);
        let outputs: Vec<Node> = (0..4).map(|k| b.output(node, k)).collect();
        let read = b.sum_all(outputs[0]);
        let roots = [outputs, vec![read]].concat();
        check(&b.finish(), &roots, 24);
    }
}

#[test]
fn constants_and_empty_plates() {
    let mut b = Builder::new();
    let (none, n) = (b.axis("none", 0), b.axis("n", 4));
    let x = b.parameter(Vector::Position, 0, &[n]);
    let empty = b.data(&[none], vec![]);
    let product = b.mul(x, empty);
    let sum = b.sum(product, &[none]);
    let y = b.data(&[n], vec![0.3, 0.1, 0.4, 0.15]);
    let constant = b.exp(y);
    let stopped = b.stop_gradient(x);
    check(&b.finish(), &[product, sum, constant, stopped, x], 4);
}

/// A graph grown from choices: each takes nodes made before and makes one more, kept of moderate size.
struct Grown {
    builder: Builder,
    inputs: Vec<Node>,
    made: Vec<Node>,
}

impl Grown {
    /// The last nodes.
    fn graph(self) -> (Graph, Vec<Node>) {
        let last = self.made.iter().rev().take(4).copied().collect();
        (self.builder.finish(), last)
    }

    /// A number made of the last nodes, with its derivatives.
    fn gradient(self) -> (Graph, Vec<Node>) {
        let Self { mut builder, inputs, made } = self;
        let mut total = builder.constant(0.0);
        for &node in made.iter().rev().take(4) {
            let curved = builder.unary(Unary::Tanh, node);
            let sum = builder.sum_all(curved);
            total = builder.add(total, sum);
        }
        let roots = [vec![total], gradient(&mut builder, total, &inputs)].concat();
        (builder.finish(), roots)
    }
}

fn grow(choices: &[(u8, u16, u16)]) -> Grown {
    let mut b = Builder::new();
    let axes = [b.axis("n", 140), b.axis("g", 4), b.axis("k", 3)];
    let shapes: [&[Axis]; 6] = [&[], &axes[..1], &axes[1..2], &axes[2..], &axes[1..], &[axes[0], axes[2]]];
    let mut nodes = vec![];
    let mut offset = 0;
    for shape in shapes {
        let node = b.parameter(Vector::Position, offset, shape);
        offset += b.graph().len_of(node);
        nodes.push(node);
    }
    let index = b.data(&axes[..1], (0..140).map(|i| f64::from(i * 5 % 4)).collect::<Vec<_>>());
    nodes.push(b.data(&axes[..1], numbers(3, 140)));
    nodes.push(b.data(&[axes[0], axes[2]], numbers(4, 420)));
    for &(kind, first, second) in choices {
        let x = nodes[first as usize % nodes.len()];
        let y = nodes[second as usize % nodes.len()];
        let axis = axes[second as usize % 3];
        let has_axis = b.axes_of(x).contains(&axis);
        let node = match kind % 16 {
            0 => b.add(x, y),
            1 => b.sub(x, y),
            2 => b.mul(x, y),
            3 => b.unary(Unary::Tanh, x),
            4 => b.softplus(x),
            5 => b.sigmoid(x),
            6 => b.less(x, y),
            7 => {
                let positive = b.softplus(x);
                b.lgamma(positive)
            }
            8 if has_axis => b.sum(x, &[axis]),
            9 => b.sum_all(x),
            10 if has_axis => b.log_sum_exp(x, &[axis]),
            11 if has_axis => b.cumulative_sum(x, axis, Direction::Reverse),
            12 if b.axes_of(x).contains(&axes[1]) => b.gather(x, &[(axes[1], index)]),
            13 if b.axes_of(x).contains(&axes[0]) => b.scatter(x, &[(axes[1], index)], &axes[1..2]),
            14 if has_axis || b.axes_of(y).contains(&axis) => b.contract(x, y, &[axis]),
            15 => b.select(x, y, x),
            _ => b.neg(x),
        };
        // Squashing keeps long chains of products at numbers of moderate size.
        let node = b.unary(Unary::Atan, node);
        nodes.push(node);
    }
    Grown { builder: b, inputs: nodes[..6].to_vec(), made: nodes[8..].to_vec() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn random_graphs(choices in prop::collection::vec(any::<(u8, u16, u16)>(), 1..30)) {
        let (graph, roots) = grow(&choices).graph();
        check(&graph, &roots, 580);
    }

    #[test]
    fn gradients_of_random_graphs(choices in prop::collection::vec(any::<(u8, u16, u16)>(), 1..12)) {
        let (graph, roots) = grow(&choices).gradient();
        check(&graph, &roots, 580);
    }
}

/// A loop of several stretches with all kinds of sums: plain, into groups, into columns of a matrix.
fn long_loop() -> (Graph, Vec<Node>, usize) {
    let mut b = Builder::new();
    let rows = 9000;
    let (n, p, g) = (b.axis("n", rows), b.axis("p", 19), b.axis("g", 7));
    let x = b.data(&[n, p], numbers(1, rows * 19));
    let at = b.data(&[n], (0..rows).map(|row| (row * row % 7) as f64).collect::<Vec<_>>());
    let beta = b.parameter(Vector::Position, 0, &[p]);
    let effects = b.parameter(Vector::Position, 19, &[g]);
    let linear = b.contract(x, beta, &[p]);
    let effect = b.gather(effects, &[(g, at)]);
    let eta = b.add(linear, effect);
    let softplus = b.softplus(eta);
    let sigmoid = b.unary(Unary::Sigmoid, eta);
    let total = b.sum_all(softplus);
    let by_group = b.scatter(sigmoid, &[(g, at)], &[g]);
    let by_column = b.contract(x, sigmoid, &[n]);
    let scaled = b.mul(total, by_group);
    (b.finish(), vec![total, scaled, by_column], 26)
}

#[test]
fn long_loops() {
    let (graph, roots, dimension) = long_loop();
    check(&graph, &roots, dimension);
}

#[test]
fn shares_have_the_bits_of_the_whole() {
    let (graph, roots, dimension) = long_loop();
    let program = Program::compile(&graph, &roots);
    assert!(program.is_shareable(), "{}", program.describe());
    for samples in [1, 10] {
        let positions = numbers(41, samples * dimension);
        let whole = run(&program, &graph, &roots, &positions, samples);
        for takers in [1, 2, 3, 5] {
            let mut outputs: Vec<Vec<f64>> = whole.iter().map(|own| vec![7.0; own.len()]).collect();
            let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
            let mut workspaces = vec![program.workspace(samples); takers];
            let backwards = |shares: &mut [Share]| shares.iter_mut().rev().for_each(Share::run);
            for _ in 0..2 {
                program.run_shared(&mut workspaces, (&positions, &[]), &mut slices, &backwards);
            }
            let bits = |all: &[Vec<f64>]| all.iter().flatten().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&outputs), bits(&whole), "{takers} shares of {samples} samples");
        }
    }
}
