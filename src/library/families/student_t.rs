//! Student's t distribution.

use std::f64::consts::PI;

use rand_distr::StudentT;

use crate::graph::{Builder, Node};
use crate::library::formula::{sample, standardise, total};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference};

/// `student_t`
pub static STUDENT_T: Family = Family {
    name: "student_t",
    summary: "Student's t distribution, with a location and a scale.",
    doc: "Density Gamma((df + 1) / 2) / (Gamma(df / 2) sqrt(df pi) scale) (1 + z^2 / df)^(-(df + 1) / 2), with \
          z = (x - loc) / scale. `scale` is not its standard deviation, which is scale sqrt(df / (df - 2)) for df > 2.",
    example: "dim obs\ndata y[obs]: real\nlatent mu ~ student_t(3, 0, 2.5)\nobserve y ~ student_t(4, mu, 1)\n",
    forms: &[Form::canonical(&[
        Parameter::scalar("df", "positive", "degrees of freedom: the smaller, the heavier the tails"),
        Parameter::scalar("loc", "real", "its centre"),
        Parameter::scalar("scale", "positive", "its scale"),
    ])],
    location_scale: Some((1, 2)),
    references: &[
        Reference { arguments: &[3.7, 0.7, 1.9], value: &[-1.3], log_density: -2.2431926652275083 },
        Reference { arguments: &[1.2, -4.2, 0.37], value: &[900.1], log_density: -17.079935817411847 },
        Reference { arguments: &[41.0, 12.0, 15.0], value: &[-33.0], log_density: -7.800555404356979 },
    ],
    ..Family::base(log_density, Draw::Scalar(|rng, a| a[1] + a[2] * sample(rng, StudentT::new(a[0]))))
};

pub(super) fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let z = standardise(b, x, a[1], a[2]);
    let next = b.plus(a[0], 1.0);
    let (half, half_next) = (b.times(a[0], 0.5), b.times(next, 0.5));
    let (lower, upper) = (b.lgamma(half), b.lgamma(half_next));
    let square = b.square(z);
    let share = b.div(square, a[0]);
    let tail = b.log1p(share);
    let tails = b.mul(half_next, tail);
    let (log_df, log_scale) = (b.log(a[0]), b.log(a[2]));
    let width = b.times(log_df, 0.5);
    let negative = total(b, &[lower, tails, width, log_scale]);
    let density = b.sub(upper, negative);
    b.plus(density, -0.5 * PI.ln())
}
