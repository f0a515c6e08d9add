//! The condensed density has the value and the derivatives of the plain one.

use super::condense;
use crate::graph::autodiff::gradient;
use crate::graph::interpret::interpret;
use crate::graph::{Axis, Builder, Node, Op, Unary, Vector};

fn noise(count: usize, seed: u64) -> Vec<f64> {
    let golden = 0.618_033_988_749_894_9;
    (0..count).map(|k| (((k as u64 + 1) * (seed + 3)) as f64 * golden).fract() * 2.0 - 1.0).collect()
}

const ROWS: usize = 120;

/// A builder with rows, scalars a and s, vectors v over p and g over groups, and data.
struct Setting {
    b: Builder,
    n: Axis,
    latents: Vec<Node>,
    dimension: usize,
    x: Node,
    y: Node,
    group: Node,
    groups: Axis,
    p: Axis,
}

fn setting() -> Setting {
    let mut b = Builder::new();
    let (n, p, groups) = (b.axis("n", ROWS), b.axis("p", 3), b.axis("g", 4));
    let x = b.data(&[n, p], noise(ROWS * 3, 1));
    let y: Vec<f64> = noise(ROWS, 2).iter().map(|u| 1000.0 + (u * 5.0).round()).collect();
    let y = b.data(&[n], y);
    let group = b.data(&[n], (0..ROWS).map(|k| ((k * 7) % 4) as f64).collect::<Vec<_>>());
    let shapes: [(usize, &[Axis]); 4] = [(0, &[]), (1, &[]), (2, &[p]), (5, &[groups])];
    let latents = shapes.map(|(offset, axes)| b.parameter(Vector::Position, offset, axes)).to_vec();
    Setting { b, n, latents, dimension: 9, x, y, group, groups, p }
}

/// Value and gradient, plain and condensed, at some positions; returns the nodes over the rows that are left.
fn agree(setting: Setting, value: Node) -> usize {
    let Setting { mut b, n, latents, dimension, .. } = setting;
    let condensed = condense(&mut b, value);
    let plain = [vec![value], gradient(&mut b, value, &latents)].concat();
    let fast = [vec![condensed], gradient(&mut b, condensed, &latents)].concat();
    let graph = b.finish();
    for seed in 0..4 {
        let position = noise(dimension, seed + 10);
        let [want, got] = [&plain, &fast].map(|roots| interpret(&graph, &position, &[], roots).concat());
        for (got, want) in got.iter().zip(&want) {
            assert!((got - want).abs() <= 1e-11 * want.abs().max(1.0), "{got} for {want}");
        }
    }
    let (pruned, _) = graph.pruned(&fast);
    pruned
        .nodes()
        .filter(|&node| pruned.axes_of(node).contains(&n) && !matches!(pruned.node(node).op, Op::Data(_)))
        .count()
}

/// a + x v + g[group]
fn mean(s: &mut Setting) -> Node {
    let slopes = s.b.contract(s.x, s.latents[2], &[s.p]);
    let effects = s.b.gather(s.latents[3], &[(s.groups, s.group)]);
    let mean = s.b.add(s.latents[0], slopes);
    s.b.add(mean, effects)
}

#[test]
fn normal_likelihood_is_least_squares() {
    let mut s = setting();
    let mean = mean(&mut s);
    let residual = s.b.sub(s.y, mean);
    let sigma = s.b.exp(s.latents[1]);
    let z = s.b.div(residual, sigma);
    let square = s.b.square(z);
    let half = s.b.times(square, -0.5);
    let row = s.b.sub(half, s.latents[1]);
    let value = s.b.sum_all(row);
    assert_eq!(agree(s, value), 0, "no row is left");
}

#[test]
fn known_scales_weigh_the_rows() {
    let mut s = setting();
    let mean = mean(&mut s);
    let residual = s.b.sub(s.y, mean);
    let scales: Vec<f64> = noise(ROWS, 5).iter().map(|u| 1.5 + u).collect();
    let scales = s.b.data(&[s.n], scales);
    let z = s.b.div(residual, scales);
    let square = s.b.square(z);
    let value = s.b.sum_all(square);
    assert_eq!(agree(s, value), 0, "no row is left");
}

#[test]
fn linear_terms_fold_and_the_rest_stays() {
    let mut s = setting();
    let mean = mean(&mut s);
    let taken = s.b.mul(s.y, mean);
    let softplus = s.b.softplus(mean);
    let row = s.b.sub(taken, softplus);
    let value = s.b.sum_all(row);
    assert!(agree(s, value) > 0, "softplus needs the rows");
}

#[test]
fn repeated_rows_are_counted() {
    let mut s = setting();
    let phi = s.b.exp(s.latents[0]);
    let count = s.b.add(s.y, phi);
    let gamma = s.b.lgamma(count);
    let angle = s.b.mul(s.y, s.latents[1]);
    let wave = s.b.unary(Unary::Sin, angle);
    let product = s.b.mul(wave, phi);
    let row = s.b.add(gamma, product);
    let value = s.b.sum_all(row);
    assert_eq!(agree(s, value), 0, "no row is left");
}
