//! The multivariate normal distribution.

use crate::graph::{Builder, Node};
use crate::library::Quadratic;
use crate::library::formula::{HALF_LOG_TWO_PI, times_transpose};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Rank, Reference};

use super::gaussian;

const MEAN: Parameter = Parameter::vector("mean", "real", "its centre");

/// `multi_normal`
pub static MULTI_NORMAL: Family = Family {
    name: "multi_normal",
    summary: "The multivariate normal distribution.",
    doc: "Density exp(-(x - mean)' inverse(cov) (x - mean) / 2) / sqrt(det(2 pi cov)). The covariance may be given as \
          itself (`cov`), by its lower factor (`chol`), by its inverse (`prec`), or by standard deviations and \
          correlations (`sd`, `corr`).",
    example: "dim item\ndata y[item]: real\ndata S[item, item]: cov\nlatent mu ~ normal(0, 10)\n\
              observe y ~ multi_normal(mu, S)\n",
    rank: Rank::Vector,
    forms: &[
        Form::canonical(&[MEAN, Parameter::matrix("cov", "cov", "its covariance")]),
        Form::new(
            &[MEAN, Parameter::matrix("chol", "chol_cov", "lower factor of its covariance")],
            |b, a, over| {
                let factor = b.expand(a[1], &[over.axes[0], over.twins[0]]);
                vec![a[0], times_transpose(b, factor, over)]
            },
        )
        .with_density(|b, a, x, over| {
            let residual = b.sub(x, a[0]);
            gaussian::log_density(b, residual, a[1], over)
        }),
        Form::new(&[MEAN, Parameter::matrix("prec", "cov", "inverse of its covariance")], |b, a, over| {
            let precision = b.expand(a[1], &[over.axes[0], over.twins[0]]);
            vec![a[0], b.inverse(precision, over.axes[0], over.twins[0])]
        })
        .with_density(of_precision),
        Form::new(
            &[
                MEAN,
                Parameter::vector("sd", "positive", "standard deviations"),
                Parameter::matrix("corr", "corr", "correlations"),
            ],
            |b, a, over| {
                let other = b.rename(a[1], &[(over.axes[0], over.twins[0])]);
                let both = b.mul(a[1], other);
                vec![a[0], b.mul(both, a[2])]
            },
        )
        .with_density(of_correlation),
    ],
    references: &[
        Reference {
            arguments: &[0.7, -1.3, 1.7, -0.6, -0.6, 0.9],
            value: &[0.4, 2.2],
            log_density: -10.31210543654067,
        },
        Reference {
            arguments: &[0.7, -1.3, 0.2, 2.0, 0.3, -0.2, 0.3, 1.1, 0.45, -0.2, 0.45, 0.8],
            value: &[0.4, 2.2, -3.1],
            log_density: -30.571971797034145,
        },
        Reference {
            arguments: &[-2.0, 0.1, 0.3, 0.1, 0.1, 0.5],
            value: &[-1.1, 0.6],
            log_density: -2.247677781080071,
        },
    ],
    quadratic: &[Quadratic::Value, Quadratic::Argument(0)],
    whitening: Some(|b, a, noise, over| {
        let factor = gaussian::factor(b, a[1], over);
        let image = gaussian::image(b, factor, noise, over);
        b.add(a[0], image)
    }),
    ..Family::base(
        log_density,
        Draw::Joint(|rng, a, n| {
            let noise = gaussian::draw(rng, &a[1], n);
            a[0].iter().zip(noise).map(|(mean, noise)| mean + noise).collect()
        }),
    )
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let residual = b.sub(x, a[0]);
    let factor = gaussian::factor(b, a[1], over);
    gaussian::log_density(b, residual, factor, over)
}

/// With P = L L': |L' r|^2 and the log determinant of L, without an inverse.
fn of_precision(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let row = over.axes[0];
    let factor = gaussian::factor(b, a[1], over);
    let residual = b.sub(x, a[0]);
    let residual = b.expand(residual, &[row]);
    let z = b.contract(factor, residual, &[row]);
    let square = b.contract(z, z, &[over.twins[0]]);
    let exponent = b.times(square, -0.5);
    let volume = gaussian::log_diagonal(b, factor, over);
    let density = b.add(exponent, volume);
    let size = b.graph().axis_size(row) as f64;
    b.plus(density, -size * HALF_LOG_TWO_PI)
}

/// The residual in units of `sd`, which costs sum(log sd).
fn of_correlation(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let residual = b.sub(x, a[0]);
    let residual = b.div(residual, a[1]);
    let factor = gaussian::factor(b, a[2], over);
    let density = gaussian::log_density(b, residual, factor, over);
    let logs = b.log(a[1]);
    let volume = b.sum(logs, &over.axes);
    b.sub(density, volume)
}
