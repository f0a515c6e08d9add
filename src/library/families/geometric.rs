//! The geometric distribution.

use rand::RngExt;

use crate::graph::{Builder, Node};
use crate::library::formula::{from, x_log_one_minus_y};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference, Support, ValueKind};

/// `geometric`
pub static GEOMETRIC: Family = Family {
    name: "geometric",
    summary: "The number of failures before the first success.",
    doc: "Probability p (1 - p)^x.",
    example: "dim obs\ndata y[obs]: count\nlatent p ~ beta(1, 1)\nobserve y ~ geometric(p)\n",
    kind: ValueKind::Count,
    forms: &[Form::canonical(&[Parameter::scalar("p", "unit", "probability of success")])],
    support: Support::of("count"),
    log_cdf: Some(|b, a, x| {
        let decay = log_tail(b, a, x);
        let decay = b.neg(decay);
        crate::library::formula::log_one_minus_exp(b, decay)
    }),
    log_ccdf: Some(log_tail),
    moments: Some(|b, a, _| {
        let rest = from(b, 1.0, a[0]);
        let root = b.sqrt(rest);
        (b.div(rest, a[0]), b.div(root, a[0]))
    }),
    references: &[
        Reference { arguments: &[0.7], value: &[3.0], log_density: -3.96859335691654 },
        Reference { arguments: &[0.04], value: &[29.0], log_density: -4.402713665955599 },
        Reference { arguments: &[0.37], value: &[0.0], log_density: -0.9942522733438669 },
    ],
    ..Family::base(
        log_density,
        Draw::Scalar(|rng, a| ((-rng.random::<f64>()).ln_1p() / (-a[0]).ln_1p()).floor()),
    )
};

/// log P(X > x) = (floor(x) + 1) log(1 - p)
fn log_tail(b: &mut Builder, a: &[Node], x: Node) -> Node {
    let whole = b.unary(crate::graph::Unary::Floor, x);
    let failures = b.plus(whole, 1.0);
    x_log_one_minus_y(b, failures, a[0])
}

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let (log, failures) = (b.log(a[0]), x_log_one_minus_y(b, x, a[0]));
    b.add(log, failures)
}
