//! Recurrences: their derivatives with and without blocks against the interpreter, and long ones in little memory.

#[path = "../benches/engine/models.rs"]
#[allow(dead_code, reason = "the benchmark has more models than are used here")]
mod models;

use vic::graph::autodiff::{gradient, hessian_vector};
use vic::graph::blocks::in_blocks_beyond;
use vic::graph::interpret::interpret;
use vic::graph::verify::verify;
use vic::graph::{Axis, Builder, Direction, Graph, Node, ScanBody, Unary, Vector};
use vic::program::Program;

/// Choices, one after another.
struct Choices(u64);

impl Choices {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count
    }

    fn of(&mut self, nodes: &[Node]) -> Node {
        nodes[self.below(nodes.len())]
    }

    /// A bounded function of some nodes.
    fn grow(&mut self, b: &mut Builder, from: &[Node]) -> Node {
        let mut made = from.to_vec();
        for _ in 0..2 + self.below(4) {
            let (x, y) = (self.of(&made), self.of(&made));
            let next = match self.below(5) {
                0 => b.add(x, y),
                1 => b.mul(x, y),
                2 => b.unary(Unary::Sin, x),
                3 => b.sub(x, y),
                _ => b.unary(Unary::Sigmoid, x),
            };
            made.push(next);
        }
        let last = made[made.len() - 1];
        b.unary(Unary::Tanh, last)
    }
}

/// A density of some latents with a recurrence of so many steps, made by chance.
struct Case {
    builder: Builder,
    value: Node,
    latents: Vec<Node>,
    directions: Vec<Node>,
    dimension: usize,
}

impl Case {
    fn new(seed: u64, steps: usize, direction: Direction) -> Self {
        let (mut choices, mut b) = (Choices(seed), Builder::new());
        let (unit, t) = (b.axis("unit", 1 + choices.below(4)), b.axis("t", steps));
        let (mut latents, mut directions, mut dimension) = (vec![], vec![], 0);
        let shapes: [&[Axis]; 4] = [&[], &[unit], &[t], &[]];
        for axes in shapes {
            latents.push(b.parameter(Vector::Position, dimension, axes));
            directions.push(b.parameter(Vector::Direction, dimension, axes));
            dimension += b.graph().len_of(latents[latents.len() - 1]);
        }
        let [a, u, noise, c] = latents[..] else { unreachable!("four latents") };
        let size = b.graph().axis_size(unit) * steps;
        let data = b.data(&[unit, t], models::numbers(seed + 1, size));
        let shifted = b.add(data, c);
        let scan = b.begin_scan(t, direction);
        let shapes: [&[Axis]; 5] = [&[unit], &[], &[unit], &[], &[]];
        let leaves: Vec<Node> =
            shapes.iter().enumerate().map(|(k, axes)| b.leaf(scan, k as u32, axes)).collect();
        let [state, other, seen, shock, rate] = leaves[..] else { unreachable!("five leaves") };
        let next = choices.grow(&mut b, &[state, other, seen, shock, rate]);
        let pooled = choices.grow(&mut b, &[next, shock, rate, state]);
        let pooled = b.sum_all(pooled);
        let pooled = b.unary(Unary::Sin, pooled);
        let extra = choices.grow(&mut b, &[state, seen, rate]);
        let body = ScanBody {
            axis: t,
            direction,
            carries: vec![state, other],
            sequences: vec![seen, shock],
            constants: vec![rate],
            next: vec![next, pooled],
            outputs: vec![next, extra],
        };
        let start = b.constant(0.3);
        let node = b.end_scan(scan, body, &[u, start], &[shifted, noise], &[a]);
        let [all, extra, last, end] = [0, 1, 2, 3].map(|k| b.output(node, k));
        let row = choices.grow(&mut b, &[all, extra, shifted, a]);
        let square = b.square(row);
        let mut terms = vec![b.sum_all(square), b.sum_all(last), end];
        if choices.below(2) == 0 {
            // Read at other positions than its own.
            let positions = b.data(&[t], (0..steps).map(|k| k.saturating_sub(1) as f64).collect::<Vec<_>>());
            let before = b.gather(all, &[(t, positions)]);
            let product = b.mul(before, extra);
            terms.push(b.sum_all(product));
        }
        let value = terms[1..].iter().fold(terms[0], |sum, &term| b.add(sum, term));
        Self { builder: b, value, latents, directions, dimension }
    }

