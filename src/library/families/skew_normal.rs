//! The skew-normal distribution.

use std::f64::consts::LN_2;

use rand_distr::SkewNormal;

use crate::graph::{Builder, Node, Unary};
use crate::library::formula::{normal_kernel, sample, standardise};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference};

/// `skew_normal`
pub static SKEW_NORMAL: Family = Family {
    name: "skew_normal",
    summary: "A normal distribution leaning to one side.",
    doc: "Density 2 phi(z) Phi(skew z) / scale with z = (x - loc) / scale (Azzalini 1985). `loc` and `scale` are those of \
          the normal distribution that is skewed, not the mean and standard deviation.",
    example: "dim obs\ndata y[obs]: real\nlatent mu ~ normal(0, 10)\nobserve y ~ skew_normal(mu, 1, 3)\n",
    forms: &[Form::canonical(&[
        Parameter::scalar("loc", "real", "its location"),
        Parameter::scalar("scale", "positive", "its scale"),
        Parameter::scalar("skew", "real", "towards which side it leans, and how much"),
    ])],
    location_scale: Some((0, 1)),
    moments: Some(|b, a, _| {
        let (square, delta) = delta(b, a[2]);
        let shift = b.times(delta, (2.0 / std::f64::consts::PI).sqrt());
        let shift = b.mul(a[1], shift);
        let lost = b.times(square, -2.0 / std::f64::consts::PI);
        let left = b.plus(lost, 1.0);
        let left = b.sqrt(left);
        (b.add(a[0], shift), b.mul(a[1], left))
    }),
    references: &[
        Reference { arguments: &[0.7, 1.9, -2.3], value: &[-1.3], log_density: -1.429429769795897 },
        Reference { arguments: &[-4.2, 0.37, 1.7], value: &[-5.1], log_density: -13.129744136184986 },
        Reference { arguments: &[1.2, 1.5, 4.1], value: &[-3.3], log_density: -84.21129825693686 },
    ],
    reference_source: "mpmath 1.4",
    ..Family::base(log_density, Draw::Scalar(|rng, a| sample(rng, SkewNormal::new(a[0], a[1], a[2]))))
};

/// skew^2 / (1 + skew^2), and skew / sqrt(1 + skew^2).
fn delta(b: &mut Builder, skew: Node) -> (Node, Node) {
    let square = b.square(skew);
    let whole = b.plus(square, 1.0);
    let root = b.sqrt(whole);
    (b.div(square, whole), b.div(skew, root))
}

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let z = standardise(b, x, a[0], a[1]);
    let density = normal_kernel(b, z, a[1]);
    let leaning = b.mul(a[2], z);
    let share = b.unary(Unary::LogNormalCdf, leaning);
    let density = b.add(density, share);
    b.plus(density, LN_2)
}
