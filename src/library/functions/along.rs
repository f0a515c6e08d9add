//! Functions that keep the axis they go along.

use crate::graph::{Builder, Direction, Node};
use crate::library::interval::{Bound, Grain, Interval};
use crate::library::spec::{Action, Function, Over, Parameter, Smoothness};

use super::reductions::{of_product, of_sum, running_product};

const X: &[Parameter] = &[Parameter::vector("x", "real", "values along the axis")];

/// `softmax`
pub static SOFTMAX: Function = Function {
    name: "softmax",
    summary: "Probabilities proportional to exponentials.",
    doc: "exp(x) / sum(exp(x)) along an axis, without overflow.",
    example: "dim obs, kind\ndata y[obs]: kind\nlatent a[kind] ~ normal(0, 1)\n\
              observe y ~ categorical(softmax(a over kind))\n",
    parameters: X,
    action: Action::Along,
    range: |_| Interval::UNIT,
    ..Function::base(|b, a, mask, over| {
        let log = log_softmax(b, a, mask, over);
        b.exp(log)
    })
};

/// `log_softmax`
pub static LOG_SOFTMAX: Function = Function {
    name: "log_softmax",
    summary: "Logs of probabilities proportional to exponentials.",
    doc: "x - log_sum_exp(x) along an axis.",
    example: "dim kind\ndata y[kind]: count\nlatent a[kind] ~ normal(0, 1)\n\
              potential sum(y * log_softmax(a over kind))\n",
    parameters: X,
    action: Action::Along,
    range: |_| Interval::new(f64::NEG_INFINITY, 0.0, Bound::Open, Bound::Closed, Grain::Real),
    ..Function::base(log_softmax)
};

/// `cumsum`
pub static CUMSUM: Function = Function {
    name: "cumsum",
    summary: "Running sums along an axis.",
    doc: "The sum of all cells up to and including each.",
    example: "dim time\ndata y[time]: real\nlatent step[time] ~ normal(0, 1)\n\
              observe y ~ normal(cumsum(step over time), 1)\n",
    parameters: X,
    action: Action::Along,
    range: |x| of_sum(x[0]),
    smoothness: Smoothness::Linear,
    ..Function::base(|b, a, _, over| {
        let x = b.expand(a[0], &over.axes);
        over.axes.iter().fold(x, |x, &axis| b.cumulative_sum(x, axis, Direction::Forward))
    })
};

/// `cumprod`
pub static CUMPROD: Function = Function {
    name: "cumprod",
    summary: "Running products along an axis.",
    doc: "The product of all cells up to and including each.",
    example: "dim time\ndata y[time]: real\nlatent growth[time] ~ lognormal(0, 0.1)\n\
              observe y ~ normal(cumprod(growth over time), 1)\n",
    parameters: X,
    action: Action::Along,
    range: |x| of_product(x[0]),
    ..Function::base(|b, a, _, over| {
        let x = b.expand(a[0], &over.axes);
        over.axes.iter().fold(x, |x, &axis| {
            let [products, _] = running_product(b, x, axis);
            products
        })
    })
};

fn log_softmax(b: &mut Builder, a: &[Node], _: Option<Node>, over: &Over) -> Node {
    let x = b.expand(a[0], &over.axes);
    let normaliser = b.log_sum_exp(x, &over.axes);
    b.sub(x, normaliser)
}
