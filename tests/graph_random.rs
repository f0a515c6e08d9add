//! Laws over random graphs: they verify, their derivatives agree with differences, and what the constructors simplify
//! means what was written.

use proptest::prelude::*;
use vic::graph::autodiff::{gradient, hessian_vector};
use vic::graph::interpret::interpret;
use vic::graph::print::print;
use vic::graph::verify::verify;
use vic::graph::{Axis, Builder, Direction, Node, Unary, Vector};

/// One step that makes a node from nodes made before; numbers are taken modulo what there is.
#[derive(Clone, Debug)]
enum Step {
    Unary(usize, usize),
    Binary(usize, usize, usize),
    Scale(usize, f64),
    Shift(usize, f64),
    Sum(usize, usize),
    LogSumExp(usize, usize),
    Contract(usize, usize, usize),
    Gather(usize, usize),
    Expand(usize, usize),
    RunningSum(usize, usize),
    Swap(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let index = || 0..1000usize;
    let constant = || prop_oneof![Just(0.0), Just(1.0), Just(-1.0), Just(2.0), -2.0..2.0f64];
    prop_oneof![
        (index(), index()).prop_map(|(op, x)| Step::Unary(op, x)),
        (index(), index(), index()).prop_map(|(op, x, y)| Step::Binary(op, x, y)),
        (index(), constant()).prop_map(|(x, c)| Step::Scale(x, c)),
        (index(), constant()).prop_map(|(x, c)| Step::Shift(x, c)),
        (index(), index()).prop_map(|(x, axis)| Step::Sum(x, axis)),
        (index(), index()).prop_map(|(x, axis)| Step::LogSumExp(x, axis)),
        (index(), index(), index()).prop_map(|(x, y, axis)| Step::Contract(x, y, axis)),
        (index(), index()).prop_map(|(x, axis)| Step::Gather(x, axis)),
        (index(), index()).prop_map(|(x, axis)| Step::Expand(x, axis)),
        (index(), index()).prop_map(|(x, axis)| Step::RunningSum(x, axis)),
        index().prop_map(Step::Swap),
    ]
}

/// A dense array over all three axes: the plainest meaning of a step, with no sharing, folding or broadcasting left.
#[derive(Clone)]
struct Dense(Vec<f64>);

const SIZES: [usize; 3] = [3, 2, 3];
const LENGTH: usize = 18;

fn index(at: [usize; 3]) -> usize {
    (at[0] * SIZES[1] + at[1]) * SIZES[2] + at[2]
}

impl Dense {
    fn from(f: impl Fn([usize; 3]) -> f64) -> Self {
        let at = |i: usize| [i / (SIZES[1] * SIZES[2]), i / SIZES[2] % SIZES[1], i % SIZES[2]];
        Self((0..LENGTH).map(|i| f(at(i))).collect())
    }

    fn at(&self, at: [usize; 3]) -> f64 {
        self.0[index(at)]
    }

    /// All values along one axis through a place.
    fn line(&self, at: [usize; 3], axis: usize) -> Vec<f64> {
        (0..SIZES[axis]).map(|k| self.at(moved(at, axis, k))).collect()
    }
}

fn moved(mut at: [usize; 3], axis: usize, to: usize) -> [usize; 3] {
    at[axis] = to;
    at
}

/// A graph under construction, with the dense meaning of each node beside it.
struct Pair {
    builder: Builder,
    axes: [Axis; 3],
    nodes: Vec<(Node, Dense)>,
    positions: Node,
}

const INPUTS: [&[usize]; 4] = [&[], &[0], &[1, 2], &[0, 1, 2]];

/// Bounded functions, so that no random graph blows up.
const UNARIES: [Unary; 6] =
    [Unary::Sin, Unary::Tanh, Unary::Sigmoid, Unary::Atan, Unary::Softplus, Unary::Neg];

impl Pair {
    fn new(position: &[f64]) -> Self {
        let mut builder = Builder::new();
        let axes = [0, 1, 2].map(|k| builder.axis(["a", "b", "c"][k], SIZES[k]));
        let positions = builder.data(&axes[..1], vec![2.0, 0.0, 2.0]);
        let mut pair = Self { builder, axes, nodes: vec![], positions };
        let mut offset = 0;
        for of in INPUTS {
            let own: Vec<Axis> = of.iter().map(|&k| axes[k]).collect();
            let node = pair.builder.parameter(Vector::Position, offset, &own);
            let dense =
                Dense::from(|at| position[offset + of.iter().fold(0, |index, &k| index * SIZES[k] + at[k])]);
            pair.nodes.push((node, dense));
            offset += of.iter().map(|&k| SIZES[k]).product::<usize>();
        }
        pair
    }

