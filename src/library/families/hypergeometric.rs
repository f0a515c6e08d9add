//! The hypergeometric distribution.

use rand_distr::Hypergeometric;

use crate::graph::{Builder, Node};
use crate::library::Law;
use crate::library::formula::{log_choose, sample_count};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Reference, Support, ValueKind};

/// `hypergeometric`
pub static HYPERGEOMETRIC: Family = Family {
    name: "hypergeometric",
    summary: "How many of the good are among those drawn without replacement.",
    doc: "Probability (good choose x) (bad choose draws - x) / (good + bad choose draws).",
    example: "dim obs\ndata marked: count\ndata n[obs]: count\ndata y[obs]: count\nlatent rest ~ poisson(100)\n\
              observe y ~ hypergeometric(n, marked, rest)\n",
    kind: ValueKind::Count,
    forms: &[Form::canonical(&[
        Parameter::scalar("draws", "count", "how many are drawn"),
        Parameter::scalar("good", "count", "how many good ones there are"),
        Parameter::scalar("bad", "count", "how many others there are"),
    ])],
    support: Support::of("count"),
    references: &[
        Reference { arguments: &[7.0, 5.0, 9.0], value: &[3.0], log_density: -1.0020314606623306 },
        Reference { arguments: &[20.0, 23.0, 61.0], value: &[4.0], log_density: -1.7881430580216797 },
        Reference { arguments: &[6.0, 5.0, 3.0], value: &[4.0], log_density: -0.6241543090729942 },
    ],
    exempt: &[(Law::Gradient, "its arguments are integers")],
    ..Family::base(
        log_density,
        Draw::Scalar(|rng, a| {
            sample_count(rng, Hypergeometric::new((a[1] + a[2]) as u64, a[1] as u64, a[0] as u64))
        }),
    )
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let (others, all) = (b.sub(a[0], x), b.add(a[1], a[2]));
    let good = log_choose(b, a[1], x);
    let bad = log_choose(b, a[2], others);
    let ways = log_choose(b, all, a[0]);
    let chosen = b.add(good, bad);
    b.sub(chosen, ways)
}
