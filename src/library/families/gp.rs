//! A Gaussian process at given points.

use crate::graph::{Builder, Node};
use crate::library::Quadratic;
use crate::library::formula::is_diagonal;
use crate::library::spec::{Draw, Family, Form, Over, Parameter, Rank, Reference};

use super::gaussian;

/// Relative increase of the variances.
const JITTER: f64 = 1e-8;

/// `gp`
pub static GP: Family = Family {
    name: "gp",
    summary: "A Gaussian process around 0, at the points its kernel was given.",
    doc: "multi_normal(0, cov), with variances raised by a factor of 1 + 1e-8: kernels of smooth functions are singular to \
          rounding error. Distances of 1e-4 standard deviations are lost.",
    example: "dim obs\ndata x[obs]: real\ndata k[obs]: count\nlatent len ~ gamma(25, 4)\nlatent amp ~ half_normal(2)\n\
              latent f[obs] ~ gp(exp_quad(x, sd = amp, length = len over obs))\nobserve k ~ poisson(log = f)\n",
    rank: Rank::Vector,
    forms: &[Form::canonical(&[Parameter::matrix("cov", "cov", "covariance of the values, by a kernel")])],
    references: &[
        Reference { arguments: &[1.7, -0.6, -0.6, 0.9], value: &[0.4, 2.2], log_density: -5.945438713353301 },
        Reference {
            arguments: &[2.0, 0.3, -0.2, 0.3, 1.1, 0.45, -0.2, 0.45, 0.8],
            value: &[0.4, 2.2, -3.1],
            log_density: -19.53750941395296,
        },
        Reference { arguments: &[0.3, 0.1, 0.1, 0.5], value: &[-1.1, 0.6], log_density: -3.8726777525902767 },
    ],
    quadratic: &[Quadratic::Value],
    whitening: Some(|b, a, noise, over| {
        let factor = raised_factor(b, a[0], over);
        gaussian::image(b, factor, noise, over)
    }),
    ..Family::base(
        log_density,
        Draw::Joint(|rng, a, n| {
            let raised: Vec<f64> =
                (0..n * n).map(|k| if k % n == k / n { a[0][k] * (1.0 + JITTER) } else { a[0][k] }).collect();
            gaussian::draw(rng, &raised, n)
        }),
    )
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, over: &Over) -> Node {
    let factor = raised_factor(b, a[0], over);
    gaussian::log_density(b, x, factor, over)
}

fn raised_factor(b: &mut Builder, covariance: Node, over: &Over) -> Node {
    let diagonal = is_diagonal(b, over);
    let raise = b.times(diagonal, JITTER);
    let raise = b.plus(raise, 1.0);
    let covariance = b.mul(covariance, raise);
    gaussian::factor(b, covariance, over)
}