    fn node(&self, choice: usize) -> (Node, Dense) {
        self.nodes[choice % self.nodes.len()].clone()
    }

    fn has(&self, node: Node, axis: usize) -> bool {
        self.builder.axes_of(node).contains(&self.axes[axis])
    }

    fn push(&mut self, node: Node, dense: impl Fn([usize; 3]) -> f64) {
        // Kept bounded on both sides alike.
        let tamed = self.builder.unary(Unary::Atan, node);
        self.nodes.push((node, Dense::from(&dense)));
        self.nodes.push((tamed, Dense::from(|at| dense(at).atan())));
    }

    fn take(&mut self, step: &Step) {
        let axes = self.axes;
        match *step {
            Step::Unary(op, x) => {
                let (op, (x, dense)) = (UNARIES[op % UNARIES.len()], self.node(x));
                let node = self.builder.unary(op, x);
                self.push(node, |at| op.eval(dense.at(at)));
            }
            Step::Binary(op, x, y) => {
                let ((x, p), (y, q)) = (self.node(x), self.node(y));
                match op % 4 {
                    0 => {
                        let node = self.builder.add(x, y);
                        self.push(node, |at| p.at(at) + q.at(at));
                    }
                    1 => {
                        let node = self.builder.sub(x, y);
                        self.push(node, |at| p.at(at) - q.at(at));
                    }
                    2 => {
                        let node = self.builder.mul(x, y);
                        self.push(node, |at| p.at(at) * q.at(at));
                    }
                    _ => {
                        let square = self.builder.square(y);
                        let positive = self.builder.plus(square, 1.3);
                        let node = self.builder.div(x, positive);
                        self.push(node, |at| p.at(at) / (q.at(at) * q.at(at) + 1.3));
                    }
                }
            }
            Step::Scale(x, c) => {
                let (x, dense) = self.node(x);
                let node = self.builder.times(x, c);
                self.push(node, |at| c * dense.at(at));
            }
            Step::Shift(x, c) => {
                let (x, dense) = self.node(x);
                let node = self.builder.plus(x, c);
                self.push(node, |at| c + dense.at(at));
            }
            Step::Sum(x, axis) => {
                let ((x, dense), axis) = (self.node(x), axis % 3);
                let node = self.builder.sum(x, &[axes[axis]]);
                self.push(node, |at| dense.line(at, axis).iter().sum());
            }
            Step::LogSumExp(x, axis) => {
                let ((x, dense), axis) = (self.node(x), axis % 3);
                if self.has(x, axis) {
                    let node = self.builder.log_sum_exp(x, &[axes[axis]]);
                    self.push(node, |at| dense.line(at, axis).iter().map(|x| x.exp()).sum::<f64>().ln());
                }
            }
            Step::Contract(x, y, axis) => self.contract(x, y, axis % 3),
            Step::Gather(x, axis) => {
                let ((x, dense), axis) = (self.node(x), axis % 3);
                if SIZES[axis] == 3 {
                    // The positions run along axis 0 and read along it or another.
                    let node = self.builder.gather(x, &[(axes[axis], self.positions)]);
                    self.push(node, |at| dense.at(moved(at, axis, [2, 0, 2][at[0]])));
                }
            }
            Step::Expand(x, axis) => {
                let ((x, dense), axis) = (self.node(x), axis % 3);
                let node = self.builder.expand(x, &[axes[axis]]);
                self.push(node, |at| dense.at(at));
            }
            Step::RunningSum(x, axis) => {
                let ((x, dense), axis) = (self.node(x), axis % 3);
                if self.has(x, axis) {
                    let node = self.builder.cumulative_sum(x, axes[axis], Direction::Reverse);
                    self.push(node, |at| dense.line(at, axis)[at[axis]..].iter().sum());
                }
            }
            Step::Swap(x) => {
                let (x, dense) = self.node(x);
                let node = self.builder.rename(x, &[(axes[0], axes[2]), (axes[2], axes[0])]);
                self.push(node, |at| dense.at([at[2], at[1], at[0]]));
            }
        }
    }

