//! The LKJ distribution of correlation matrices.

use std::f64::consts::PI;

use rand_distr::Beta;

use crate::graph::{Builder, Node};
use crate::library::formula::sample;
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Rank, Reference, Support};
use crate::numeric::random::Generator;

use super::gaussian;

/// `lkj`
pub static LKJ: Family = Family {
    name: "lkj",
    summary: "The LKJ distribution of correlation matrices.",
    doc: "Density proportional to det(x)^(eta - 1) (Lewandowski, Kurowicka and Joe 2009). eta = 1 is uniform; the larger \
          eta, the weaker the correlations. Each correlation is 2 beta(b, b) - 1 with b = eta - 1 + K / 2.",
    example: "dim obs\ndim effect = 2\ndata y[obs, effect]: real\nlatent s[effect] ~ half_normal(1)\n\
              latent R[effect, effect] ~ lkj(2)\nobserve y ~ multi_normal(0, sd = s, corr = R)\n",
    rank: Rank::Matrix,
    forms: &[Form::canonical(&[Parameter::scalar(
        "eta",
        "positive",
        "the larger, the weaker the correlations",
    )])],
    support: Support::of("corr"),
    references: &[
        Reference { arguments: &[2.7], value: &[1.0, -0.6, -0.6, 1.0], log_density: -0.8804687438932088 },
        Reference {
            arguments: &[0.8],
            value: &[1.0, 0.3, -0.2, 0.3, 1.0, 0.45, -0.2, 0.45, 1.0],
            log_density: -1.8054324405285875,
        },
        Reference {
            arguments: &[3.3],
            value: &[
                1.0, 0.3, -0.2, 0.1, 0.3, 1.0, 0.45, 0.25, -0.2, 0.45, 1.0, -0.35, 0.1, 0.25, -0.35, 1.0,
            ],
            log_density: -1.6836689602038981,
        },
    ],
    reference_source: "mpmath 1.4, by partial correlations",
    ..Family::base(
        log_density,
        Draw::Joint(|rng, a, n| {
            let factor = draw_factor(rng, a[0][0], n);
            factor.chunks(n).flat_map(|row| gaussian::times(&factor, row, n)).collect()
        }),
    )
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let factor = gaussian::factor(b, x, over);
    let half_log_det = gaussian::log_diagonal(b, factor, over);
    let exponent = b.plus(a[0], -1.0);
    let exponent = b.times(exponent, 2.0);
    let power = b.mul(exponent, half_log_det);
    let constant = log_constant(b, a[0], over);
    b.add(power, constant)
}

/// Sum over k = 1 .. K - 1 of lgamma(eta + (K - 1) / 2) - lgamma(eta + (K - 1 - k) / 2) - k log(pi) / 2.
pub(super) fn log_constant(b: &mut Builder, eta: Node, over: &Over) -> Node {
    let zero = b.constant(0.0);
    let last = b.graph().axis_size(over.axes[0]).saturating_sub(1);
    let top = b.plus(eta, 0.5 * last as f64);
    let top = b.lgamma(top);
    (1..=last).fold(zero, |sum, k| {
        let shifted = b.plus(eta, 0.5 * (last - k) as f64);
        let below = b.lgamma(shifted);
        let term = b.sub(top, below);
        let sum = b.add(sum, term);
        b.plus(sum, -0.5 * k as f64 * PI.ln())
    })
}

/// A lower factor, row by row from canonical partial correlations: that of column j is 2 beta(b, b) - 1 with
/// b = eta + (K - 2 - j) / 2.
pub(super) fn draw_factor(rng: &mut Generator, eta: f64, n: usize) -> Vec<f64> {
    let mut factor = vec![0.0; n * n];
    for i in 0..n {
        let mut rest: f64 = 1.0;
        for j in 0..i {
            let b = eta + 0.5 * (n as f64 - 2.0 - j as f64);
            let partial = 2.0 * sample(rng, Beta::new(b, b)) - 1.0;
            factor[i * n + j] = partial * rest.sqrt();
            rest *= 1.0 - partial * partial;
        }
        factor[i * n + i] = rest.sqrt();
    }
    factor
}
