//! Expectations against sums that have no part in them; what is refused, and why.

use super::{Expectation, Request, Rule, Takes, expect};
use crate::graph::interpret::interpret;
use crate::graph::{Axis, Binary, Builder, Direction, Node, Unary, Vector};

/// Three latents, rows of a linear predictor, and data.
struct Setting {
    b: Builder,
    row: Axis,
    own: Axis,
    z: Node,
    elements: [Node; 3],
    eta: Node,
}

const D: usize = 3;
const MEAN: [f64; D] = [0.31, -0.47, 0.83];
const ROOT: [f64; D * D] = [0.71, 0.13, -0.22, 0.29, 0.53, 0.11, -0.37, 0.19, 0.43];

fn setting() -> Setting {
    let mut b = Builder::new();
    let (row, own) = (b.axis("row", 4), b.axis("own", D));
    let z = b.parameter(Vector::Position, 0, &[own]);
    let elements = [0, 1, 2].map(|k| {
        let k = b.constant(f64::from(k));
        b.gather(z, &[(own, k)])
    });
    let design: Vec<f64> = (0..4 * D).map(|k| ((k * 29 + 11) % 17) as f64 / 11.0 - 0.6).collect();
    let design = b.data(&[row, own], design);
    let eta = b.contract(design, z, &[own]);
    Setting { b, row, own, z, elements, eta }
}

fn taken(b: &mut Builder, factor: Node) -> Expectation {
    let rules = Some([Rule { nodes: 64 }, Rule { nodes: 48 }]);
    expect(b, &[factor], Request { dimension: D, rules, draws: 1000 })
}

fn ways(found: &Expectation) -> Vec<Takes> {
    found.pieces[0].iter().map(|piece| piece.way.takes).collect()
}

/// The expectation on a grid over the normals: the trapezoidal rule, exact to rounding for what is smooth.
fn on_a_grid(b: &Builder, factor: Node) -> f64 {
    const STEP: f64 = 0.6;
    const SIDE: i32 = 14;
    let places: Vec<f64> = (-SIDE..=SIDE).map(|k| f64::from(k) * STEP).collect();
    let mut sum = 0.0;
    for x in &places {
        for y in &places {
            for v in &places {
                let normals = [*x, *y, *v];
                let log_weight = -0.5 * normals.iter().map(|n| n * n).sum::<f64>();
                if log_weight < -38.0 {
                    continue;
                }
                let position: Vec<f64> = (0..D)
                    .map(|i| MEAN[i] + (0..D).map(|j| ROOT[i * D + j] * normals[j]).sum::<f64>())
                    .collect();
                let value = interpret(b.graph(), &position, &[], &[factor])[0][0];
                sum += log_weight.exp() * value;
            }
        }
    }
    sum * (STEP / std::f64::consts::TAU.sqrt()).powi(3)
}

/// Checks a factor of which nothing is left against the grid.
fn agrees(mut b: Builder, factor: Node, wanted: &[Takes]) {
    let found = taken(&mut b, factor);
    assert_eq!(ways(&found), wanted, "{:?}", found.pieces);
    assert_eq!(found.left, None);
    let value = interpret(b.graph(), &MEAN, &ROOT, &[found.value])[0][0];
    let truth = on_a_grid(&b, factor);
    assert!((value - truth).abs() < 2e-9 * truth.abs().max(1.0), "{value} for {truth}");
}

#[test]
fn a_double_sum_has_closed_form() {
    let Setting { mut b, z, own, .. } = setting();
    let half = b.times(z, 0.4);
    let level = b.exp(half);
    let each = b.mul(z, level);
    let sum = b.sum(each, &[own]);
    let factor = b.square(sum);
    agrees(b, factor, &[Takes::ClosedForm]);
}

#[test]
fn a_tilted_function_of_a_row_is_integrated_over_one_dimension() {
    let Setting { mut b, elements, eta, row, .. } = setting();
    let odds = b.sub(eta, elements[2]);
    let cost = b.softplus(odds);
    let shape = b.exp(elements[2]);
    let each = b.mul(shape, cost);
    let each = b.mul(each, elements[0]);
    let factor = b.sum(each, &[row]);
    agrees(b, factor, &[Takes::Quadrature]);
}

