//! The Wishart distribution.

use std::f64::consts::{LN_2, PI};

use rand_distr::{ChiSquared, Distribution, StandardNormal};

use crate::graph::{Builder, Direction, Node};
use crate::library::formula::{factorise, sample, total};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Rank, Reference, Support};
use crate::numeric::random::Generator;

use super::gaussian;

/// `wishart`
pub static WISHART: Family = Family {
    name: "wishart",
    summary: "The Wishart distribution of covariance matrices.",
    doc: "Density proportional to det(x)^((df - K - 1) / 2) exp(-trace(inverse(scale) x) / 2): sums of squares and products of \
          df multivariate normal draws with covariance `scale`. The mean is df scale; df must be above K - 1.",
    example: "dim obs\ndim item = 2\ndata V[item, item]: cov\ndata y[obs, item]: real\nlatent P[item, item] ~ wishart(4, V)\n\
              observe y ~ multi_normal(0, prec = P)\n",
    rank: Rank::Matrix,
    forms: &[Form::canonical(&[
        Parameter::scalar("df", "positive", "degrees of freedom, above K - 1"),
        Parameter::matrix("scale", "cov", "mean / df"),
    ])],
    support: Support::of("cov"),
    references: &[
        Reference {
            arguments: &[3.7, 1.7, -0.6, -0.6, 0.9],
            value: &[1.3, 0.2, 0.2, 0.6],
            log_density: -4.400150056858186,
        },
        Reference {
            arguments: &[2.4, 1.3, 0.2, 0.2, 0.6],
            value: &[1.7, -0.6, -0.6, 0.9],
            log_density: -3.739078237991005,
        },
        Reference {
            arguments: &[5.2, 2.0, 0.3, -0.2, 0.3, 1.1, 0.45, -0.2, 0.45, 0.8],
            value: &[3.1, 0.4, -0.2, 0.4, 2.2, 0.9, -0.2, 0.9, 4.1],
            log_density: -11.0185588700288,
        },
    ],
    ..Family::base(log_density, Draw::Joint(|rng, a, n| draw(rng, a[0][0], &a[1], n)))
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let size = b.graph().axis_size(over.axes[0]) as f64;
    let (scale, value) = (gaussian::factor(b, a[1], over), gaussian::factor(b, x, over));
    let (scale_det, value_det) =
        (gaussian::log_diagonal(b, scale, over), gaussian::log_diagonal(b, value, over));
    let exponent = b.plus(a[0], -size - 1.0);
    let power = b.mul(exponent, value_det);
    let trace = trace_of_ratio(b, value, scale, over);
    let decay = b.times(trace, -0.5);
    let volume = b.mul(a[0], scale_det);
    let volume = b.neg(volume);
    let constant = log_constant(b, a[0], over);
    total(b, &[power, decay, volume, constant])
}

/// trace(inverse(S) X), from the factors of both.
pub(super) fn trace_of_ratio(b: &mut Builder, x: Node, s: Node, over: &Over) -> Node {
    let (row, column) = (over.axes[0], over.twins[0]);
    let size = b.graph().axis_size(row);
    let inner = b.axis("inner", size);
    let x = b.rename(x, &[(column, inner)]);
    let ratio = b.solve_triangular(s, x, row, column, Direction::Forward);
    b.contract(ratio, ratio, &[column, inner])
}

/// -df K log(2) / 2 - log of the multivariate gamma function at df / 2.
pub(super) fn log_constant(b: &mut Builder, df: Node, over: &Over) -> Node {
    let axis = over.axes[0];
    let size = b.graph().axis_size(axis) as f64;
    let position = b.iota(axis);
    let twice = b.sub(df, position);
    let half = b.times(twice, 0.5);
    let gammas = b.lgamma(half);
    let gammas = b.sum(gammas, &[axis]);
    let scaling = b.times(df, 0.5 * size * LN_2);
    let negative = b.add(gammas, scaling);
    let constant = b.neg(negative);
    b.plus(constant, -0.25 * size * (size - 1.0) * PI.ln())
}

/// L A A' L' with A lower triangular: normal below, root of chi-square on the diagonal (Bartlett 1933).
pub(super) fn draw(rng: &mut Generator, df: f64, scale: &[f64], n: usize) -> Vec<f64> {
    let Some(factor) = factorise(scale, n) else { return vec![f64::NAN; n * n] };
    let mut triangle = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..i {
            triangle[i * n + j] = StandardNormal.sample(rng);
        }
        triangle[i * n + i] = sample(rng, ChiSquared::new(df - i as f64)).sqrt();
    }
    let columns = (0..n).map(|j| (0..n).map(|i| triangle[i * n + j]).collect::<Vec<f64>>());
    let columns: Vec<Vec<f64>> = columns.map(|column| gaussian::times(&factor, &column, n)).collect();
    let element = |i: usize, j: usize| columns.iter().map(|column| column[i] * column[j]).sum();
    (0..n * n).map(|k| element(k / n, k % n)).collect()
}
