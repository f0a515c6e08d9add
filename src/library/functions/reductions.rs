//! Functions that sum up over axes: sums, means, spreads, products.

use crate::graph::{Builder, Direction, Node, ScanBody};
use crate::library::interval::{Grain, Interval};
use crate::library::spec::{Action, Function, Over, Parameter, Smoothness};

const X: &[Parameter] = &[Parameter::scalar("x", "real", "what is summed up")];
const C: &[Parameter] = &[Parameter::scalar("c", "bool", "a condition")];

/// `sum`
pub static SUM: Function = Function {
    name: "sum",
    summary: "The sum.",
    doc: "Over the axes named by `over`, or all; `where` keeps the cells in which its condition holds; `by` gives one \
          sum per group. 0 if nothing is kept.",
    example: "dim obs, pred\ndata x[obs, pred]: real\ndata y[obs]: real\nlatent b[pred] ~ normal(0, 1)\n\
              observe y ~ normal(sum(x * b over pred), 1)\n",
    parameters: X,
    action: Action::Reduce,
    range: |x| of_sum(x[0]),
    smoothness: Smoothness::Linear,
    ..Function::base(sum)
};

/// `mean`
pub static MEAN: Function = Function {
    name: "mean",
    summary: "The arithmetic mean.",
    doc: "sum(x) / number of cells kept; undefined if none is.",
    example: "dim obs\ndata y[obs]: real\nlet centre = mean(y)\nlatent mu ~ normal(centre, 10)\n\
              observe y ~ normal(mu, 1)\n",
    parameters: X,
    action: Action::Reduce,
    range: |x| x[0].with_grain(Grain::Real),
    smoothness: Smoothness::Linear,
    ..Function::base(mean)
};

/// `var`
pub static VAR: Function = Function {
    name: "var",
    summary: "The sample variance.",
    doc: "Sum of squared deviations from the mean, divided by one less than the number of cells kept.",
    example: "dim obs\ndata y[obs]: real\nlet spread = var(y)\nlatent mu ~ normal(0, 10)\n\
              observe y ~ normal(mu, variance = spread)\n",
    parameters: X,
    action: Action::Reduce,
    range: |_| Interval::NONNEG,
    ..Function::base(variance)
};

/// `sd`
pub static SD: Function = Function {
    name: "sd",
    summary: "The sample standard deviation.",
    doc: "The square root of `var`.",
    example: "dim obs\ndata y[obs]: real\nlet scale = sd(y)\nlatent mu ~ normal(0, 10)\n\
              observe y ~ normal(mu, scale)\n",
    parameters: X,
    action: Action::Reduce,
    range: |_| Interval::NONNEG,
    ..Function::base(|b, a, mask, over| {
        let variance = variance(b, a, mask, over);
        b.sqrt(variance)
    })
};

/// `prod`
pub static PROD: Function = Function {
    name: "prod",
    summary: "The product.",
    doc: "1 if nothing is kept.",
    example: "dim obs, part\ndata ok[obs, part]: unit\ndata y[obs]: bool\nlatent p ~ beta(1, 1)\n\
              observe y ~ bernoulli(p * prod(ok over part))\n",
    parameters: X,
    action: Action::Reduce,
    range: |x| of_product(x[0]),
    ..Function::base(|b, a, mask, over| {
        let factors = kept(b, a[0], mask, 1.0);
        let factors = b.expand(factors, &over.axes);
        over.axes.iter().fold(factors, |factors, &axis| {
            let [_, product] = running_product(b, factors, axis);
            product
        })
    })
};

/// `count`
pub static COUNT: Function = Function {
    name: "count",
    summary: "In how many cells a condition holds.",
    doc: "The sum of a condition as 0 and 1.",
    example: "dim obs\ndata y[obs]: count\nlatent rate ~ exponential(1)\nobserve y ~ poisson(rate)\n\
              generate zeros = count(rep(y) == 0)\n",
    parameters: C,
    action: Action::Reduce,
    range: |_| Interval::COUNT,
    smoothness: Smoothness::Jump,
    ..Function::base(sum)
};

