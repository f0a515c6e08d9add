//! The LKJ distribution, of factors of correlation matrices.

use crate::graph::{Builder, Node};
use crate::library::formula::diagonal;
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Rank, Reference, Support};

use super::lkj;

/// `lkj_chol`
pub static LKJ_CHOL: Family = Family {
    name: "lkj_chol",
    summary: "The distribution of the lower factor of an lkj correlation matrix.",
    doc: "Density proportional to product(x[k, k]^(K - k + 2 eta - 2)), k from 1, with respect to the elements below the \
          diagonal: x x' is lkj(eta).",
    example: "dim obs\ndim effect = 2\ndata y[obs, effect]: real\nlatent L[effect, effect] ~ lkj_chol(2)\n\
              observe y ~ multi_normal(0, chol = L)\n",
    rank: Rank::Matrix,
    forms: &[Form::canonical(&[Parameter::scalar(
        "eta",
        "positive",
        "the larger, the weaker the correlations",
    )])],
    support: Support::of("chol_corr"),
    references: &[
        Reference { arguments: &[2.7], value: &[1.0, 0.0, -0.6, 0.8], log_density: -0.8804687438932088 },
        Reference {
            arguments: &[0.8],
            value: &[1.0, 0.0, 0.0, 0.6, 0.8, 0.0, -0.48, 0.64, 0.6],
            log_density: -1.8327033247769513,
        },
        Reference {
            arguments: &[3.3],
            value: &[1.0, 0.0, 0.0, -0.28, 0.96, 0.0, 0.48, 0.6, 0.64],
            log_density: -2.1699973645075596,
        },
    ],
    reference_source: "mpmath 1.4, by partial correlations",
    ..Family::base(log_density, Draw::Joint(|rng, a, n| lkj::draw_factor(rng, a[0][0], n)))
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let axis = over.axes[0];
    let factor = b.expand(x, &[axis, over.twins[0]]);
    let diagonal = diagonal(b, factor, over);
    let (log, position) = (b.log(diagonal), b.iota(axis));
    let size = b.graph().axis_size(axis) as f64;
    let double = b.times(a[0], 2.0);
    let exponent = b.plus(double, size - 3.0);
    let exponent = b.sub(exponent, position);
    let power = b.mul(exponent, log);
    let power = b.sum(power, &[axis]);
    let constant = lkj::log_constant(b, a[0], over);
    b.add(power, constant)
}
