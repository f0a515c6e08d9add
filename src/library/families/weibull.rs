//! The Weibull distribution.

use rand_distr::Weibull;

use crate::graph::{Builder, Node};
use crate::library::formula::{log_one_minus_exp, sample, total};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference, Support};

/// `weibull`
pub static WEIBULL: Family = Family {
    name: "weibull",
    summary: "A waiting time whose rate is a power of time.",
    doc: "Density (shape / scale) (x / scale)^(shape - 1) exp(-(x / scale)^shape) for x > 0. `scale` has the unit of x; \
          shape 1 is exponential.",
    example: "dim obs\ndata t[obs]: positive\nlatent k ~ gamma(2, 1)\nlatent s ~ half_normal(10)\n\
              observe t ~ weibull(k, s)\n",
    forms: &[Form::canonical(&[
        Parameter::scalar("shape", "positive", "above 1 the rate grows with time, below 1 it falls"),
        Parameter::scalar("scale", "positive", "its 63.2 % quantile"),
    ])],
    support: Support::of("positive"),
    log_cdf: Some(|b, a, x| {
        let hazard = cumulative_hazard(b, a, x);
        log_one_minus_exp(b, hazard)
    }),
    log_ccdf: Some(|b, a, x| {
        let hazard = cumulative_hazard(b, a, x);
        b.neg(hazard)
    }),
    quantile: Some(|b, a, p| {
        let negative = b.neg(p);
        let log_rest = b.log1p(negative);
        let hazard = b.neg(log_rest);
        let log = b.log(hazard);
        let log = b.div(log, a[0]);
        let relative = b.exp(log);
        b.mul(a[1], relative)
    }),
    moments: Some(|b, a, _| {
        let inverse = b.reciprocal(a[0]);
        let (once, twice) = (b.plus(inverse, 1.0), b.times(inverse, 2.0));
        let twice = b.plus(twice, 1.0);
        let (once, twice) = (b.lgamma(once), b.lgamma(twice));
        let (mean, second) = (b.exp(once), b.exp(twice));
        let square = b.square(mean);
        let variance = b.sub(second, square);
        let sd = b.sqrt(variance);
        (b.mul(a[1], mean), b.mul(a[1], sd))
    }),
    references: &[
        Reference { arguments: &[1.9, 0.7], value: &[1.3], log_density: -1.686284246292825 },
        Reference { arguments: &[0.67, 2.1], value: &[0.004], log_density: 0.9094580134538084 },
        Reference { arguments: &[5.0, 33.0], value: &[39.04], log_density: -3.532037289376819 },
    ],
    ..Family::base(log_density, Draw::Scalar(|rng, a| sample(rng, Weibull::new(a[1], a[0]))))
};

/// log(x / scale)
fn relative_log(b: &mut Builder, a: &[Node], x: Node) -> Node {
    let (log, log_scale) = (b.log(x), b.log(a[1]));
    b.sub(log, log_scale)
}

/// (x / scale)^shape
fn cumulative_hazard(b: &mut Builder, a: &[Node], x: Node) -> Node {
    let relative = relative_log(b, a, x);
    let power = b.mul(a[0], relative);
    b.exp(power)
}

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let relative = relative_log(b, a, x);
    let power = b.mul(a[0], relative);
    let hazard = b.exp(power);
    let (log_shape, log_x) = (b.log(a[0]), b.log(x));
    let (survival, jacobian) = (b.neg(hazard), b.neg(log_x));
    total(b, &[log_shape, power, jacobian, survival])
}
