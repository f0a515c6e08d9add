//! The inverse Wishart distribution.

use crate::graph::{Builder, Node};
use crate::library::formula::total;
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Rank, Reference, Support};

use super::{gaussian, wishart};

/// `inv_wishart`
pub static INV_WISHART: Family = Family {
    name: "inv_wishart",
    summary: "The distribution of the inverse of a Wishart matrix.",
    doc: "Density proportional to det(x)^(-(df + K + 1) / 2) exp(-trace(scale inverse(x)) / 2). The mean is \
          scale / (df - K - 1); df must be above K - 1.",
    example: "dim obs\ndim item = 2\ndata V[item, item]: cov\ndata y[obs, item]: real\nlatent S[item, item] ~ inv_wishart(5, V)\n\
              observe y ~ multi_normal(0, S)\n",
    rank: Rank::Matrix,
    forms: &[Form::canonical(&[
        Parameter::scalar("df", "positive", "degrees of freedom, above K - 1"),
        Parameter::matrix("scale", "cov", "(df - K - 1) times the mean"),
    ])],
    support: Support::of("cov"),
    references: &[
        Reference {
            arguments: &[3.7, 1.7, -0.6, -0.6, 0.9],
            value: &[1.3, 0.2, 0.2, 0.6],
            log_density: -3.3085776963922706,
        },
        Reference {
            arguments: &[2.4, 1.3, 0.2, 0.2, 0.6],
            value: &[1.7, -0.6, -0.6, 0.9],
            log_density: -4.235109104385259,
        },
        Reference {
            arguments: &[5.2, 2.0, 0.3, -0.2, 0.3, 1.1, 0.45, -0.2, 0.45, 0.8],
            value: &[3.1, 0.4, -0.2, 0.4, 2.2, 0.9, -0.2, 0.9, 4.1],
            log_density: -22.34335511683893,
        },
    ],
    ..Family::base(
        log_density,
        Draw::Joint(|rng, a, n| inverse(&wishart::draw(rng, a[0][0], &inverse(&a[1], n), n), n)),
    )
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let size = b.graph().axis_size(over.axes[0]) as f64;
    let (scale, value) = (gaussian::factor(b, a[1], over), gaussian::factor(b, x, over));
    let (scale_det, value_det) =
        (gaussian::log_diagonal(b, scale, over), gaussian::log_diagonal(b, value, over));
    let exponent = b.plus(a[0], size + 1.0);
    let power = b.mul(exponent, value_det);
    let power = b.neg(power);
    let trace = wishart::trace_of_ratio(b, scale, value, over);
    let decay = b.times(trace, -0.5);
    let volume = b.mul(a[0], scale_det);
    let constant = wishart::log_constant(b, a[0], over);
    total(b, &[power, decay, volume, constant])
}

/// NaN where there is none.
fn inverse(matrix: &[f64], n: usize) -> Vec<f64> {
    let square = nalgebra::DMatrix::from_row_slice(n, n, matrix);
    let inverse = square.try_inverse();
    (0..n * n).map(|k| inverse.as_ref().map_or(f64::NAN, |inverse| inverse[(k / n, k % n)])).collect()
}
