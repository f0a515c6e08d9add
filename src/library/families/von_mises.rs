//! The von Mises distribution.

use std::f64::consts::PI;

use rand::RngExt;

use crate::graph::{Builder, Node, Unary};
use crate::library::formula::total;
use crate::library::spec::{Draw, End, Family, Form, Over, Parameter, Reference, Support};
use crate::numeric::random::Generator;

/// `von_mises`
pub static VON_MISES: Family = Family {
    name: "von_mises",
    summary: "The normal distribution's counterpart on a circle.",
    doc: "Density exp(concentration cos(x - loc)) / (2 pi I0(concentration)) for angles x between -pi and pi.",
    example: "dim obs\ndata angle[obs]: real(-pi..pi)\nlatent k ~ gamma(2, 1)\nobserve angle ~ von_mises(0.3, k)\n",
    forms: &[Form::canonical(&[
        Parameter::scalar("loc", "real", "its mean direction, an angle in radians"),
        Parameter::scalar("concentration", "positive", "about 1 / variance where it is large"),
    ])],
    support: Support { domain: "interval", ends: [End::At(-PI), End::At(PI)] },
    references: &[
        Reference { arguments: &[0.7, 1.9], value: &[-1.3], log_density: -3.3836165306144226 },
        Reference { arguments: &[-1.2, 37.0], value: &[-1.4], log_density: 0.14555842836447902 },
        Reference { arguments: &[2.0, 0.06], value: &[2.9], log_density: -1.801480265894068 },
        Reference { arguments: &[0.3, 810.0], value: &[0.21], log_density: -0.84886208602635 },
    ],
    reference_source: "mpmath 1.4",
    ..Family::base(log_density, Draw::Scalar(draw))
};

fn log_density(b: &mut Builder, a: &[Node], x: Node, _: &Over) -> Node {
    let angle = b.sub(x, a[0]);
    let cosine = b.unary(Unary::Cos, angle);
    let pull = b.mul(a[1], cosine);
    let bessel = log_bessel(b, a[1]);
    let bessel = b.neg(bessel);
    let constant = b.constant(-(2.0 * PI).ln());
    total(b, &[pull, bessel, constant])
}

/// log I0(k) = log of the mean of exp(k cos t) over the half-circle. Up to `FAR` the midpoint rule with `POINTS` points
/// errs by less than exp(-(2 POINTS)^2 / (2 FAR)) < 1e-16; beyond, the first terms of Hankel's expansion by less than
/// 1e-13.
fn log_bessel(b: &mut Builder, k: Node) -> Node {
    const POINTS: usize = 128;
    const FAR: f64 = 600.0;
    let far = b.constant(FAR);
    let is_near = b.less(k, far);
    let (near, distant) = (b.select(is_near, k, far), b.select(is_near, far, k));
    let axis = b.axis("angle", POINTS);
    let cosines: Vec<f64> = (0..POINTS).map(|i| ((i as f64 + 0.5) * PI / POINTS as f64).cos()).collect();
    let cosines = b.data(&[axis], cosines);
    let exponents = b.mul(near, cosines);
    let sum = b.log_sum_exp(exponents, &[axis]);
    let near = b.plus(sum, -(POINTS as f64).ln());
    let distant = log_bessel_far(b, distant);
    b.select(is_near, near, distant)
}

/// k - log(2 pi k) / 2 + log(1 + 1 / (8 k) + 9 / (128 k^2) + 225 / (3072 k^3) + 11025 / (98304 k^4)).
fn log_bessel_far(b: &mut Builder, k: Node) -> Node {
    let inverse = b.reciprocal(k);
    let zero = b.constant(0.0);
    let series =
        [11025.0 / 98304.0, 225.0 / 3072.0, 9.0 / 128.0, 1.0 / 8.0].into_iter().fold(zero, |sum, c| {
            let sum = b.plus(sum, c);
            b.mul(sum, inverse)
        });
    let correction = b.log1p(series);
    let log = b.log(k);
    let width = b.times(log, -0.5);
    let constant = b.constant(-0.5 * (2.0 * PI).ln());
    total(b, &[k, width, constant, correction])
}

/// Rejection from a wrapped Cauchy distribution (Best and Fisher 1979).
fn draw(rng: &mut Generator, a: &[f64]) -> f64 {
    let [loc, k] = [a[0], a[1]];
    if !(k.is_finite() && k >= 0.0) {
        return f64::NAN;
    }
    if k < 1e-8 {
        return PI * (2.0 * rng.random::<f64>() - 1.0);
    }
    let tau = 1.0 + (1.0 + 4.0 * k * k).sqrt();
    let rho = (tau - (2.0 * tau).sqrt()) / (2.0 * k);
    let r = (1.0 + rho * rho) / (2.0 * rho);
    loop {
        let z = (PI * rng.random::<f64>()).cos();
        let f = (1.0 + r * z) / (r + z);
        let c = k * (r - f);
        let u: f64 = rng.random();
        if c * (2.0 - c) > u || (c / u).ln() + 1.0 >= c {
            let side = if rng.random::<bool>() { 1.0 } else { -1.0 };
            let angle = loc + side * f.clamp(-1.0, 1.0).acos();
            return (angle + PI).rem_euclid(2.0 * PI) - PI;
        }
    }
}
