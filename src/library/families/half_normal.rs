//! The half-normal distribution.

use rand_distr::Normal;

use crate::graph::{Builder, Node, Unary};
use crate::library::formula::{normal_kernel, sample};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference, Support};

/// `half_normal`
pub static HALF_NORMAL: Family = Family {
    name: "half_normal",
    summary: "The absolute value of a centred normal value.",
    doc: "Density sqrt(2 / pi) exp(-(x / sd)^2 / 2) / sd for x > 0. `sd` is that of the normal distribution before \
          it is folded, in the unit of x; the half-normal's own is smaller.",
    example: "dim obs\ndata y[obs]: real\nlatent sigma ~ half_normal(5)\nobserve y ~ normal(0, sigma)\n",
    forms: &[Form::canonical(&[Parameter::scalar("sd", "positive", "standard deviation before folding")])],
    support: Support::of("positive"),
    log_cdf: Some(|b, a, x| {
        let z = b.div(x, a[0]);
        let z = b.times(z, std::f64::consts::FRAC_1_SQRT_2);
        let p = b.unary(Unary::Erf, z);
        b.log(p)
    }),
    log_ccdf: Some(|b, a, x| {
        let z = b.div(x, a[0]);
        let mirrored = b.neg(z);
        let tail = b.unary(Unary::LogNormalCdf, mirrored);
        b.plus(tail, std::f64::consts::LN_2)
    }),
    quantile: Some(|b, a, p| {
        let half = b.times(p, 0.5);
        let upper = b.plus(half, 0.5);
        let z = b.unary(Unary::NormalQuantile, upper);
        b.mul(a[0], z)
    }),
    moments: Some(|b, a, _| {
        let mean_of_folded = (2.0 / std::f64::consts::PI).sqrt();
        let sd = (1.0 - 2.0 / std::f64::consts::PI).sqrt();
        (b.times(a[0], mean_of_folded), b.times(a[0], sd))
    }),
    references: &[
        Reference { arguments: &[1.9], value: &[1.3], log_density: -1.101717260977787 },
        Reference { arguments: &[0.37], value: &[2.9], log_density: -29.947390065422116 },
        Reference { arguments: &[15.0], value: &[0.04], log_density: -2.933845109302493 },
    ],
    ..Family::base(log_density, Draw::Scalar(|rng, a| sample(rng, Normal::new(0.0, a[0])).abs()))
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let z = b.div(x, a[0]);
    let density = normal_kernel(b, z, a[0]);
    b.plus(density, std::f64::consts::LN_2)
}
