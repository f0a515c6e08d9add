//! The multinomial distribution.

use crate::graph::{Builder, Node};
use crate::library::formula::{log_factorial, x_log_y};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Rank, Reference, Support, ValueKind};
use crate::numeric::random::Generator;

use super::binomial;

/// `multinomial`
pub static MULTINOMIAL: Family = Family {
    name: "multinomial",
    summary: "How often each element occurs in n independent choices.",
    doc: "Probability n! product(p^x / x!) for counts x that sum to n.",
    example: "dim kind\ndata y[kind]: count\nlatent p[kind] ~ dirichlet(1 over kind)\n\
              observe y ~ multinomial(sum(y), p over kind)\n",
    kind: ValueKind::Count,
    rank: Rank::Vector,
    forms: &[Form::canonical(&[
        Parameter::scalar("n", "count", "number of choices"),
        Parameter::vector("p", "simplex", "probability of each element"),
    ])],
    support: Support::of("count"),
    references: &[
        Reference {
            arguments: &[9.0, 0.13, 0.27, 0.6],
            value: &[2.0, 3.0, 4.0],
            log_density: -2.9128771121228354,
        },
        Reference {
            arguments: &[5.0, 0.2, 0.5, 0.3],
            value: &[0.0, 5.0, 0.0],
            log_density: -3.465735902799726,
        },
        Reference {
            arguments: &[3.0, 0.1, 0.2, 0.3, 0.4],
            value: &[0.0, 1.0, 0.0, 2.0],
            log_density: -2.3434070875143003,
        },
    ],
    ..Family::base(log_density, Draw::Joint(|rng, a, _| draw(rng, a[0][0], &a[1])))
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let powers = x_log_y(b, x, a[1]);
    let orders = log_factorial(b, x);
    let each = b.sub(powers, orders);
    let each = b.sum(each, &over.axes);
    let ways = log_factorial(b, a[0]);
    let density = b.add(ways, each);
    if_sums(b, density, a[0], x, over)
}

/// -inf unless the counts sum to n.
pub(super) fn if_sums(b: &mut Builder, density: Node, n: Node, x: Node, over: &Over) -> Node {
    let sum = b.sum(x, &over.axes);
    let (sums, impossible) = (b.equal(sum, n), b.constant(f64::NEG_INFINITY));
    b.select(sums, density, impossible)
}

/// One binomial after the other, each of what is left.
pub(super) fn draw(rng: &mut Generator, n: f64, p: &[f64]) -> Vec<f64> {
    let (mut left, mut rest) = (n, p.iter().sum::<f64>());
    p.iter()
        .enumerate()
        .map(|(k, &p_here)| {
            let share = (p_here / rest).clamp(0.0, 1.0);
            let here = if k + 1 == p.len() { left } else { binomial::draw(rng, &[left, share]) };
            left -= here;
            rest -= p_here;
            here
        })
        .collect()
}
