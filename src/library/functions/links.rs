//! Functions between probabilities and the real line.

use crate::graph::Unary;
use crate::library::formula;
use crate::library::interval::{Bound, Grain, Interval};
use crate::library::spec::{Function, Parameter};

/// `inv_logit`
pub static INV_LOGIT: Function = Function {
    name: "inv_logit",
    summary: "The logistic function: log odds to probability.",
    doc: "1 / (1 + exp(-x)).",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * inv_logit(x), 1)\n",
    parameters: &[Parameter::scalar("x", "real", "any number")],
    range: |x| x[0].map_increasing(|x| 1.0 / (1.0 + (-x).exp())).intersect(OPEN_UNIT),
    references: &[
        (&[-2.3], 0.09112296101485615),
        (&[-0.37], 0.40854102156721994),
        (&[0.61], 0.6479408020806502),
        (&[3.9], 0.9801596942659225),
        (&[-700.0], 9.85967654375977e-305),
    ],
    ..Function::base(|b, a, _, _| b.sigmoid(a[0]))
};

/// `logit`
pub static LOGIT: Function = Function {
    name: "logit",
    summary: "Log odds of a probability.",
    doc: "log(x / (1 - x)), the inverse of inv_logit.",
    example: "dim obs\ndata x[obs]: unit\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * logit(x), 1)\n",
    parameters: &[Parameter::scalar("x", "unit", "a probability")],
    range: |x| x[0].map_increasing(|x| (x / (1.0 - x)).ln()),
    references: &[
        (&[1.0e-09], -20.72326583594641),
        (&[0.037], -3.259135499153901),
        (&[0.61], 0.4473122180436648),
        (&[0.998], 6.212606095751518),
    ],
    ..Function::base(|b, a, _, _| formula::logit(b, a[0]))
};

/// `log_inv_logit`
pub static LOG_INV_LOGIT: Function = Function {
    name: "log_inv_logit",
    summary: "log of the logistic function.",
    doc: "-softplus(-x): accurate for strongly negative x, where inv_logit(x) would underflow.",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * log_inv_logit(x), 1)\n",
    parameters: &[Parameter::scalar("x", "real", "any number")],
    range: |x| x[0].map_increasing(|x| -softplus(-x)).intersect(NONPOSITIVE),
    references: &[
        (&[-2.3], -2.3955454645979626),
        (&[-0.37], -0.895162949730635),
        (&[0.61], -0.43395594161677886),
        (&[3.9], -0.02003976726039761),
        (&[-800.0], -800.0),
    ],
    ..Function::base(|b, a, _, _| formula::log_sigmoid(b, a[0]))
};

/// `log1m_inv_logit`
pub static LOG1M_INV_LOGIT: Function = Function {
    name: "log1m_inv_logit",
    summary: "log of 1 less the logistic function.",
    doc: "-softplus(x), the log probability of the other outcome.",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * log1m_inv_logit(x), 1)\n",
    parameters: &[Parameter::scalar("x", "real", "any number")],
    range: |x| x[0].negate().map_increasing(|x| -softplus(-x)).intersect(NONPOSITIVE),
    references: &[
        (&[-2.3], -0.09554546459796295),
        (&[-0.37], -0.525162949730635),
        (&[0.61], -1.043955941616779),
        (&[3.9], -3.9200397672603975),
        (&[800.0], -800.0),
    ],
    ..Function::base(|b, a, _, _| {
        let softplus = b.softplus(a[0]);
        b.neg(softplus)
    })
};

/// `softplus`
pub static SOFTPLUS: Function = Function {
    name: "softplus",
    summary: "A smooth positive part.",
    doc: "log(1 + exp(x)).",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * softplus(x), 1)\n",
    parameters: &[Parameter::scalar("x", "real", "any number")],
    range: |x| x[0].map_increasing(softplus).intersect(Interval::POSITIVE),
    references: &[
        (&[-2.3], 0.09554546459796295),
        (&[-0.37], 0.525162949730635),
        (&[0.61], 1.043955941616779),
        (&[3.9], 3.9200397672603975),
        (&[-700.0], 9.85967654375977e-305),
    ],
    ..Function::base(|b, a, _, _| b.softplus(a[0]))
};

/// `probit`
pub static PROBIT: Function = Function {
    name: "probit",
    summary: "The quantile of the standard normal distribution.",
    doc: "The inverse of inv_probit.",
    example: "dim obs\ndata x[obs]: unit\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * probit(x), 1)\n",
    parameters: &[Parameter::scalar("x", "unit", "a probability")],
    references: &[
        (&[1.0e-09], -5.9978070150076865),
        (&[0.037], -1.7866133654934702),
        (&[0.61], 0.27931903444745415),
        (&[0.998], 2.878161739095483),
    ],
    ..Function::base(|b, a, _, _| b.unary(Unary::NormalQuantile, a[0]))
};

/// `inv_probit`
pub static INV_PROBIT: Function = Function {
    name: "inv_probit",
    summary: "The standard normal distribution function.",
    doc: "Probability that a standard normal value is at most x.",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * inv_probit(x), 1)\n",
    parameters: &[Parameter::scalar("x", "real", "any number")],
    range: |_| OPEN_UNIT,
    references: &[
        (&[-2.3], 0.01072411002167581),
        (&[-0.37], 0.3556912451994533),
        (&[0.61], 0.7290690962169943),
        (&[3.9], 0.9999519036559824),
        (&[-9.1], 4.5165914914354566e-20),
    ],
    ..Function::base(|b, a, _, _| {
        let log = b.unary(Unary::LogNormalCdf, a[0]);
        b.exp(log)
    })
};

const OPEN_UNIT: Interval = Interval::open(0.0, 1.0);
const NONPOSITIVE: Interval = Interval::new(f64::NEG_INFINITY, 0.0, Bound::Open, Bound::Closed, Grain::Real);

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}
