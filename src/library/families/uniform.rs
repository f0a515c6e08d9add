//! The uniform distribution.

use rand::RngExt;

use crate::graph::{Builder, Node};
use crate::library::spec::{Draw, End, Family, Form, Normaliser, Over, Parameter, Reference, Support};

/// `uniform`
pub static UNIFORM: Family = Family {
    name: "uniform",
    summary: "The uniform distribution between two ends, or over all values of a bounded type.",
    doc: "Density 1 / (high - low) for low <= x <= high. Without arguments: uniform over the declared type, which must \
          be bounded (`unit`, `real(a..b)`, `int(a..b)`, `bool`, a dim).",
    example: "dim obs\ndata y[obs]: bool\nlatent p: unit ~ uniform\nobserve y ~ bernoulli(p)\n",
    forms: &[
        Form::canonical(&[
            Parameter::scalar("low", "real", "its lower end"),
            Parameter::scalar("high", "real", "its upper end, above `low`"),
        ]),
        Form::canonical(&[])
            .with_density(|b, _, x, _| everywhere(b, x, |b| b.constant(0.0)))
            .with_normaliser(Normaliser::DomainSize),
    ],
    support: Support { domain: "interval", ends: [End::Argument(0), End::Argument(1)] },
    log_cdf: Some(|b, a, x| {
        let (below, width) = (b.sub(x, a[0]), b.sub(a[1], a[0]));
        let share = b.div(below, width);
        b.log(share)
    }),
    log_ccdf: Some(|b, a, x| {
        let (above, width) = (b.sub(a[1], x), b.sub(a[1], a[0]));
        let share = b.div(above, width);
        b.log(share)
    }),
    quantile: Some(|b, a, p| {
        let width = b.sub(a[1], a[0]);
        let above = b.mul(width, p);
        b.add(a[0], above)
    }),
    moments: Some(|b, a, _| {
        let (sum, width) = (b.add(a[0], a[1]), b.sub(a[1], a[0]));
        (b.times(sum, 0.5), b.times(width, (1.0_f64 / 12.0).sqrt()))
    }),
    references: &[
        Reference { arguments: &[-0.7, 1.9], value: &[0.13], log_density: -0.9555114450274362 },
        Reference { arguments: &[3.7, 12.1], value: &[5.0], log_density: -2.128231705849268 },
        Reference { arguments: &[-150.0, -3.3], value: &[-90.4], log_density: -4.9883896851489355 },
    ],
    ..Family::base(
        log_density,
        Draw::Scalar(|rng, a| match *a {
            [low, high] => low + (high - low) * rng.random::<f64>(),
            _ => f64::NAN,
        }),
    )
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    everywhere(b, x, |b| {
        let width = b.sub(a[1], a[0]);
        let log = b.log(width);
        b.neg(log)
    })
}

/// The same density in every cell of the value.
fn everywhere(b: &mut Builder, x: Node, density: impl FnOnce(&mut Builder) -> Node) -> Node {
    let density = density(b);
    let axes = b.axes_of(x).to_vec();
    b.expand(density, &axes)
}
