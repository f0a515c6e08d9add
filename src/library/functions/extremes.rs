//! Functions that pick one cell along axes: least, greatest, first, last; and the log of a sum of exponentials.

use crate::graph::{Binary, Builder, Node};
use crate::library::interval::Interval;
use crate::library::spec::{Action, Function, Over, Parameter, Smoothness};

use super::reductions::kept;

const X: &[Parameter] = &[Parameter::scalar("x", "real", "what is picked from")];

/// `min`, over axes
pub static MIN: Function = Function {
    name: "min",
    summary: "The least value over axes.",
    doc: "inf if no cell is kept. With several arguments: the least of them, cell by cell.",
    example: "dim obs\ndata y[obs]: real\nlet least = min(y)\nlatent mu ~ normal(0, 10)\n\
              observe y ~ normal(mu + least, 1)\n",
    parameters: X,
    action: Action::Reduce,
    range: |x| x[0],
    smoothness: Smoothness::Kink,
    ..Function::base(|b, a, mask, over| {
        let mirrored = b.neg(a[0]);
        let greatest = greatest(b, mirrored, mask, over);
        b.neg(greatest)
    })
};

/// `max`, over axes
pub static MAX: Function = Function {
    name: "max",
    summary: "The greatest value over axes.",
    doc: "-inf if no cell is kept. With several arguments: the greatest of them, cell by cell.",
    example: "dim obs\ndata y[obs]: real\nlet most = max(y)\nlatent mu ~ normal(0, 10)\n\
              observe y ~ normal(mu + most, 1)\n",
    parameters: X,
    action: Action::Reduce,
    range: |x| x[0],
    smoothness: Smoothness::Kink,
    ..Function::base(|b, a, mask, over| greatest(b, a[0], mask, over))
};

/// `first`
pub static FIRST: Function = Function {
    name: "first",
    summary: "The value in the first cell.",
    doc: "Of those that `where` keeps; the order of several axes is that in which they are written.",
    example: "dim time\ndata y[time]: real\nlet start = first(y)\nlatent drift ~ normal(0, 1)\n\
              observe y ~ normal(start + drift, 1)\n",
    parameters: X,
    action: Action::Reduce,
    range: |x| x[0],
    ..Function::base(|b, a, mask, over| {
        let order = order(b, over);
        let backwards = b.neg(order);
        let latest = greatest(b, backwards, mask, over);
        let place = b.neg(latest);
        at(b, a[0], place, over)
    })
};

/// `last`
pub static LAST: Function = Function {
    name: "last",
    summary: "The value in the last cell.",
    doc: "Of those that `where` keeps; the order of several axes is that in which they are written.",
    example: "dim time\ndata y[time]: real\nlet end = last(y)\nlatent drift ~ normal(0, 1)\n\
              observe y ~ normal(end + drift, 1)\n",
    parameters: X,
    action: Action::Reduce,
    range: |x| x[0],
    ..Function::base(|b, a, mask, over| {
        let order = order(b, over);
        let place = greatest(b, order, mask, over);
        at(b, a[0], place, over)
    })
};

/// `log_sum_exp`
pub static LOG_SUM_EXP: Function = Function {
    name: "log_sum_exp",
    summary: "log of the sum of exponentials, without overflow.",
    doc: "log(sum(exp(x))); -inf if no cell is kept.",
    example: "dim part = 3\ndata y: real\nlatent a[part] ~ normal(0, 1)\n\
              observe y ~ normal(log_sum_exp(a over part), 1)\n",
    parameters: X,
    action: Action::Reduce,
    range: |_| Interval::REAL,
    ..Function::base(|b, a, mask, over| {
        let terms = kept(b, a[0], mask, f64::NEG_INFINITY);
        let terms = b.expand(terms, &over.axes);
        b.log_sum_exp(terms, &over.axes)
    })
};

fn greatest(b: &mut Builder, x: Node, mask: Option<Node>, over: &Over) -> Node {
    let cells = kept(b, x, mask, f64::NEG_INFINITY);
    let cells = b.expand(cells, &over.axes);
    b.max(cells, &over.axes)
}

/// 0, 1, 2 … over all cells, the last axis fastest.
fn order(b: &mut Builder, over: &Over) -> Node {
    let zero = b.constant(0.0);
    over.axes.iter().fold(zero, |order, &axis| {
        let size = b.graph().axis_size(axis);
        let (before, here) = (b.times(order, size as f64), b.iota(axis));
        b.add(before, here)
    })
}

/// The value at a place in that order.
fn at(b: &mut Builder, x: Node, place: Node, over: &Over) -> Node {
    let x = b.expand(x, &over.axes);
    let mut left = place;
    let mut addresses = Vec::new();
    for &axis in over.axes.iter().rev() {
        let size = b.graph().axis_size(axis);
        let size = b.constant(size as f64);
        addresses.push((axis, b.binary(Binary::Modulo, left, size)));
        left = b.binary(Binary::IntegerDivide, left, size);
    }
    b.gather(x, &addresses)
}
