//! The ordered probit distribution.

use crate::graph::{Binary, Builder, Node, Unary};
use crate::library::formula::log_one_minus_exp;
use crate::library::spec::{Draw, Family, Form, Over, Reference, Support, ValueKind};

use super::categorical;
use super::ordered_logistic::{ONE_MORE, PARAMETERS, around, shares};

/// `ordered_probit`
pub static ORDERED_PROBIT: Family = Family {
    name: "ordered_probit",
    summary: "A grade, by cutting a normal variable at thresholds.",
    doc: "Probability of grade k (from 0): Phi(cuts[k] - eta) - Phi(cuts[k - 1] - eta), with the outermost cuts infinite. \
          The grades are a dim one longer than that of the cuts.",
    example: "dim obs\ndim grade = 0..4\ndim cut = size(grade) - 1\ndata y[obs]: grade\n\
              latent c[cut]: ordered ~ normal(0, 3)\nlatent eta ~ normal(0, 1)\n\
              observe y ~ ordered_probit(eta, c)\n",
    kind: ValueKind::Index,
    forms: &[Form::canonical(PARAMETERS)],
    support: Support::of("index"),
    references: &[
        Reference { arguments: &[0.7, -1.3, 0.4, 2.2], value: &[0.0], log_density: -3.783184333682032 },
        Reference { arguments: &[0.7, -1.3, 0.4, 2.2], value: &[2.0], log_density: -0.5958313390402701 },
        Reference { arguments: &[-3.1, -1.3, 0.4, 2.2], value: &[3.0], log_density: -16.664525302382476 },
        Reference { arguments: &[-9.0, -1.3, 0.4, 2.2], value: &[1.0], log_density: -32.621367310983956 },
    ],
    exempt: &[ONE_MORE],
    reference_source: "mpmath 1.4",
    ..Family::base(
        log_density,
        Draw::Joint(|rng, a, _| {
            let below = |cut: f64| 0.5 * libm::erfc((a[0][0] - cut) / std::f64::consts::SQRT_2);
            vec![categorical::draw(rng, &shares(&a[1], below))]
        }),
    )
};

/// Between two cuts, log(Phi(u) - Phi(l)) is taken in the tail where both are small.
fn log_density(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let [(upper, has_upper), (lower, has_lower)] = around(b, a, x, over);
    let (zero, one) = (b.constant(0.0), b.constant(1.0));
    let between = b.binary(Binary::And, has_upper, has_lower);
    let (near, far) = (b.select(between, upper, one), b.select(between, lower, zero));
    let middle = log_between(b, far, near);
    let minus_lower = b.neg(lower);
    let (below, above) = (b.unary(Unary::LogNormalCdf, upper), b.unary(Unary::LogNormalCdf, minus_lower));
    let end = b.select(has_upper, below, above);
    b.select(between, middle, end)
}

/// log(Phi(high) - Phi(low))
fn log_between(b: &mut Builder, low: Node, high: Node) -> Node {
    let (sum, zero) = (b.add(low, high), b.constant(0.0));
    let upper_tail = b.less(zero, sum);
    let (minus_low, minus_high) = (b.neg(low), b.neg(high));
    let larger = b.select(upper_tail, minus_low, high);
    let smaller = b.select(upper_tail, minus_high, low);
    let larger = b.unary(Unary::LogNormalCdf, larger);
    let smaller = b.unary(Unary::LogNormalCdf, smaller);
    let gap = b.sub(larger, smaller);
    let share = log_one_minus_exp(b, gap);
    b.add(larger, share)
}
