//! The binomial distribution.

use rand_distr::Binomial;

use crate::graph::{Builder, Node};
use crate::library::formula::{from, log_choose, sample_count, total, x_log_one_minus_y, x_log_y};
use crate::library::spec::{Draw, End, Family, Form, Over, Parameter, Reference, Support, ValueKind};

const N: Parameter = Parameter::scalar("n", "count", "number of trials");

/// `binomial`
pub static BINOMIAL: Family = Family {
    name: "binomial",
    summary: "The number of successes in n independent trials.",
    doc: "Probability (n choose x) p^x (1 - p)^(n - x). `logit` is log(p / (1 - p)).",
    example: "dim obs\ndata n[obs]: count\ndata y[obs]: count\nlatent p ~ beta(1, 1)\nobserve y ~ binomial(n, p)\n",
    kind: ValueKind::Count,
    forms: &[
        Form::canonical(&[N, Parameter::scalar("p", "unit", "probability of success")]),
        Form::new(&[N, Parameter::scalar("logit", "real", "log odds of success")], |b, a, _| {
            vec![a[0], b.sigmoid(a[1])]
        })
        .with_density(|b, a, x, _| {
            let (ways, successes) = (log_choose(b, a[0], x), b.mul(x, a[1]));
            let softplus = b.softplus(a[1]);
            let normaliser = b.mul(a[0], softplus);
            let weighted = b.add(ways, successes);
            b.sub(weighted, normaliser)
        }),
    ],
    support: Support { domain: "int_interval", ends: [End::At(0.0), End::Argument(0)] },
    moments: Some(|b, a, _| {
        let mean = b.mul(a[0], a[1]);
        let rest = from(b, 1.0, a[1]);
        let variance = b.mul(mean, rest);
        (mean, b.sqrt(variance))
    }),
    references: &[
        Reference { arguments: &[7.0, 0.13], value: &[3.0], log_density: -3.1223626934242805 },
        Reference { arguments: &[40.0, 0.77], value: &[40.0], log_density: -10.4545905653763 },
        Reference { arguments: &[3.0, 0.004], value: &[0.0], log_density: -0.012024064192616455 },
    ],
    ..Family::base(log_density, Draw::Scalar(draw))
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let ways = log_choose(b, a[0], x);
    let failures = b.sub(a[0], x);
    let (up, down) = (x_log_y(b, x, a[1]), x_log_one_minus_y(b, failures, a[1]));
    total(b, &[ways, up, down])
}

pub(super) fn draw(rng: &mut crate::numeric::random::Generator, a: &[f64]) -> f64 {
    sample_count(rng, Binomial::new(a[0] as u64, a[1]))
}
