//! The inverse gamma distribution.

use rand_distr::Gamma;

use crate::graph::{Builder, Node};
use crate::library::formula::{sample, total};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference, Support};

/// `inv_gamma`
pub static INV_GAMMA: Family = Family {
    name: "inv_gamma",
    summary: "The distribution of 1 / g where g is gamma distributed.",
    doc: "Density scale^shape x^(-shape - 1) exp(-scale / x) / Gamma(shape) for x > 0. `scale` has the unit of x; the mean \
          is scale / (shape - 1) for shape > 1.",
    example: "dim obs\ndata y[obs]: real\nlatent v ~ inv_gamma(3, 2)\nobserve y ~ normal(0, variance = v)\n",
    forms: &[Form::canonical(&[
        Parameter::scalar("shape", "positive", "the larger, the lighter the upper tail"),
        Parameter::scalar("scale", "positive", "(shape - 1) times the mean"),
    ])],
    support: Support::of("positive"),
    references: &[
        Reference { arguments: &[1.9, 0.7], value: &[1.3], log_density: -1.938016022977771 },
        Reference { arguments: &[2.37, 2.1], value: &[0.104], log_density: -11.003883511216738 },
        Reference { arguments: &[15.0, 33.0], value: &[9.04], log_density: -11.620597029082946 },
    ],
    ..Family::base(log_density, Draw::Scalar(|rng, a| 1.0 / sample(rng, Gamma::new(a[0], 1.0 / a[1]))))
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let (log_scale, log_x) = (b.log(a[1]), b.log(x));
    let scaling = b.mul(a[0], log_scale);
    let exponent = b.plus(a[0], 1.0);
    let power = b.mul(exponent, log_x);
    let decay = b.div(a[1], x);
    let constant = b.lgamma(a[0]);
    let negative = total(b, &[power, decay, constant]);
    b.sub(scaling, negative)
}
