//! The chi-square distribution.

use rand_distr::ChiSquared;

use crate::graph::{Builder, Node};
use crate::library::formula::sample;
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference, Support};

use super::gamma;

/// `chi_square`
pub static CHI_SQUARE: Family = Family {
    name: "chi_square",
    summary: "The sum of squares of `df` standard normal values.",
    doc: "gamma(df / 2, 1 / 2).",
    example: "dim obs\ndata y[obs]: positive\nlatent df ~ gamma(2, 0.5)\nobserve y ~ chi_square(df)\n",
    forms: &[Form::canonical(&[Parameter::scalar("df", "positive", "degrees of freedom, its mean")])],
    support: Support::of("positive"),
    moments: Some(|b, a, _| {
        let variance = b.times(a[0], 2.0);
        (a[0], b.sqrt(variance))
    }),
    references: &[
        Reference { arguments: &[1.9], value: &[1.3], log_density: -1.3525768299932954 },
        Reference { arguments: &[0.67], value: &[0.1], log_density: 0.2688002114392249 },
        Reference { arguments: &[23.0], value: &[39.0], log_density: -5.2957957686453305 },
    ],
    ..Family::base(log_density, Draw::Scalar(|rng, a| sample(rng, ChiSquared::new(a[0]))))
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let (shape, rate) = (b.times(a[0], 0.5), b.constant(0.5));
    gamma::log_density(b, &[shape, rate], x, over)
}
