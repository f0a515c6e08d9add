//! The half-t distribution.

use std::f64::consts::LN_2;

use rand_distr::StudentT;

use crate::graph::{Builder, Node};
use crate::library::formula::sample;
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference, Support};

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
    references: &[
        Reference { arguments: &[3.7, 1.9], value: &[1.3], log_density: -1.2144249531318545 },
        Reference { arguments: &[1.2, 0.37], value: &[900.0], log_density: -16.376302558039857 },
        Reference { arguments: &[6.1, 15.0], value: &[0.04], log_density: -2.9746512268481937 },
    ],
    ..Family::base(log_density, Draw::Scalar(|rng, a| a[1] * sample(rng, StudentT::new(a[0])).abs()))
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let zero = b.constant(0.0);
    let density = student_t::log_density(b, &[a[0], zero, a[1]], x, over);
    b.plus(density, LN_2)
}
