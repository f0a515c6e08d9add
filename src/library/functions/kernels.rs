//! Covariance functions: vectors over an axis to a matrix over it and its twin.

use std::f64::consts::PI;

use crate::graph::{Builder, Node, Unary};
use crate::library::interval::Interval;
use crate::library::spec::{Action, Function, Over, Parameter};

const X: Parameter = Parameter::vector("x", "real", "where the values are");
const SD: Parameter = Parameter::scalar("sd", "positive", "standard deviation of each value").or(1.0);
const LENGTH: Parameter =
    Parameter::scalar("length", "positive", "distance over which values are alike, in units of x");

/// `exp_quad`
pub static EXP_QUAD: Function = Function {
    name: "exp_quad",
    summary: "The squared exponential kernel: very smooth functions.",
    doc: "sd^2 exp(-d^2 / (2 length^2)), d the distance.",
    example: "dim obs\ndata x[obs]: real\ndata k[obs]: count\nlatent len ~ gamma(25, 4)\nlatent amp ~ half_normal(2)\n\
              latent f[obs] ~ gp(exp_quad(x, sd = amp, length = len over obs))\nobserve k ~ poisson(log = f)\n",
    parameters: &[X, SD, LENGTH],
    action: Action::Kernel,
    range: |_| Interval::NONNEG,
    ..Function::base(|b, a, _, over| {
        let scaled = scaled_distance(b, a[0], a[2], over);
        let square = b.square(scaled);
        let exponent = b.times(square, -0.5);
        let correlation = b.exp(exponent);
        covariance(b, a[1], correlation)
    })
};

/// `matern32`
pub static MATERN32: Function = Function {
    name: "matern32",
    summary: "The Matérn kernel of order 3/2: functions with one derivative.",
    doc: "sd^2 (1 + r) exp(-r) with r = sqrt(3) d / length, d the distance.",
    example: "dim obs\ndata x[obs]: real\ndata k[obs]: count\nlatent len ~ gamma(25, 4)\nlatent amp ~ half_normal(2)\n\
              latent f[obs] ~ gp(matern32(x, sd = amp, length = len over obs))\nobserve k ~ poisson(log = f)\n",
    parameters: &[X, SD, LENGTH],
    action: Action::Kernel,
    range: |_| Interval::NONNEG,
    ..Function::base(|b, a, _, over| {
        let scaled = scaled_distance(b, a[0], a[2], over);
        let r = b.times(scaled, 3.0_f64.sqrt());
        let polynomial = b.plus(r, 1.0);
        decaying(b, a[1], polynomial, r)
    })
};

/// `matern52`
pub static MATERN52: Function = Function {
    name: "matern52",
    summary: "The Matérn kernel of order 5/2: functions with two derivatives.",
    doc: "sd^2 (1 + r + r^2 / 3) exp(-r) with r = sqrt(5) d / length, d the distance.",
    example: "dim obs\ndata x[obs]: real\ndata k[obs]: count\nlatent len ~ gamma(25, 4)\nlatent amp ~ half_normal(2)\n\
              latent f[obs] ~ gp(matern52(x, sd = amp, length = len over obs))\nobserve k ~ poisson(log = f)\n",
    parameters: &[X, SD, LENGTH],
    action: Action::Kernel,
    range: |_| Interval::NONNEG,
    ..Function::base(|b, a, _, over| {
        let scaled = scaled_distance(b, a[0], a[2], over);
        let r = b.times(scaled, 5.0_f64.sqrt());
        let square = b.square(r);
        let third = b.times(square, 1.0 / 3.0);
        let linear = b.plus(r, 1.0);
        let polynomial = b.add(linear, third);
        decaying(b, a[1], polynomial, r)
    })
};

/// `periodic`
pub static PERIODIC: Function = Function {
    name: "periodic",
    summary: "The periodic kernel: functions that repeat.",
    doc: "sd^2 exp(-2 sin(pi d / period)^2 / length^2), d the distance; `length` has no unit.",
    example: "dim obs\ndata x[obs]: real\ndata k[obs]: count\nlatent amp ~ half_normal(2)\n\
              latent f[obs] ~ gp(periodic(x, sd = amp, length = 1, period = 12 over obs))\n\
              observe k ~ poisson(log = f)\n",
    parameters: &[
        X,
        SD,
        Parameter::scalar("length", "positive", "how alike values within a period are"),
        Parameter::scalar("period", "positive", "after which values repeat, in units of x"),
    ],
    action: Action::Kernel,
    range: |_| Interval::NONNEG,
    ..Function::base(|b, a, _, over| {
        let turns = scaled_distance(b, a[0], a[3], over);
        let angle = b.times(turns, PI);
        let sine = b.unary(Unary::Sin, angle);
        let ratio = b.div(sine, a[2]);
        let square = b.square(ratio);
        let exponent = b.times(square, -2.0);
        let correlation = b.exp(exponent);
        covariance(b, a[1], correlation)
    })
};

/// `linear`
pub static LINEAR: Function = Function {
    name: "linear",
    summary: "The linear kernel: straight lines through a point.",
    doc: "sd^2 (x - centre) (x' - centre).",
    example: "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent amp ~ half_normal(2)\n\
              observe y ~ multi_normal(0, linear(x, sd = amp over obs) + eye(over obs))\n",
    parameters: &[
        X,
        Parameter::scalar("sd", "positive", "standard deviation of the slope").or(1.0),
        Parameter::scalar("centre", "real", "where all lines are 0").or(0.0),
    ],
    action: Action::Kernel,
    ..Function::base(|b, a, _, over| {
        let here = b.sub(a[0], a[2]);
        let there = on_twin(b, here, over);
        let product = b.mul(here, there);
        covariance(b, a[1], product)
    })
};

/// `distance`
pub static DISTANCE: Function = Function {
    name: "distance",
    summary: "Distances between all pairs.",
    doc: "|x - x'|.",
    example: "dim site\ndata x[site]: real\ndata y[site]: real\nlatent len ~ gamma(25, 4)\n\
              observe y ~ multi_normal(0, exp(-distance(x over site) / len))\n",
    parameters: &[X],
    action: Action::Kernel,
    range: |_| Interval::NONNEG,
    smoothness: crate::library::spec::Smoothness::Kink,
    ..Function::base(|b, a, _, over| distance(b, a[0], over))
};

fn on_twin(b: &mut Builder, x: Node, over: &Over) -> Node {
    let x = b.expand(x, &[over.axes[0]]);
    b.rename(x, &[(over.axes[0], over.twins[0])])
}

fn distance(b: &mut Builder, x: Node, over: &Over) -> Node {
    let there = on_twin(b, x, over);
    let difference = b.sub(x, there);
    b.unary(Unary::Abs, difference)
}

fn scaled_distance(b: &mut Builder, x: Node, length: Node, over: &Over) -> Node {
    let distance = distance(b, x, over);
    b.div(distance, length)
}

fn covariance(b: &mut Builder, sd: Node, correlation: Node) -> Node {
    let variance = b.square(sd);
    b.mul(variance, correlation)
}

fn decaying(b: &mut Builder, sd: Node, polynomial: Node, r: Node) -> Node {
    let negative = b.neg(r);
    let decay = b.exp(negative);
    let correlation = b.mul(polynomial, decay);
    covariance(b, sd, correlation)
}
