//! The multivariate t distribution.

use std::f64::consts::PI;

use rand_distr::ChiSquared;

use crate::graph::{Builder, Node};
use crate::library::formula::{sample, total};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Rank, Reference};

use super::gaussian;

/// `multi_student_t`
pub static MULTI_STUDENT_T: Family = Family {
    name: "multi_student_t",
    summary: "The multivariate t distribution.",
    doc: "A multivariate normal draw around 0 with covariance `scale`, divided by sqrt(chi_square(df) / df), plus loc.",
    example: "dim item\ndata y[item]: real\ndata S[item, item]: cov\nlatent mu ~ normal(0, 10)\n\
              observe y ~ multi_student_t(4, mu, S)\n",
    rank: Rank::Vector,
    forms: &[Form::canonical(&[
        Parameter::scalar("df", "positive", "degrees of freedom: the smaller, the heavier the tails"),
        Parameter::vector("loc", "real", "its centre"),
        Parameter::matrix("scale", "cov", "its scale matrix; the covariance is df / (df - 2) times it"),
    ])],
    references: &[
        Reference {
            arguments: &[3.7, 0.7, -1.3, 1.7, -0.6, -0.6, 0.9],
            value: &[0.4, 2.2],
            log_density: -6.7946528398967025,
        },
        Reference {
            arguments: &[1.4, 0.7, -1.3, 0.2, 2.0, 0.3, -0.2, 0.3, 1.1, 0.45, -0.2, 0.45, 0.8],
            value: &[0.4, 2.2, -3.1],
            log_density: -10.619680103228859,
        },
        Reference {
            arguments: &[11.0, -2.0, 0.1, 0.3, 0.1, 0.1, 0.5],
            value: &[-1.1, 0.6],
            log_density: -2.3221149504160965,
        },
    ],
    ..Family::base(
        log_density,
        Draw::Joint(|rng, a, n| {
            let noise = gaussian::draw(rng, &a[2], n);
            let shrink = (sample(rng, ChiSquared::new(a[0][0])) / a[0][0]).sqrt();
            a[1].iter().zip(noise).map(|(loc, noise)| loc + noise / shrink).collect()
        }),
    )
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let size = b.graph().axis_size(over.axes[0]) as f64;
    let residual = b.sub(x, a[1]);
    let factor = gaussian::factor(b, a[2], over);
    let square = gaussian::squared_distance(b, residual, factor, over);
    let volume = gaussian::log_diagonal(b, factor, over);
    let half = b.times(a[0], 0.5);
    let half_more = b.plus(half, 0.5 * size);
    let (lower, upper) = (b.lgamma(half), b.lgamma(half_more));
    let share = b.div(square, a[0]);
    let tail = b.log1p(share);
    let tails = b.mul(half_more, tail);
    let log_df = b.log(a[0]);
    let width = b.times(log_df, 0.5 * size);
    let negative = total(b, &[lower, tails, width, volume]);
    let density = b.sub(upper, negative);
    b.plus(density, -0.5 * size * PI.ln())
}
