//! The half-t distribution.

use std::f64::consts::LN_2;

use rand_distr::StudentT;

use crate::graph::{Builder, Node};
use crate::library::formula::sample;
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Support};

use super::student_t;

/// `half_student_t`
pub static HALF_STUDENT_T: Family = Family {
    name: "half_student_t",
    summary: "The absolute value of a centred t-distributed value.",
    doc: "Twice the density of student_t(df, 0, scale), for x > 0.",
    example: "dim obs\ndata y[obs]: real\nlatent tau ~ half_student_t(3, 2.5)\nobserve y ~ normal(0, tau)\n",
    forms: &[Form::canonical(&[
        Parameter::scalar("df", "positive", "degrees of freedom: the smaller, the heavier the tail"),
        Parameter::scalar("scale", "positive", "its scale"),
    ])],
    support: Support::of("positive"),
    references: &[],
    ..Family::base(log_density, Draw::Scalar(|rng, a| a[1] * sample(rng, StudentT::new(a[0])).abs()))
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let zero = b.constant(0.0);
    let density = student_t::log_density(b, &[a[0], zero, a[1]], x, over);
    b.plus(density, LN_2)
}
