//! The Dirichlet-multinomial distribution.

use crate::graph::{Builder, Node};
use crate::library::formula::{log_factorial, total};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Rank, Reference, Support, ValueKind};

use super::{dirichlet, multinomial};

/// `dirichlet_multinomial`
pub static DIRICHLET_MULTINOMIAL: Family = Family {
    name: "dirichlet_multinomial",
    summary: "Multinomial counts whose probabilities are Dirichlet distributed.",
    doc: "Probability n! Gamma(A) / Gamma(n + A) product(Gamma(x + a) / (x! Gamma(a))) for counts x that sum to n; a = \
          concentration, A = sum(a).",
    example: "dim site, kind\ndata y[site, kind]: count\nlatent a[kind] ~ gamma(2, 0.5)\n\
              observe y ~ dirichlet_multinomial(sum(y over kind), a over kind)\n",
    kind: ValueKind::Count,
    rank: Rank::Vector,
    forms: &[Form::canonical(&[
        Parameter::scalar("n", "count", "number of choices"),
        Parameter::vector("concentration", "positive", "n times its share is the expected count"),
    ])],
    support: Support::of("count"),
    references: &[
        Reference {
            arguments: &[9.0, 1.3, 0.27, 0.6],
            value: &[2.0, 3.0, 4.0],
            log_density: -5.245473282204772,
        },
        Reference {
            arguments: &[5.0, 2.0, 5.1, 0.3],
            value: &[0.0, 5.0, 0.0],
            log_density: -1.448077986725112,
        },
        Reference {
            arguments: &[3.0, 0.1, 0.2, 0.3, 0.4],
            value: &[0.0, 1.0, 0.0, 2.0],
            log_density: -2.882403588246988,
        },
    ],
    ..Family::base(
        log_density,
        Draw::Joint(|rng, a, _| {
            let p = dirichlet::draw(rng, &a[1]);
            multinomial::draw(rng, a[0][0], &p)
        }),
    )
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let posterior = b.add(x, a[1]);
    let (upper, lower, orders) = (b.lgamma(posterior), b.lgamma(a[1]), log_factorial(b, x));
    let each = b.sub(upper, lower);
    let each = b.sub(each, orders);
    let each = b.sum(each, &over.axes);
    let whole = b.sum(a[1], &over.axes);
    let more = b.add(a[0], whole);
    let (ways, upper, lower) = (log_factorial(b, a[0]), b.lgamma(whole), b.lgamma(more));
    let lower = b.neg(lower);
    let density = total(b, &[each, ways, upper, lower]);
    multinomial::if_sums(b, density, a[0], x, over)
}
