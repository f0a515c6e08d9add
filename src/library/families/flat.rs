//! The improper uniform prior.

use crate::graph::{Builder, Node};
use crate::library::Law;
use crate::library::spec::{Draw, Family, Form, Normaliser, Over};

const IMPROPER: &str = "it is improper: its density is 0 in logs everywhere and integrates to infinity";

/// `flat`
pub static FLAT: Family = Family {
    name: "flat",
    summary: "The improper uniform prior.",
    doc: "Adds nothing to the log joint density, over whatever type is declared. It is no distribution: it cannot be \
          drawn from, and the posterior may be improper too.",
    example: "dim obs\ndata y[obs]: real\nlatent mu ~ flat\nobserve y ~ normal(mu, 1)\n",
    forms: &[Form::canonical(&[]).with_normaliser(Normaliser::Improper)],
    exempt: &[
        (Law::Normalised, IMPROPER),
        (Law::References, IMPROPER),
        (Law::Draws, IMPROPER),
        (Law::Gradient, "it has no arguments, and its gradient is 0"),
    ],
    ..Family::base(log_density, Draw::Impossible)
};

fn log_density(b: &mut Builder, _: &[Node], x: Node, _: &Over) -> Node {
    let zero = b.constant(0.0);
    let axes = b.axes_of(x).to_vec();
    b.expand(zero, &axes)
}