    /// Value, gradient, and Hessian times direction.
    fn roots(&mut self, value: Node) -> Vec<Node> {
        let slopes = gradient(&mut self.builder, value, &self.latents);
        let curves = hessian_vector(&mut self.builder, &slopes, &self.latents, &self.directions);
        [vec![value], slopes, curves].concat()
    }
}

fn close(got: &[f64], wanted: &[f64], what: &str) {
    assert_eq!(got.len(), wanted.len());
    let scale = wanted.iter().fold(1.0f64, |most, x| most.max(x.abs()));
    for (got, want) in got.iter().zip(wanted) {
        assert!((got - want).abs() <= 1e-12 * scale, "{what}: {got} for {want}");
    }
}

fn run(
    graph: &Graph,
    roots: &[Node],
    (position, direction): (&[f64], &[f64]),
    samples: usize,
) -> Vec<Vec<f64>> {
    let program = Program::compile(graph, roots);
    let mut outputs: Vec<Vec<f64>> =
        roots.iter().map(|&root| vec![0.0; samples * graph.len_of(root)]).collect();
    let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    let [position, direction] = [position, direction].map(|one| one.repeat(samples));
    program.run(&mut program.workspace(samples), &position, &direction, &mut slices);
    outputs
}

#[test]
fn random_recurrences_in_blocks_are_what_they_are_without() {
    for seed in 0..12 {
        // With a rest and without.
        let steps = if seed % 3 == 0 { 256 } else { 263 };
        let mut case = Case::new(seed, steps, Direction::Forward);
        let value = case.value;
        let plain = case.roots(value);
        let blocks = in_blocks_beyond(&mut case.builder, value, 0);
        assert_ne!(blocks, value);
        let blocks = case.roots(blocks);
        let (position, direction) =
            (models::numbers(seed + 2, case.dimension), models::numbers(seed + 3, case.dimension));
        let graph = case.builder.finish();
        verify(&graph).expect("the graph is sound");
        let wanted = interpret(&graph, &position, &direction, &plain);
        let others = [
            ("interpreted in blocks", interpret(&graph, &position, &direction, &blocks)),
            ("compiled", run(&graph, &plain, (&position, &direction), 1)),
            ("compiled in blocks", run(&graph, &blocks, (&position, &direction), 1)),
        ];
        for (what, got) in others {
            for (got, wanted) in got.iter().zip(&wanted) {
                close(got, wanted, &format!("{what}, seed {seed}"));
            }
        }
    }
}

#[test]
fn random_recurrences_the_other_way() {
    for seed in 20..28 {
        let mut case = Case::new(seed, 9, Direction::Reverse);
        let value = case.value;
        let roots = case.roots(value);
        let (position, direction) =
            (models::numbers(seed + 2, case.dimension), models::numbers(seed + 3, case.dimension));
        let graph = case.builder.finish();
        verify(&graph).expect("the graph is sound");
        let wanted = interpret(&graph, &position, &direction, &roots);
        let got = run(&graph, &roots, (&position, &direction), 8);
        for (got, wanted) in got.iter().zip(&wanted) {
            close(got, &wanted.repeat(8), &format!("compiled, seed {seed}"));
        }
    }
}

/// Elements that a program keeps for each sample.
fn memory(program: &Program) -> usize {
    let text = program.describe();
    let (_, rest) = text.split_once("memory ").expect("a description tells");
    rest.split(',').next().and_then(|number| number.parse().ok()).expect("a number")
}

/// A million steps keep about as much as a thousand do, and are what they are without blocks.
#[test]
fn a_million_steps_in_little_memory() {
    let steps = 1_000_000;
    let long = models::garch(steps);
    let plain = models::garch_without_blocks(steps);
    let position = models::numbers(5, long.dimension);
    let program = Program::compile(&long.graph, &long.roots);
    assert!(memory(&program) < 20_000, "{}", program.describe());
    let got = run(&long.graph, &long.roots, (&position, &[]), 1);
    let wanted = run(&plain.graph, &plain.roots, (&position, &[]), 1);
    for (got, wanted) in got.iter().zip(&wanted) {
        let scale = wanted.iter().fold(1.0f64, |most, x| most.max(x.abs()));
        got.iter().zip(wanted).for_each(|(a, b)| assert!((a - b).abs() <= 1e-11 * scale, "{a} for {b}"));
    }
}
