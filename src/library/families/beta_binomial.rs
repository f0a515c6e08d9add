//! The beta-binomial distribution.

use rand_distr::Beta;

use crate::graph::{Builder, Node};
use crate::library::formula::{log_beta, log_choose, sample};
use crate::library::spec::{Draw, End, Family, Form, Over, Parameter, Reference, Support, ValueKind};

use super::binomial;

/// `beta_binomial`
pub static BETA_BINOMIAL: Family = Family {
    name: "beta_binomial",
    summary: "Successes in n trials whose common probability is beta distributed.",
    doc: "Probability (n choose x) B(x + a, n - x + b) / B(a, b).",
    example: "dim obs\ndata n[obs]: count\ndata y[obs]: count\nlatent a ~ gamma(2, 1)\nlatent b ~ gamma(2, 1)\n\
              observe y ~ beta_binomial(n, a, b)\n",
    kind: ValueKind::Count,
    forms: &[Form::canonical(&[
        Parameter::scalar("n", "count", "number of trials"),
        Parameter::scalar("a", "positive", "pulls towards n"),
        Parameter::scalar("b", "positive", "pulls towards 0"),
    ])],
    support: Support { domain: "int_interval", ends: [End::At(0.0), End::Argument(0)] },
    references: &[
        Reference { arguments: &[7.0, 0.7, 1.9], value: &[3.0], log_density: -2.172918768269644 },
        Reference { arguments: &[40.0, 4.1, 0.6], value: &[40.0], log_density: -1.451528942017684 },
        Reference { arguments: &[5.0, 3.1, 17.0], value: &[0.0], log_density: -0.7593361296988803 },
    ],
    ..Family::base(
        log_density,
        Draw::Scalar(|rng, a| {
            let p = sample(rng, Beta::new(a[1], a[2]));
            binomial::draw(rng, &[a[0], p])
        }),
    )
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let ways = log_choose(b, a[0], x);
    let failures = b.sub(a[0], x);
    let (up, down) = (b.add(x, a[1]), b.add(failures, a[2]));
    let (posterior, prior) = (log_beta(b, up, down), log_beta(b, a[1], a[2]));
    let weighted = b.add(ways, posterior);
    b.sub(weighted, prior)
}
