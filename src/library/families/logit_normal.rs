//! The logit-normal distribution.

use rand_distr::Normal;

use crate::graph::{Builder, Node, Unary};
use crate::library::formula::{logit, normal_kernel, sample, standardise, total};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference, Support};

/// `logit_normal`
pub static LOGIT_NORMAL: Family = Family {
    name: "logit_normal",
    summary: "The distribution of a probability whose log odds are normal.",
    doc: "Density exp(-((logit x - mean_logit) / sd_logit)^2 / 2) / (x (1 - x) sd_logit sqrt(2 pi)) for 0 < x < 1.",
    example: "dim obs\ndata y[obs]: bool\nlatent p ~ logit_normal(0, 1.5)\nobserve y ~ bernoulli(p)\n",
    forms: &[Form::canonical(&[
        Parameter::scalar("mean_logit", "real", "mean of the log odds"),
        Parameter::scalar("sd_logit", "positive", "standard deviation of the log odds"),
    ])],
    support: Support::of("unit"),
    log_cdf: Some(|b, a, x| {
        let odds = logit(b, x);
        let z = standardise(b, odds, a[0], a[1]);
        b.unary(Unary::LogNormalCdf, z)
    }),
    log_ccdf: Some(|b, a, x| {
        let odds = logit(b, x);
        let z = standardise(b, odds, a[0], a[1]);
        let mirrored = b.neg(z);
        b.unary(Unary::LogNormalCdf, mirrored)
    }),
    quantile: Some(|b, a, p| {
        let z = b.unary(Unary::NormalQuantile, p);
        let spread = b.mul(a[1], z);
        let odds = b.add(a[0], spread);
        b.sigmoid(odds)
    }),
    references: &[
        Reference { arguments: &[0.7, 1.9], value: &[0.13], log_density: -0.31828826000272104 },
        Reference { arguments: &[-1.2, 0.37], value: &[0.404], log_density: -0.9040584215849172 },
        Reference { arguments: &[2.0, 0.6], value: &[0.996], log_density: -12.066636857467724 },
    ],
    ..Family::base(
        log_density,
        Draw::Scalar(|rng, a| 1.0 / (1.0 + (-sample(rng, Normal::new(a[0], a[1]))).exp())),
    )
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let odds = logit(b, x);
    let z = standardise(b, odds, a[0], a[1]);
    let density = normal_kernel(b, z, a[1]);
    let negative = b.neg(x);
    let (log, log_rest) = (b.log(x), b.log1p(negative));
    let (log, log_rest) = (b.neg(log), b.neg(log_rest));
    total(b, &[density, log, log_rest])
}
