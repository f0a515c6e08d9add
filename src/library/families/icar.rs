//! The intrinsic conditional autoregressive prior.

use crate::graph::{Builder, Node};
use crate::library::Law;
use crate::library::spec::{Draw, Family, Form, Normaliser, Over, Parameter, Rank, Support};

const POSITIONS: Parameter = Parameter {
    name: "from",
    domain: "index",
    rank: Rank::Positions,
    default: None,
    doc: "one end of each edge",
};
const IMPROPER: &str = "its constant depends on the edges alone and is left out";

/// `icar`
pub static ICAR: Family = Family {
    name: "icar",
    summary: "Effects that are alike between neighbours (intrinsic conditional autoregression).",
    doc: "Adds -sum((x[from] - x[to])^2) / 2 over the edges of a graph, each edge once (Besag 1974), for vectors that sum \
          to 0. The constant, which depends on the edges alone, is left out.",
    example: "dim area, edge\ndata a[edge]: area\ndata b[edge]: area\ndata y[area]: count\nlatent mu ~ normal(0, 1)\n\
              latent phi[area]: zero_sum ~ icar(a, b over area)\nobserve y ~ poisson(log = mu + phi)\n",
    rank: Rank::Vector,
    forms: &[Form::canonical(&[POSITIONS, Parameter { name: "to", doc: "the other end", ..POSITIONS }])
        .with_normaliser(Normaliser::Improper)],
    support: Support::of("zero_sum"),
    exempt: &[
        (Law::Normalised, IMPROPER),
        (Law::References, IMPROPER),
        (Law::Draws, IMPROPER),
        (Law::Gradient, "its arguments are positions"),
    ],
    ..Family::base(log_density, Draw::Impossible)
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let area = over.axes[0];
    let x = b.expand(x, &[area]);
    let mut edges: Vec<_> = a.iter().flat_map(|&ends| b.axes_of(ends).to_vec()).collect();
    edges.sort();
    edges.dedup();
    let (from, to) = (b.gather(x, &[(area, a[0])]), b.gather(x, &[(area, a[1])]));
    let difference = b.sub(from, to);
    let square = b.square(difference);
    let sum = b.sum(square, &edges);
    b.times(sum, -0.5)
}