    fn contract(&mut self, x: usize, y: usize, axis: usize) {
        let ((x, p), (y, q)) = (self.node(x), self.node(y));
        if self.has(x, axis) || self.has(y, axis) {
            let node = self.builder.contract(x, y, &[self.axes[axis]]);
            self.push(node, |at| p.line(at, axis).iter().zip(q.line(at, axis)).map(|(x, y)| x * y).sum());
        }
    }
}

fn inputs_length() -> usize {
    INPUTS.iter().map(|of| of.iter().map(|&k| SIZES[k]).product::<usize>()).sum()
}

fn position() -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(-1.0..1.0f64, inputs_length())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn simplified_graphs_mean_what_was_written(
        steps in proptest::collection::vec(step(), 1..25),
        position in position(),
    ) {
        let mut pair = Pair::new(&position);
        steps.iter().for_each(|step| pair.take(step));
        let whole: Vec<Node> =
            pair.nodes.iter().map(|(node, _)| *node).map(|node| pair.builder.expand(node, &pair.axes)).collect();
        let graph = pair.builder.finish();
        prop_assert_eq!(verify(&graph), Ok(()));
        let values = interpret(&graph, &position, &[], &whole);
        for (value, (node, dense)) in values.iter().zip(&pair.nodes) {
            for (actual, expected) in value.iter().zip(&dense.0) {
                let scale = 1.0 + expected.abs();
                let agrees = (actual - expected).abs() <= 1e-9 * scale || !expected.is_finite() || expected.abs() > 1e12;
                prop_assert!(agrees, "{} is not {}\n{}", actual, expected, print(&graph, &[("node", *node)]));
            }
        }
    }

    #[test]
    fn derivatives_agree_with_differences(
        steps in proptest::collection::vec(step(), 1..15),
        position in position(),
        direction in position(),
    ) {
        let mut pair = Pair::new(&position);
        let inputs: Vec<Node> = pair.nodes.iter().map(|(node, _)| *node).collect();
        steps.iter().for_each(|step| pair.take(step));
        let mut builder = pair.builder;
        let last = pair.nodes.last().expect("inputs at least").0;
        let tamed = builder.unary(Unary::Sin, last);
        let output = builder.sum_all(tamed);
        let slopes = gradient(&mut builder, output, &inputs);
        let mut offset = 0;
        let mut directions = vec![];
        for &input in &inputs {
            let axes = builder.axes_of(input).to_vec();
            directions.push(builder.parameter(Vector::Direction, offset, &axes));
            offset += builder.graph().len_of(input);
        }
        let curves = hessian_vector(&mut builder, &slopes, &inputs, &directions);
        let graph = builder.finish();
        prop_assert_eq!(verify(&graph), Ok(()));
        let slopes_at = |x: &[f64]| interpret(&graph, x, &direction, &slopes).concat();
        let value_at = |x: &[f64]| interpret(&graph, x, &direction, &[output])[0][0];
        let moved = |t: f64| -> Vec<f64> { position.iter().zip(&direction).map(|(x, d)| x + t * d).collect() };
        let along: f64 = slopes_at(&position).iter().zip(&direction).map(|(slope, d)| slope * d).sum();
        let curve = interpret(&graph, &position, &direction, &curves).concat();
        // Differences at two steps tell when the function is too wild for them to judge.
        let differences = [1e-4, 5e-5].map(|h: f64| {
            let slope = (value_at(&moved(h)) - value_at(&moved(-h))) / (2.0 * h);
            let (up, down) = (slopes_at(&moved(h)), slopes_at(&moved(-h)));
            (slope, up.iter().zip(&down).map(|(u, d)| (u - d) / (2.0 * h)).collect::<Vec<_>>())
        });
        let judge = |actual: f64, coarse: f64, fine: f64| {
            let doubt = (coarse - fine).abs();
            doubt > 1e-3 * (1.0 + fine.abs()) || (actual - fine).abs() <= 10.0 * doubt + 1e-6 * (1.0 + fine.abs())
        };
        let shown = || print(&graph, &[("output", output)]);
        prop_assert!(judge(along, differences[0].0, differences[1].0), "slope {} {}\n{}", along, differences[1].0, shown());
        for ((c, coarse), fine) in curve.iter().zip(&differences[0].1).zip(&differences[1].1) {
            prop_assert!(judge(*c, *coarse, *fine), "curve {} {}\n{}", c, fine, shown());
        }
    }
}