/// `any`
pub static ANY: Function = Function {
    name: "any",
    summary: "Whether a condition holds in at least one cell.",
    doc: "False if no cell is kept.",
    example: "dim obs, visit\ndata seen[obs, visit]: bool\nlet found[i: obs] = any(seen[i] over visit)\n\
              latent p ~ beta(1, 1)\nobserve found ~ bernoulli(p)\n",
    parameters: C,
    action: Action::Reduce,
    range: |_| Interval::BOOL,
    smoothness: Smoothness::Jump,
    ..Function::base(any)
};

/// `all`
pub static ALL: Function = Function {
    name: "all",
    summary: "Whether a condition holds in every cell.",
    doc: "True if no cell is kept.",
    example: "dim obs, visit\ndata seen[obs, visit]: bool\nlet always[i: obs] = all(seen[i] over visit)\n\
              latent p ~ beta(1, 1)\nobserve always ~ bernoulli(p)\n",
    parameters: C,
    action: Action::Reduce,
    range: |_| Interval::BOOL,
    smoothness: Smoothness::Jump,
    ..Function::base(|b, a, mask, over| {
        let fails = b.unary(crate::graph::Unary::Not, a[0]);
        let any_fails = any(b, &[fails], mask, over);
        b.unary(crate::graph::Unary::Not, any_fails)
    })
};

/// The argument where the mask is set, `neutral` elsewhere.
pub(super) fn kept(b: &mut Builder, x: Node, mask: Option<Node>, neutral: f64) -> Node {
    let neutral = b.constant(neutral);
    mask.map_or(x, |mask| b.select(mask, x, neutral))
}

/// Running products along an axis, and the last of them.
pub(super) fn running_product(b: &mut Builder, x: Node, axis: crate::graph::Axis) -> [Node; 2] {
    let rest: Vec<_> = b.axes_of(x).iter().copied().filter(|&other| other != axis).collect();
    let scan = b.begin_scan(axis, Direction::Forward);
    let (carry, factor) = (b.leaf(scan, 0, &rest), b.leaf(scan, 1, &rest));
    let next = b.mul(carry, factor);
    let one = b.constant(1.0);
    let one = b.expand(one, &rest);
    let body = ScanBody {
        axis,
        direction: Direction::Forward,
        carries: vec![carry],
        sequences: vec![factor],
        constants: vec![],
        next: vec![next],
        outputs: vec![next],
    };
    let scan = b.end_scan(scan, body, &[one], &[x], &[]);
    [b.output(scan, 0), b.output(scan, 1)]
}

/// Where a sum of any number of terms lies.
pub(super) fn of_sum(x: Interval) -> Interval {
    let signed = if x.is_subset(Interval::NONNEG) { Interval::NONNEG } else { Interval::REAL };
    signed.with_grain(x.grain)
}

/// Where a product of any number of factors lies.
pub(super) fn of_product(x: Interval) -> Interval {
    [Interval::UNIT, Interval::POSITIVE, Interval::NONNEG]
        .into_iter()
        .find(|&set| x.is_subset(set))
        .unwrap_or(Interval::REAL)
        .with_grain(x.grain)
}

fn sum(b: &mut Builder, a: &[Node], mask: Option<Node>, over: &Over) -> Node {
    let terms = kept(b, a[0], mask, 0.0);
    b.sum(terms, &over.axes)
}

/// How many cells are kept.
fn number(b: &mut Builder, mask: Option<Node>, over: &Over) -> Node {
    let one = b.constant(1.0);
    let cells = kept(b, one, mask, 0.0);
    b.sum(cells, &over.axes)
}

fn mean(b: &mut Builder, a: &[Node], mask: Option<Node>, over: &Over) -> Node {
    let (sum, number) = (sum(b, a, mask, over), number(b, mask, over));
    b.div(sum, number)
}

fn variance(b: &mut Builder, a: &[Node], mask: Option<Node>, over: &Over) -> Node {
    let mean = mean(b, a, mask, over);
    let deviation = b.sub(a[0], mean);
    let square = b.square(deviation);
    let squares = sum(b, &[square], mask, over);
    let number = number(b, mask, over);
    let degrees = b.plus(number, -1.0);
    b.div(squares, degrees)
}

fn any(b: &mut Builder, a: &[Node], mask: Option<Node>, over: &Over) -> Node {
    let cells = kept(b, a[0], mask, 0.0);
    let cells = b.expand(cells, &over.axes);
    b.max(cells, &over.axes)
}