#[test]
fn what_is_neither_is_left_with_the_reason() {
    let reasons = |make: &dyn Fn(&mut Setting) -> Node| {
        let mut setting = setting();
        let factor = make(&mut setting);
        let found = taken(&mut setting.b, factor);
        assert_eq!(found.left, Some(factor), "it is left as it is");
        assert_eq!(ways(&found), [Takes::Draws]);
        let refused = found.pieces[0][0].refused.clone();
        [refused[0].reason.clone(), refused[1].reason.clone()]
    };
    let [degree, several] = reasons(&|s| {
        let product = s.b.mul(s.elements[0], s.elements[1]);
        s.b.mul(product, s.elements[2])
    });
    assert!(degree.contains("degree"), "{degree}");
    assert!(several.contains("more than two"), "{several}");
    let [closed, jump] = reasons(&|s| {
        let step = s.b.less(s.elements[0], s.elements[1]);
        s.b.mul(step, s.elements[1])
    });
    assert!(closed.contains("jumps") && jump.contains("jumps"), "{closed} {jump}");
    let [_, kink] = reasons(&|s| {
        let zero = s.b.constant(0.1);
        let clipped = s.b.binary(Binary::Max, s.eta, zero);
        s.b.sum(clipped, &[s.row])
    });
    assert!(kink.contains("kink"), "{kink}");
    let [_, size] = reasons(&|s| {
        let size = s.b.unary(Unary::Abs, s.eta);
        s.b.sum(size, &[s.row])
    });
    assert!(size.contains("kink"), "{size}");
    let [closed, mixed] = reasons(&|s| s.b.log_sum_exp(s.z, &[s.own]));
    assert!(closed.contains("log_sum_exp"), "{closed}");
    assert!(mixed.contains("mixes"), "{mixed}");
    let [_, matrix] = reasons(&|s| {
        let other = s.b.axis("other", D);
        let wide = s.b.rename(s.z, &[(s.own, other)]);
        let product = s.b.mul(s.z, wide);
        s.b.log_abs_det(product, s.own, other)
    });
    assert!(matrix.contains("matrix"), "{matrix}");
}

/// Of a sum within a sum over rows, each part goes its own way, and what is left is that part alone.
#[test]
fn a_row_is_taken_apart() {
    let Setting { mut b, elements, eta, row, .. } = setting();
    let squares = b.square(eta);
    let sizes = b.unary(Unary::Abs, eta);
    let tails = b.softplus(eta);
    let sum = b.add(squares, sizes);
    let sum = b.sub(tails, sum);
    let weight = b.data(&[row], vec![0.3, 1.7, 0.9, 0.4]);
    let weighted = b.contract(weight, sum, &[row]);
    let factor = b.add(weighted, elements[0]);
    let found = taken(&mut b, factor);
    assert!(ways(&found).contains(&Takes::Draws) && ways(&found).contains(&Takes::Quadrature));
    let kinks = b.contract(weight, sizes, &[row]);
    let left = found.left.expect("the kinks are left");
    let position = [0.7, -0.2, 0.4];
    let values = interpret(b.graph(), &position, &[], &[left, kinks]);
    assert!((values[0][0] + values[1][0]).abs() < 1e-12, "{values:?}");
}

/// Where the difference of two rules is small enough for the better one to be taken, that one is as good as it has to be.
#[test]
fn rules_that_agree_are_precise() {
    const ENOUGH: f64 = 1e-3;
    for scale in [0.3, 1.0, 3.0, 10.0, 30.0] {
        for [nodes, fewer] in [[8, 6], [16, 12], [32, 24], [64, 48]] {
            let Setting { mut b, elements, .. } = setting();
            let odds = b.times(elements[0], scale);
            let factor = b.softplus(odds);
            let rules = Some([Rule { nodes }, Rule { nodes: fewer }]);
            let found = expect(&mut b, &[factor], Request { dimension: D, rules, draws: 1000 });
            let roots = [found.value, found.error.expect("quadrature tells its error")];
            let values = interpret(b.graph(), &MEAN, &ROOT, &roots);
            let deviation = ROOT[..D].iter().map(|x| x * x).sum::<f64>().sqrt();
            let truth: f64 = (-120_000..=120_000)
                .map(|k| f64::from(k) * 1e-4)
                .map(|x| {
                    let value = scale * (MEAN[0] + deviation * x);
                    (-0.5 * x * x).exp() * (value.max(0.0) + (-value.abs()).exp().ln_1p())
                })
                .sum::<f64>()
                * 1e-4
                / std::f64::consts::TAU.sqrt();
            let error = (values[0][0] - truth).abs();
            assert!(
                error < ENOUGH || values[1][0] >= ENOUGH,
                "{scale} {nodes}: {error}, told {}",
                values[1][0]
            );
        }
    }
}

#[test]
fn a_running_sum_and_a_stack_have_closed_form() {
    let Setting { mut b, z, own, elements, .. } = setting();
    let level = b.exp(z);
    let running = b.cumulative_sum(level, own, Direction::Forward);
    let weight = b.data(&[own], vec![0.3, -1.7, 0.9]);
    let one = b.contract(weight, running, &[own]);
    let pair = b.axis("pair", 2);
    let odds = b.exp(elements[1]);
    let stacked = b.stack(pair, &[odds, elements[2]]);
    let squares = b.square(stacked);
    let other = b.sum(squares, &[pair]);
    let factor = b.add(one, other);
    agrees(b, factor, &[Takes::ClosedForm; 3]);
}

#[test]
fn coordinates_that_are_not_gaussian_are_left() {
    let Setting { mut b, elements, .. } = setting();
    let kept = b.parameter(Vector::Position, D, &[]);
    let factor = b.mul(kept, elements[0]);
    let found = taken(&mut b, factor);
    assert_eq!(found.left, Some(factor));
    assert!(found.pieces[0][0].refused[0].reason.contains("stays in the guide"));
}
