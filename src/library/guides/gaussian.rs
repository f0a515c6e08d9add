//! The Gaussian, for coordinates of any domain.

use super::{Closure, Guide, GuideParameter, GuideRange};
use crate::graph::{Builder, Node, Unary};
use crate::library::Rank;
use crate::library::formula::standardise;

/// The row.
pub(super) static GAUSSIAN: Guide = Guide {
    name: "gaussian",
    summary: "normal in the unconstrained coordinates",
    domains: &["real"],
    rank: Rank::Scalar,
    priors: &[],
    parameters: &[
        GuideParameter { name: "mean", range: GuideRange::Real },
        GuideParameter { name: "sd", range: GuideRange::Positive },
    ],
    sample: |b, a, u, _| {
        let z = b.unary(Unary::NormalQuantile, u);
        let moved = b.mul(a[1], z);
        b.add(a[0], moved)
    },
    log_density: |b, a, x, _| log_density(b, a, x),
    start: |seen| vec![seen.mean.to_vec(), seen.deviation.iter().map(|sd| sd.ln()).collect()],
    closure: Closure::Open,
};

fn log_density(b: &mut Builder, a: &[Node], x: Node) -> Node {
    let z = standardise(b, x, a[0], a[1]);
    let (square, log_scale) = (b.square(z), b.log(a[1]));
    let half = b.times(square, -0.5);
    let each = b.sub(half, log_scale);
    let each = b.plus(each, -0.5 * std::f64::consts::TAU.ln());
    b.sum_all(each)
}
