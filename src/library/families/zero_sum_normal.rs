//! Normal effects that sum to 0.

use rand_distr::Normal;

use crate::graph::{Builder, Node};
use crate::library::formula::{HALF_LOG_TWO_PI, sample};
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Rank, Reference, Support};

/// `zero_sum_normal`
pub static ZERO_SUM_NORMAL: Family = Family {
    name: "zero_sum_normal",
    summary: "Independent normal values, given that they sum to 0.",
    doc: "Density exp(-sum(x^2) / (2 sd^2)) / (sd sqrt(2 pi))^(K - 1) on the vectors of length K that sum to 0. The standard \
          deviation of one element is sd sqrt(1 - 1 / K).",
    example: "dim obs, group\ndata group[obs]: group\ndata y[obs]: real\nlatent mu ~ normal(0, 10)\n\
              latent a[group] ~ zero_sum_normal(1 over group)\nobserve y ~ normal(mu + a[group], 1)\n",
    rank: Rank::Vector,
    forms: &[Form::canonical(&[Parameter::scalar(
        "sd",
        "positive",
        "standard deviation before the sum is taken out",
    )])],
    support: Support::of("zero_sum"),
    references: &[
        Reference { arguments: &[0.7], value: &[-1.3, 0.4, 0.9], log_density: -3.8388128928175953 },
        Reference { arguments: &[2.9], value: &[1.5, -0.2, -3.1, 1.8], log_density: -6.851066716655512 },
        Reference { arguments: &[1.3], value: &[-0.6, 0.6], log_density: -1.3943205491514536 },
    ],
    reference_source: "mpmath 1.4, in orthonormal coordinates",
    ..Family::base(
        log_density,
        Draw::Joint(|rng, a, n| {
            let free: Vec<f64> = (0..n).map(|_| sample(rng, Normal::new(0.0, a[0][0]))).collect();
            let mean = free.iter().sum::<f64>() / n as f64;
            free.iter().map(|x| x - mean).collect()
        }),
    )
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let freedom: f64 = over.axes.iter().map(|&axis| b.graph().axis_size(axis) as f64 - 1.0).product();
    let z = b.div(x, a[0]);
    let square = b.square(z);
    let squares = b.sum(square, &over.axes);
    let exponent = b.times(squares, -0.5);
    let log_sd = b.log(a[0]);
    let volume = b.times(log_sd, freedom);
    let density = b.sub(exponent, volume);
    b.plus(density, -freedom * HALF_LOG_TWO_PI)
}
